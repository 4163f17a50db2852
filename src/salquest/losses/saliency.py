"""Saliency-inspired losses: the field's own scores, differentiable. They keep their natural sign: more is better."""

from __future__ import annotations

from torch import Tensor

from salquest.losses.maps import standardised


def cc(values: Tensor, density: Tensor) -> Tensor:
    """Pearson's correlation coefficient (Bruckert 2021, eq. 12), to be raised.

    Args:
        values: predicted maps, (B, H, W); scale and offset do not matter.
        density: observed densities, (B, H, W).

    Returns:
        One coefficient per picture, (B,), -1..1; 0 for a constant map.
    """
    return (standardised(values) * standardised(density)).mean(dim=(-2, -1))


def nss(values: Tensor, counts: Tensor) -> Tensor:
    """Normalised scanpath saliency, to be raised: the mean standardised value at the fixations.

    Bruckert 2021, eq. 11 divides by the number of pixels; the number of fixations is meant (some 1000 times as much at 300 x 400).

    Args:
        values: predicted maps, (B, H, W); scale and offset do not matter.
        counts: fixations per cell, (B, H, W).

    Returns:
        One score per picture, (B,); 0 at chance, for a constant map and where there are no fixations.
    """
    number = counts.sum(dim=(-2, -1))
    return (standardised(values) * counts).sum(dim=(-2, -1)) / number.clamp_min(1.0)
