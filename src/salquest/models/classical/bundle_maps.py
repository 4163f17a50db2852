"""What Harel's bundle does with small maps: fade the borders, promote maps with few peaks, blur the last one."""

from __future__ import annotations

from functools import lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.filters import correlate_separable, gaussian_taps


def working_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """The sides of the small maps: the longer one is `longest`."""
    factor = longest / max(height, width)
    return max(1, int(height * factor + 0.5)), max(1, int(width * factor + 0.5))


def attenuate_borders(maps: Array, border: int) -> Array:
    """Maps (..., H, W) whose outer `border` pixels rise linearly from the edge: the k-th is multiplied by k / (border + 1)."""
    height, width = maps.shape[-2:]
    border = min(border, height // 2, width // 2)
    return maps * like(_ramp(height, border)[:, None] * _ramp(width, border), maps)


@lru_cache(maxsize=64)
def _ramp(length: int, border: int) -> NDArray[np.float64]:
    distance = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return np.minimum(distance / (border + 1), 1.0)


def promote_few_peaks(maps: Array) -> Array:
    """The operator N (Itti 1998) as the bundle computes it, (..., H, W): maps in 0..10 times (10 - mean of the local maxima) squared.

    A local maximum is a pixel inside the border that is at least 1 and no smaller than its four neighbours. A map with one of them is
    multiplied by 100, a map without stays 0..10.
    """
    xp = array_api_compat.array_namespace(maps)
    scaled = 10 * min_max(maps)
    inner = scaled[..., 1:-1, 1:-1]
    around = xp.maximum(
        xp.maximum(scaled[..., :-2, 1:-1], scaled[..., 2:, 1:-1]), xp.maximum(scaled[..., 1:-1, :-2], scaled[..., 1:-1, 2:])
    )
    peaks = xp.astype((inner >= around) & (inner >= 1), scaled.dtype)
    count = xp.sum(peaks, axis=(-2, -1), keepdims=True)
    mean = xp.sum(peaks * inner, axis=(-2, -1), keepdims=True) / xp.clip(count, 1, None)
    gain = xp.where(count > 1, (10 - mean) ** 2, xp.where(count == 1, xp.full_like(mean, 100.0), xp.ones_like(mean)))
    return scaled * gain


def finish(maps: Array, blur: float) -> Array:
    """The last steps to the master map, (B, h, w) in 0..1: borders faded over 4 pixels, blurred.

    Args:
        blur: standard deviation as a share of the longer side; 0 for none.
    """
    maps = min_max(attenuate_borders(maps, 4))
    if blur == 0:
        return maps
    sigma = blur * max(maps.shape[-2:])
    return min_max(correlate_separable(maps, gaussian_taps(2 * int(2 * sigma + 0.5) + 1, sigma), border="replicate"))
