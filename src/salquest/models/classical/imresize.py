"""MATLAB's imresize, which every original but a few was built on: half of all disagreements between rewrites begin here."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from salquest.errors import InputError
from salquest.models.classical.arrays import Array, like

Method = Literal["bicubic", "bilinear", "nearest"]
WIDTHS = {"bicubic": 4.0, "bilinear": 2.0}


def imresize(maps: Array, size: tuple[int, int], *, scale: float | None = None, method: Method = "bicubic") -> Array:
    """Maps at another size, as MATLAB's `imresize` makes them: widened kernel when shrinking, mirrored borders, weights summing to 1.

    Args:
        maps: (..., H, W) of floats, of any array library. Channels stand before the sides.
        size: (height, width) of the result.
        scale: the factor, where the original names it and not the size; the size is then ceil(factor * side), and the factor itself places
            the pixels.
        method: "bicubic" (a = -0.5) may leave the range of the values; "nearest" does not average.
    """
    height, width = maps.shape[-2:]
    if (height, width) == tuple(size) and scale in (None, 1.0):
        return maps
    if method == "nearest":
        rows, columns = nearest_indices(height, size[0], scale), nearest_indices(width, size[1], scale)
        return maps[..., rows, :][..., columns]
    down_first = size[0] * width <= height * size[1]  # the cheaper side first
    if isinstance(maps, np.ndarray):
        down, across = _sparse(height, size[0], scale, method), _sparse(width, size[1], scale, method)
        planes = [
            across.dot(down.dot(plane).T).T if down_first else down.dot(across.dot(plane.T).T) for plane in maps.reshape(-1, height, width)
        ]
        return np.stack(planes).reshape(*maps.shape[:-2], *size).astype(maps.dtype, copy=False)
    down, across = (like(resize_matrix(side, wanted, scale, method), maps) for side, wanted in zip((height, width), size, strict=True))
    return (down @ maps) @ across.T if down_first else down @ (maps @ across.T)


@lru_cache(maxsize=64)
def resize_matrix(length: int, wanted: int, scale: float | None = None, method: Method = "bicubic") -> NDArray[np.float64]:
    """The matrix (wanted, length) that resizes one axis; read-only.

    Raises:
        InputError: a length below 1.
    """
    if min(length, wanted) < 1:
        raise InputError(f"a side is at least one pixel long; found {length} to be resized to {wanted}")
    factor = wanted / length if scale is None else scale
    shrunk = min(factor, 1.0)
    support = WIDTHS[method] / shrunk
    centres = _centres(wanted, factor)
    left = np.floor(centres - support / 2)
    taps = left[:, None] + np.arange(ceil(support) + 2)
    weights = shrunk * _kernel(shrunk * (centres[:, None] - taps), method)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    source = mirrored[np.mod(taps.astype(np.int64) - 1, 2 * length)]
    matrix = np.zeros((wanted, length))
    np.add.at(matrix, (np.arange(wanted)[:, None], source), weights)
    matrix.flags.writeable = False
    return matrix


@lru_cache(maxsize=64)
def _sparse(length: int, wanted: int, scale: float | None, method: Method) -> csr_array:
    """The same matrix without its zeros: several times faster on large pictures."""
    return csr_array(resize_matrix(length, wanted, scale, method))


def nearest_indices(length: int, wanted: int, scale: float | None = None) -> NDArray[np.int64]:
    """Which of the pixels 0..length-1 each of the wanted ones takes. Ties at .5 depend on this very order of operations."""
    factor = wanted / length if scale is None else scale
    return np.clip(np.floor(_centres(wanted, factor) + 0.5).astype(np.int64), 1, length) - 1


def _centres(wanted: int, factor: float) -> NDArray[np.float64]:
    """Where the new pixels' centres lie among the old ones, counted from 1."""
    return np.arange(1, wanted + 1) / factor + 0.5 * (1 - 1 / factor)


def _kernel(distance: NDArray[np.float64], method: Method) -> NDArray[np.float64]:
    t = np.abs(distance)
    if method == "bilinear":
        return np.maximum(1 - t, 0.0)
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
