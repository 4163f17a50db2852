"""AIM: how improbable a pixel's features are within the picture itself (Bruce and Tsotsos 2006, 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array
from salquest.models.classical.bank import Tiling, with_border
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate_separable, gaussian_taps


@dataclass(frozen=True, eq=False, kw_only=True)
class InformationMaximisation(ClassicalModel):
    """Self-information of independent components under their own histograms over the picture (AIM, Bruce and Tsotsos 2006).

    The algorithm is the released program's; its filters may not be passed on, and these are our own (embedded/aim/NOTICE.md), so maps differ
    from the original's. It computes in double precision: a response that rounding moves over the edge of a bin jumps.

    Attributes:
        longest: 512, half the size of MIT300's pictures, as the program was run for the benchmark.
        bins: of each feature's histogram.
        shares_range: whether all features are binned between the least and greatest response of any. The authors' program takes each
            feature's own; a widespread reimplementation shares the range, with 256 bins, which gives very different maps.
        sigma: of a last Gaussian blur, in pixels of the resized picture, or 0 for none; the program offers 8 with a window of 30.
        window: of that blur; even ones shift the map by half a pixel to the upper left, as in the original.
    """

    name = "aim"
    longest: int | None = 512
    bins: int = 1000
    shares_range: bool = False
    sigma: float = 0.0
    window: int = 30

    def native_maps(self, pictures: Array) -> Array:
        """The maps in nats, (B, H, W); the 10 pixels at the border, around which no filter fits, have the map's least value."""
        xp = array_api_compat.array_namespace(pictures)
        return xp.stack([with_border(self.information, picture, learnt().shape[-1]) for picture in pictures])

    def information(self, picture: Array) -> Array:
        """Minus the sum of the logarithms of the features' shares, (H - 20, W - 20), of a picture (3, H, W)."""
        xp = array_api_compat.array_namespace(picture)
        tiling = learnt_tiling((picture.shape[1], picture.shape[2]), self.device)
        responses = xp.zeros((learnt().shape[0], *tiling.size), dtype=xp.float64, device=array_api_compat.device(picture))
        for filters, rows, columns, found in tiling.correlate(picture):
            responses[filters, rows, columns] = found
        total = self_information(responses, self.bins, shares_range=self.shares_range)
        return correlate_separable(total, gaussian_taps(self.window, self.sigma)) if self.sigma else total


def self_information(responses: Array, bins: int, *, shares_range: bool = False) -> Array:
    """- sum over features of ln(p + 1e-6), (H, W), p being the share of the picture's pixels whose response (N, H, W) falls in the same bin.

    The first and the last bin are half as wide as the others: levels are rounded to the nearest of `bins`.
    """
    xp = array_api_compat.array_namespace(responses)
    axes = None if shares_range else (-2, -1)
    low, high = xp.min(responses, axis=axes, keepdims=True), xp.max(responses, axis=axes, keepdims=True)
    scale = (bins - 1) / xp.where(high > low, high - low, xp.ones_like(high))
    levels = xp.astype(xp.floor((responses - low) * scale + 0.5), xp.int64)
    total = xp.zeros(responses.shape[1:], dtype=xp.float64, device=array_api_compat.device(responses))
    for level in levels:
        share = xp.bincount(xp.reshape(level, (-1,)), minlength=bins) / (level.shape[0] * level.shape[1])
        total -= xp.log(share + 1e-6)[level]
    return total


@lru_cache(maxsize=1)
def learnt() -> NDArray[np.float64]:
    """The filters, (N, 3, 21, 21)."""
    folder = resources.files("salquest.models.classical") / "embedded" / "aim"
    with resources.as_file(folder / "filters.npz") as path, np.load(path, allow_pickle=False) as stored:
        return stored["filters"].astype(np.float64)


@lru_cache(maxsize=4)
def learnt_tiling(size: tuple[int, int], device: str) -> Tiling:
    """The filters' spectra for pictures of a size."""
    return Tiling.of(learnt(), size, device)
