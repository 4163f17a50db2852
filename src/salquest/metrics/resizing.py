"""A map at another size, by the rules of the programs that resize before they score: MATLAB's imresize, and scipy's zoom.

MATLAB's rule is summed up tap by tap, in the order in which Octave's imresize adds, so that every array library and device gives the same
bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.metrics.maps import Array, Floats, Integers, Maps, on_host, open_maps

if TYPE_CHECKING:
    from scipy.sparse import csr_array

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
    resized = resize_maps(open_maps(saliency), size, rule)
    xp, device = resized.home
    return xp.asarray(resized.xp.reshape(resized.raw, resized.shape), device=device)


def resize_maps(maps: Maps, size: tuple[int, int], rule: Rule) -> Maps:
    """`resize` for maps that are opened already."""
    if rule not in get_args(Rule):
        raise InputError(f"maps are resized by the rules {', '.join(get_args(Rule))}; found {rule!r}")
    if len(size) != 2 or min(size) < 1:
        raise InputError(f"a size is (height, width), each at least 1; found {size}")
    values = maps.xp.reshape(maps.xp.astype(maps.raw, maps.xp.float64), (len(maps), *maps.size))
    if rule == "matlab":
        values = _summed_by_taps(_summed_by_taps(values, size[1], axis=2), size[0], axis=1)
    elif maps.size != tuple(size):
        values = maps.xp.asarray(np.stack([_zoomed(picture, size, rule) for picture in on_host(values)]), device=maps.device)
    return maps.holding(maps.xp.reshape(values, (len(maps), -1)), size=(int(size[0]), int(size[1])))


def shrink(values: Array, size: tuple[int, int]) -> Array:
    """Maps (B, H, W) at another size by MATLAB's rule, as matrix products: several times faster than `resize`, equal to it but for rounding."""
    rows, columns = (_operator(int(length), target) for length, target in zip(values.shape[1:], size, strict=True))
    if isinstance(values, np.ndarray):
        return np.stack([(columns @ (rows @ picture).T).T for picture in values])
    xp, device = array_api_compat.array_namespace(values), array_api_compat.device(values)
    return xp.matmul(xp.asarray(rows.toarray(), device=device), xp.matmul(values, xp.asarray(columns.toarray().T.copy(), device=device)))


def _zoomed(picture: Floats, size: tuple[int, int], rule: Rule) -> Floats:
    from scipy import ndimage  # late, as scipy.sparse below: it takes longer to load than all of this room

    # scipy itself: its rounding decides which pixels tie, and so the areas under the curve
    factors = (size[0] / picture.shape[0], size[1] / picture.shape[1])
    return ndimage.zoom(picture, factors, order=1, mode="nearest") if rule == "linear" else ndimage.zoom(picture, factors, order=3)


def _summed_by_taps(values: Array, target: int, axis: int) -> Array:
    xp, device = array_api_compat.array_namespace(values), array_api_compat.device(values)
    length = int(values.shape[axis])
    if length == target:
        return values
    weights, sources = _taps(length, target)
    # a tap takes whole rows; for columns the map is turned first (and added to 0, which lays it out anew)
    turned = values if axis == 1 else xp.permute_dims(values, (0, 2, 1)) + 0.0
    total = xp.zeros((turned.shape[0], target, turned.shape[2]), dtype=xp.float64, device=device)
    for weight, source in zip(weights.T, sources.T, strict=True):
        taken = xp.take(turned, xp.asarray(source.copy(), device=device), axis=1)
        taken *= xp.asarray(weight[:, None].copy(), device=device)
        total += taken
    return total if axis == 1 else xp.permute_dims(total, (0, 2, 1))


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
def _operator(length: int, target: int) -> csr_array:
    """The sparse (target, length) matrix that resizes a column of pixels."""
    from scipy.sparse import csr_array

    weights, sources = _taps(length, target)
    ends = np.arange(target + 1) * weights.shape[1]
    return csr_array((weights.reshape(-1), sources.reshape(-1), ends), shape=(target, length))


def _keys_kernel(distance: NDArray[np.float64]) -> Floats:
    t = np.abs(distance)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
