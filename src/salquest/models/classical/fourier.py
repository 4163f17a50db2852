"""Fourier transforms of pictures with mirrored rims, so that the transform's wrap-around does not meet the picture."""

from __future__ import annotations

from itertools import count

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array

# least width of the rim in pixels
RIM = 32

Inside = tuple[slice, slice]


def spectra(maps: Array) -> tuple[Array, Inside]:
    """Fourier transforms of maps (..., H, W) with mirrored rims, (..., h, w), and where the maps lie inside.

    Both rims of an axis are equally wide, so that a mirrored map has the mirrored transform, and wide enough that sides are products of
    2, 3, 5 and 7, which transforms like.
    """
    rims = [next(whole for whole in count(side + 2 * RIM, 2) if _is_smooth(whole)) - side for side in maps.shape[-2:]]
    xp = array_api_compat.array_namespace(maps)
    (rows, down), (columns, across) = (mirrored(side, rim // 2) for side, rim in zip(maps.shape[-2:], rims, strict=True))
    return xp.fft.fft2(maps[..., rows, :][..., columns]), (down, across)


def energy(spectrum: Array, window: Array, inside: Inside) -> Array:
    """Modulus of what a window lets through of spectra (..., h, w), without the rims, (..., H, W)."""
    xp = array_api_compat.array_namespace(spectrum)
    down = xp.fft.ifft(spectrum * window, axis=-2)[..., inside[0], :]
    return xp.abs(xp.fft.ifft(down, axis=-1)[..., inside[1]])


def mirrored(length: int, rim: int) -> tuple[NDArray[np.int64], slice]:
    """Which pixels of an axis its mirrored continuation by a rim takes, the edge pixel once, and where the axis itself lies in it."""
    period = max(1, 2 * (length - 1))
    place = np.mod(np.arange(-rim, length + rim), period)
    return np.minimum(place, period - place), slice(rim, rim + length)


def frequencies(size: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cycles per pixel down and across, each (h, w), in the order of the transform."""
    y, x = np.meshgrid(np.fft.fftfreq(size[0]), np.fft.fftfreq(size[1]), indexing="ij")
    return y, x


def _is_smooth(number: int) -> bool:
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1
