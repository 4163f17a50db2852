"""How many pixels lie below and at a value: the one pass over all pixels that the areas under the curve are made of.

A few hundred thresholds against some hundred thousand pixels: sorting all pixels would answer, and costs far more than is needed. Maps of
grey levels are counted by level. Maps of real numbers are counted in bins whose borders are powers of two cut into 1024 parts (the upper
bits of the float32 distance from the smallest value, so that peaked maps spread over many bins), and only pixels that share a bin with a
threshold are sorted. Nothing is rounded: bins only decide who is looked at closely. On other devices the array namespace's binary search
does the same.
"""

from __future__ import annotations

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.metrics.maps import Array, Floats, Integers, Maps, on_host

SHIFT, BINS = 13, 1 << 15  # 1024 bins for each doubling, over 32 doublings below the greatest value; everything smaller shares bin 0
BLOCK = 1 << 16  # pixels that are binned at a time, to stay in a processor's cache


def count_below(maps: Maps, thresholds: Floats) -> tuple[Integers, Integers]:
    """Pixels below each threshold, and pixels below or at it.

    Args:
        maps: B maps.
        thresholds: (B, T), finite; values taken from the maps are met exactly.

    Returns:
        Two (B, T) arrays of numbers between 0 and H*W.
    """
    if thresholds.shape[1] == 0:
        return np.zeros(thresholds.shape, dtype=np.int64), np.zeros(thresholds.shape, dtype=np.int64)
    counted = [_count_one(maps, index, own) for index, own in enumerate(thresholds)]
    return np.stack([below for below, _ in counted]), np.stack([at_most for _, at_most in counted])


def _count_one(maps: Maps, index: int, thresholds: Floats) -> tuple[Integers, Integers]:
    if maps.levels is not None:
        return _by_level(maps.levels[index], thresholds)
    pixels = maps.raw[index, :]
    if maps.in_main_memory:
        return _by_bin(on_host(pixels), maps.low[index], maps.high[index], thresholds)
    return _by_search(pixels, thresholds)


def _by_level(counts: Integers, thresholds: Floats) -> tuple[Integers, Integers]:
    below = np.concatenate([[0], np.cumsum(counts)])
    levels = np.arange(len(counts))
    return below[np.searchsorted(levels, thresholds, "left")], below[np.searchsorted(levels, thresholds, "right")]


def _by_bin(pixels: NDArray, low: float, high: float, thresholds: Floats) -> tuple[Integers, Integers]:
    smallest = pixels.dtype.type(low)
    first = max(0, int(_keys(np.array([high], dtype=pixels.dtype), smallest, 0)[0]) - BINS + 1)
    own = _keys(np.clip(thresholds, low, high).astype(pixels.dtype), smallest, first)
    watched = np.zeros(BINS, dtype=bool)
    watched[own] = True
    counts, closely = np.zeros(BINS, dtype=np.int64), []
    for start in range(0, len(pixels), BLOCK):
        values = pixels[start : start + BLOCK]
        bins = _keys(values, smallest, first)
        counts += np.bincount(bins, minlength=BINS)
        closely.append(values.take(np.flatnonzero(watched.take(bins))))
    watched_pixels = np.sort(np.concatenate(closely))
    # pixels of lower bins that nobody watches, plus the watched pixels that are smaller
    elsewhere = np.cumsum(np.where(watched, 0, counts))[own]
    below, at_most = np.searchsorted(watched_pixels, thresholds, "left"), np.searchsorted(watched_pixels, thresholds, "right")
    return elsewhere + below, elsewhere + at_most


def _keys(values: NDArray, low: np.generic, first: int) -> NDArray[np.intp]:
    """Whole numbers in the order of the values, from 0: the upper bits of the float32 distance from `low`, less `first`."""
    with np.errstate(over="ignore"):  # a distance beyond float32 becomes infinity, which keeps its place in the order
        distance = np.subtract(values, low).astype(np.float32, copy=False)
    keys = distance.view(np.int32)
    keys >>= SHIFT
    keys -= first
    # -0.0 has a negative key: it is 0.0
    positive: NDArray[np.intp] = np.maximum(keys, 0, out=keys).astype(np.intp)
    return positive


def _by_search(pixels: Array, thresholds: Floats) -> tuple[Integers, Integers]:
    xp, device = array_api_compat.array_namespace(pixels), array_api_compat.device(pixels)
    narrow = pixels.dtype == xp.float32
    reached = thresholds.astype(np.float32) if narrow else thresholds
    above = np.full_like(reached, np.inf)
    # the smallest numbers of the pixels' type that are not below the threshold, and that are above it
    reached = np.where(reached < thresholds, np.nextafter(reached, above), reached)
    exceeded = np.where(reached == thresholds, np.nextafter(reached, above), reached)
    edges = np.unique(np.concatenate([reached, exceeded]))
    passed = xp.searchsorted(xp.asarray(edges, device=device), pixels, side="right")
    # a pixel that passes at most j edges is smaller than the edge with index j
    smaller = np.cumsum(on_host(xp.bincount(passed, minlength=len(edges) + 1)).astype(np.int64))
    return smaller[np.searchsorted(edges, reached)], smaller[np.searchsorted(edges, exceeded)]
