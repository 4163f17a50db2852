"""Grounds that are not flat: noise, gradients, gratings, and a rough surface that is lit from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salquest.displays.draws import Draws
from salquest.displays.painting import Colour
from salquest.gaze.pictures import Pixels

Floats = NDArray[np.float64]


def spectral_noise(size: tuple[int, int], draws: Draws, *, beta: float = 1.0) -> Floats:
    """Noise whose amplitude falls as 1 / f^beta, (H, W), of mean 0 and deviation 1; it wraps around at the borders."""
    white = draws.uniforms(size) - 0.5  # uniform will do: each frequency sums all pixels
    y, x = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :]
    frequency = np.hypot(x * size[1], y * size[0])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(white) / frequency**beta
    spectrum[0, 0] = 0.0
    found: Floats = np.fft.irfft2(spectrum, s=size)
    return found / found.std()


def on_grey(relative: Floats, colour: Colour = (128, 128, 128)) -> Pixels:
    """A relative modulation (H, W), 0 for none, of a colour, as bytes."""
    return np.clip(np.rint(np.array(colour) * (1 + relative[:, :, None])), 0, 255).astype(np.uint8)


def noise(size: tuple[int, int], draws: Draws, rms: float) -> Pixels:
    """1/f noise of that RMS contrast around mid-grey."""
    return on_grey(rms * spectral_noise(size, draws))


def gradient(size: tuple[int, int], degrees: float, contrast: float) -> Pixels:
    """A linear ramp from 1 - contrast to 1 + contrast of mid-grey, rising in the direction of `degrees`."""
    y, x = np.linspace(1, -1, size[0])[:, None], np.linspace(-1, 1, size[1])[None, :]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return on_grey(contrast * (cos * x + sin * y) / (abs(cos) + abs(sin)))


def grating(size: tuple[int, int], degrees: float, wavelength: float, contrast: float) -> Pixels:
    """Sinusoidal stripes along `degrees` around mid-grey."""
    y, x = -np.arange(size[0])[:, None], np.arange(size[1])[None, :]
    across = -np.sin(np.radians(degrees)) * x + np.cos(np.radians(degrees)) * y
    return on_grey(contrast * np.cos(2 * np.pi * across / wavelength))


def lit_surface(height: Floats, *, slant_degrees: float = 60.0, tilt_degrees: float = 90.0) -> Pixels:
    """A height map (H, W) in pixels as a matt surface (Lambert), lit under that slant from that side; flat parts are mid-grey."""
    slope_y, slope_x = np.gradient(height)
    slant, tilt = np.radians(slant_degrees), np.radians(tilt_degrees)
    light = np.array([np.sin(slant) * np.cos(tilt), np.sin(slant) * np.sin(tilt), np.cos(slant)])
    shade = (-slope_x * light[0] + slope_y * light[1] + light[2]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    return on_grey(np.maximum(shade, 0.0) / light[2] - 1.0)
