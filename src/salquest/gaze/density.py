"""From fixations to densities: every Gaussian blur and every mean map of the package is made here.

A blur is two small matrices: `rows @ counts @ columns`. It is exact (no truncation of the Gaussian), and what happens at the picture's
border is a stated rule, written into the matrices:

    "lost"     gaze that the Gaussian would put outside is lost (nothing outside the picture); the field's usual recipe
    "reflect"  it is mirrored back at the border (scipy's "reflect"; the Tübingen benchmark's empirical maps)
    "kernel"   each fixation keeps its full weight: its Gaussian is divided by its share inside

Near the border "lost" gives a fixation in a corner a quarter of the mass of one in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError
from salquest.gaze.fixations import Fixations
from salquest.gaze.maps import as_density, resize_map

Border = Literal["lost", "reflect", "kernel"]
Count = Literal["repeats", "distinct"]
Floats = NDArray[np.float64]


@lru_cache(maxsize=64)
def gaussian_operator(length: int, sigma_px: float, border: Border = "lost") -> Floats:
    """The (length, length) matrix that blurs a column of pixels: entry (i, j) is the weight that pixel j gives to pixel i.

    Args:
        length: pixels along one side.
        sigma_px: standard deviation in pixels; 0 leaves the pixels alone.
        border: see the top of this file.

    Raises:
        InputError: a sigma below 0 or no number, or an unknown border rule.
    """
    if border not in get_args(Border):
        raise InputError(f"no border rule is called {border!r}; there are: {', '.join(get_args(Border))}")
    if not 0 <= sigma_px < np.inf:
        raise InputError(f"sigma must be 0 or more pixels; found {sigma_px}")
    operator = np.eye(length) if sigma_px == 0 else _blurring(length, sigma_px, border)
    operator.setflags(write=False)
    return operator


def blur(values: ArrayLike, sigma_px: float, *, border: Border = "lost") -> Floats:
    """Blur maps (..., H, W) with an isotropic Gaussian of sigma_px pixels; mass is kept but for what the border rule loses."""
    array = np.asarray(values, dtype=np.float64)
    return gaussian_operator(array.shape[-2], sigma_px, border) @ array @ gaussian_operator(array.shape[-1], sigma_px, border).T


def fixation_density(
    fixations: Fixations,
    *,
    sigma_px: float | None = None,
    sigma_degrees: float | None = None,
    pixels_per_degree: float | None = None,
    count: Count = "repeats",
    border: Border = "lost",
    size: tuple[int, int] | None = None,
) -> Floats:
    """Observed density of fixations, (H, W), summing to 1.

    Args:
        fixations: of one stimulus.
        sigma_px: width of the Gaussian in pixels of the stimulus; or
        sigma_degrees, pixels_per_degree: its width in degrees of visual angle, with the resolution of the display.
        count: "repeats" lets every fixation count, "distinct" every cell that was looked at once.
        border: what happens to gaze that the Gaussian puts outside; see the top of this file.
        size: (height, width) of the result where it is not the stimulus' own; the blur is made there, with sigma scaled along.

    Raises:
        InputError: no fixations, or sigma given twice or not at all.
    """
    sigma = _sigma_px(sigma_px, sigma_degrees, pixels_per_degree)
    if len(fixations) == 0:
        raise InputError("a density needs at least one fixation; found none")
    here = fixations if size is None else fixations.resized(size)
    scale_y, scale_x = here.size[0] / fixations.size[0], here.size[1] / fixations.size[1]
    chosen = here.distinct() if count == "distinct" else here
    # only the rows and columns of the fixated cells: far cheaper than blurring the whole count map
    rows = gaussian_operator(here.size[0], sigma * scale_y, border)[:, chosen.rows]
    columns = gaussian_operator(here.size[1], sigma * scale_x, border)[:, chosen.columns]
    return as_density(rows @ columns.T)


def mean_density(densities: Iterable[ArrayLike], size: tuple[int, int]) -> Floats:
    """Mean of densities of any sizes, each brought to `size` first: the centre bias when they come from many pictures."""
    total, number = np.zeros(size), 0
    for density in densities:
        total, number = total + as_density(resize_map(density, size)), number + 1
    if number == 0:
        raise InputError("a mean density needs at least one density; found none")
    return as_density(total)


def _blurring(length: int, sigma_px: float, border: Border) -> Floats:
    positions = np.arange(length)
    weights = _bell(positions[:, None] - positions[None, :], sigma_px)
    if border == "reflect":
        # mirror images of pixel j lie at -1-j and 2L-1-j, and again every 2L pixels, until they are too far to matter
        for turn in range(-int(np.ceil(8 * sigma_px / (2 * length))) - 1, int(np.ceil(8 * sigma_px / (2 * length))) + 2):
            shift = 2 * length * turn
            if turn:
                weights = weights + _bell(positions[:, None] - (positions[None, :] + shift), sigma_px)
            weights = weights + _bell(positions[:, None] - (-1 - positions[None, :] + shift), sigma_px)
    total = _bell(np.arange(-int(np.ceil(10 * sigma_px)), int(np.ceil(10 * sigma_px)) + 1), sigma_px).sum()
    return weights / (weights.sum(axis=0, keepdims=True) if border == "kernel" else total)


def _bell(distance: NDArray, sigma_px: float) -> Floats:
    return np.exp(-0.5 * (distance / sigma_px) ** 2)


def _sigma_px(sigma_px: float | None, sigma_degrees: float | None, pixels_per_degree: float | None) -> float:
    if (sigma_px is None) == (sigma_degrees is None):
        raise InputError("give the width of the Gaussian once: as sigma_px, or as sigma_degrees with pixels_per_degree")
    if sigma_px is not None:
        return float(sigma_px)
    if sigma_degrees is None or pixels_per_degree is None:
        raise InputError("sigma in degrees needs pixels_per_degree, which this data set does not state; give sigma in pixels instead")
    return float(sigma_degrees) * float(pixels_per_degree)
