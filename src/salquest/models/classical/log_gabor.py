"""Log-Gabor filters in the frequency domain (Field 1987)."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.fourier import frequencies


@lru_cache(maxsize=8)
def rings(size: tuple[int, int], wavelengths: tuple[float, ...], ratio: float) -> NDArray[np.float64]:
    """Radial parts, (wavelengths, h, w): exp(-ln(f wavelength)^2 / (2 ln(ratio)^2)), 0 at frequency 0; read-only.

    Args:
        size: of the transform.
        wavelengths: in pixels.
        ratio: of the standard deviation to the centre frequency: .55 is about two octaves, .75 one.
    """
    y, x = frequencies(size)
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
    y, x = frequencies(size)
    parts = np.zeros((angles, *size))
    for down, across in product((1, -1), repeat=2):
        turned = np.arctan2(np.where(y == -0.5, down * y, y), np.where(x == -0.5, across * x, x))
        for number in range(angles):
            away = np.angle(np.exp(1j * (turned - np.pi * number / angles)))
            parts[number] += np.exp(-(away**2) / (2 * np.radians(spread) ** 2)) / 4
    parts.flags.writeable = False
    return parts
