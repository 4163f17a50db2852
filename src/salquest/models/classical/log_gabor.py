"""Log-Gabor filters in the frequency domain (Field 1987), and pictures made ready for them."""

from __future__ import annotations

from functools import lru_cache
from itertools import count, product

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array

# mirrored rim in pixels, so that the transform's wrap-around does not meet the picture
RIM = 32


def spectra(maps: Array) -> tuple[Array, tuple[slice, slice]]:
    """Fourier transforms of maps (..., H, W) with mirrored rims, (..., h, w), and where the maps lie inside.

    Both rims of an axis are equally wide, so that a mirrored map has the mirrored transform, and 32 pixels or a few more, so that sides are
    products of 2, 3, 5 and 7, which transforms like.
    """
    xp = array_api_compat.array_namespace(maps)
    sides = maps.shape[-2:]
    (rows, down), (columns, across) = (_mirrored(side) for side in sides)
    return xp.fft.fft2(maps[..., rows, :][..., columns]), (slice(down, down + sides[0]), slice(across, across + sides[1]))


def energy(spectrum: Array, window: Array, inside: tuple[slice, slice]) -> Array:
    """Modulus of what a window lets through of spectra (..., h, w), without the rims, (..., H, W)."""
    xp = array_api_compat.array_namespace(spectrum)
    down = xp.fft.ifft(spectrum * window, axis=-2)[..., inside[0], :]
    return xp.abs(xp.fft.ifft(down, axis=-1)[..., inside[1]])


def _mirrored(length: int) -> tuple[NDArray[np.int64], int]:
    """Which pixels of an axis its mirrored continuation takes, and how many of them stand before it; the edge pixel is not repeated."""
    padded = next(whole for whole in count(length + 2 * RIM, 2) if _smooth(whole))
    rim = (padded - length) // 2
    period = max(1, 2 * (length - 1))
    place = np.mod(np.arange(-rim, length + rim), period)
    return np.minimum(place, period - place), rim


def _smooth(number: int) -> bool:
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1


@lru_cache(maxsize=8)
def rings(size: tuple[int, int], wavelengths: tuple[float, ...], ratio: float) -> NDArray[np.float64]:
    """Radial parts, (wavelengths, h, w): exp(-ln(f wavelength)^2 / (2 ln(ratio)^2)), 0 at frequency 0; read-only.

    Args:
        size: of the transform.
        wavelengths: in pixels.
        ratio: of the standard deviation to the centre frequency: .55 is about two octaves, .75 one.
    """
    y, x = _frequencies(size)
    radius = np.hypot(y, x)
    radius[0, 0] = 1
    bands = np.exp(-(np.log(radius * np.reshape(wavelengths, (-1, 1, 1))) ** 2) / (2 * np.log(ratio) ** 2))
    bands[:, 0, 0] = 0
    bands.flags.writeable = False
    return bands


@lru_cache(maxsize=8)
def sectors(size: tuple[int, int], angles: int, spread: float) -> NDArray[np.float64]:
    """Angular parts, (angles, h, w): a Gaussian around each of so many angles of half a turn; read-only.

    They are one-sided: what comes back from the transform is complex, its modulus the energy. The highest frequency of an even
    side is on both sides at once and gets their mean.

    Args:
        size: of the transform.
        angles: how many, the first along x.
        spread: standard deviation in degrees.
    """
    y, x = _frequencies(size)
    parts = np.zeros((angles, *size))
    for down, across in product((1, -1), repeat=2):
        turned = np.arctan2(np.where(y == -0.5, down * y, y), np.where(x == -0.5, across * x, x))
        for number in range(angles):
            away = np.angle(np.exp(1j * (turned - np.pi * number / angles)))
            parts[number] += np.exp(-(away**2) / (2 * np.radians(spread) ** 2)) / 4
    parts.flags.writeable = False
    return parts


def _frequencies(size: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cycles per pixel down and across, each (h, w)."""
    y, x = np.meshgrid(np.fft.fftfreq(size[0]), np.fft.fftfreq(size[1]), indexing="ij")
    return y, x
