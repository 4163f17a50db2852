"""The filters that the originals call by MATLAB's names, with its borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like


def gaussian_taps(length: int, sigma: float) -> NDArray[np.float64]:
    """One axis of `fspecial('gaussian', length, sigma)`, (length,), sum 1; an even length has its centre between pixels."""
    offsets = np.arange(length) - (length - 1) / 2
    taps = np.exp(-(offsets**2) / (2 * sigma**2))
    taps[taps < np.finfo(np.float64).eps * taps.max()] = 0
    return taps / taps.sum()


def correlate_separable(maps: Array, taps: NDArray[np.float64], *, border: str = "zero") -> Array:
    """`imfilter` with the outer product of taps with themselves: correlation, the centre of an even kernel before the middle.

    Args:
        maps: (..., H, W).
        taps: (K,); tap floor((K - 1) / 2) lies on the pixel, so that an even kernel shifts the map by half a pixel to the upper left.
        border: "zero", "replicate" or "symmetric".
    """
    height, width = maps.shape[-2:]
    down, across = (like(correlation_matrix(length, taps, border), maps) for length in (height, width))
    return down @ maps @ across.T


def correlation_matrix(length: int, taps: NDArray[np.float64], border: str = "zero") -> NDArray[np.float64]:
    """The matrix (length, length) that correlates one axis with taps."""
    centre = (len(taps) - 1) // 2
    source = np.arange(length)[:, None] + np.arange(len(taps)) - centre
    weights = np.broadcast_to(taps, source.shape).copy()
    if border == "zero":
        weights[(source < 0) | (source >= length)] = 0
        source = np.clip(source, 0, length - 1)
    elif border == "replicate":
        source = np.clip(source, 0, length - 1)
    else:
        source = np.concatenate([np.arange(length), np.arange(length)[::-1]])[np.mod(source, 2 * length)]
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], source), weights)
    return matrix
