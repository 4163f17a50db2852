"""Colours by how they look: CIELAB and HSV to the bytes of sRGB."""

from __future__ import annotations

import colorsys
import math

from salquest.displays.painting import Colour
from salquest.errors import InputError

# D65, the white of sRGB (IEC 61966-2-1)
WHITE = (0.95047, 1.0, 1.08883)


def lch(lightness: float, chroma: float, hue_degrees: float) -> Colour:
    """The sRGB colour of CIELAB's L* (0 … 100), C*ab and h_ab; equal L* is equal luminance up to rounding to bytes.

    Raises:
        InputError: no screen of sRGB can show it.
    """
    fy = (lightness + 16) / 116
    fx = fy + chroma * math.cos(math.radians(hue_degrees)) / 500
    fz = fy - chroma * math.sin(math.radians(hue_degrees)) / 200
    x, y, z = (white * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29)) for white, f in zip(WHITE, (fx, fy, fz), strict=True))
    linear = (
        3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
        -0.9692660 * x + 1.8760108 * y + 0.0415560 * z,
        0.0556434 * x - 0.2040259 * y + 1.0572252 * z,
    )
    if min(linear) < -0.002 or max(linear) > 1.002:
        raise InputError(f"sRGB has no colour of L* {lightness:g}, C* {chroma:g}, hue {hue_degrees:g}")
    red, green, blue = (_byte(min(max(value, 0.0), 1.0)) for value in linear)
    return red, green, blue


def grey(lightness: float) -> Colour:
    """The grey of CIELAB's L*."""
    return lch(lightness, 0.0, 0.0)


def hsv(hue_degrees: float, saturation: float, value: float) -> Colour:
    """The sRGB colour of HSV; hues of one value differ in luminance (yellow and blue by far)."""
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue_degrees % 360 / 360, saturation, value))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance Y of sRGB, 0 … 1."""
    parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126729 * parts[0] + 0.7151522 * parts[1] + 0.0721750 * parts[2]


def _byte(linear: float) -> int:
    return round(255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055))
