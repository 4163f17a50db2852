"""Distribution losses: the map is one distribution over the picture.

Those that need a logarithm of the prediction exist twice: for a map with empty pixels, with an eps, and `..._of_log` for the logarithm of
a density, which a softmax has exactly; there the gradient is bounded (P - q for kld) and no eps is needed.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from salquest.losses.arguments import one_of
from salquest.losses.maps import TINY, Targets, as_density, at_most_one

Order = Literal["meant", "printed"]
BhatForm = Literal["lnbc", "1-bc", "printed"]

# under the root of bhat: its gradient at an empty pixel stays finite; the root of it is taken off again, so that empty pixels add nothing
UNDER_THE_ROOT = 1e-24


def kld(
    prediction: Tensor,
    density: Tensor,
    *,
    eps: float = 1e-7,
    order: Order = "meant",
    norm: bool = True,
    maxnorm: bool = False,
    norm_eps: float = 0.0,
) -> Tensor:
    """Kullback-Leibler divergence KL(density || prediction), in nats.

    Bruckert 2021, eq. 5 prints the arguments the other way round and no normalisation; ours is the direction that SAM, MSI-Net and the
    benchmarks use. The printed one would be infinite wherever nobody looked, and without normalisation its least value lies at the
    saliency divided by e.

    Args:
        prediction: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        density: observed densities, (B, H, W), each summing to 1.
        eps: inside the quotient and the logarithm, so that empty pixels stay finite; values with another eps are not comparable.
        order: "meant", or "printed" for KL(prediction || density).
        norm: false compares the maps as they are with the density scaled to a maximum of 1.
        maxnorm: divide both maps by their greatest value before they are scaled to sum to 1; with norm_eps this is SAM's scaling.
        norm_eps: added to the sums by which maps are scaled.

    Returns:
        One divergence per picture, (B,); 0 for a perfect prediction, up to eps.
    """
    one_of("order of kld", order, Order)
    predicted, observed = prediction, at_most_one(density) if maxnorm or not norm else density
    if norm:
        predicted = as_density(at_most_one(prediction) if maxnorm else prediction, eps=norm_eps)
        observed = as_density(observed, eps=norm_eps)
    if order == "printed":
        predicted, observed = observed, predicted
    return (observed * (eps + observed / (predicted + eps)).log()).sum(dim=(-2, -1))


def kld_of_log(log_density: Tensor, density: Tensor) -> Tensor:
    """`kld` of a density given by its logarithm, (B, H, W), without eps; its gradient to the logits of a softmax is P - q."""
    return (torch.xlogy(density, density) - density * log_density).sum(dim=(-2, -1))


def least_kld(targets: Targets, *, order: Order = "meant", norm: bool = True, **_: float) -> Tensor:
    """The least value of kld: 0, or that of maps in 0..1 which are not scaled."""
    saliency = targets.saliency
    if norm:
        return torch.zeros_like(saliency[:, 0, 0])
    # p log(p / S) is least at p = S / e, and S log(S / p) at p = 1
    return -saliency.sum(dim=(-2, -1)) / math.e if order == "printed" else torch.xlogy(saliency, saliency).sum(dim=(-2, -1))


def bhat(prediction: Tensor, density: Tensor, *, form: BhatForm = "lnbc") -> Tensor:
    """Bhattacharyya distance (Jetley 2016; Bruckert 2021, eq. 6).

    Eq. 6 prints the similarity of unscaled maps, to be lowered: its least value is the empty map.

    Args:
        prediction: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        density: observed densities, (B, H, W), each summing to 1.
        form: with the Bhattacharyya coefficient BC = sum sqrt(P q): "lnbc" is -log(BC); "1-bc" is 1 - BC, the squared Hellinger distance;
            "printed" is the sum of sqrt(p S) of maps that are not scaled, S having a maximum of 1.

    Returns:
        One distance per picture, (B,); 0 for a perfect prediction (or, printed, for an empty one).
    """
    one_of("form of bhat", form, BhatForm)
    if form == "printed":
        return _roots(prediction * at_most_one(density))
    coefficient = _roots(as_density(prediction) * density)
    # where nothing is shared the logarithm ends at 28 nats, with a finite gradient
    return 1 - coefficient if form == "1-bc" else -(coefficient + TINY).log()


def bhat_of_log(log_density: Tensor, density: Tensor, *, form: BhatForm = "lnbc") -> Tensor:
    """`bhat` of a density given by its logarithm, (B, H, W)."""
    one_of("form of bhat", form, BhatForm)
    if form == "printed":
        return bhat(log_density.exp(), density, form=form)
    log_coefficient = (0.5 * (log_density + (density + 1e-30).log())).flatten(1).logsumexp(dim=1)
    return -torch.expm1(log_coefficient) if form == "1-bc" else -log_coefficient


def _roots(products: Tensor) -> Tensor:
    return ((products + UNDER_THE_ROOT).sqrt() - math.sqrt(UNDER_THE_ROOT)).sum(dim=(-2, -1))


def js(predicted: Tensor, density: Tensor) -> Tensor:
    """Jensen-Shannon divergence in nats (Lin 1991): the mean divergence of both maps from their average; needs no eps to be finite.

    Args:
        predicted: predicted densities, (B, H, W), each summing to 1.
        density: observed densities, (B, H, W), each summing to 1.

    Returns:
        One divergence per picture, (B,), 0..ln 2.
    """
    middle = (predicted + density) / 2
    from_predicted, from_observed = (maps * ((maps + TINY) / (middle + TINY)).log() for maps in (predicted, density))
    return (from_predicted + from_observed).sum(dim=(-2, -1)) / 2


def tv(predicted: Tensor, density: Tensor) -> Tensor:
    """Total variation: half the sum of absolute differences (Jetley 2016); the same as 1 - sim.

    Args:
        predicted: predicted densities, (B, H, W), each summing to 1.
        density: observed densities, (B, H, W), each summing to 1.

    Returns:
        One distance per picture, (B,), 0..1.
    """
    return (predicted - density).abs().sum(dim=(-2, -1)) / 2


def chi2(predicted: Tensor, density: Tensor) -> Tensor:
    """Chi-square distance: the sum of (q - P)^2 / (q + P), symmetric (Jetley 2016); others print half of it.

    Args:
        predicted: predicted densities, (B, H, W), each summing to 1.
        density: observed densities, (B, H, W), each summing to 1.

    Returns:
        One distance per picture, (B,), 0..2.
    """
    return ((predicted - density).square() / (predicted + density + TINY)).sum(dim=(-2, -1))


def cosine(predicted: Tensor, density: Tensor) -> Tensor:
    """Cosine distance: 1 less the cosine of the angle between the two maps as vectors (Jetley 2016).

    Args:
        predicted: predicted densities, (B, H, W); their scale does not matter.
        density: observed densities, (B, H, W).

    Returns:
        One distance per picture, (B,), 0..1 for non-negative maps.
    """
    lengths = [(maps.square().sum(dim=(-2, -1)) + UNDER_THE_ROOT).sqrt() for maps in (predicted, density)]
    return 1 - (predicted * density).sum(dim=(-2, -1)) / (lengths[0] * lengths[1])
