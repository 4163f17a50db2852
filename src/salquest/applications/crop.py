"""Where to cut a picture: the window of a given shape that keeps most of the attention, or the smallest that keeps enough of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, as_density, resize_map

# cells along the longer side of the map that windows are summed on, and places tried along it; a window lies right to a cell
GRID = 512
# windows that keep the same to this are equally good, and the one nearest to the middle is taken
EQUAL = 1e-9
# a ratio beyond this is no shape that anybody wants, and its window would be a line
MOST = 100.0


@dataclass(frozen=True)
class Crop:
    """A window of a picture.

    Attributes:
        ratio: width over height that was asked for; the window's own is that to a pixel.
        left, top, width, height: in pixels; the window holds columns left .. left + width - 1. Where it is padded, `left` or `top` is
            negative or it ends outside the picture.
        share: part of the map's density that lies in the window, 0..1.
        is_enough: whether that is the share that was asked for.
    """

    ratio: float
    left: int
    top: int
    width: int
    height: int
    share: float
    is_enough: bool = True


def best_crop(saliency: SaliencyMap, ratio: float, *, keep: float | None = None, smallest: float = 0.25, pad: bool = False) -> Crop:
    """The window of a shape that keeps most.

    Without `keep` it is the largest window of this ratio that fits into the picture, at the place where it holds most of the density;
    windows that hold equally much are decided by their distance from the middle, so that a flat map is cut in the middle. With `keep` it
    is the smallest window that holds that share, at its best place. Sums come from a summed-area table (Crow 1984); every window is tried.

    Args:
        saliency: of the picture; values count above their minimum.
        ratio: width over height.
        keep: the least share of the density to keep, above 0 and at most 1. Where no window inside the picture keeps it, the largest is
            taken and `is_enough` says so.
        smallest: with `keep`, a window's sides are at least this fraction of the largest's.
        pad: with `keep`, let the window be larger than the picture along one side, to be filled up, rather than keep too little.

    Raises:
        InputError: a ratio, share or fraction that cannot be.
    """
    if not 1 / MOST <= ratio <= MOST:
        raise InputError(f"the ratio of a crop is its width over its height, between 1:{MOST:g} and {MOST:g}:1; found {ratio:g}")
    check_keep(keep, smallest)
    table = _SummedArea(saliency)
    height, width = saliency.size
    largest = _longest_side(ratio, min(width, height * ratio))
    if keep is None:
        return table.best(ratio, largest)
    most = max(largest, _longest_side(ratio, max(width, height * ratio))) if pad else largest
    low, high = max(1, round(smallest * largest)), most
    # what the best window keeps grows with its size, because it fits into a best place of the next larger one
    while low < high:
        middle = (low + high) // 2
        if table.best(ratio, middle).share >= keep - EQUAL:
            high = middle
        else:
            low = middle + 1
    found = table.best(ratio, low)
    return Crop(ratio, found.left, found.top, found.width, found.height, found.share, is_enough=found.share >= keep - EQUAL)


def check_keep(keep: float | None, smallest: float) -> None:
    """Raise InputError for a share or a fraction that cannot be, before any map is made."""
    if keep is not None and not 0 < keep <= 1:
        raise InputError(f"the share to keep lies above 0 and is at most 1; found {keep:g}")
    if not 0 < smallest <= 1:
        raise InputError(f"the smallest window is a fraction of the largest, above 0 and at most 1; found {smallest:g}")


def parse_ratio(text: str) -> float:
    """Width over height from "16:9", "16x9" or "1.5".

    Raises:
        InputError: nothing of the kind.
    """
    for sign in (":", "x", "/"):
        if sign in text:
            first, _, second = text.partition(sign)
            break
    else:
        first, second = text, "1"
    try:
        ratio = float(first) / float(second)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"a ratio is width:height, such as 16:9; found {text!r}") from error
    if not 1 / MOST <= ratio <= MOST:
        raise InputError(f"the ratio of a crop lies between 1:{MOST:g} and {MOST:g}:1; found {text!r}")
    return ratio


def _longest_side(ratio: float, width: float) -> int:
    """The longer side of the window of this ratio and width."""
    return max(1, int(width + 1e-6) if ratio >= 1 else int(width / ratio + 1e-6))


def _size(ratio: float, longest: int) -> tuple[int, int]:
    """(height, width) of the window whose longer side is given."""
    return (max(1, round(longest / ratio)), longest) if ratio >= 1 else (longest, max(1, round(longest * ratio)))


class _SummedArea:
    """The sum of a density over any window with whole-pixel corners, and the best place for a window."""

    def __init__(self, saliency: SaliencyMap) -> None:
        self.height, self.width = saliency.size
        shrink = min(1.0, GRID / max(saliency.size))
        cells = max(1, round(self.height * shrink)), max(1, round(self.width * shrink))
        self.scale = self.height / cells[0], self.width / cells[1]
        density = as_density(resize_map(saliency.density(), cells))
        self.table = np.zeros((cells[0] + 1, cells[1] + 1))
        self.table[1:, 1:] = density.cumsum(axis=0).cumsum(axis=1)

    def best(self, ratio: float, longest: int) -> Crop:
        height, width = _size(ratio, longest)
        top, left = _places(height, self.height, self.scale[0]), _places(width, self.width, self.scale[1])
        rows = self._between(self.table, top, height, self.scale[0])
        sums = self._between(rows.T, left, width, self.scale[1]).T
        off_y = (top + height / 2) / self.height - 0.5
        off_x = (left + width / 2) / self.width - 0.5
        distance = np.where(sums >= sums.max() - EQUAL, off_y[:, None] ** 2 + off_x[None, :] ** 2, np.inf)
        row, column = np.unravel_index(int(distance.argmin()), sums.shape)
        share = min(1.0, max(0.0, float(sums[row, column])))
        return Crop(ratio, int(left[column]), int(top[row]), width, height, share)

    def _between(self, table: NDArray[np.float64], starts: NDArray[np.int64], length: int, scale: float) -> NDArray[np.float64]:
        """Differences of a cumulated table along its first axis, read between its cells where a place lies there."""
        return _read(table, (starts + length) / scale) - _read(table, starts / scale)


def _places(length: int, side: int, scale: float) -> NDArray[np.int64]:
    """Where a window may begin along a side: every cell, the middle and the end; one that is too long stands in the middle."""
    room = side - length
    if room <= 0:
        return np.array([room // 2])
    return np.unique(np.append(np.arange(0, room, max(1, int(scale))), [room // 2, room]))


def _read(table: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    last = table.shape[0] - 1
    inside = np.clip(at, 0, last)
    below = np.minimum(np.floor(inside).astype(int), max(0, last - 1))
    part = (inside - below)[:, None]
    return (1 - part) * table[below] + part * table[np.minimum(below + 1, last)]
