"""Where people looked at one stimulus: typed, so that a density can never be taken for fixations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fixations:
    """All fixations on one stimulus, of one or many observers, in reading order.

    Args:
        x, y: pixels of the stimulus, (K,), 0-based with pixel centres at integers; each inside `size`.
        size: (height, width) of the stimulus in pixels.
        observer: whole number per fixation, (K,); all 1 where it is not known.
        order: position in the observer's scan path, (K,), from 1; may have gaps. Counted through where it is not known.
        duration_ms: (K,), NaN where it is not known.

    Raises:
        InputError: arrays of different lengths, coordinates that are no numbers, or a fixation outside the picture
            (drop those first with `inside`, which counts them).
    """

    x: Floats
    y: Floats
    size: tuple[int, int]
    observer: Integers
    order: Integers
    duration_ms: Floats

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        size: tuple[int, int],
        *,
        observer: ArrayLike | None = None,
        order: ArrayLike | None = None,
        duration_ms: ArrayLike | None = None,
    ) -> None:
        xs, ys = np.asarray(x, dtype=np.float64).reshape(-1), np.asarray(y, dtype=np.float64).reshape(-1)
        count = len(xs)
        columns = {
            "x": xs,
            "y": ys,
            "observer": _column(observer, np.ones(count), np.int64),
            "order": _column(order, np.arange(1, count + 1), np.int64),
            "duration_ms": _column(duration_ms, np.full(count, np.nan), np.float64),
        }
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) != 1:
            raise InputError(f"the columns of fixations must be of one length; found {lengths}")
        outside = ~inside(xs, ys, size)
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            raise InputError(
                f"{int(outside.sum())} of {count} fixations lie outside the picture of {size[1]} x {size[0]} px, the first at "
                f"x={xs[first]:g}, y={ys[first]:g}; drop them first (salquest.gaze.fixations.inside finds them)"
            )
        for name, values in columns.items():
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        object.__setattr__(self, "size", (int(size[0]), int(size[1])))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def rows(self) -> Integers:
        """Row of the cell that holds each fixation, (K,): floor(y + 0.5)."""
        return cell(self.y)

    @property
    def columns(self) -> Integers:
        """Column of the cell that holds each fixation, (K,): floor(x + 0.5)."""
        return cell(self.x)

    @property
    def observers(self) -> list[int]:
        """The observers that have at least one fixation here, in increasing order."""
        return [int(number) for number in np.unique(self.observer)]

    def __getitem__(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Fixations:
        """The fixations that a mask or an index array picks, as Fixations."""
        return Fixations(
            self.x[keep],
            self.y[keep],
            self.size,
            observer=self.observer[keep],
            order=self.order[keep],
            duration_ms=self.duration_ms[keep],
        )

    def by_observer(self) -> Iterator[tuple[Fixations, Fixations]]:
        """For each observer: (this observer's fixations, everybody else's)."""
        for number in self.observers:
            own = self.observer == number
            yield self[own], self[~own]

    def without_first(self) -> Fixations:
        """Without the fixation that began each scan path (order 1): it is often forced to the centre."""
        return self[self.order != 1]

    def distinct(self) -> Fixations:
        """One fixation for each cell that was looked at; who looked first is kept."""
        _, first = np.unique(self.rows * self.size[1] + self.columns, return_index=True)
        return self[np.sort(first)]

    def count_map(self) -> Floats:
        """How many fixations fell in each cell, (H, W); it sums to len(self)."""
        counts = np.zeros(self.size)
        np.add.at(counts, (self.rows, self.columns), 1.0)
        return counts

    def binary_map(self) -> Floats:
        """1 in every cell that was looked at, (H, W)."""
        return (self.count_map() > 0).astype(np.float64)

    def resized(self, size: tuple[int, int]) -> Fixations:
        """The same fixations in pixels of the picture at another size: x' = (x + 0.5) * W'/W - 0.5."""
        return self._moved(_rescaled(self.x, self.size[1], size[1]), _rescaled(self.y, self.size[0], size[0]), (int(size[0]), int(size[1])))

    def cropped(self, top: int, left: int, size: tuple[int, int]) -> Fixations:
        """The fixations inside a part of the picture, in that part's own pixels; those outside are left out.

        Args:
            top, left: the part's first row and column, whole pixels of this picture.
            size: (height, width) of the part.
        """
        x, y = self.x - left, self.y - top
        kept = self[inside(x, y, size)]
        return kept._moved(kept.x - left, kept.y - top, (int(size[0]), int(size[1])))

    def mirrored(self) -> Fixations:
        """The fixations on the picture mirrored left to right; one exactly on a cell's left edge moves to the mirrored cell."""
        x = self.size[1] - 1 - self.x
        # a cell's left edge belongs to it and mirrors onto the right edge of the mirrored cell, which does not: one step back
        x = np.where(cell(x) == self.size[1] - 1 - self.columns, x, np.nextafter(x, -np.inf))
        return self._moved(x, self.y, self.size)

    def _moved(self, x: Floats, y: Floats, size: tuple[int, int]) -> Fixations:
        return Fixations(x, y, size, observer=self.observer, order=self.order, duration_ms=self.duration_ms)


def cell(coordinate: ArrayLike) -> Integers:
    """Index of the pixel that holds a coordinate: floor(coordinate + 0.5)."""
    values = np.asarray(coordinate, dtype=np.float64)
    whole = np.floor(values)
    # not floor(values + 0.5) itself: that sum rounds the last number before 0.5 up to 1
    return (whole + (values - whole >= 0.5)).astype(np.int64)


def inside(x: ArrayLike, y: ArrayLike, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which coordinates lie inside a picture of (height, width): -0.5 <= x < W - 0.5 and -0.5 <= y < H - 0.5; NaN is outside."""
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return (xs >= -0.5) & (xs < size[1] - 0.5) & (ys >= -0.5) & (ys < size[0] - 0.5)


def _rescaled(coordinate: Floats, length: int, target: int) -> Floats:
    # rounding may carry the last number before the edge onto the edge, which is outside
    return np.minimum((coordinate + 0.5) * (target / length) - 0.5, np.nextafter(target - 0.5, -np.inf))


def _column(values: ArrayLike | None, default: NDArray, dtype: type) -> NDArray:
    return np.array(default if values is None else values, dtype=dtype).reshape(-1)
