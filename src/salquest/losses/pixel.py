"""Pixel losses: every pixel of the map is an independent target."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def mse(values: Tensor, saliency: Tensor) -> Tensor:
    """Mean squared error (Bruckert 2021, eq. 1).

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).

    Returns:
        One error per picture, (B,), 0..1; 0 for a perfect prediction.
    """
    return (values - saliency).square().mean(dim=(-2, -1))


def bce(logits: Tensor, saliency: Tensor) -> Tensor:
    """Binary cross-entropy, the mean over pixels in nats (Bruckert 2021, eq. 7, which prints a sum).

    The mean is meant: at the paper's learning rate the first step of the sum is longer than all weights together.

    Args:
        logits: log(p / (1 - p)) of predicted maps, (B, H, W).
        saliency: observed densities scaled to a maximum of 1, (B, H, W): soft targets, so the least value is their mean entropy, not 0.

    Returns:
        One cross-entropy per picture, (B,).
    """
    return F.binary_cross_entropy_with_logits(logits, saliency, reduction="none").mean(dim=(-2, -1))
