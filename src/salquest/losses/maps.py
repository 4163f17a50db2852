"""The forms of maps that losses ask for, made in one place: the torch twin of `salquest.gaze.maps`.

A network answers a raw map z. The activation turns it into values p, and which one it is belongs to the pairing of network and loss:

    relu      p = max(z, 0)                 pixel losses, as printed in Bruckert 2021
    sigmoid   p = 1 / (1 + exp(-z))         distribution losses there; the only one for which logits mean anything
    softmax   p = exp(z) / sum exp(z)       a density at once: its logarithm is exact and gradients bounded, but no values in 0..1

All maps are (B, H, W), in float32 or better: float16 loses most of a density.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from salquest.errors import InputError

Activation = Literal["relu", "sigmoid", "softmax"]

# share of the sum below which a map is taken for empty
TINY = 1e-12


@dataclass(frozen=True)
class Prediction:
    """A raw map with its activation; each form is made when a loss asks for it.

    Attributes:
        raw: z, (B, H, W).
        activation: what turns z into values.
    """

    raw: Tensor
    activation: Activation

    def __post_init__(self) -> None:
        if self.raw.ndim != 3:
            raise InputError(f"maps are (B, H, W); the network answered {tuple(self.raw.shape)}")
        if self.raw.dtype in (torch.float16, torch.bfloat16):
            object.__setattr__(self, "raw", self.raw.float())

    @cached_property
    def values(self) -> Tensor:
        """p, (B, H, W): non-negative; in 0..1 for sigmoid, a density for softmax."""
        if self.activation == "relu":
            return self.raw.relu()
        if self.activation == "sigmoid":
            return self.raw.sigmoid()
        return self.raw.flatten(1).softmax(dim=1).view_as(self.raw)

    @cached_property
    def density(self) -> Tensor:
        """P scaled to sum to 1 in each picture; an empty map stays empty."""
        return self.values if self.activation == "softmax" else as_density(self.values)

    @cached_property
    def log_density(self) -> Tensor:
        """The natural logarithm of the density of a softmax, (B, H, W), without a detour through P: exact where P underflows.

        Raises:
            InputError: the activation is not a softmax; the other densities have empty pixels.
        """
        if self.activation != "softmax":
            raise InputError(f"only a softmax map has a finite logarithm everywhere; the network's activation is {self.activation}")
        return self.raw.flatten(1).log_softmax(dim=1).view_as(self.raw)

    @property
    def logits(self) -> Tensor:
        """Z itself, where it is the logit of p.

        Raises:
            InputError: the activation is not a sigmoid.
        """
        if self.activation != "sigmoid":
            raise InputError(f"this loss needs a map of probabilities (activation sigmoid); the network's activation is {self.activation}")
        return self.raw

    def form(self, name: str) -> Tensor:
        """The form of that name: raw, values, unit (values again), density, log_density or logits."""
        return getattr(self, {"unit": "values"}.get(name, name))


@dataclass(frozen=True)
class Targets:
    """Where people looked in the pictures of a batch.

    Attributes:
        density: observed densities, (B, H, W), each summing to 1.
        counts: fixations per cell, (B, H, W); zeros for pictures that only have a map.
        prior: the centre bias: the mean of the training pictures' saliency maps, (H, W) for all pictures or (B, H, W) for each.
        elsewhere: fixations of other pictures per cell, shaped as the prior.
        teacher: densities that other networks give the pictures, (B, H, W).
        labels: what holds for each whole picture, (B, L) of 0 and 1; for a network that says that, see `LabelObjective`.

    Raises:
        InputError: prior, elsewhere or teacher of another size than the density.
    """

    density: Tensor
    counts: Tensor
    prior: Tensor | None = None
    elsewhere: Tensor | None = None
    teacher: Tensor | None = None
    labels: Tensor | None = None

    def __post_init__(self) -> None:
        for name, given in (("prior", self.prior), ("elsewhere", self.elsewhere), ("teacher", self.teacher)):
            if given is not None and given.shape not in (self.density.shape, self.density.shape[1:]):
                raise InputError(
                    f"{name} is {tuple(given.shape)} but the density is {tuple(self.density.shape)}; "
                    f"it is one map (H, W) for all pictures or one for each, (B, H, W)"
                )

    def to(self, device: torch.device) -> Targets:
        """The targets on a device."""
        apart = (None if given is None else given.to(device) for given in (self.prior, self.elsewhere, self.teacher, self.labels))
        return Targets(self.density.to(device), self.counts.to(device), *apart)

    @cached_property
    def saliency(self) -> Tensor:
        """The density scaled to a maximum of 1, as the pixel losses want it."""
        return at_most_one(self.density)

    def form(self, name: str) -> Tensor:
        """The form of that name: density, saliency, counts, prior, elsewhere or teacher, (B, H, W).

        Raises:
            InputError: the prior, the fixations elsewhere or the teachers' maps, where none were given.
        """
        if name in _GIVEN_APART:
            given: Tensor | None = getattr(self, name)
            if given is None:
                raise InputError(f"this loss needs {_GIVEN_APART[name]}, and the targets have none; give Targets its {name!r}")
            return given.expand_as(self.density)
        return getattr(self, name)


_GIVEN_APART = {
    "prior": "the training pictures' mean saliency map",
    "elsewhere": "the fixations of other pictures",
    "teacher": "the densities that teachers give",
}


def as_density(values: Tensor, *, eps: float = 0.0) -> Tensor:
    """Non-negative maps (B, H, W) scaled to sum to 1 each; an empty map stays empty, with a finite gradient.

    Args:
        values: maps, (B, H, W).
        eps: added to the sum, as some released codes do.
    """
    return values / (values.sum(dim=(-2, -1), keepdim=True) + eps).clamp_min(TINY)


def standardised(values: Tensor, *, ddof: int = 0, eps: float = 0.0) -> Tensor:
    """Maps (B, H, W) with mean 0 and deviation 1 each; a constant map gives 0.

    Args:
        values: maps, (B, H, W).
        ddof: the deviation divides by H*W - ddof: 0 for the population's, 1 for the unbiased one.
        eps: added to the deviation.
    """
    return (values - values.mean(dim=(-2, -1), keepdim=True)) / (deviation(values, ddof=ddof) + eps)


def deviation(values: Tensor, *, ddof: int = 0) -> Tensor:
    """The standard deviation of each map, (B, 1, 1), never 0.

    It is sqrt(var + (1e-4 mean)^2 + 1e-20), so that a constant map has a finite gradient; this changes it by less than 1e-8 of it for a map
    whose deviation is as large as its mean.
    """
    mean = values.mean(dim=(-2, -1), keepdim=True)
    cells = values.shape[-2] * values.shape[-1]
    variance = (values - mean).square().sum(dim=(-2, -1), keepdim=True) / max(cells - ddof, 1)
    return (variance + (1e-4 * mean).square() + 1e-20).sqrt()


def at_most_one(values: Tensor) -> Tensor:
    """Maps (B, H, W) divided by their greatest value each; an empty map stays empty, with a finite gradient."""
    return values / values.amax(dim=(-2, -1), keepdim=True).clamp_min(TINY)
