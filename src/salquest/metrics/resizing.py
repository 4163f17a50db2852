"""A map at another size, by the rules of the programs that resize before they score: MATLAB's imresize, and scipy's zoom.

MATLAB's rule is summed up tap by tap, in the order in which Octave's imresize adds, so that every array library and device gives the same
bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, get_args

import array_api_compat
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from salquest.errors import InputError
from salquest.metrics.inputs import Array, Floats, Integers, Maps, on_host, open_maps

Rule = Literal["matlab", "linear", "spline"]


def resize(saliency: Array | Maps, size: tuple[int, int], rule: Rule = "matlab") -> Array:
    """Maps (H, W) or (B, H, W) at another (height, width), in float64; untouched values where the size is right already.

    Args:
        saliency: any real numbers.
        size: (height, width) to reach.
        rule: "matlab": imresize's default, bicubic (Keys, a = -0.5), widened when it shrinks (antialiasing), mirrored at the border;
            answers may be smaller than the smallest and greater than the greatest value. Octave differs by not dividing the weights by
            their sum, which shows (5e-4 of the greatest value) only where it shrinks by a factor that is not whole. PIL and torch differ
            near the border.
            "linear": scipy's zoom of order 1, as pysaliency's ResizingSaliencyMapModel: corner on corner, no antialiasing.
            "spline": scipy's zoom of order 3, as SALICON's program: corner on corner, no antialiasing, overshoots.

    Raises:
        InputError: an unknown rule, a size below 1 x 1, or as `open_maps`.
    """
    maps = open_maps(saliency)
    if rule not in get_args(Rule):
        raise InputError(f"maps are resized by the rules {', '.join(get_args(Rule))}; found {rule!r}")
    if len(size) != 2 or min(size) < 1:
        raise InputError(f"a size is (height, width), each at least 1; found {size}")
    xp, values = maps.xp, maps.xp.reshape(maps.xp.astype(maps.raw, maps.xp.float64, copy=False), (len(maps), *maps.size))
    if maps.size != tuple(size):
        if rule == "matlab":
            values = _summed_by_taps(_summed_by_taps(values, size[1], axis=2), size[0], axis=1)
        else:
            values = xp.asarray(np.stack([_zoomed(picture, size, rule) for picture in on_host(values)]), device=maps.device)
    return values[0, ...] if maps.single else values


def shrink_matlab(values: Array, size: tuple[int, int]) -> Array:
    """Maps (B, H, W) at another size by MATLAB's rule as two matrix products: faster than `resize`, equal to it but for rounding."""
    xp, device = array_api_compat.array_namespace(values), array_api_compat.device(values)
    rows, columns = (
        xp.asarray(_operator(int(length), target), device=device) for length, target in zip(values.shape[1:], size, strict=True)
    )
    return xp.matmul(rows, xp.matmul(values, columns.T))


def _zoomed(picture: Floats, size: tuple[int, int], rule: Rule) -> Floats:
    # scipy itself: its rounding decides which pixels tie, and so the areas under the curve
    factors = (size[0] / picture.shape[0], size[1] / picture.shape[1])
    return ndimage.zoom(picture, factors, order=1, mode="nearest") if rule == "linear" else ndimage.zoom(picture, factors, order=3)


def _summed_by_taps(values: Array, target: int, axis: int) -> Array:
    xp, device = array_api_compat.array_namespace(values), array_api_compat.device(values)
    length = int(values.shape[axis])
    if length == target:
        return values
    weights, sources = _taps(length, target)
    # the axis goes first, so that each tap takes whole blocks of memory
    first = xp.permute_dims(values, (axis, *(other for other in range(3) if other != axis)))
    first = xp.reshape(first, (length, -1))
    total: Any = 0.0
    for tap in range(weights.shape[1]):
        weight = xp.asarray(weights[:, tap, None].copy(), device=device)
        total = total + weight * xp.take(first, xp.asarray(sources[:, tap].copy(), device=device), axis=0)
    others = [int(values.shape[other]) for other in range(3) if other != axis]
    back = xp.reshape(total, (target, *others))
    return xp.permute_dims(back, (1, 2, 0) if axis == 2 else (1, 0, 2))


@lru_cache(maxsize=64)
def _taps(length: int, target: int) -> tuple[Floats, Integers]:
    """Weights and source pixels of each output pixel, (target, taps), in increasing order of the unmirrored source."""
    scale = target / length
    shrink = min(scale, 1.0)  # the kernel is widened by 1 / scale when the map shrinks
    width = 4.0 / shrink
    centre = np.arange(1, target + 1) / scale + 0.5 * (1 - 1 / scale)  # 1-based, as in MATLAB
    first = np.floor(centre - width / 2)
    taps = first[:, None] + np.arange(int(np.ceil(width)) + 2)
    weights = shrink * _keys_kernel(shrink * (centre[:, None] - taps))
    weights /= weights.sum(axis=1, keepdims=True)
    folded = np.mod(taps - 1, 2 * length).astype(np.int64)
    sources = np.where(folded < length, folded, 2 * length - 1 - folded)  # the edge pixel is repeated
    used = (weights != 0).any(axis=0)
    return weights[:, used], sources[:, used]


@lru_cache(maxsize=64)
def _operator(length: int, target: int) -> Floats:
    weights, sources = _taps(length, target)
    operator = np.zeros((target, length))
    np.add.at(operator, (np.arange(target)[:, None], sources), weights)
    return operator


def _keys_kernel(distance: NDArray[np.float64]) -> Floats:
    t = np.abs(distance)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
