"""SUN: how improbable a pixel's features are under the statistics of natural pictures (Zhang, Tong, Marks, Shan and Cottrell 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like
from salquest.models.classical.bank import Tiling, with_border
from salquest.models.classical.contract import ClassicalModel


@dataclass(frozen=True, eq=False, kw_only=True)
class NaturalStatistics(ClassicalModel):
    """Self-information of independent components under generalised Gaussians that were fitted to other pictures (SUN, Zhang 2008).

    The algorithm is the released program's; its 362 filters are not free, and these 164 are our own (embedded/sun/NOTICE.md), so maps
    differ from the original's. The picture's own statistics play no part: that is AIM. Single precision.

    Attributes:
        longest: 400, the size of the halved pictures whose statistics the filters hold. No gaze was asked; smaller pictures foretell it better.
        convolves: whether filters are turned by 180 degrees, as in the program's fast form, which convolves where its slow form correlates;
            the originals' two maps agree to r = .998.
    """

    name = "sun"
    longest: int | None = 400
    convolves: bool = True

    def native_maps(self, pictures: Array) -> Array:
        """The maps, (B, H, W); the 5 pixels at the border, around which no filter fits, have the map's least value."""
        xp = array_api_compat.array_namespace(pictures)
        return xp.stack([with_border(self.surprise, picture, learnt()[0].shape[-1]) for picture in pictures])

    def surprise(self, picture: Array) -> Array:
        """Sum over the filters of (|response| / scale) ** shape, (H - 10, W - 10), of a picture (3, H, W)."""
        xp = array_api_compat.array_namespace(picture)
        deviation = xp.std(picture, correction=1)
        standard = xp.astype(picture / xp.where(deviation > 0, deviation, xp.ones_like(deviation)), xp.float32)
        tiling = learnt_tiling((picture.shape[1], picture.shape[2]), self.convolves, self.device)
        _, scales, shapes = learnt()
        factors, exponents = like(1 / scales[:, None, None], standard), like(shapes[:, None, None], standard)
        total = xp.zeros(tiling.size, dtype=xp.float32, device=array_api_compat.device(picture))
        for filters, rows, columns, found in tiling.correlate(standard):
            total[rows, columns] += xp.sum((xp.abs(found) * factors[filters]) ** exponents[filters], axis=0)
        return xp.astype(total, xp.float64)


@lru_cache(maxsize=1)
def learnt() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The filters (N, 3, 11, 11), each with sum 0, and the scale and shape of each one's responses, (N,)."""
    folder = resources.files("salquest.models.classical") / "embedded" / "sun"
    with resources.as_file(folder / "filters.npz") as path, np.load(path, allow_pickle=False) as stored:
        filters = stored["filters"].astype(np.float64)
        # half precision has rounded the sums
        filters -= filters.mean(axis=(1, 2, 3), keepdims=True)
        return filters.astype(np.float32), stored["scale"], stored["shape"]


@lru_cache(maxsize=2)
def learnt_tiling(size: tuple[int, int], convolves: bool, device: str) -> Tiling:
    """The filters' spectra for pictures of a size."""
    filters = learnt()[0]
    return Tiling.of(np.ascontiguousarray(filters[:, :, ::-1, ::-1]) if convolves else filters, size, device)
