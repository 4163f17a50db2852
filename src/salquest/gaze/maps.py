"""What a map is: the SaliencyMap that models answer with, and the few operations that turn one form of map into another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from salquest.errors import InputError

Kind = Literal["density", "values"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """What a model predicts for one picture.

    Attributes:
        values: (H, W) float32, finite. A "density" is non-negative and sums to 1; "values" are any real numbers, greater = looked at more.
        kind: which of the two it is.
    """

    values: NDArray[np.float32]
    kind: Kind = "values"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"a saliency map is a 'density' or 'values', not {self.kind!r}")
        array = np.asarray(self.values)
        if array.ndim != 2 or array.size == 0:
            raise InputError(f"a saliency map is (H, W) of at least one pixel; found shape {array.shape}")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity
            stored = array.astype(np.float32)
        if not np.isfinite(stored).all():
            raise InputError("a saliency map holds finite numbers; found NaN or infinity, or a number beyond float32")
        if self.kind == "density" and (array.min() < 0 or abs(float(array.sum(dtype=np.float64)) - 1) > 1e-3):
            raise InputError(f"a density is non-negative and sums to 1; found a minimum of {array.min():g} and a sum of {array.sum():g}")
        object.__setattr__(self, "values", stored)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def peak(self) -> tuple[int, int]:
        """(row, column) of the greatest value."""
        row, column = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return int(row), int(column)

    def density(self) -> Floats:
        """The map as a density, (H, W): itself, or the values above their minimum divided by their sum."""
        return self.values.astype(np.float64) if self.kind == "density" else as_density(self.values, shift=True)

    def display(self) -> Floats:
        """The map scaled to 0..1 for looking at, (H, W); a constant map gives 0."""
        low, high = float(self.values.min()), float(self.values.max())
        return (self.values.astype(np.float64) - low) / (high - low) if high > low else np.zeros(self.values.shape)

    def resized(self, size: tuple[int, int]) -> SaliencyMap:
        """The map at another (height, width); a density still sums to 1."""
        changed = resize_map(self.values, size)
        return SaliencyMap((as_density(changed) if self.kind == "density" else changed).astype(np.float32), self.kind)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> NDArray:
        return np.array(self.values, dtype=dtype) if copy or dtype is not None else self.values


def as_density(values: ArrayLike, *, shift: bool = False) -> Floats:
    """Scale non-negative maps (..., H, W) to sum to 1; an empty map becomes the uniform density.

    Args:
        shift: subtract the minimum first, for maps of any sign.

    Raises:
        InputError: negative values without `shift`, or values that are no numbers.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise InputError("a density is made of finite numbers; found NaN or infinity")
    if shift:
        array = array - array.min(axis=(-2, -1), keepdims=True)
    elif array.min() < 0:
        raise InputError(f"a density is made of non-negative values; the smallest found is {array.min():g}")
    total = array.sum(axis=(-2, -1), keepdims=True)
    pixels = array.shape[-2] * array.shape[-1]
    return np.where(total > 0, array / np.where(total > 0, total, 1.0), 1.0 / pixels)


def resize_map(values: ArrayLike, size: tuple[int, int]) -> Floats:
    """One map (H, W) at another (height, width): bilinear, averaging when it shrinks; never below the smallest value nor above the greatest."""
    array = np.asarray(values)
    if array.shape == tuple(size):
        return array.astype(np.float64)
    picture = Image.fromarray(np.ascontiguousarray(array, dtype=np.float32))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR), dtype=np.float64)


def pool_counts(counts: ArrayLike, size: tuple[int, int]) -> Floats:
    """Sum a count map (H, W) into a coarser grid; H and W must be whole multiples of it. The total is kept."""
    array = np.asarray(counts, dtype=np.float64)
    if array.shape[0] % size[0] or array.shape[1] % size[1]:
        raise InputError(f"counts of {array.shape} do not pool into {size}: not whole multiples")
    return array.reshape(size[0], array.shape[0] // size[0], size[1], array.shape[1] // size[1]).sum(axis=(1, 3))
