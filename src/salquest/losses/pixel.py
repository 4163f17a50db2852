"""Pixel losses: every pixel of the map is an independent target, a number between 0 and 1."""

from __future__ import annotations

from torch import Tensor

from salquest.losses.arguments import within
from salquest.losses.maps import at_most_one

STEEPEST = 20.0  # exponent of ead beyond which it goes on flat: a ReLU has no upper end, and exp(90) none in float32


def mse(values: Tensor, saliency: Tensor) -> Tensor:
    """Mean squared error (Bruckert 2021, eq. 1).

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).

    Returns:
        One error per picture, (B,), 0..1; 0 for a perfect prediction.
    """
    return (values - saliency).square().mean(dim=(-2, -1))


def ead(values: Tensor, saliency: Tensor) -> Tensor:
    """Exponential absolute difference: the mean of exp(|error|) - 1 (Bruckert 2021, eq. 2).

    Args:
        values: predicted maps, (B, H, W), in 0..1; errors beyond 20 count as 20.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).

    Returns:
        One error per picture, (B,), 0..e - 1 for maps in 0..1; 0 for a perfect prediction.
    """
    return (values - saliency).abs().clamp_max(STEEPEST).expm1().mean(dim=(-2, -1))


def ae(values: Tensor, saliency: Tensor) -> Tensor:
    """Mean absolute error (Bruckert 2021, eq. 3); where prediction and observation are equal the gradient is 0.

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).

    Returns:
        One error per picture, (B,), 0..1; 0 for a perfect prediction.
    """
    return (values - saliency).abs().mean(dim=(-2, -1))


def mlnet(values: Tensor, saliency: Tensor, *, alpha: float = 1.1, maxnorm: bool = False) -> Tensor:
    """Squared error weighted by 1 / (alpha - saliency): salient pixels count up to 11 times as much (Bruckert 2021, eq. 4; Cornia 2016).

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        alpha: greater than 1.
        maxnorm: divide each predicted map by its greatest value first, as ML-Net's own loss does and Bruckert's does not.

    Returns:
        One error per picture, (B,); 0 for a perfect prediction.

    Raises:
        InputError: an alpha of 1 or less.
    """
    within("alpha of mlnet", alpha, 1 + 1e-6)
    predicted = at_most_one(values) if maxnorm else values
    return ((predicted - saliency).square() / (alpha - saliency)).mean(dim=(-2, -1))


def sigmse(values: Tensor, saliency: Tensor, *, lambda_: float = 0.55, k: float = 10.0) -> Tensor:
    """Squared error weighted by k / (1 + exp(-k (saliency - lambda))): pixels above lambda count (Bruckert 2021, eq. 4).

    Values below lambda hardly count (0.04 of 10 where nobody looked, for 0.55), so that false alarms are cheap.

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        lambda_: the saliency at which the weight is k / 2; `lambda` in an expression. The paper tried 0.25, 0.55 and 0.75.
        k: steepness of the weight, and its greatest value.

    Returns:
        One error per picture, (B,), 0..k for maps in 0..1; 0 for a perfect prediction.

    Raises:
        InputError: a negative k.
    """
    within("k of sigmse", k, 0.0)
    weight = k * (k * (saliency - lambda_)).sigmoid()
    return (weight * (values - saliency).square()).mean(dim=(-2, -1))
