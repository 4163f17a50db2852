"""Saliency-inspired losses: the field's own scores, differentiable. They keep their natural sign: more is better."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from salquest.losses.arguments import one_of
from salquest.losses.maps import TINY, Targets, as_density, at_most_one, deviation, standardised

Divisor = Literal["fixations", "pixels"]
SimForm = Literal["sum", "minmax"]


def cc(values: Tensor, density: Tensor, *, eps: float = 0.0) -> Tensor:
    """Pearson's correlation coefficient (Bruckert 2021, eq. 12), to be raised.

    Args:
        values: predicted maps, (B, H, W); scale and offset do not matter, as long as eps is 0.
        density: observed densities, (B, H, W).
        eps: added to the product of the two deviations.

    Returns:
        One coefficient per picture, (B,), -1..1; 0 for a constant map.
    """
    deviations = [maps - maps.mean(dim=(-2, -1), keepdim=True) for maps in (values, density)]
    covariance = (deviations[0] * deviations[1]).mean(dim=(-2, -1))
    return covariance / (deviation(values) * deviation(density) + eps)[:, 0, 0]


def nss(
    values: Tensor,
    counts: Tensor,
    *,
    divisor: Divisor = "fixations",
    ddof: int = 0,
    eps: float = 0.0,
    distinct: bool = False,
    maxnorm: bool = False,
) -> Tensor:
    """Normalised scanpath saliency, to be raised: the mean standardised value at the fixations.

    Bruckert 2021, eq. 11 divides by the number of pixels; the number of fixations is meant (some 1000 times as much at 300 x 400).

    Args:
        values: predicted maps, (B, H, W); scale and offset do not matter, as long as eps is 0.
        counts: fixations per cell, (B, H, W).
        divisor: "fixations", or "pixels" as printed.
        ddof: 0 for the population's deviation, 1 for the unbiased one, as in several released codes.
        eps: added to the deviation.
        distinct: count a cell once however often it was fixated, as codes that read a binary map do.
        maxnorm: divide each map by its greatest value first, as SAM does; seen only together with eps.

    Returns:
        One score per picture, (B,); 0 at chance, for a constant map and where there are no fixations.
    """
    one_of("divisor of nss", divisor, Divisor)
    looked = counts.clamp_max(1) if distinct else counts
    scores = standardised(at_most_one(values) if maxnorm else values, ddof=ddof, eps=eps)
    return (scores * looked).sum(dim=(-2, -1)) / _divisor(looked, divisor)


def greatest_nss(targets: Targets, *, divisor: Divisor = "fixations", ddof: int = 0, distinct: bool = False, **_: float) -> Tensor:
    """The greatest NSS of any map (at eps 0): that of the counts themselves, sqrt((1 - r) / r) where a share r of the pixels is fixated once."""
    looked = targets.counts.clamp_max(1) if distinct else targets.counts
    return (standardised(looked, ddof=ddof) * looked).sum(dim=(-2, -1)) / _divisor(looked, divisor)


def sim(values: Tensor, density: Tensor, *, form: SimForm = "sum") -> Tensor:
    """Similarity, to be raised: the mass that the two distributions share (Judd 2012); the same as 1 - tv.

    Args:
        values: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        density: observed densities, (B, H, W), each summing to 1.
        form: "minmax" stretches both maps to 0..1 before they are scaled to sum to 1, as TranSalNet does.

    Returns:
        One similarity per picture, (B,), 0..1; 1 for a perfect prediction.
    """
    one_of("form of sim", form, SimForm)
    stretched = [_stretched(maps) if form == "minmax" else maps for maps in (values, density)]
    return as_density(stretched[0]).minimum(as_density(stretched[1])).sum(dim=(-2, -1))


def sfne(values: Tensor, density: Tensor, counts: Tensor) -> Tensor:
    """Error of standard scores, the mean over fixated pixels and the mean over the others (sFNE of SalFBNet, Ding 2022).

    SalFBNet draws as many of the others as were fixated; here all count, which is what the draws average to.

    Args:
        values: predicted maps, (B, H, W); scale and offset do not matter.
        density: observed densities, (B, H, W).
        counts: fixations per cell, (B, H, W); how often a cell was fixated does not matter.

    Returns:
        One error per picture, (B,); 0 for a perfect prediction.
    """
    error = (standardised(values) - standardised(density)).square()
    fixated = counts.clamp(0, 1).ceil()
    means = [(error * where).sum(dim=(-2, -1)) / where.sum(dim=(-2, -1)).clamp_min(1.0) for where in (fixated, 1 - fixated)]
    return means[0] + means[1]


def _divisor(looked: Tensor, divisor: Divisor) -> Tensor | int:
    return looked.sum(dim=(-2, -1)).clamp_min(1.0) if divisor == "fixations" else looked.shape[-2] * looked.shape[-1]


def _stretched(maps: Tensor) -> Tensor:
    low, high = maps.amin(dim=(-2, -1), keepdim=True), maps.amax(dim=(-2, -1), keepdim=True)
    return (maps - low) / (high - low).clamp_min(TINY)
