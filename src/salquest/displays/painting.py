"""From items to pixels: every shape is sampled 4 x 4 times a pixel in whole numbers, so that the same display has the same bytes anywhere.

An item lies on a whole pixel; two items that look alike are the same pixels, whatever their place, so that edges betray nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from salquest.displays.marks import Disc, Shape, reach
from salquest.errors import InputError
from salquest.gaze.pictures import Pixels

Colour = tuple[int, int, int]
Labels = NDArray[np.uint8]
Kind = TypeVar("Kind", bound=np.generic)

# lengths are rounded to this part of a pixel; samples lie between, at odd eighths
UNIT = 64
SAMPLES = 4
# a label is one byte: 0 background, 1 target, then the distractors
MOST_ITEMS = 255


@dataclass(frozen=True)
class Ink:
    """A shape filled with one colour."""

    shape: Shape
    colour: Colour

    @property
    def reach(self) -> float:
        """Radius of the circle that holds it, in pixels."""
        return reach(self.shape)


@dataclass(frozen=True)
class Gabor:
    """A grating under a Gaussian, added to what is below it: contrast 1 swings from black to white on mid-grey.

    Attributes:
        sigma: of the Gaussian, pixels.
        wavelength: of the grating, pixels.
        degrees: along which its stripes run, counter-clockwise from the horizontal.
        phase: degrees; 0 has a light stripe in the middle.
        contrast: 0 … 1.
    """

    sigma: float
    wavelength: float
    degrees: float
    phase: float
    contrast: float

    @property
    def reach(self) -> float:
        """Radius of the disc that counts as its area, in pixels."""
        return 2 * self.sigma


Look = Ink | Gabor


@dataclass(frozen=True)
class Item:
    """Something at a place: the pixel of its centre, how it looks, and its number among the labels (1 the target, 0 none)."""

    x: int
    y: int
    look: Look
    label: int


def paint(background: Pixels, items: Sequence[Item]) -> tuple[Pixels, Labels]:
    """A picture and whose pixels are whose.

    Args:
        background: (H, W, 3) uint8; it is left as it is.
        items: in the order of painting.

    Returns:
        The picture (H, W, 3) uint8, and labels (H, W) uint8 by the rule that a pixel belongs to the item that holds its centre.

    Raises:
        InputError: an item whose area leaves the picture, or a label that a byte cannot hold.
    """
    picture = background.copy()
    labels: Labels = np.zeros(background.shape[:2], dtype=np.uint8)
    for item in items:
        if not 0 <= item.label <= MOST_ITEMS:
            raise InputError(f"items are numbered 0 to {MOST_ITEMS}; found {item.label}")
        area = inked(item.look)
        half = area.shape[0] // 2
        if min(item.x, item.y) < half or item.y + half >= labels.shape[0] or item.x + half >= labels.shape[1]:
            raise InputError(
                f"an item of radius {half} px at x={item.x}, y={item.y} is cut by the border of a picture of {labels.shape[1]}x{labels.shape[0]}"
            )
        if isinstance(item.look, Ink):
            _lay(picture, item.x, item.y, item.look)
        else:
            _add(picture, item.x, item.y, item.look)
        window = (slice(item.y - half, item.y + half + 1), slice(item.x - half, item.x + half + 1))
        labels[window][area] = item.label
    return picture, labels


def equal_discs(size: tuple[int, int], items: Sequence[tuple[int, int, int]], radius: float) -> Labels:
    """Labels (H, W) of discs of one radius around items (label, x, y); what leaves the picture is cut."""
    areas: Labels = np.zeros(size, dtype=np.uint8)
    half = int(radius)
    where = np.arange(-half, half + 1)
    inside = where[None, :] ** 2 + where[:, None] ** 2 <= radius**2
    for label, x, y in items:
        top, left = max(0, half - y), max(0, half - x)
        window = areas[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
        window[inside[top : top + window.shape[0], left : left + window.shape[1]]] = label
    return areas


@lru_cache(maxsize=512)
def inked(look: Look) -> NDArray[np.bool_]:
    """Which pixels around its centre an item owns, (2 r + 1, 2 r + 1): those whose centre is inked; of a Gabor two sigma around."""
    half = math.ceil(look.reach)
    # a 64th of a pixel aside, so that an edge through pixel centres takes one of its two sides, not both
    where = np.arange(-half, half + 1, dtype=np.int64) * UNIT + 1
    if isinstance(look, Gabor):
        return _freeze(where[None, :] ** 2 + where[:, None] ** 2 <= round(look.reach * UNIT) ** 2)
    return _freeze(_inside(look.shape, where))


@lru_cache(maxsize=512)
def coverage(shape: Shape) -> NDArray[np.uint8]:
    """How many of the 16 samples of each pixel around the centre are inked, (2 r + 1, 2 r + 1)."""
    half = math.ceil(reach(shape)) + 1
    offsets = (2 * np.arange(SAMPLES) - SAMPLES + 1) * UNIT // (2 * SAMPLES)
    where = (np.arange(-half, half + 1, dtype=np.int64)[:, None] * UNIT + offsets).reshape(-1)
    samples = _inside(shape, where).reshape(2 * half + 1, SAMPLES, 2 * half + 1, SAMPLES)
    return _freeze(samples.sum(axis=(1, 3), dtype=np.uint8))


def _inside(shape: Shape, where: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the points where x where are inked, in 64ths of a pixel around the centre."""
    x, y = where[None, :], where[:, None]
    found = np.zeros((where.size, where.size), dtype=bool)
    for mark in shape:
        if isinstance(mark, Disc):
            left, top, radius = round(mark.x * UNIT), round(mark.y * UNIT), round(mark.radius * UNIT)
            held = (x - left) ** 2 <= radius**2 - (y - top) ** 2
        else:
            corners = [(round(px * UNIT), round(py * UNIT)) for px, py in mark.points]
            nexts = [*corners[1:], corners[0]]
            side = 1 if sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, nexts, strict=True)) > 0 else -1
            held = np.ones_like(found)
            for (x0, y0), (x1, y1) in zip(corners, nexts, strict=True):
                # the cross product of edge and point, kept apart by x and y: a comparison per sample and nothing more
                held &= side * (x1 - x0) * (y - y0) >= side * (y1 - y0) * (x - x0)
        found = found & ~held if mark.cut else found | held
    return found


def _lay(picture: Pixels, x: int, y: int, look: Ink) -> None:
    covered = coverage(look.shape)
    half = covered.shape[0] // 2
    rows, columns = _within(picture, y, half, 0), _within(picture, x, half, 1)
    part = covered[rows[1], columns[1], None].astype(np.int32)
    below = picture[rows[0], columns[0]].astype(np.int32)
    most = SAMPLES * SAMPLES
    picture[rows[0], columns[0]] = (below * (most - part) + np.array(look.colour, dtype=np.int32) * part + most // 2) // most


def _add(picture: Pixels, x: int, y: int, look: Gabor) -> None:
    wave = _wave(look)
    half = wave.shape[0] // 2
    rows, columns = _within(picture, y, half, 0), _within(picture, x, half, 1)
    raised = picture[rows[0], columns[0]].astype(np.int32) + wave[rows[1], columns[1], None]
    picture[rows[0], columns[0]] = np.clip(raised, 0, 255)


@lru_cache(maxsize=512)
def _wave(look: Gabor) -> NDArray[np.int32]:
    """What a Gabor adds to each pixel, rounded; three sigma and a half around, where it is below half a grey level."""
    half = math.ceil(3.5 * look.sigma)
    where = np.arange(-half, half + 1, dtype=np.float64)
    x, y = where[None, :], -where[:, None]
    angle = math.radians(look.degrees)
    across = -math.sin(angle) * x + math.cos(angle) * y
    bell = np.exp(-(x**2 + y**2) / (2 * look.sigma**2))
    wave = 127 * look.contrast * bell * np.cos(2 * math.pi * across / look.wavelength + math.radians(look.phase))
    return _freeze(np.rint(wave).astype(np.int32))


def _within(picture: Pixels, centre: int, half: int, axis: int) -> tuple[slice, slice]:
    """Where a patch lies in the picture along one axis, and which part of the patch that is: soft edges may leave the picture."""
    first, last = max(0, centre - half), min(picture.shape[axis], centre + half + 1)
    return slice(first, last), slice(first - centre + half, last - centre + half)


def _freeze(array: NDArray[Kind]) -> NDArray[Kind]:
    array.setflags(write=False)
    return array
