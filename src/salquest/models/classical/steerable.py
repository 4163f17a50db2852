"""The steerable pyramid of four orientations (Simoncelli and Freeman 1995), in the frequency domain."""

from __future__ import annotations

from functools import lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like
from salquest.models.classical.fourier import frequencies, mirrored

ORIENTATIONS = 4
# mirrored on each side of the map; of 200 pixels this makes 264, which four scales halve to 33
RIM = 32


def steerable_bands(maps: Array, scales: int) -> list[Array]:
    """High-pass residual and oriented bands of maps (..., H, W): 1 + 4 * scales of them, finest first.

    The oriented bands of scale s are third derivatives along 0, 45, 90 and 135 degrees at every 2^s-th pixel, (..., H / 2^s, W / 2^s). Filters
    have the ideal raised-cosine form that the taps of `sp3Filters` in matlabPyrTools approximate.

    Args:
        maps: sides divisible by 2^(scales - 1). Complex maps give complex bands whose real and imaginary parts are those of the maps' parts,
            for all filters are real: two pyramids at the price of one.
        scales: at most 6.
    """
    xp = array_api_compat.array_namespace(maps)
    rows, columns = (mirrored(side, RIM)[0] for side in maps.shape[-2:])
    spectrum = xp.fft.fft2(maps[..., rows, :][..., columns])
    is_real = xp.isdtype(maps.dtype, "real floating")

    def band(window: NDArray, scale: int) -> Array:
        found = xp.fft.ifft2(spectrum * like(window, spectrum))
        rim = RIM >> scale
        found = found[..., rim : found.shape[-2] - rim, rim : found.shape[-1] - rim]
        return xp.real(found) if is_real else found

    high, low = radial_parts(_size(spectrum), 0.5)
    bands = [band(high, 0)]
    spectrum = spectrum * like(low, spectrum)
    for scale in range(scales):
        if scale:
            spectrum = halved_spectrum(spectrum)
        high, low = radial_parts(_size(spectrum), 0.25)
        bands += [band(high * angular, scale) for angular in angular_parts(_size(spectrum))]
        spectrum = spectrum * like(low, spectrum)
    return bands


@lru_cache(maxsize=16)
def radial_parts(size: tuple[int, int], edge: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """High-pass and low-pass, each (h, w), that pass from one to the other in the octave below an edge in cycles per pixel; read-only.

    Their squares sum to 1.
    """
    y, x = frequencies(size)
    radius = np.hypot(y, x)
    octaves = np.log2(np.clip(radius / edge, 0.5, 1))
    high, low = np.cos(np.pi / 2 * octaves), np.sin(-np.pi / 2 * octaves)
    high[radius <= edge / 2], low[radius >= edge] = 0, 0
    high.flags.writeable = low.flags.writeable = False
    return high, low


@lru_cache(maxsize=16)
def angular_parts(size: tuple[int, int]) -> NDArray[np.complex128]:
    """Third derivatives' dependence on the angle, (4, h, w), purely imaginary and odd; the squares of their moduli sum to 1; read-only."""
    y, x = frequencies(size)
    angles = np.arctan2(y, x) - np.pi / ORIENTATIONS * np.arange(ORIENTATIONS)[:, None, None]
    parts = 1j * np.cos(angles) ** 3 / np.sqrt(1.25)
    parts.flags.writeable = False
    return parts


def halved_spectrum(spectrum: Array) -> Array:
    """The transform of every other pixel, of spectra (..., h, w) of even sides that are empty above half their frequencies."""
    kept = [np.concatenate([np.arange((side // 2 + 1) // 2), np.arange(side - side // 2 // 2, side)]) for side in spectrum.shape[-2:]]
    return spectrum[..., kept[0], :][..., kept[1]] / 4


def _size(spectrum: Array) -> tuple[int, int]:
    return int(spectrum.shape[-2]), int(spectrum.shape[-1])
