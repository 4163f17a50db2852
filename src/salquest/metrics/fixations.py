"""Fixations at the door of this room: from whatever says where people looked to the pixels that hold fixations, and how many each holds.

Fixations are `gaze.Fixations` (a sequence of them for a batch), or `Coordinates`, `BinaryMap`, `CountMap`: wrappers that say what their
array means, because a density taken for fixations gives a plausible wrong number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salquest.errors import InputError
from salquest.gaze import Fixations
from salquest.gaze.fixations import cell, inside
from salquest.metrics.maps import Array, Floats, Integers, Maps, on_host, open_maps

OTHERS = "fixations on other pictures"  # what the second fixations of a metric are called in its errors


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Fixations as padded coordinates, for code that keeps batches in arrays.

    Args:
        xy: (K, 2) for one map or (B, K, 2) for a batch: x right, y down, in pixels of the maps, 0-based with pixel centres at integers.
        counts: how many of the K are real, for each picture, (B,); the rest is padding. None: all of them.
    """

    xy: Array
    counts: Array | None = None


@dataclass(frozen=True, eq=False)
class BinaryMap:
    """Fixations as a map (H, W) or (B, H, W) that holds 0, and one other positive number where somebody looked."""

    array: Array


@dataclass(frozen=True, eq=False)
class CountMap:
    """Fixations as a map (H, W) or (B, H, W) of whole numbers: how many fixations each pixel holds."""

    array: Array


@dataclass(frozen=True)
class FixatedCells:
    """Fixations of B pictures as pixels: for each the distinct pixels in increasing order, and how many fixations each holds.

    Attributes:
        cells: per picture, indices row * W + column, (K_b,).
        weights: per picture, fixations in each of these pixels, (K_b,), float64.
        size: (height, width) of the pictures.
    """

    cells: tuple[Integers, ...]
    weights: tuple[Floats, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.cells)

    def counted(self, *, repeats: bool) -> FixatedCells:
        """Every fixation counts (repeats), or every pixel that was looked at once."""
        return self if repeats else FixatedCells(self.cells, tuple(np.ones(len(held)) for held in self.cells), self.size)

    def without(self, other: FixatedCells) -> FixatedCells:
        """Only the pixels that `other` does not hold."""
        kept = [~np.isin(mine, theirs) for mine, theirs in zip(self.cells, other.cells, strict=True)]
        return FixatedCells(
            tuple(held[keep] for held, keep in zip(self.cells, kept, strict=True)),
            tuple(held[keep] for held, keep in zip(self.weights, kept, strict=True)),
            self.size,
        )

    @cached_property
    def padded(self) -> tuple[Integers, Floats]:
        """The cells and weights as (B, K) arrays; padding is pixel 0 with weight 0."""
        longest = max((len(held) for held in self.cells), default=0)
        cells, weights = np.zeros((len(self), longest), dtype=np.int64), np.zeros((len(self), longest))
        for index, (held, weight) in enumerate(zip(self.cells, self.weights, strict=True)):
            cells[index, : len(held)], weights[index, : len(held)] = held, weight
        return cells, weights

    def mean(self, values: Floats) -> Floats:
        """Mean over the fixations of each picture of values (B, K) at the padded cells, (B,); NaN where there are none."""
        weights = self.padded[1]
        total = weights.sum(axis=1)
        summed = np.where(weights > 0, weights * values, 0.0).sum(axis=1)
        return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)


FixationsLike = Fixations | Sequence[Fixations] | Coordinates | BinaryMap | CountMap | FixatedCells


def open_fixations(fixations: FixationsLike, maps: Maps, what: str = "fixations") -> FixatedCells:
    """Check fixations against the maps that they belong to: one picture for each map, the same size, all inside.

    Raises:
        InputError: a plain array (it could be a density), another number of pictures, another size, a fixation outside.
    """
    opened = as_cells(fixations, maps.size, what)
    if len(opened) != len(maps):
        raise InputError(f"{what} of {len(opened)} pictures were handed over with {len(maps)} maps; each map needs its own")
    if opened.size != maps.size:
        raise InputError(
            f"the {what} lie in pictures of {opened.size} but the saliency map is {maps.size} (height, width); resize the map "
            f"(salquest.metrics.resize) or move the fixations (Fixations.resized)"
        )
    return opened


def as_cells(fixations: FixationsLike, size: tuple[int, int], what: str = "fixations") -> FixatedCells:
    """Fixations in the form that the metrics read; `size` is what bare coordinates refer to. Raises as `open_fixations`."""
    if isinstance(fixations, FixatedCells):
        return fixations
    if isinstance(fixations, Fixations):
        return _from_fixations([fixations], what)
    if isinstance(fixations, Coordinates):
        return _from_coordinates(fixations, size, what)
    if isinstance(fixations, (BinaryMap, CountMap)):
        return _from_map(fixations, what)
    if _are_fixations(fixations):
        return _from_fixations(fixations, what)
    found = f"an array of shape {tuple(fixations.shape)}" if hasattr(fixations, "shape") else type(fixations).__name__
    raise InputError(
        f"{what} are gaze.Fixations (a list of them for a batch), Coordinates, BinaryMap or CountMap; found {found}, which could be "
        f"a density; if it marks the pixels that were looked at, say so: BinaryMap(array)"
    )


def _are_fixations(value: object) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(isinstance(item, Fixations) for item in value)
    )


def _from_fixations(pictures: Sequence[Fixations], what: str) -> FixatedCells:
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        raise InputError(f"the {what} of a batch lie in pictures of one size; found {sorted(sizes)}; score one picture at a time")
    size = sizes.pop()
    return _gathered([picture.rows * size[1] + picture.columns for picture in pictures], size)


def _from_coordinates(fixations: Coordinates, size: tuple[int, int], what: str) -> FixatedCells:
    xy = on_host(fixations.xy).astype(np.float64)
    if xy.ndim not in (2, 3) or xy.shape[-1] != 2:
        raise InputError(f"coordinates of {what} are (K, 2) or (B, K, 2), each (x, y); found shape {xy.shape}")
    xy = xy.reshape(-1, *xy.shape[-2:])
    counts = np.full(len(xy), xy.shape[1]) if fixations.counts is None else np.atleast_1d(on_host(fixations.counts))
    if counts.shape != (len(xy),) or (counts < 0).any() or (counts > xy.shape[1]).any():
        raise InputError(f"counts of {what} say for each of {len(xy)} pictures how many of {xy.shape[1]} are real; found {counts.tolist()}")
    real = [picture[: int(count)] for picture, count in zip(xy, counts, strict=True)]
    for index, picture in enumerate(real):
        outside = ~inside(picture[:, 0], picture[:, 1], size)
        if outside.any():
            first = picture[outside][0]
            raise InputError(
                f"{int(outside.sum())} {what} of picture {index} lie outside its {size[1]} x {size[0]} px, the first at "
                f"x={first[0]:g}, y={first[1]:g}; drop them first"
            )
    return _gathered([cell(picture[:, 1]) * size[1] + cell(picture[:, 0]) for picture in real], size)


def _from_map(fixations: BinaryMap | CountMap, what: str) -> FixatedCells:
    name = type(fixations).__name__
    maps = open_maps(fixations.array, name)
    if maps.low.min(initial=0.0) < 0:
        raise InputError(f"a {name} of {what} is non-negative; found {maps.low.min():g}")
    cells, weights = [], []
    for index in range(len(maps)):
        held = on_host(maps.xp.nonzero(maps.raw[index, :])[0]).astype(np.int64)
        values = maps.picture(index).at(held[None])[0]
        if isinstance(fixations, BinaryMap):
            if len(values) and values.min() != values.max():
                raise InputError(
                    f"a BinaryMap of {what} holds 0 and one other number; picture {index} holds several, from {values.min():g} to "
                    f"{values.max():g}; counts are a CountMap, and a density is no map of fixations"
                )
            values = np.ones(len(held))
        elif (values != np.rint(values)).any():
            raise InputError(f"a CountMap of {what} holds whole numbers; picture {index} holds fractions: a density is no map of fixations")
        cells.append(held)
        weights.append(values)
    return FixatedCells(tuple(cells), tuple(weights), maps.size)


def _gathered(pictures: Sequence[Integers], size: tuple[int, int]) -> FixatedCells:
    found = [np.unique(picture, return_counts=True) for picture in pictures]
    return FixatedCells(tuple(cells for cells, _ in found), tuple(count.astype(np.float64) for _, count in found), size)
