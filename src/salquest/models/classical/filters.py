"""The filters that the originals call by MATLAB's names, with its borders."""

from __future__ import annotations

import array_api_compat
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
        border: "zero", "replicate", "symmetric" (the border pixel again) or "mirror" (not again: OpenCV's reflect-101).
    """
    height, width = maps.shape[-2:]
    down, across = (like(correlation_matrix(length, taps, border), maps) for length in (height, width))
    return down @ maps @ across.T


def correlate(maps: Array, kernel: NDArray[np.float64]) -> Array:
    """`imfilter` with a small kernel that is no outer product: correlation, zeros beyond the border.

    Args:
        maps: (..., H, W).
        kernel: (K, L), its centre as of `correlate_separable`.
    """
    xp = array_api_compat.array_namespace(maps)
    height, width = maps.shape[-2:]
    rows, columns = kernel.shape
    padded = xp.zeros((*maps.shape[:-2], height + rows - 1, width + columns - 1), dtype=maps.dtype, device=array_api_compat.device(maps))
    padded[..., (rows - 1) // 2 : (rows - 1) // 2 + height, (columns - 1) // 2 : (columns - 1) // 2 + width] = maps
    total = xp.zeros_like(maps)
    for row, column in np.argwhere(kernel):
        total += float(kernel[row, column]) * padded[..., row : row + height, column : column + width]
    return total


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
    elif border == "mirror":
        there_and_back = np.concatenate([np.arange(length), np.arange(length)[-2:0:-1]])
        source = there_and_back[np.mod(source, len(there_and_back))]
    else:
        source = np.concatenate([np.arange(length), np.arange(length)[::-1]])[np.mod(source, 2 * length)]
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], source), weights)
    return matrix
