"""The DKL colours of the GBVS bundle: from pixel values over one monitor's light to cone-opponent axes."""

from __future__ import annotations

from functools import lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like

# What the bundle's table of 256 x 3 numbers is: a photometer's readings of a monitor's red, green and blue at pixel values 0, 5, 10 .. 255,
# joined by straight lines, divided by the last and rounded to five digits. Found from the table, which they give back to the digit;
# the unit, a thousandth of a candela per square metre, is our guess (a dark screen reads 0.384 in all three, as three-digit readings do).
# fmt: off
READINGS = (
    (
        384, 387, 395, 402.5, 410, 425, 445, 461, 487, 528, 580, 654, 761, 900, 1050, 1230, 1410, 1600, 1830, 2080, 2360, 2670, 3030,
        3400, 3810, 4240, 4720, 5190, 5670, 6140, 6620, 7110, 7590, 7990, 8420, 8810, 9170, 9570, 9910, 10300, 10600, 10900, 11200,
        11600, 11900, 12300, 12800, 13200, 13700, 14200, 14700, 15400,
    ),
    (
        384, 395, 414, 444, 484, 539, 587, 663, 757, 891, 1100, 1400, 1800, 2320, 2880, 3480, 4130, 4840, 5660, 6540, 7520, 8640, 9840,
        11100, 12500, 14000, 15600, 17200, 18800, 20400, 22000, 23500, 25000, 26500, 27900, 29200, 30400, 31600, 32800, 33800, 34800,
        36000, 36900, 37900, 39000, 40300, 41600, 42900, 44500, 46200, 48000, 49900,
    ),
    (
        384, 386.5, 389, 394, 399, 408, 421, 434, 458, 485, 534, 590, 673, 780, 875, 991, 1110, 1250, 1410, 1580, 1770, 1980, 2200,
        2440, 2690, 2960, 3250, 3520, 3790, 4050, 4320, 4570, 4800, 5040, 5250, 5470, 5650, 5870, 6070, 6260, 6450, 6620, 6820, 7000,
        7230, 7460, 7700, 7920, 8190, 8530, 8780, 9080,
    ),
)
# fmt: on
# light of the three guns to cones L, M, S; cones at the grey that everything is told from
CONES = ((18.32535, 44.60077, 7.46216), (4.09544, 28.20135, 6.66066), (0.02114, 0.10325, 1.05258))
GREY_CONES = (34.918538957799996, 19.314796676499999, 0.5856108185)


@lru_cache(maxsize=1)
def monitor_table() -> NDArray[np.float64]:
    """Light of the red, green and blue gun at each pixel value, (256, 3), 1 at the brightest."""
    steps = np.arange(0, 256, 5)
    table = np.stack([np.interp(np.arange(256), steps, gun) / gun[-1] for gun in READINGS], axis=1)
    digits = 10.0 ** (4 - np.floor(np.log10(table)))
    return np.rint(table * digits) / digits


@lru_cache(maxsize=1)
def _axes() -> NDArray[np.float64]:
    """Cones less the grey's, (3,), become luminance, L - M and S - (L + M): (3, 3)."""
    long, medium, short = GREY_CONES
    luminance = 1 / (long + medium)
    length = np.hypot(long, medium)
    return np.array(
        [
            [0.5774 * np.sqrt(3) * luminance, 0.5774 * np.sqrt(3) * luminance, 0],
            [2.7525 * length * luminance / long, -2.7525 * length * luminance / medium, 0],
            [-0.4526 * luminance, -0.4526 * luminance, 0.4526 / short],
        ]
    )


def dkl_of(red: Array, green: Array, blue: Array) -> Array:
    """Luminance, red-green and blue-yellow of planes (B, H, W) in 0..1: (B, 3, H, W), signed.

    A value v takes row ceil(255 v) of the table counted from 1, as in the original: white falls on the last but one.
    """
    xp = array_api_compat.array_namespace(red)
    guns = []
    for plane, column in zip((red, green, blue), monitor_table().T, strict=True):
        rows = xp.astype(xp.clip(xp.ceil(255 * xp.astype(plane, xp.float64)), 1, 256), xp.int64) - 1
        guns.append(xp.reshape(xp.take(like(column, xp.astype(plane[:1, :1, :1], xp.float64)), xp.reshape(rows, (-1,))), (len(plane), -1)))
    planes = xp.stack(guns, axis=1)
    axes = _axes()
    opponents = like(axes @ np.array(CONES), planes) @ planes - like((axes @ np.array(GREY_CONES))[:, None], planes)
    return xp.reshape(opponents, (len(red), 3, *red.shape[-2:]))
