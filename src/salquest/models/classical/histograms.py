"""How rare a value is among the picture's own."""

from __future__ import annotations

import array_api_compat

from salquest.models.classical.arrays import Array, min_max


def self_information(maps: Array, bins: int, *, added: int = 0) -> Array:
    """-ln of the share of its pixels that lie in a pixel's bin, for maps (..., H, W); without `added`, 0 of a constant map.

    Args:
        bins: of equal width, from a map's minimum to its maximum.
        added: to the count of every bin.
    """
    xp = array_api_compat.array_namespace(maps)
    indices = xp.astype(xp.clip(xp.floor(min_max(maps) * bins), 0, bins - 1), xp.int64)
    return information(indices, bins, maps, added=added)


def information(indices: Array, bins: int, like_these: Array, *, added: int = 0) -> Array:
    """-ln of the share of its pixels that lie in a pixel's bin, for maps of bins (..., H, W).

    Args:
        indices: integers in 0..bins - 1.
        like_these: an array of the precision wanted.
        added: to the count of every bin.
    """
    xp = array_api_compat.array_namespace(indices)
    planes = xp.reshape(indices, (-1, indices.shape[-2] * indices.shape[-1]))
    num_planes, pixels = planes.shape
    flat = xp.reshape(planes + bins * xp.arange(num_planes, dtype=xp.int64, device=planes.device)[:, None], (-1,))
    # not of the array API, but numpy, torch and cupy have it alike
    counts = xp.astype(xp.bincount(flat, minlength=num_planes * bins), like_these.dtype) + added
    # bins without a pixel are never looked up
    table = -xp.log(xp.clip(counts, 1.0, None) / (pixels + added * bins))
    return xp.reshape(xp.take(table, flat), indices.shape)
