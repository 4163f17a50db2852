"""Pictures shown in other ways while a network learns: another window, other colours; gaze moves along with the window, exactly.

A window is a rectangle of whole pixels of the stored picture, so that a fixation stays on the pixel that it was on; densities are made anew from
the fixations inside. What is drawn depends on the generator that is handed in alone.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from PIL import Image, ImageFilter

from salquest.errors import InputError
from salquest.gaze.pictures import Pixels

# a window with too little gaze is drawn again so often, then the whole picture is shown
TRIES = 8
# ranges of the mild faults of cameras: deviation of the blur in pixels of the network's input, quality of the JPEG
BLURS, QUALITIES = (0.3, 1.5), (30, 90)
# RGB to luma and two chroma axes (NTSC's YIQ), in which a change of hue is a rotation
_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_RGB = np.linalg.inv(_YIQ)


class Window(NamedTuple):
    """A part of a picture, in whole pixels of it."""

    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width


@dataclass(frozen=True)
class View:
    """How one picture is shown once.

    Attributes:
        window: the part that is shown; None for all of it.
        brightness, contrast, saturation: factors.
        hue: turn of the colour circle, in turns.
        blur: deviation of a Gaussian in pixels of the network's input; 0 for none.
        quality: of a JPEG that the picture passes through; 0 for none.
    """

    window: Window | None = None
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    blur: float = 0.0
    quality: int = 0

    def paint(self, pixels: Pixels) -> Pixels:
        """The picture (H, W, 3), already cut out and resized, with the colours and faults of this view."""
        picture = Image.fromarray(pixels)
        if (self.brightness, self.contrast, self.saturation, self.hue) != (1.0, 1.0, 1.0, 0.0):
            picture = picture.convert("RGB", tuple(self._colours(pixels).ravel().tolist()))
        if self.blur:
            picture = picture.filter(ImageFilter.GaussianBlur(self.blur))
        if self.quality:
            stored = io.BytesIO()
            picture.save(stored, "JPEG", quality=self.quality)
            picture = Image.open(stored)
        return np.asarray(picture.convert("RGB"))

    def _colours(self, pixels: Pixels) -> np.ndarray:
        """All four changes of colour as one affine map of RGB, (3, 4): hue, saturation, contrast about the mean luma, brightness."""
        cos, sin = math.cos(2 * math.pi * self.hue), math.sin(2 * math.pi * self.hue)
        chroma = self.saturation * np.array([[cos, -sin], [sin, cos]])
        linear = _RGB @ np.block([[np.ones((1, 1)), np.zeros((1, 2))], [np.zeros((2, 1)), chroma]]) @ _YIQ
        grey = float(_YIQ[0] @ pixels.reshape(-1, 3).mean(axis=0))
        offset = np.full((3, 1), (1 - self.contrast) * grey)
        return self.brightness * np.hstack([self.contrast * linear, offset])


class Augmentation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed, and by how much; everything is off by default. Mirroring is the plan's own `mirror`.

    Attributes:
        zoom: least and greatest length of the window's sides, as a share of the picture's; 1 shows all of it.
        stretch: how far the window's ratio of sides goes from the picture's: 0.1 for 1/1.1 to 1.1 times that.
        gaze: least share of a picture's fixations (or of its map) that a window holds.
        colour: brightness, contrast and saturation are each multiplied by 1 - colour to 1 + colour.
        hue: greatest turn of the colour circle to either side, in turns.
        grey: share of pictures shown without colour.
        blur: share of pictures that are blurred a little.
        jpeg: share of pictures that pass through a JPEG of quality 30 to 90.
    """

    zoom: tuple[float, float] = (1.0, 1.0)
    stretch: float = 0.0
    gaze: float = 0.5
    colour: float = 0.0
    hue: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    jpeg: float = 0.0

    def check(self) -> None:
        """See that it can be meant.

        Raises:
            InputError: it cannot.
        """
        rules = {
            "zoom": (0 < self.zoom[0] <= self.zoom[1] <= 1, "two shares of the sides, the least first, above 0 and up to 1"),
            "stretch": (0 <= self.stretch <= 1, "in 0..1"),
            "colour": (0 <= self.colour < 1, "in 0..1, less than 1"),
            "hue": (0 <= self.hue <= 0.5, "in 0..0.5 turns"),
            "gaze": (0 < self.gaze <= 1, "a share above 0 and up to 1"),
            **{name: (0 <= getattr(self, name) <= 1, "a share in 0..1") for name in ("grey", "blur", "jpeg")},
        }
        for name, (holds, wanted) in rules.items():
            if not holds:
                raise InputError(f"augment.{name} must be {wanted}; found {getattr(self, name)}")

    def draw(self, random: np.random.Generator, size: tuple[int, int], gaze: Callable[[Window], float]) -> View:
        """Draw how a picture is shown.

        Args:
            random: where all randomness comes from.
            size: (height, width) of the stored picture.
            gaze: the share of the picture's gaze inside a window.
        """
        window = self._window(random, size, gaze)
        brightness, contrast, saturation = (1 + self.colour * random.uniform(-1, 1, 3)).tolist()
        hue = self.hue * random.uniform(-1, 1)
        grey, blurred, stored = random.random(3) < (self.grey, self.blur, self.jpeg)
        blur, quality = random.uniform(*BLURS), int(random.integers(*QUALITIES, endpoint=True))
        return View(
            window,
            brightness,
            contrast,
            0.0 if grey else saturation,
            0.0 if grey else hue,
            blur if blurred else 0.0,
            quality if stored else 0,
        )

    def _window(self, random: np.random.Generator, size: tuple[int, int], gaze: Callable[[Window], float]) -> Window | None:
        if self.zoom == (1.0, 1.0) and not self.stretch:
            return None
        for _ in range(TRIES):
            share = random.uniform(*self.zoom)
            factor = math.exp(random.uniform(-1, 1) * math.log1p(self.stretch) / 2)
            height, width = (min(side, max(1, round(side * share * way))) for side, way in zip(size, (factor, 1 / factor), strict=True))
            window = Window(
                int(random.integers(0, size[0] - height, endpoint=True)),
                int(random.integers(0, size[1] - width, endpoint=True)),
                height,
                width,
            )
            if gaze(window) >= self.gaze:
                return window
        return None
