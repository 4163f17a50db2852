"""Which size a picture gets before a network sees it, and which size the map of that has: the same for training and for prediction."""

from __future__ import annotations

import math
from typing import Literal

Fit = Literal["squash", "aspect"]
Size = tuple[int, int]

# sides of fitted sizes are multiples of this: 240 x 320 is one, and 3:2 and 16:9 have sizes of its area within 1 % of their ratio
STEP = 16
# height : width that sizes are made for; others are stretched to the nearest, by at most 7 % between 2:1 and 1:2
_WIDE = ((1, 3), (1, 2), (9, 16), (2, 3), (3, 4), (7, 8), (1, 1))
RATIOS = tuple(sorted({short / long for short, long in _WIDE} | {long / short for short, long in _WIDE}))
SMALLEST = 32


def fitted_size(nominal: Size, picture: Size, fit: Fit = "squash", scale: float = 1.0) -> Size:
    """The (height, width) that a picture is resized to.

    Args:
        nominal: the network's size.
        picture: of the picture.
        fit: "squash": the nominal size for every picture; "aspect": about its area, with the picture's own ratio of sides. Ratios are those of
            RATIOS, so that pictures of a set come in few sizes and can share batches.
        scale: of both sides; with another than 1 they are rounded to multiples of STEP.
    """
    if fit == "squash":
        return nominal if scale == 1 else (_rounded(nominal[0] * scale), _rounded(nominal[1] * scale))
    ratio = fitted_ratio(nominal, picture, fit)
    length = math.sqrt(nominal[0] * nominal[1]) * scale
    return _rounded(length * math.sqrt(ratio)), _rounded(length / math.sqrt(ratio))


def fitted_ratio(nominal: Size, picture: Size, fit: Fit = "squash") -> float:
    """Height : width that a picture is resized to, up to rounding; pictures of one ratio have one size, at every scale."""
    if fit == "squash":
        return nominal[0] / nominal[1]
    wanted = math.log(picture[0] / picture[1])
    return min(RATIOS, key=lambda known: abs(math.log(known) - wanted))


def fitted_map_size(size: Size, nominal: Size, map_size: Size) -> Size:
    """The raw map's (height, width) for pictures of `size`: the share that `map_size` is of `nominal`."""
    if tuple(size) == tuple(nominal):
        return map_size
    height, width = (max(1, round(side * cells / whole)) for side, cells, whole in zip(size, map_size, nominal, strict=True))
    return height, width


def _rounded(length: float) -> int:
    return max(SMALLEST, STEP * math.floor(length / STEP + 0.5))
