"""Image Signature: the sign of the cosine transform keeps the sparse foreground (Hou, Harel and Koch 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.colour import lab_of
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate_separable, gaussian_taps
from salquest.models.classical.imresize import imresize


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageSignature(ClassicalModel):
    """Reconstruct a small picture from the signs of its cosine transform, square, blur (Hou 2012).

    Attributes:
        width: of the small picture, in pixels.
        colour: "lab" (CIE, the paper's best) or "rgb".
        white: of Lab, "d50" as the original, or "d65".
        blur: standard deviation of the last blur as a share of the width; its window is 4 deviations long, which is even at the default and
            shifts the map by half a pixel to the upper left, as in the original.
    """

    name = "image-signature"
    width: int = 64
    colour: Literal["lab", "rgb"] = "lab"
    white: Literal["d50", "d65"] = "d50"
    blur: float = 0.045

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the small size, (B, ceil(64 H / W), 64), in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        factor = self.width / pictures.shape[-1]
        size = (ceil(pictures.shape[-2] * factor), self.width)
        small = imresize(pictures, size, scale=factor)
        small = lab_of(small, self.white) if self.colour == "lab" else small
        down, across = (like(cosines(length), small) for length in size)
        signs = xp.sign(down @ small @ across.T)
        energy = (down.T @ signs @ across) ** 2
        sigma = self.blur * self.width
        return min_max(correlate_separable(xp.mean(energy, axis=1), gaussian_taps(int(4 * sigma + 0.5), sigma)))


@lru_cache(maxsize=16)
def cosines(length: int) -> NDArray[np.float64]:
    """The orthonormal cosine transform (DCT-II) of one axis as a matrix (length, length); its transpose is the inverse."""
    k, x = np.arange(length)[:, None], np.arange(length)
    matrix = np.sqrt(2 / length) * np.cos(np.pi * (x + 0.5) * k / length)
    matrix[0] /= np.sqrt(2)
    matrix.flags.writeable = False
    return matrix
