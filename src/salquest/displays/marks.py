"""Shapes as marks that are laid over each other: discs and convex polygons, each adding ink or cutting it away.

Lengths are in pixels around the item's centre, x right, y down; angles in degrees, counter-clockwise as seen from the horizontal. A shape is
a tuple of marks, in the order in which they are laid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

Point = tuple[float, float]


@dataclass(frozen=True)
class Disc:
    """All points within `radius` of (x, y); with `cut` the ink below it goes."""

    x: float
    y: float
    radius: float
    cut: bool = False

    @property
    def reach(self) -> float:
        """How far it goes from the item's centre."""
        return math.hypot(self.x, self.y) + self.radius


@dataclass(frozen=True)
class Polygon:
    """A convex polygon; with `cut` the ink below it goes."""

    points: tuple[Point, ...]
    cut: bool = False

    @property
    def reach(self) -> float:
        """How far it goes from the item's centre."""
        return max(math.hypot(x, y) for x, y in self.points)


Mark = Disc | Polygon
Shape = tuple[Mark, ...]


def reach(shape: Shape) -> float:
    """Radius of the circle around the item's centre that holds all its ink."""
    return max(mark.reach for mark in shape if not mark.cut)


def turned(shape: Shape, degrees: float) -> Shape:
    """The shape turned counter-clockwise about its centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def at(x: float, y: float) -> Point:
        return cos * x + sin * y, -sin * x + cos * y  # y goes down

    def one(mark: Mark) -> Mark:
        if isinstance(mark, Disc):
            x, y = at(mark.x, mark.y)
            return replace(mark, x=x, y=y)
        return replace(mark, points=tuple(at(x, y) for x, y in mark.points))

    return tuple(one(mark) for mark in shape)


def mirrored(shape: Shape) -> Shape:
    """The shape with left and right exchanged."""
    return tuple(
        replace(mark, x=-mark.x) if isinstance(mark, Disc) else replace(mark, points=tuple((-x, y) for x, y in mark.points))
        for mark in shape
    )


def disc(diameter: float) -> Shape:
    """A disc."""
    return (Disc(0.0, 0.0, diameter / 2),)


def bar(length: float, width: float, degrees: float = 0.0) -> Shape:
    """A rectangle of `length` along the direction of `degrees`."""
    return turned(stroke([(-length / 2, 0.0), (length / 2, 0.0)], width), degrees)


def regular(diameter: float, corners: int, degrees: float = 0.0) -> Shape:
    """A regular polygon inside the circle of that diameter, one corner up before it is turned."""
    angles = [2 * math.pi * corner / corners - math.pi / 2 for corner in range(corners)]
    points = tuple((diameter / 2 * math.cos(angle), diameter / 2 * math.sin(angle)) for angle in angles)
    return turned((Polygon(points),), degrees)


def morph(area: float, corners: int, share: float, degrees: float = 0.0, *, steps: int = 96) -> Shape:
    """Between a disc (share 0) and a regular polygon (share 1), always of the same area and convex.

    The outline is the weighted Minkowski sum of both: where the disc's normal looks, the disc's point and the polygon's farthest corner.
    """
    corner_angles = [2 * math.pi * corner / corners - math.pi / 2 for corner in range(corners)]
    points = []
    for step in range(steps):
        angle = 2 * math.pi * (step + 0.5) / steps
        farthest = min(corner_angles, key=lambda other: -math.cos(other - angle))
        x, y = (
            (1 - share) * part(angle) + share * math.sqrt(4 * math.pi / (corners * math.sin(2 * math.pi / corners)) / 2) * part(farthest)
            for part in (math.cos, math.sin)
        )
        points.append((x, y))
    found = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True)) / 2
    scale = math.sqrt(area / found)
    return turned((Polygon(tuple((scale * x, scale * y) for x, y in points)),), degrees)


def ring(diameter: float, width: float, *, gap_degrees: float = 0.0, degrees: float = 0.0) -> Shape:
    """A ring of that outer diameter and stroke width, open over `gap_degrees` around the direction `degrees` (Landolt's C)."""
    outer = diameter / 2
    whole: Shape = (Disc(0.0, 0.0, outer), Disc(0.0, 0.0, outer - width, cut=True))
    if gap_degrees <= 0:
        return whole
    # wedges of less than a straight angle each, long enough to hold the ring
    half, parts = math.radians(gap_degrees) / 2, max(1, math.ceil(gap_degrees / 60))
    far = 2 * diameter
    edges = [-half + 2 * half * part / parts for part in range(parts + 1)]
    wedges = tuple(
        Polygon(((0.0, 0.0), (far * math.cos(one), far * math.sin(one)), (far * math.cos(other), far * math.sin(other))), cut=True)
        for one, other in pairwise(edges)
    )
    return turned((*whole, *wedges), degrees)


def letter_q(diameter: float, width: float, tail: float, degrees: float = 0.0) -> Shape:
    """A ring with a straight tail of that length across it, half inside and half outside, in the direction of `degrees`."""
    middle = diameter / 2 - width / 2
    if tail <= 0:
        return ring(diameter, width)
    return (*ring(diameter, width), *turned(stroke([(middle - tail / 2, 0.0), (middle + tail / 2, 0.0)], width), degrees))


def arc(length: float, width: float, bend_degrees: float, degrees: float = 0.0, *, pieces: int = 24) -> Shape:
    """A line of that length that turns by `bend_degrees` from one end to the other; 0 is straight. Its middle is at the centre."""
    if bend_degrees == 0:
        return bar(length, width, degrees)
    bend = math.radians(bend_degrees)
    radius = length / bend
    angles = [bend * (piece / pieces - 0.5) for piece in range(pieces + 1)]
    rise = radius * (1 - math.cos(bend / 2)) / 2  # so that the bow lies around the centre
    return turned(stroke([(radius * math.sin(a), radius * (math.cos(a) - 1) + rise) for a in angles], width), degrees)


def corner(arm: float, width: float, opening_degrees: float, degrees: float = 0.0) -> Shape:
    """Two arms that meet in the middle under `opening_degrees`; 180 is a straight line."""
    half = math.radians(opening_degrees) / 2
    tip = (arm * math.cos(half), arm * math.sin(half))
    drop = tip[0] / 2
    points = [(tip[0] - drop, tip[1]), (-drop, 0.0), (tip[0] - drop, -tip[1])]
    return turned(stroke(points, width), degrees - 90)


def letter_t(size: float, width: float, shift: float, degrees: float = 0.0) -> Shape:
    """Two strokes of one length: from an L (shift 0: the stem at the bar's end) to a T (shift 1: at its middle)."""
    end = size / 2
    stem = (shift - 1) * (end - width / 2)
    top = stroke([(-end, -end + width / 2), (end, -end + width / 2)], width)
    return turned((*top, *stroke([(stem, -end), (stem, end)], width)), degrees)


def letter_f(size: float, width: float, lopsided: float, degrees: float = 0.0) -> Shape:
    """A stem with two cross strokes whose arms differ: 0 looks the same in a mirror, at 1 the arms on one side are gone, as in an F."""
    end, arm = size / 2, size / 2
    left = arm * (1 - lopsided)
    stem = stroke([(0.0, -end), (0.0, end)], width)
    top = stroke([(-left, -end + width / 2), (arm, -end + width / 2)], width)
    middle = stroke([(-0.7 * left, 0.0), (0.7 * arm, 0.0)], width)
    return turned((*stem, *top, *middle), degrees)


def stroke(points: Sequence[Point], width: float) -> Shape:
    """A line through points, of one width, with butt ends; it bends sharply where it turns little, and round where it turns much."""
    steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(points)]
    along = [(dx / math.hypot(dx, dy), dy / math.hypot(dx, dy)) for dx, dy in steps]
    half = width / 2
    marks: list[Mark] = []
    for number, (((x0, y0), (x1, y1)), (ux, uy)) in enumerate(zip(pairwise(points), along, strict=True)):
        first = _mitre(along[number - 1], (ux, uy)) if number else (-uy, ux)
        last = _mitre((ux, uy), along[number + 1]) if number + 1 < len(along) else (-uy, ux)
        (ax, ay), (bx, by) = first or (-uy, ux), last or (-uy, ux)
        marks.append(
            Polygon(
                (
                    (x0 + half * ax, y0 + half * ay),
                    (x1 + half * bx, y1 + half * by),
                    (x1 - half * bx, y1 - half * by),
                    (x0 - half * ax, y0 - half * ay),
                )
            )
        )
        if last is None:
            marks.append(Disc(x1, y1, half))
    return tuple(marks)


def _mitre(before: Point, after: Point) -> Point | None:
    """Where the edges of two pieces of a line meet, in half widths from their joint; None where they turn by more than 30 degrees."""
    cosine = before[0] * after[0] + before[1] * after[1]
    if cosine < math.cos(math.radians(30)):
        return None
    x, y = -(before[1] + after[1]), before[0] + after[0]
    return x / (1 + cosine), y / (1 + cosine)
