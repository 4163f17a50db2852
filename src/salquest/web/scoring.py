"""Fixations given as text, and the scores of maps against them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from salquest.errors import BrokenFile, InputError
from salquest.gaze import Fixations, SaliencyMap, fixation_density, gaussian_operator
from salquest.gaze.fixations import inside
from salquest.metrics import Target, scores

METRICS = ("nss", "auc_judd", "cc", "sim", "kl")
# of the picture's width: what one degree is on the screens of OSIE (0.030) and MIT1003 (0.034), where nobody says how wide it was
SIGMA_SHARE = 0.03


@dataclass(frozen=True)
class GivenFixations:
    """Fixations on a picture, and how many of those given lay outside of it and were dropped."""

    fixations: Fixations
    outside: int


def parse_fixations(text: str, size: tuple[int, int]) -> GivenFixations:
    """Read x,y in pixels, one fixation a line, 0-based with pixel centres at integers.

    Args:
        text: CSV divided by commas, semicolons or tabs. The first line may be a header with columns x and y among others; without one the
            first two columns are taken.
        size: (height, width) of the picture.

    Raises:
        BrokenFile: a line that is no pair of numbers, or a header without x and y. InputError: no fixation inside the picture.
    """
    first = text.lstrip("\ufeff \r\n").partition("\n")[0]
    divider = next((sign for sign in ("\t", ";") if sign in first), ",")
    x_column, y_column = 0, 1
    points: list[tuple[float, float]] = []
    try:
        for number, row in enumerate(csv.reader(text.lstrip("\ufeff").splitlines(), delimiter=divider), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not points and _is_header(cells):
                names = [cell.lower() for cell in cells]
                if "x" not in names or "y" not in names:
                    raise BrokenFile(f"fixations need columns x and y; line {number} names {', '.join(cells[:8])[:80]}")
                x_column, y_column = names.index("x"), names.index("y")
                continue
            points.append(_point(cells, x_column, y_column, number))
    except csv.Error as error:
        raise BrokenFile(f"fixations are lines of x,y in pixels; this text is no such table ({error})") from error
    if not points:
        raise InputError("fixations are lines of x,y in pixels; found none")
    xy = np.array(points)
    held = inside(xy[:, 0], xy[:, 1], size)
    if not held.any():
        raise InputError(
            f"none of the {len(xy)} fixations lies inside the picture of {size[1]} x {size[0]} px; they are counted in its pixels"
        )
    return GivenFixations(Fixations(xy[held, 0], xy[held, 1], size), int((~held).sum()))


def usual_sigma_px(size: tuple[int, int]) -> float:
    """About one degree of visual angle, in pixels of a picture of (height, width) of which nothing is known."""
    return SIGMA_SHARE * size[1]


def score_maps(maps: Mapping[str, SaliencyMap], fixations: Fixations, *, sigma_px: float) -> dict[str, dict[str, float]]:
    """Name -> metric -> score of maps of one picture, by METRICS under the convention "exact"; the densities have that sigma.

    Raises:
        InputError: a sigma that is no number of pixels between 0 and the picture's longer side.
    """
    if not 0 < sigma_px <= max(fixations.size):
        raise InputError(f"sigma is more than 0 and at most the picture's longer side, {max(fixations.size)} px; found {sigma_px:g}")
    try:
        density = fixation_density(fixations, sigma_px=sigma_px)
    finally:
        gaussian_operator.cache_clear()  # pictures of any size come by: what it keeps of each would fill the memory
    target = Target(fixations=fixations, density=density)
    return {
        name: {metric: float(value) for metric, value in scores(saliency.values, target, METRICS).items()}
        for name, saliency in maps.items()
    }


def _is_header(cells: list[str]) -> bool:
    return not any(_number(cell) is not None for cell in cells[:2])


def _point(cells: list[str], x_column: int, y_column: int, line: int) -> tuple[float, float]:
    values = [_number(cells[column]) if column < len(cells) else None for column in (x_column, y_column)]
    if values[0] is None or values[1] is None:
        raise BrokenFile(f"fixations are lines of x,y in pixels; line {line} is {','.join(cells)[:60]!r}")
    return values[0], values[1]


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
