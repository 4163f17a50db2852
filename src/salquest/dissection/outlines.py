"""Outlines of what lies above a level: closed polygons around the cells of a grid (marching squares, Lorensen 1987), and fewer corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOP, RIGHT, BOTTOM, LEFT = range(4)
# of two by two neighbours (bits: upper left 8, upper right 4, lower right 2, lower left 1) those above the level -> from which side of the
# square to which other one the outline runs, with what is above on its right hand
_RUNS = {
    1: ((LEFT, BOTTOM),),
    2: ((BOTTOM, RIGHT),),
    3: ((LEFT, RIGHT),),
    4: ((RIGHT, TOP),),
    5: ((RIGHT, TOP), (LEFT, BOTTOM)),
    6: ((BOTTOM, TOP),),
    7: ((LEFT, TOP),),
    8: ((TOP, LEFT),),
    9: ((TOP, BOTTOM),),
    10: ((TOP, LEFT), (BOTTOM, RIGHT)),
    11: ((TOP, RIGHT),),
    12: ((RIGHT, LEFT),),
    13: ((RIGHT, BOTTOM),),
    14: ((BOTTOM, LEFT),),
}
# where two opposite corners are above, and so is the mean of all four: one area, not two that touch
_JOINED = {5: ((LEFT, TOP), (RIGHT, BOTTOM)), 10: ((TOP, RIGHT), (BOTTOM, LEFT))}


def outline(values: NDArray, level: float) -> list[Floats]:
    """Closed polygons around all that is above a level; lines between neighbours on either side stand where the level would be.

    Args:
        values: (h, w), finite.
        level: what is greater lies inside.

    Returns:
        Corners (x, y) of each polygon, (n, 2), in cells with centres at integers, from -0.5 to w - 0.5 and h - 0.5: areas that reach
        the edge end there. Clockwise on the screen; around holes the other way.
    """
    above = values > level
    if not above.any():
        return []
    # only the part that holds something is looked through
    rows, columns = np.flatnonzero(above.any(axis=1)), np.flatnonzero(above.any(axis=0))
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    part = np.asarray(values[top : rows[-1] + 2, left : columns[-1] + 2], dtype=np.float64)
    field = np.full((part.shape[0] + 2, part.shape[1] + 2), -np.inf)
    field[1:-1, 1:-1] = part
    following, places = _following(field, level), _crossings(field, level)
    polygons = []
    while following:
        side, closing = following.popitem()
        walk = [side]
        while closing != side:
            walk.append(closing)
            closing = following.pop(closing)
        polygons.append(places[walk] + (left - 1, top - 1))
    return polygons


def _following(field: Floats, level: float) -> dict[int, int]:
    """Side of a square of four neighbours -> the side that the outline crosses next.

    Sides are numbered: the one between a cell and the next in its row has the cell's number, the one to the next in its column comes as
    many later as there are cells.
    """
    inside = (field > level).astype(np.uint8)
    code = inside[:-1, :-1] * 8 + inside[:-1, 1:] * 4 + inside[1:, 1:] * 2 + inside[1:, :-1]
    row, column = np.nonzero((code > 0) & (code < 15))
    cases = code[row, column]
    mean = (field[row, column] + field[row, column + 1] + field[row + 1, column] + field[row + 1, column + 1]) / 4
    at = row * field.shape[1] + column
    number = np.stack([at, field.size + at + 1, at + field.shape[1], field.size + at])  # TOP, RIGHT, BOTTOM, LEFT
    following: dict[int, int] = {}
    for which in np.unique(cases).tolist():
        here = cases == which
        chosen = [(here, _RUNS[which])]
        if which in _JOINED:
            chosen = [(here & (mean > level), _JOINED[which]), (here & (mean <= level), _RUNS[which])]
        for squares, sides in chosen:
            for start, end in sides:
                following.update(zip(number[start, squares].tolist(), number[end, squares].tolist(), strict=True))
    return following


def _crossings(field: Floats, level: float) -> Floats:
    """(x, y) where the level is crossed on each side that has an end on either side of it, in the order of the sides' numbers."""
    places = np.empty((2, *field.shape, 2))
    inside = field > level
    for place, step in enumerate(((0, 1), (1, 0))):
        before, after = (slice(None, -step[0] or None), slice(None, -step[1] or None)), (slice(step[0], None), slice(step[1], None))
        row, column = np.nonzero(inside[before] != inside[after])
        low, high = field[before][row, column], field[after][row, column]
        edge = np.isinf(low) | np.isinf(high)  # beyond the edge: half-way
        share = np.full(len(row), 0.5)
        share[~edge] = (level - low[~edge]) / (high - low)[~edge]
        places[place, row, column] = np.stack([column + step[1] * share, row + step[0] * share], axis=1)
    return places.reshape(-1, 2)


def area_of(corners: Floats) -> float:
    """Area of a polygon (n, 2): above 0 where it runs clockwise on the screen, below 0 around a hole."""
    x, y = corners.T
    return float(x[:-1] @ y[1:] - y[:-1] @ x[1:] + x[-1] * y[0] - y[-1] * x[0]) / 2


def simplified(corners: Floats, tolerance: float) -> Floats:
    """A closed polygon (n, 2) with fewer corners, none of the others farther than `tolerance` from it (Douglas 1973)."""
    if len(corners) < 4:
        return corners
    # a closed line has no ends: it is cut where it is farthest from its first corner
    far = int(np.square(corners - corners[0]).sum(axis=1).argmax())
    closed = np.concatenate([corners, corners[:1]])
    keep = np.zeros(len(closed), dtype=bool)
    keep[[0, far, -1]] = True
    waiting = [(0, far), (far, len(corners))]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        start, along = closed[first], closed[last] - closed[first]
        apart = closed[first + 1 : last] - start
        length = float(np.hypot(*along))
        distance = np.hypot(*apart.T) if length == 0 else np.abs(apart[:, 0] * along[1] - apart[:, 1] * along[0]) / length
        worst = int(distance.argmax())
        if distance[worst] > tolerance:
            keep[first + 1 + worst] = True
            waiting += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return closed[:-1][keep[:-1]]
