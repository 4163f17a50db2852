"""Pictures side by side under their names, as one picture: for looking many predictions through at a glance."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP, LINE, TEXT = 8, 20, 13
# of a tile, so that a part of its name can be read
NARROWEST = 100
# the longest side that a JPEG can have
JPEG_SIDE = 65_500
PAPER, INK = (255, 255, 255), (40, 40, 40)


@dataclass(frozen=True)
class Tile:
    """A picture (H, W, 3) and the name above it."""

    name: str
    pixels: NDArray[np.uint8]


def thumbnail(pixels: NDArray[np.uint8], width: int, height: int | None = None) -> NDArray[np.uint8]:
    """A picture scaled down to fit into width x height (the width again where it is not given), never up."""
    picture = Image.fromarray(pixels)
    scale = min(1.0, width / picture.width, (height or width) / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return pixels if size == picture.size else np.asarray(picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def tile_sheet(tiles: Sequence[Tile], *, columns: int, width: int = 320) -> bytes:
    """Tiles from left to right and from top to bottom, each scaled down to fit into width x width, its name above it, as JPEG.

    Args:
        tiles: at least one.
        columns: tiles in a row.
        width: of a tile at most, in pixels.
    """
    small = [Tile(tile.name, thumbnail(tile.pixels, width)) for tile in tiles]
    width = max(NARROWEST, *(tile.pixels.shape[1] for tile in small))
    rows = [small[start : start + columns] for start in range(0, len(small), columns)]
    heights = [max(tile.pixels.shape[0] for tile in row) + LINE for row in rows]
    across = min(columns, len(small))
    sheet = Image.new("RGB", (GAP + across * (width + GAP), GAP + sum(heights) + GAP * len(rows)), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            left = GAP + column * (width + GAP)
            draw.text((left, top), _shortened(tile.name, width), fill=INK, font=label_font(TEXT))
            sheet.paste(Image.fromarray(tile.pixels), (left, top + LINE))
        top += height + GAP
    return jpeg_bytes(np.asarray(sheet), quality=88)


def jpeg_bytes(pixels: NDArray[np.uint8], *, quality: int = 90) -> bytes:
    """A picture (H, W, 3) as JPEG, scaled down only where it is longer than a JPEG can be."""
    content = io.BytesIO()
    Image.fromarray(thumbnail(pixels, JPEG_SIDE)).save(content, format="JPEG", quality=quality)
    return content.getvalue()


@lru_cache(maxsize=16)
def label_font(size: int) -> ImageFont.FreeTypeFont:
    """The font of labels on pictures: DejaVu Sans, which comes with matplotlib and has more scripts than most."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def plain(text: str) -> str:
    """Text that can be drawn in one line: what does not print becomes a replacement sign."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _shortened(name: str, width: int) -> str:
    """A name as wide as its tile at most: its beginning goes, because endings tell files apart."""
    text, font = plain(name)[-200:], label_font(TEXT)
    while len(text) > 1 and font.getlength(text) > width:
        text = "…" + text[2:]
    return text
