"""What is drawn onto pictures: numbered or named outlines, and the stops of a scanpath."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from salquest.report.figures import COLOURS
from salquest.report.sheets import label_font, plain

# a dark line is seen on any photograph when a light one lies beside it
HALO = "#ffffff"


def outlined(pixels: NDArray[np.uint8], shapes: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with polygons drawn on it, each with its label at its first corner.

    Args:
        pixels: the picture; it is not changed.
        shapes: label and corners (x, y), where 0 is the picture's left or upper edge.
    """
    canvas = Image.fromarray(pixels)
    draw, line, font = _pen(canvas)
    for number, (_, corners) in enumerate(shapes):
        closed = [*corners, corners[0]]
        draw.line(closed, fill=HALO, width=3 * line, joint="curve")
        draw.line(closed, fill=COLOURS[number % len(COLOURS)], width=line, joint="curve")
    taken: list[tuple[float, float, float, float]] = []
    for number, (label, corners) in enumerate(shapes):  # above all lines
        taken.append(_label(draw, corners[0], plain(label)[:40], COLOURS[number % len(COLOURS)], font, canvas.size, taken))
    return np.asarray(canvas)


def path_drawn(pixels: NDArray[np.uint8], stops: Sequence[tuple[float, float]]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with numbered stops (x, y), pixel centres at integers, and lines from each to the next."""
    canvas = Image.fromarray(pixels)
    draw, line, font = _pen(canvas)
    places = [(x + 0.5, y + 0.5) for x, y in stops]
    if len(places) > 1:
        draw.line(places, fill=HALO, width=3 * line, joint="curve")
        draw.line(places, fill=COLOURS[0], width=line, joint="curve")
    radius = 0.8 * font.size
    for number, (x, y) in enumerate(places, start=1):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[0], outline=HALO, width=line)
        draw.text((x, y), str(number), fill=HALO, font=font, anchor="mm")
    return np.asarray(canvas)


def _pen(canvas: Image.Image) -> tuple[ImageDraw.ImageDraw, int, ImageFont.FreeTypeFont]:
    """A pen as thick, and letters as tall, as the picture can bear."""
    side = (canvas.width * canvas.height) ** 0.5
    return ImageDraw.Draw(canvas), max(2, round(side / 200)), label_font(int(np.clip(side / 32, 9, 96)))


def _label(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: str,
    font: ImageFont.FreeTypeFont,
    size: tuple[int, int],
    taken: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    """Write a label inside the picture, below those that are in its place, and return where it stands."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    wide, tall = right + left + 4, bottom + top // 2
    x, y = (min(max(0.0, place), max(0.0, side - long)) for place, side, long in zip(at, size, (wide, tall), strict=True))
    while any(x < right_ and left_ < x + wide and y < bottom_ and top_ < y + tall for left_, top_, right_, bottom_ in taken):
        y += tall
    draw.rectangle((x, y, x + wide, y + tall), fill=colour)
    draw.text((x + 2, y), text, fill=HALO, font=font)
    return x, y, x + wide, y + tall
