"""The forms of maps that losses ask for, made in one place: the torch twin of `salquest.gaze.maps`.

A network answers a raw map z. The activation turns it into values p, and which one it is belongs to the pairing of network and loss:

    relu      p = max(z, 0)                 pixel losses, as printed in Bruckert 2021
    sigmoid   p = 1 / (1 + exp(-z))         distribution losses there; the only one for which logits mean anything
    softmax   p = exp(z) / sum exp(z)       a density at once: bounded gradients, but no values in 0..1

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
        """The form of that name: values, density or logits."""
        return {"values": lambda: self.values, "density": lambda: self.density, "logits": lambda: self.logits}[name]()


@dataclass(frozen=True)
class Targets:
    """Where people looked in the pictures of a batch.

    Attributes:
        density: observed densities, (B, H, W), each summing to 1.
        counts: fixations per cell, (B, H, W); zeros for pictures that only have a map.
    """

    density: Tensor
    counts: Tensor

    @cached_property
    def saliency(self) -> Tensor:
        """The density scaled to a maximum of 1, as the pixel losses want it."""
        return self.density / self.density.amax(dim=(-2, -1), keepdim=True).clamp_min(TINY)

    def form(self, name: str) -> Tensor:
        """The form of that name: density, saliency or counts."""
        return {"density": lambda: self.density, "saliency": lambda: self.saliency, "counts": lambda: self.counts}[name]()


def as_density(values: Tensor) -> Tensor:
    """Non-negative maps (B, H, W) scaled to sum to 1 each; an empty map stays empty, with a finite gradient."""
    return values / values.sum(dim=(-2, -1), keepdim=True).clamp_min(TINY)


def standardised(values: Tensor) -> Tensor:
    """Maps (B, H, W) with mean 0 and population deviation 1 each; a constant map gives 0.

    The deviation is sqrt(var + (1e-4 mean)^2 + 1e-20), so that a constant map has a finite gradient; this lowers the deviation's inverse by less
    than 1e-8 of it for a map whose deviation is as large as its mean.
    """
    mean = values.mean(dim=(-2, -1), keepdim=True)
    variance = (values - mean).square().mean(dim=(-2, -1), keepdim=True)
    return (values - mean) / (variance + (1e-4 * mean).square() + 1e-20).sqrt()
