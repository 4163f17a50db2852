"""The pyramid and the feature channels that Harel's bundle of 2012 computes for both its models, GBVS and Itti-Koch."""

from __future__ import annotations

from functools import lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like
from salquest.models.classical.bundle_maps import attenuate_borders
from salquest.models.classical.dkl import dkl_of
from salquest.models.classical.gabor import gabor_energy

CHANNELS = ("C", "D", "I", "O", "R")
# how far orientation maps are faded out: half a filter
GABOR_BORDER = 13


def pyramid(pictures: Array, deepest: int) -> dict[int, Array]:
    """Red, green, blue and intensity at levels 1 to `deepest`, each (B, 4, h, w) float32; level 1 is already half as large as the picture.

    Intensity is the largest of the three at full size. Single precision is the original's, and its order of rounding is kept: a value on
    the edge of a row of the DKL table would otherwise fall into the next.

    Args:
        pictures: (B, 3, H, W) in 0..1.
    """
    xp = array_api_compat.array_namespace(pictures)
    colours = xp.astype(pictures, xp.float32)
    planes = xp.concat([colours, xp.max(colours, axis=1, keepdims=True)], axis=1)
    levels = {}
    for level in range(1, deepest + 1):
        planes = levels[level] = subsample(planes)
    return levels


def subsample(planes: Array) -> Array:
    """Planes (B, C, H, W) float32 at half their size, rounded down; with a side of 10 pixels or less they stay as they are."""
    xp = array_api_compat.array_namespace(planes)
    *leading, height, width = planes.shape
    if min(height, width) <= 10:
        return planes
    # plane by plane, so that the steps between stay in the processor's cache
    plane_by_plane = xp.reshape(planes, (-1, height, width))
    halves = [_halve(_halve(plane_by_plane[i][:, :, None])[:, :, 0]) for i in range(plane_by_plane.shape[0])]
    return xp.reshape(xp.stack(halves), (*leading, height // 2, width // 2))


def _halve(planes: Array) -> Array:
    """Every second pixel of the last axis but one, (..., n, r) to (..., n // 2, r), after the filter 1 5 10 10 5 1.

    At the ends, taps outside fall away and the others' sum divides. Pairs are added in single precision, the rest in double, as in the
    original.
    """
    xp = array_api_compat.array_namespace(planes)
    *leading, length, width = planes.shape
    half = length // 2
    even, odd = (xp.zeros((*leading, half + 2, width), dtype=planes.dtype, device=array_api_compat.device(planes)) for _ in range(2))
    even[..., 1 : 1 + length - half, :] = planes[..., 0::2, :]
    odd[..., 1 : 1 + half, :] = planes[..., 1::2, :]
    inner = even[..., 1:-1, :] + odd[..., 1:-1, :]
    inner += inner
    exact = xp.astype(inner, xp.float64)
    exact += odd[..., :-2, :] + even[..., 2:, :]
    exact *= 5
    exact += even[..., :-2, :] + odd[..., 2:, :]
    result = xp.astype(exact, planes.dtype)
    result /= 32
    result[..., 0, :] = xp.astype(exact[..., 0, :] / 26, planes.dtype)
    result[..., -1, :] = xp.astype(exact[..., -1, :] / (31 if length % 2 else 26), planes.dtype)
    return result


def channel_maps(channel: str, planes: Array, *, angles: tuple[float, ...], contrast_width: float) -> Array:
    """The feature maps of one channel at one level: (B, 4, h, w) of the pyramid become (B, maps, h, w) float64.

    Args:
        channel: "C" blue-yellow and red-green opponents, "D" the three DKL colours, "I" intensity, "O" orientation, "R" contrast.
        angles: of the orientation maps, in degrees.
        contrast_width: side of the square of the contrast map, as a share of the height.
    """
    xp = array_api_compat.array_namespace(planes)
    red, green, blue, intensity = (planes[:, i] for i in range(4))
    if channel == "D":
        return dkl_of(red, green, blue)
    red, green, blue, intensity = (xp.astype(plane, xp.float64) for plane in (red, green, blue, intensity))
    if channel == "C":
        light = xp.where(intensity == 0, xp.ones_like(intensity), intensity)
        return xp.stack([xp.abs(blue - xp.minimum(red, green)) / light, xp.abs(red - green) / light], axis=1)
    if channel == "O":
        return attenuate_borders(gabor_energy(intensity, angles), GABOR_BORDER)
    if channel == "R":
        return local_variance(intensity, int(intensity.shape[-2] * contrast_width + 0.5))[:, None]
    return intensity[:, None]


def local_variance(maps: Array, width: int) -> Array:
    """Variance of each pixel's surroundings, (B, H, W): a square of 2 floor(width / 2) + 1 pixels, clipped at the border."""
    xp = array_api_compat.array_namespace(maps)
    down, across = (like(_box_means(length, width // 2), maps) for length in maps.shape[-2:])
    mean = down @ maps @ across.T
    return xp.clip(down @ maps**2 @ across.T - mean**2, 0.0, None)


@lru_cache(maxsize=16)
def _box_means(length: int, half: int) -> NDArray[np.float64]:
    places = np.arange(length)
    inside = (np.abs(places[:, None] - places) <= half).astype(np.float64)
    return inside / inside.sum(axis=1, keepdims=True)
