"""The features of Judd, Ehinger, Durand and Torralba (2009) that a picture itself gives: 29 of their 33."""

from __future__ import annotations

from functools import lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.colour import grey_of
from salquest.models.classical.filters import correlation_matrix, gaussian_taps
from salquest.models.classical.histograms import information, self_information
from salquest.models.classical.imresize import imresize
from salquest.models.classical.saliency_toolbox import SaliencyToolbox
from salquest.models.classical.steerable import steerable_bands

SIZE = (200, 200)
MEDIANS = (0, 2, 4, 8, 16)
COLOURS = ("red", "green", "blue")

FEATURES: tuple[str, ...] = (
    "high-pass",
    *(f"band-{step}px-{angle}deg" for step in (1, 2, 4) for angle in (0, 45, 90, 135)),
    "itti-colour",
    "itti-intensity",
    "itti-orientation",
    *COLOURS,
    *(f"rarity-{colour}" for colour in COLOURS),
    *(f"rarity-colour-median{side}" for side in MEDIANS),
    "torralba",
    "distance",
)


def judd_features(pictures: Array) -> Array:
    """Features of every pixel at 200 x 200, (B, 29, 200, 200), in the order of FEATURES.

    The columns of the original (1-33) and what departs from them:

    - 1-13, energy of the steerable pyramid of the channels' mean: high-pass and three scales of four orientations. Filters in the frequency
      domain (steerable.py) stand for the original's taps; the order of orientations is ours.
    - 14-16, the SaliencyToolbox's conspicuity maps of the picture at its full size.
    - 17-22, red, green, blue, and the self-information of each over 100 bins, scaled to 0..1.
    - 23-27, self-information of the colour in 10 x 10 x 10 bins, as it is and after median filters of 2, 4, 8 and 16 pixels. Of an even number of
      pixels the upper of the two middle ones is taken, not their mean, and borders are mirrored, not black: a dark frame would be rare.
    - 28, Torralba: self-information of the bands of a pyramid of four scales of grey, weighted by 2^scale. The original counts six bands
      to a scale where there are four; so does this.
    - 29-32, horizon, cars, persons and faces, are left out: they need detectors.
    - 33, distance from the centre, rounded down, as a share of the greatest.

    Args:
        pictures: (B, 3, H, W) float64 RGB in 0..1; the size matters to columns 14-16 only.
    """
    xp = array_api_compat.array_namespace(pictures)
    small = xp.clip(imresize(pictures, SIZE), 0.0, 1.0)
    # real and imaginary part: two pyramids for one
    bands = steerable_bands(xp.mean(small, axis=1) + 1j * grey_of(small), 4)
    conspicuous = imresize(SaliencyToolbox().conspicuity_maps(pictures), SIZE)
    distance = xp.broadcast_to(like(centre_distance(tuple(pictures.shape[-2:])), small), (small.shape[0], 1, *SIZE))
    return xp.concat(
        [
            xp.stack([_band_energy(xp.real(band)) for band in bands[:13]], axis=1),
            conspicuous,
            small,
            min_max(self_information(small, 100, added=1)),
            xp.stack([colour_rarity(small, side) for side in MEDIANS], axis=1),
            _torralba([xp.imag(band) for band in bands])[:, None],
            distance,
        ],
        axis=1,
    )


def _band_energy(band: Array) -> Array:
    """Modulus of a band (B, h, w), blurred, over its mean, at 200 x 200."""
    xp = array_api_compat.array_namespace(band)
    down, across = (like(_blur_matrix(side), band) for side in band.shape[-2:])
    blurred = down @ xp.abs(band) @ across.T
    mean = xp.mean(blurred, axis=(-2, -1), keepdims=True)
    return imresize(blurred / xp.where(mean > 0, mean, xp.ones_like(mean)), SIZE)


@lru_cache(maxsize=8)
def _blur_matrix(length: int) -> NDArray[np.float64]:
    return correlation_matrix(length, gaussian_taps(6, 2.0), "replicate")


def colour_rarity(pictures: Array, side: int) -> Array:
    """Self-information of the colour of pictures (B, 3, H, W) in 10 x 10 x 10 bins after a median filter, (B, H, W).

    Args:
        side: of the median's window in pixels; 0 is none.
    """
    xp = array_api_compat.array_namespace(pictures)
    if side < 2:
        steps = xp.astype(xp.clip(xp.floor(pictures * 10), 0, 9), xp.int64)
    else:
        # the median passes a threshold where half of its window does; ten steps need nine thresholds
        steps = sum(_passes_in_half(pictures >= level / 10, side) for level in range(1, 10))
    return information(100 * steps[:, 0] + 10 * steps[:, 1] + steps[:, 2], 1000, pictures, added=1)


def _passes_in_half(passes: Array, side: int) -> Array:
    """Where at least half of the window of `side` pixels around a pixel of (B, C, H, W) is True, as 0 and 1."""
    xp = array_api_compat.array_namespace(passes)
    counts = xp.astype(passes, xp.int64)
    before = (side - 1) // 2
    for axis in (-2, -1):
        length = passes.shape[axis]
        place = np.mod(np.arange(-before - 1, length + side - before - 1), 2 * length)
        place = np.minimum(place, 2 * length - 1 - place)
        sums = xp.cumulative_sum(counts[..., place, :] if axis == -2 else counts[..., place], axis=axis)
        counts = sums[..., side:, :] - sums[..., :-side, :] if axis == -2 else sums[..., side:] - sums[..., :-side]
    return xp.astype(2 * counts >= side * side, xp.int64)


def _torralba(bands: list[Array]) -> Array:
    """Weighted self-information of the bands of a pyramid, (B, 200, 200), over its maximum."""
    xp = array_api_compat.array_namespace(bands[0])
    parts = [2.0 ** ((number - 1) // 6) * imresize(self_information(band, 100, added=1), SIZE) for number, band in enumerate(bands)]
    total = sum(parts[1:], parts[0])
    return total / xp.max(total, axis=(-2, -1), keepdims=True)


@lru_cache(maxsize=32)
def centre_distance(size: tuple[int, int]) -> NDArray[np.float64]:
    """Distance from pixel (floor(H / 2), floor(W / 2)) counted from 1, rounded down, over the greatest, resized to 200 x 200; read-only."""
    y, x = (np.arange(1, side + 1) - side // 2 for side in size)
    distance = np.floor(np.hypot(y[:, None], x))
    found = imresize(distance / max(distance.max(), 1.0), SIZE, method="bilinear")
    found.flags.writeable = False
    return found
