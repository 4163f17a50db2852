"""Outlines as pixels: which centres lie in a polygon."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def polygon_mask(corners: ArrayLike, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels of a picture of (height, width) whose centres lie in the polygon, by the even-odd rule.

    A centre that lies on a left or upper side is in, one on a right or lower side is out.

    Args:
        corners: (N, 2) of x, y, 0 being the picture's left or upper edge, so that pixel i has its centre at i + 0.5.
        size: of the picture; what reaches out of it is left out.
    """
    mask = np.zeros(size, dtype=bool)
    x, y = np.asarray(corners, dtype=np.float64).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    first, last = max(0, int(np.floor(y.min() - 0.5))), min(size[0], int(np.ceil(y.max() + 0.5)))
    for row in range(first, last):
        middle = row + 0.5
        crossing = (y <= middle) != (next_y <= middle)
        along = (middle - y[crossing]) / (next_y[crossing] - y[crossing])
        at = np.sort(x[crossing] + along * (next_x[crossing] - x[crossing]))
        edges = np.clip(np.ceil(at - 0.5), 0, size[1]).astype(int)
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            mask[row, left:right] = True
    return mask
