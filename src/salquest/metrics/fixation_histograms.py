"""Fixation-based KL: how the values of all maps at fixations differ from those at the fixations on other pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from salquest.errors import InputError
from salquest.metrics.fixations import OTHERS, FixatedCells, FixationsLike, open_fixations
from salquest.metrics.maps import Array, Floats, Maps, open_maps


def fixation_kl(
    saliency: Array | Sequence[Array],
    fixations: FixationsLike | Sequence[FixationsLike],
    others: FixationsLike | Sequence[FixationsLike],
    *,
    bins: int = 10,
    eps: float = 1e-20,
) -> float:
    """KL divergence in nats between the histograms of the maps' values at fixations and at fixations on other pictures.

    0 at chance, more is better. One number for the whole set of pictures, after pysaliency's `fixation_based_KL_divergence`. It depends on
    the scale of the maps: a monotone change of the values changes it.

    Args:
        saliency: (B, H, W), or a list of maps (H, W) of any sizes.
        fixations: of the same pictures: for a list of maps a list, one entry each.
        others: for each picture the fixations on other pictures, moved to its size, in the same form.
        bins: of equal width between the smallest and the greatest value of all maps.
        eps: added to each histogram (of density, so divided by the bins' width) before it is divided by its sum.

    Returns:
        A float; NaN without fixations, or without fixations on other pictures; 0 if all maps hold one and the same value.

    Raises:
        InputError: see `open_maps` and `open_fixations`; lists of different lengths.
    """
    pictures = _opened(saliency, fixations, others)
    span = min(float(maps.low.min()) for maps, _, _ in pictures), max(float(maps.high.max()) for maps, _, _ in pictures)
    here = _histogram([(maps, seen) for maps, seen, _ in pictures], bins, span)
    elsewhere = _histogram([(maps, other) for maps, _, other in pictures], bins, span)
    if here is None or elsewhere is None:
        return float("nan")
    first, second = (here + eps) / (here + eps).sum(), (elsewhere + eps) / (elsewhere + eps).sum()
    with np.errstate(divide="ignore"):
        gained = np.log(np.where(first > 0, first, 1.0)) - np.log(np.where(first > 0, second, 1.0))
    return float(first @ gained)


def _opened(saliency: Array | Sequence[Array], fixations: Any, others: Any) -> list[tuple[Maps, FixatedCells, FixatedCells]]:
    if not isinstance(saliency, (list, tuple)):
        return [_one(saliency, fixations, others)]
    lists = (saliency, fixations, others)
    if not all(isinstance(entries, (list, tuple)) for entries in lists) or not len(saliency) == len(fixations) == len(others) > 0:
        raise InputError("a list of maps comes with a list of fixations and a list of fixations on other pictures, each of the same length")
    return [_one(*picture) for picture in zip(*lists, strict=True)]


def _one(saliency: Array, fixations: Any, others: Any) -> tuple[Maps, FixatedCells, FixatedCells]:
    maps = open_maps(saliency)
    return maps, open_fixations(fixations, maps), open_fixations(others, maps, OTHERS)


def _histogram(pictures: Sequence[tuple[Maps, FixatedCells]], bins: int, span: tuple[float, float]) -> Floats | None:
    """Density of the values at the fixations of all pictures, (bins,); None without fixations."""
    values = np.concatenate([maps.at(seen.padded[0]).reshape(-1) for maps, seen in pictures])
    weights = np.concatenate([seen.padded[1].reshape(-1) for _, seen in pictures])
    return np.histogram(values, bins, span, weights=weights, density=True)[0] if weights.any() else None
