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
    encoder: str = "vgg16",
    weights: str = "imagenet",
    stages: str = "",
    input_: str = "unit",
) -> Tensor:
    """Deep features: the mean squared difference of features, summed over stages (Bruckert 2021, eq. 13).

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        features: where features come from, see FeatureSource.
        encoder, weights: the network; the paper's is a VGG-16 trained on ImageNet.
        stages: names with commas between them; "" for the usual ones: the five pools of VGG-16, the last module of each resolution elsewhere.
        input_: "unit": the map as it is on three channels; "imagenet": normalised as the weights expect pictures; "caffe": 0..255 less the
            mean. Called `input` in an expression.

    Returns:
        One distance per picture, (B,); 0 for a perfect prediction.
    """
    return _distance(values, saliency, features(encoder, weights, stages, input_), _mean_square)


def gm(
    values: Tensor,
    saliency: Tensor,
    features: FeatureSource,
    *,
    encoder: str = "vgg16",
    weights: str = "imagenet",
    stages: str = "",
    input_: str = "unit",
) -> Tensor:
    """Gram matrices: the squared Frobenius distance of the features' Gram matrices, summed over stages (Bruckert 2021, eq. 14 and 15).

    A Gram matrix is psi psi^T / (C H W) with psi the features of a stage as (C, H W): which channels go together, wherever.

    Args:
        values, saliency, features, encoder, weights, stages, input_: as of `df`.

    Returns:
        One distance per picture, (B,); 0 for a perfect prediction.
    """
    return _distance(values, saliency, features(encoder, weights, stages, input_), _gram_distance)


def _distance(
    values: Tensor, saliency: Tensor, see: Callable[[Tensor], Sequence[Tensor]], between: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    with torch.no_grad():
        observed = see(saliency)
    stages = [between(predicted, wanted) for predicted, wanted in zip(see(values), observed, strict=True)]
    return torch.stack(stages).sum(dim=0)


def _mean_square(predicted: Tensor, observed: Tensor) -> Tensor:
    return (predicted - observed).square().mean(dim=(1, 2, 3))


def _gram_distance(predicted: Tensor, observed: Tensor) -> Tensor:
    return (_gram(predicted) - _gram(observed)).square().sum(dim=(1, 2))


def _gram(features: Tensor) -> Tensor:
    psi = features.flatten(2)
    return psi @ psi.transpose(1, 2) / (psi.shape[1] * psi.shape[2])
