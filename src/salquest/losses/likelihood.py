"""Likelihoods: the map is the distribution that fixations were drawn from."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from salquest.losses.maps import Targets, as_density


def nll(prediction: Tensor, counts: Tensor, *, eps: float = 1e-7, norm: bool = True) -> Tensor:
    """Negative log-likelihood: the mean of -log P at the fixations, in nats (Kümmerer 2015; Bruckert 2021, eq. 10).

    Eq. 10 prints it of a sigmoid's values, whose least value is the map that is 1 everywhere; a distribution is meant.

    Args:
        prediction: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        counts: fixations per cell, (B, H, W).
        eps: inside the logarithm, so that a fixation where the map is empty stays finite; the map from a softmax needs none.
        norm: false takes the map as it is, as printed.

    Returns:
        One value per picture, (B,): log(H*W) for a uniform map; 0 where there are no fixations.
    """
    predicted = as_density(prediction) if norm else prediction
    return nll_of_log((predicted + eps).log(), counts)


def nll_of_log(log_density: Tensor, counts: Tensor) -> Tensor:
    """`nll` of a density given by its logarithm, (B, H, W), without eps; its gradient to the logits of a softmax is P - f/n."""
    return -(_shares(counts) * log_density).sum(dim=(-2, -1))


def least_nll(targets: Targets, *, norm: bool = True, **_: float) -> Tensor:
    """The least value of nll, where the map is the counts themselves: their entropy; of unscaled maps in 0..1 it is 0."""
    shares = _shares(targets.counts)
    entropy = -torch.xlogy(shares, shares).sum(dim=(-2, -1))
    return entropy if norm else torch.zeros_like(entropy)


def ig(prediction: Tensor, counts: Tensor, prior: Tensor, *, eps: float = 1e-7) -> Tensor:
    """Information gain in bits per fixation over the centre bias, to be raised (Kümmerer 2015). Its gradient is that of -nll / ln 2.

    Args:
        prediction: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        counts: fixations per cell, (B, H, W).
        prior: the centre bias, (B, H, W), scaled likewise.
        eps: inside both logarithms; the map from a softmax needs none, the prior does.

    Returns:
        One gain per picture, (B,); 0 for the prior itself and where there are no fixations.
    """
    return ig_of_log((as_density(prediction) + eps).log(), counts, prior, eps=eps)


def ig_of_log(log_density: Tensor, counts: Tensor, prior: Tensor, *, eps: float = 1e-7) -> Tensor:
    """`ig` of a density given by its logarithm, (B, H, W); only the prior has an eps."""
    gain = log_density - (as_density(prior) + eps).log()
    return (_shares(counts) * gain).sum(dim=(-2, -1)) / math.log(2)


def greatest_ig(targets: Targets, *, eps: float = 1e-7) -> Tensor:
    """The gain of the counts themselves over the prior: what a map that knows the fixations reaches."""
    shares = _shares(targets.counts)
    gain = torch.xlogy(shares, shares) - shares * (as_density(targets.form("prior")) + eps).log()
    return gain.sum(dim=(-2, -1)) / math.log(2)


def _shares(counts: Tensor) -> Tensor:
    """Counts (B, H, W) as shares of their number; nothing where there are none."""
    return counts / counts.sum(dim=(-2, -1), keepdim=True).clamp_min(1.0)
