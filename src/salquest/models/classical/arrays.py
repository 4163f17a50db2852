"""Where a classical model computes: numpy, or the arrays of another library of the array API on a device."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = Any  # an array of any namespace that array_api_compat knows


def on_device(values: ArrayLike, device: str) -> Array:
    """A numpy array as the arrays of a device: itself on "cpu", a torch tensor on any other ("torch" is torch on the processor)."""
    if device == "cpu":
        return np.asarray(values)
    import torch

    return torch.as_tensor(np.array(values), device="cpu" if device == "torch" else device)


def like(values: ArrayLike, other: Array) -> Array:
    """Numbers as an array of the kind, precision and device of another."""
    if isinstance(other, np.ndarray):
        return np.asarray(values, dtype=other.dtype)
    return array_api_compat.array_namespace(other).asarray(np.array(values), dtype=other.dtype, device=other.device)


def as_numpy(values: Array) -> NDArray:
    """An array of any kind as numpy's."""
    return values if isinstance(values, np.ndarray) else np.asarray(array_api_compat.to_device(values, "cpu"))


def min_max(maps: Array) -> Array:
    """Maps (..., H, W) scaled to 0..1 each; a constant map becomes 0."""
    xp = array_api_compat.array_namespace(maps)
    low, high = xp.min(maps, axis=(-2, -1), keepdims=True), xp.max(maps, axis=(-2, -1), keepdims=True)
    return (maps - low) / xp.where(high > low, high - low, xp.ones_like(high))
