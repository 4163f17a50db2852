"""How strongly each term of a loss pulls at the network, and whether they pull the same way: coefficients mean nothing without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from salquest.errors import TrainingFailed
from salquest.training.batches import Batch

Parts = Callable[[Tensor], Mapping[str, Tensor]]


@dataclass(frozen=True)
class TermGradients:
    """Gradients of the terms of a loss with respect to what learns, over one batch.

    Attributes:
        norms: term -> Euclidean norm of its weighted gradient.
        total: norm of the sum of them.
        with_total: term -> cosine between its gradient and the sum; 0 where either is 0.
        cosines: term -> term -> cosine between their gradients.
    """

    norms: Mapping[str, float]
    total: float
    with_total: Mapping[str, float]
    cosines: Mapping[str, Mapping[str, float]]

    def rows(self, epoch: int) -> list[dict[str, float | str]]:
        """One row per term, for gradients.csv."""
        return [
            {
                "epoch": epoch,
                "term": term,
                "norm": self.norms[term],
                "total_norm": self.total,
                "cosine_total": self.with_total[term],
                **{f"cosine[{other}]": self.cosines[term][other] for other in self.norms},
            }
            for term in self.norms
        ]


def learning_parameters(network: nn.Module) -> list[Tensor]:
    """What learns, in a fixed order."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def shared_weight(network: nn.Module) -> Tensor:
    """The last weight tensor that learns: every term's gradient passes through it."""
    return [parameter for parameter in learning_parameters(network) if parameter.ndim > 1][-1]


def measure_gradients(network: nn.Module, parts: Parts, batch: Batch, parameters: Sequence[Tensor] | None = None) -> TermGradients:
    """The gradients of a loss' terms over one batch, without dropout; the network and its `.grad` are left as they are.

    Args:
        network: whose raw maps are asked for.
        parts: raw maps -> weighted terms, each (B,).
        batch: on the network's device.
        parameters: with respect to which; everything that learns where it is not given.

    Raises:
        TrainingFailed: a gradient is no finite number.
    """
    parameters = learning_parameters(network) if parameters is None else list(parameters)
    was_training = network.training
    network.eval()
    try:
        with torch.enable_grad():
            means = {label: (values * batch.share).sum() for label, values in parts(network(batch.inputs)).items()}
            gradients = {label: flat_gradient(mean, parameters) for label, mean in means.items()}
    finally:
        network.train(was_training)
    broken = [label for label, gradient in gradients.items() if not bool(gradient.isfinite().all())]
    if broken:
        raise TrainingFailed(f"the gradient of {', '.join(broken)} is no finite number on {', '.join(batch.keys[:4])}")
    total = torch.stack(list(gradients.values())).sum(dim=0)
    return TermGradients(
        norms={label: float(gradient.norm()) for label, gradient in gradients.items()},
        total=float(total.norm()),
        with_total={label: _cosine(gradient, total) for label, gradient in gradients.items()},
        cosines={one: {other: _cosine(a, b) for other, b in gradients.items()} for one, a in gradients.items()},
    )


def flat_gradient(value: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """The gradient of a number as one vector, zeros where it does not depend on a parameter; the graph stays."""
    if not value.requires_grad:
        return torch.cat([torch.zeros_like(parameter).flatten() for parameter in parameters])
    found = torch.autograd.grad(value, list(parameters), retain_graph=True, allow_unused=True)
    return torch.cat(
        [
            torch.zeros_like(parameter).flatten() if gradient is None else gradient.flatten()
            for parameter, gradient in zip(parameters, found, strict=True)
        ]
    )


def _cosine(one: Tensor, other: Tensor) -> float:
    lengths = float(one.norm()) * float(other.norm())
    return float(one @ other) / lengths if lengths > 0 else 0.0
