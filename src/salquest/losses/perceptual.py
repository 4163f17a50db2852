"""Perceptual losses: predicted and observed map as an image network sees them.

The network is handed in as a feature source; which one it is, its weights, the stages and the range of its input are arguments of the
term, so that they stand in the run's name. The range decides the scale by orders of magnitude (Bruckert 2021 does not print it): with a
He-initialised VGG-16 and maps of 64 x 64, df is about 1 for maps fed as they are and about 27 000 for maps in 0..255 less the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

FeatureSource = Callable[[str, str, str, str], Callable[[Tensor], Sequence[Tensor]]]
"""(encoder, weights, stages, input) -> a function of maps (B, H, W) in 0..1 that answers the stages' features, each (B, C, h, w)."""


def df(
    values: Tensor,
    saliency: Tensor,
    features: FeatureSource,
    *,
    encoder: str = "",
    weights: str = "",
    stages: str = "",
    input_: str = "unit",
    relative: bool = False,
) -> Tensor:
    """Deep features: the mean squared difference of features, summed over stages (Bruckert 2021, eq. 13).

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        features: where features come from, see FeatureSource.
        encoder, weights: the network; "" is the one that is being trained, as it was before training. The paper's is a VGG-16 trained on
            ImageNet in both places.
        stages: names with commas between them; "" for the usual ones: the five pools of VGG-16, the last module of each resolution elsewhere.
        input_: "unit": the map as it is on three channels; "imagenet": normalised as the weights expect pictures; "caffe": 0..255 less the
            mean. Called `input` in an expression.
        relative: divide each stage's distance by the mean square of the observed map's features, so that the value does not depend on how
            large an encoder's features are. MobileNetV2's are: without it, its gm is a thousand times the other terms of LC2.

    Returns:
        One distance per picture, (B,); 0 for a perfect prediction.
    """
    return _distance(values, saliency, features(encoder, weights, stages, input_), _mean_square, relative)


def gm(
    values: Tensor,
    saliency: Tensor,
    features: FeatureSource,
    *,
    encoder: str = "",
    weights: str = "",
    stages: str = "",
    input_: str = "unit",
    relative: bool = False,
) -> Tensor:
    """Gram matrices: the squared Frobenius distance of the features' Gram matrices, summed over stages (Bruckert 2021, eq. 14 and 15).

    A Gram matrix is psi psi^T / (C H W) with psi the features of a stage as (C, H W): which channels go together, wherever.

    Args:
        values, saliency, features, encoder, weights, stages, input_: as of `df`.
        relative: divide each stage's distance by the squared norm of the observed map's Gram matrix.

    Returns:
        One distance per picture, (B,); 0 for a perfect prediction.
    """
    return _distance(values, saliency, features(encoder, weights, stages, input_), _gram_distance, relative)


def _distance(
    values: Tensor,
    saliency: Tensor,
    see: Callable[[Tensor], Sequence[Tensor]],
    between: Callable[[Tensor, Tensor], Tensor],
    relative: bool,
) -> Tensor:
    with torch.no_grad():
        observed = see(saliency)
    stages = []
    for predicted, wanted in zip(see(values), observed, strict=True):
        whole = between(torch.zeros_like(wanted), wanted).clamp_min(1e-12) if relative else 1.0
        stages.append(between(predicted, wanted) / whole)
    return torch.stack(stages).sum(dim=0)


def _mean_square(predicted: Tensor, observed: Tensor) -> Tensor:
    return (predicted - observed).square().mean(dim=(1, 2, 3))


def _gram_distance(predicted: Tensor, observed: Tensor) -> Tensor:
    one, other = (maps.flatten(2) / (maps[0].numel() ** 0.5) for maps in (predicted, observed))
    if one.shape[2] >= one.shape[1]:
        return (one @ one.transpose(1, 2) - other @ other.transpose(1, 2)).square().sum(dim=(1, 2))
    # |A A' - B B'|^2 = |A' A|^2 - 2 |A' B|^2 + |B' B|^2: matrices of positions instead of channels, where there are fewer of them
    return sum(
        weight * (a.transpose(1, 2) @ b).square().sum(dim=(1, 2)) for weight, a, b in ((1, one, one), (-2, one, other), (1, other, other))
    )
