"""The pictures to which units answer most: which they are, and where on them a unit is above its threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.outlines import area_of, outline, simplified

# pictures per unit
STRONGEST = 9
# of the picture's longer side: how far a drawn outline may run beside the true one, and how long and wide a speck is that is not drawn;
# of the largest ones so many are drawn whatever their size
FINE, SPECK, LARGEST = 0.003, 0.015, 6

Polygon = NDArray[np.float32]


class PeakTally:
    """Finds each unit's strongest pictures, picture by picture.

    A unit's answer to a picture is its greatest activation on it; equal ones (ReLU6 ends at 6) are ordered by their mean over the picture,
    then the earlier picture comes first.

    Args:
        units: of the layer.
    """

    def __init__(self, units: int) -> None:
        self._pictures = np.full((STRONGEST, units), -1, dtype=np.int64)
        self._peaks, self._means = (np.full((STRONGEST, units), -np.inf, dtype=np.float32) for _ in range(2))

    def add(self, number: int, maps: NDArray[np.float32]) -> None:
        """Look at the maps (C, cells) of picture `number`."""
        finite = np.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
        peaks = np.concatenate([self._peaks, finite.max(axis=1)[None]])
        means = np.concatenate([self._means, finite.mean(axis=1)[None]])
        pictures = np.concatenate([self._pictures, np.full((1, peaks.shape[1]), number)])
        order = np.lexsort((-means, -peaks), axis=0)[:STRONGEST]
        self._peaks, self._means, self._pictures = (np.take_along_axis(kept, order, axis=0) for kept in (peaks, means, pictures))

    def finish(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Numbers of the pictures and greatest activations on them, (K, C) each, the strongest first; K is 9 or the number of pictures."""
        there = int((self._pictures >= 0).sum(axis=0).max(initial=0))
        return self._pictures[:there], self._peaks[:there]


@dataclass(frozen=True)
class Answer:
    """A unit's answer to one picture.

    Attributes:
        picture: its number in the probe set.
        peak: the greatest activation on it.
        outline: polygons around the places where the unit is above its threshold, corners (x, y) in the picture's pixels, (n, 2) each.
    """

    picture: int
    peak: float
    outline: tuple[Polygon, ...]


def picture_outline(field: NDArray, level: float, *, step: int, longer: int) -> tuple[Polygon, ...]:
    """Polygons for a reader: what is above a level, a little simplified, the largest first, many specks left out.

    Args:
        field: the enlarged map on every `step`-th pixel, as `interpolation.grid_of` takes them.
        level: the unit's threshold.
        step: see there.
        longer: the picture's longer side in pixels.
    """
    found = [(polygon * step + step // 2).astype(np.float64) for polygon in outline(field, level)]
    least = (SPECK * longer) ** 2
    sized = sorted(((abs(area_of(polygon)), number) for number, polygon in enumerate(found)), reverse=True)
    kept = [found[number] for place, (area, number) in enumerate(sized) if area >= least or place < LARGEST]
    return tuple(simplified(polygon, FINE * longer).astype(np.float32) for polygon in kept)


def packed(answers: Sequence[Sequence[Answer]]) -> dict[str, NDArray]:
    """Answers per unit as arrays for the cache; `unpacked` reads them back."""
    flat = [answer for unit in answers for answer in unit]
    polygons = [polygon for answer in flat for polygon in answer.outline]
    return {
        "answers": np.array([len(unit) for unit in answers], dtype=np.int64),
        "picture": np.array([answer.picture for answer in flat], dtype=np.int64),
        "peak": np.array([answer.peak for answer in flat], dtype=np.float32),
        "polygons": np.array([len(answer.outline) for answer in flat], dtype=np.int64),
        "corners": np.array([len(polygon) for polygon in polygons], dtype=np.int64),
        "points": np.concatenate([*polygons, np.zeros((0, 2), np.float32)]).astype(np.float32),
    }


def unpacked(arrays: Mapping[str, NDArray]) -> list[tuple[Answer, ...]]:
    """What `packed` was given."""
    polygons = iter(np.split(arrays["points"], np.cumsum(arrays["corners"])[:-1]) if len(arrays["corners"]) else [])
    flat = iter(
        [
            Answer(int(picture), float(peak), tuple(next(polygons) for _ in range(int(count))))
            for picture, peak, count in zip(arrays["picture"], arrays["peak"], arrays["polygons"], strict=True)
        ]
    )
    return [tuple(next(flat) for _ in range(int(count))) for count in arrays["answers"]]
