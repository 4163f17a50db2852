"""The running mean of the weights: steadier than the last step's, and what is validated and kept where a plan asks for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn


class Average:
    """Exponential mean of a network's tensors over steps, without the bias of its beginning (Kingma 2015, section 3).

    After t steps the weights of k steps ago count (1 - decay) decay**k / (1 - decay**t): the first mean is the first step's weights.

    Args:
        network: whose tensors are followed; they have to stay the same tensors, as optimisers leave them.
        names: of the state dict; those that are no floats are left out.
        decay: per step, in 0..1.
    """

    def __init__(self, network: nn.Module, names: Iterable[str], decay: float) -> None:
        state = network.state_dict()
        self.decay, self.steps = decay, 0
        self._live = {name: state[name] for name in names if state[name].is_floating_point()}
        self._mean = {name: tensor.clone() for name, tensor in self._live.items()}

    @torch.no_grad()
    def follow(self) -> None:
        """Take the weights of this step in."""
        self.steps += 1
        share = (1 - self.decay) / (1 - self.decay**self.steps)
        for name, mean in self._mean.items():
            mean.lerp_(self._live[name], share)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """The network with its mean weights inside the block, and as it was afterwards."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for name, mean in self._mean.items():
            kept = self._live[name].clone()
            self._live[name].copy_(mean)
            mean.copy_(kept)

    def tensors(self) -> dict[str, Tensor]:
        """The means, for a file."""
        return {name: mean.contiguous().cpu() for name, mean in self._mean.items()}

    def load(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Go on from means that `tensors` gave after so many steps.

        Raises:
            KeyError, RuntimeError: those of another network.
        """
        for name, mean in self._mean.items():
            mean.copy_(tensors[name])
        self.steps = steps
