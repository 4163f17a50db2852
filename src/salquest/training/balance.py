"""How the terms of a loss are weighed while a network learns: by hand, by their gradients at the start, or by weights that are learned too.

given         the coefficients of the expression
norms         each term is first divided by its own gradient's norm at the start; the coefficients then say how strongly it pulls
uncertainty   sum of exp(-s) gap / 2 + s / 2 with one learned s per term (Kendall, Gal, Cipolla 2018, eq. 10, in its log-variance form)
gradnorm      weights that keep the gradients' norms in step with how fast each term falls (Chen et al. 2018, algorithm 1)

The last two need terms that are at least 0, and -cc and -nss are not: there each term is how far it is from its best value, unweighted.
Whatever weighs the terms, `scale="matched"` then divides their sum by the norm of its gradient at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from salquest.errors import InputError, TrainingFailed
from salquest.losses import Expression, Objective, Targets, Weight
from salquest.training.batches import Batch
from salquest.training.gradients import flat_gradient, measure_gradients
from salquest.training.plan import BalanceKind, Scale

# restoring force of GradNorm (1.5 in Chen 2018, section 5) and how fast its weights move
ALPHA, WEIGHTS_RATE = 1.5, 0.025


class Balance(nn.Module):
    """An objective whose terms are weighed by one of the rules above. Its state (learned weights, divisors) is part of a run's state.

    Attributes:
        objective: the sum as written.
        kind, scale: of the plan.
    """

    divisors: Tensor
    divisor: Tensor
    weights: Tensor
    first: Tensor

    def __init__(self, objective: Objective, kind: BalanceKind = "given", scale: Scale = "given") -> None:
        super().__init__()
        self.objective, self.kind, self.scale = objective, kind, scale
        self.labels = tuple(term.label for term in objective.expression.terms)
        if kind != "given" and len(self.labels) < 2:
            raise InputError(f"balance {kind!r} weighs the terms of a sum against each other; {objective.expression} has one term")
        number = len(self.labels)
        self.register_buffer("divisors", torch.ones(number))
        self.register_buffer("divisor", torch.ones(()))
        if kind == "gradnorm":
            self.register_buffer("weights", torch.ones(number))
            self.register_buffer("first", torch.zeros(number))
        if kind == "uncertainty":
            self.log_variances = nn.Parameter(torch.zeros(number))

    def forward(self, raw: Tensor, targets: Targets, epoch: float) -> dict[str, Tensor]:
        """The weighed terms, each (B,), by their labels; what is lowered is their sum.

        Args:
            raw: raw maps, (B, H, W).
            targets: of the same size.
            epoch: how many epochs are done, for weights that change with them.
        """
        if self.kind == "uncertainty":
            gaps = self.objective.gaps(raw, targets)
            spread = dict(zip(self.labels, self.log_variances, strict=True))
            parts = {label: 0.5 * (-spread[label]).exp() * gap + 0.5 * spread[label] for label, gap in gaps.items()}
        elif self.kind == "gradnorm":
            gaps = self.objective.gaps(raw, targets)
            parts = {label: weight * gaps[label] for label, weight in zip(self.labels, self.weights.clone(), strict=True)}
        else:
            parts = self.objective(raw, targets, epoch=epoch)
            parts = {label: parts[label] / own for label, own in zip(self.labels, self.divisors, strict=True)}
        return {label: values / self.divisor for label, values in parts.items()}

    def start(self, network: nn.Module, batch: Batch) -> dict[str, float]:
        """Measure the gradients' norms on a fixed batch before the first step; returns what was divided by, for the record."""
        if self.kind == "norms":
            plain = _unweighted(self.objective)
            found = measure_gradients(network, lambda raw: plain(raw, batch.targets), batch)
            self.divisors.copy_(torch.tensor([_usable(label, found.norms[label]) for label in self.labels]))
        if self.scale == "matched":
            found = measure_gradients(network, lambda raw: self(raw, batch.targets, 0.0), batch)
            self.divisor.fill_(_usable(str(self.objective.expression), found.total))
        divided = dict(zip(self.labels, self.divisors.tolist(), strict=True)) if self.kind == "norms" else {}
        return divided | ({"all": float(self.divisor)} if self.scale == "matched" else {})

    def follow(self, parts: Mapping[str, Tensor], share: Tensor, shared: Tensor) -> None:
        """GradNorm's own step: move the weights so that each term's gradient has the norm that its progress asks for.

        Args:
            parts: the weighed terms of this step, each (B,), with their graph.
            share: what each picture weighs.
            shared: the weight at which gradients are compared: the last one that all terms share.
        """
        if self.kind != "gradnorm":
            return
        means = [(parts[label] * share).sum() for label in self.labels]
        norms = torch.stack([flat_gradient(mean, [shared]).norm() for mean in means]).detach()
        with torch.no_grad():
            gaps = torch.stack(means).detach() / self.weights * self.divisor
            if not bool(self.first.any()):
                self.first.copy_(gaps.clamp_min(1e-12))
            progress = gaps / self.first
            wanted = norms.mean() * (progress / progress.mean().clamp_min(1e-12)) ** ALPHA
            # d |w g - wanted| / d w = sign(w g - wanted) g, with g = norm / w
            self.weights -= WEIGHTS_RATE * torch.sign(norms - wanted) * norms / self.weights / norms.mean().clamp_min(1e-12)
            self.weights.clamp_min_(1e-3)
            self.weights *= len(self.labels) / self.weights.sum()

    def current(self) -> dict[str, float]:
        """Weights as learned so far, for log.csv; empty where none are learned."""
        if self.kind == "uncertainty":
            return dict(zip(self.labels, (0.5 * (-self.log_variances.detach()).exp()).tolist(), strict=True))
        return dict(zip(self.labels, self.weights.tolist(), strict=True)) if self.kind == "gradnorm" else {}


def _unweighted(objective: Objective) -> Objective:
    """The objective with every weight 1 or -1: coefficients shall say how strongly a term pulls, so they must not be divided away."""
    terms = tuple(replace(term, weight=Weight(term.weight.sign)) for term in objective.expression.terms)
    return replace(objective, expression=Expression(terms))


def _usable(what: str, norm: float) -> float:
    if not norm > 0:
        raise TrainingFailed(
            f"{what} has no gradient at the start, so nothing can be divided by its norm; another start or activation has one"
        )
    return norm
