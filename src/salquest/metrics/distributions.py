"""Maps as distributions over the pixels: how much two of them share (SIM), and how badly one explains the other (KL)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from salquest.errors import InputError
from salquest.metrics.maps import Array, Block, Floats, Integers, Maps, open_density, open_maps, pictures_named, row_sums, warn_constant

Scaling = Literal["sum", "range", "plain"]

MATLAB_EPS = 2.0**-52  # 2.220446049250313e-16; several programs write 2.2204e-16


def sim(saliency: Array | Maps, density: Array | Maps, *, scaling: Scaling = "sum") -> float | Array:
    """Similarity, or histogram intersection: the mass that both distributions have in common. 0 to 1, more is better.

    Args:
        saliency: (H, W) or (B, H, W).
        density: of the same shape, non-negative, any scale.
        scaling: how a map becomes a distribution, see `Shares`. "range" (MIT) is smaller by up to 0.024 on maps that do not reach 0.

    Returns:
        A float, or (B,) for a batch; NaN where the density is empty.

    Raises:
        InputError: see `open_maps` and `open_density`.
    """
    maps = open_maps(saliency)
    observed = open_density(density, maps)
    predicted, seen = Shares(maps, scaling), Shares(observed, scaling, warn=False)
    common = maps.total(lambda block: row_sums(maps.xp.minimum(predicted.of(block), seen.of(block))))
    return maps.answer(_observed_only(common, observed))


def kl(
    saliency: Array | Maps,
    density: Array | Maps,
    *,
    eps: float = MATLAB_EPS,
    floor: float = 0.0,
    scaling: Scaling = "sum",
) -> float | Array:
    """Kullback-Leibler divergence KL(density || saliency) in nats: sum Q log(eps + Q / (P + eps)). 0 is best, less is better.

    Args:
        saliency: P, (H, W) or (B, H, W).
        density: Q, of the same shape, non-negative, any scale.
        eps: keeps empty pixels of P finite: one under mass q costs q (log q - log eps). So it rules the score of maps with zeros (8-bit
            files): values made with different eps cannot be compared. The benchmark writes 2.2204e-16. 0 gives the plain sum of
            Q (log Q - log P).
        floor: added to both maps before they are divided by their sums; pysaliency's `image_based_kl_divergence` has 1e-20 here and eps 0.
        scaling: how a map becomes a distribution, see `Shares`.

    Returns:
        A float, or (B,) for a batch; NaN where the density is empty, infinity where P is empty under mass of Q with eps and floor 0.

    Raises:
        InputError: see `open_maps` and `open_density`.
    """
    maps = open_maps(saliency)
    observed = open_density(density, maps)
    xp = maps.xp
    predicted, seen = Shares(maps, scaling, floor), Shares(observed, scaling, floor, warn=False)

    def divergence(block: Block) -> Array:
        q, quotient = seen.of(block), predicted.of(block)
        if scaling == "plain":
            # overshoot of a bicubic resize: MATLAB takes the logarithm of the negative share and answers with a complex number
            quotient = xp.where(quotient < 0, 0.0, quotient)
        if eps:
            quotient += eps
        quotient = q / quotient
        if eps:
            quotient += eps
        else:
            quotient = xp.where(q > 0, quotient, 1.0)
        return row_sums(q, xp.log(quotient))

    with np.errstate(divide="ignore", invalid="ignore"):
        return maps.answer(_observed_only(maps.total(divergence), observed))


class Shares:
    """Maps as distributions: each pixel's share of its map, (value - subtracted + added) / total.

    Args:
        maps: any real numbers.
        scaling: how a map becomes a distribution:
            "sum": the smallest value is subtracted where it is negative, then the map is divided by its sum; a map without mass becomes
            uniform, with a ConstantMapWarning.
            "range": the map is scaled to 0..1 first (MIT's SIM and InfoGain), so that its smallest pixel always has no mass; an empty map
            stays empty, any other map without spread is NaN.
            "plain": divided by its sum as it is (MIT's KLdiv); an empty map stays empty.
        floor: added to every pixel before the map is divided by its sum (pysaliency adds 1e-20).
        warn: of maps without mass; not of an empty density, against which there is no score anyway.
    """

    def __init__(self, maps: Maps, scaling: Scaling = "sum", floor: float = 0.0, *, warn: bool = True) -> None:
        if scaling not in ("sum", "range", "plain"):
            raise InputError(f"maps are scaled by their 'sum', to their 'range', or as 'plain' as they are; found {scaling!r}")
        self.maps = maps
        self.subtracted = {"sum": np.minimum(maps.low, 0.0), "range": maps.low, "plain": np.zeros(len(maps))}[scaling]
        self.added = floor * (maps.spread if scaling == "range" else np.ones(len(maps)))
        mean = maps.mean + (maps.offset - self.subtracted)
        massless = maps.constant & (maps.high == self.subtracted)
        if scaling == "sum" and massless.any():
            if warn:
                warn_constant(f"{pictures_named(massless)} without mass taken as uniform")
            self.added = np.where(massless, 1.0, self.added)
        if scaling == "range":
            # the spread is in both parts of the fraction, so it need not be divided by; without one there is no scale
            mean = np.where(maps.constant & (maps.high != 0), np.nan, mean)
        total = (mean + self.added) * maps.pixels
        self.total = np.where(total == 0, 1.0, total)
        with np.errstate(over="ignore", divide="ignore"):
            self._inverse = 1.0 / self.total

    def of(self, block: Block) -> Array:
        """The shares of a block's pixels, (pictures, pixels)."""
        values = self.maps.values(block)
        if self.subtracted.any():
            values = values - self.maps.column(self.subtracted, block)
        if self.added.any():
            values = values + self.maps.column(self.added, block)
        if np.isinf(self._inverse).any():  # a total so small that only the division itself stays within float64
            return values / self.maps.column(self.total, block)
        return values * self.maps.column(self._inverse, block)

    def at(self, cells: Integers) -> Floats:
        """The shares at pixels of each map, (B, K) in numpy."""
        shares: Floats = (self.maps.at(cells) - self.subtracted[:, None] + self.added[:, None]) / self.total[:, None]
        return shares


def _observed_only(scores: Floats, observed: Maps) -> Floats:
    return np.where(observed.high > 0, scores, np.nan)
