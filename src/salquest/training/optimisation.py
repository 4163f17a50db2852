"""Optimisers and rates of a plan. A rate is a function of how much of the run is done, so that there is no scheduler state to lose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from msgspec import structs
from torch import nn

from salquest.training.balance import Balance
from salquest.training.plan import TrainingPlan
from salquest.training.task import Learner


def build_optimizer(plan: TrainingPlan, network: Learner, balance: Balance) -> torch.optim.Optimizer:
    """The optimiser of a resolved plan over what learns: new layers and weights of terms at `lr`, stages of the encoder at `encoder_lr`."""
    groups: list[dict[str, Any]] = [
        *(group for name, part in network.named_children() if name != "encoder" for group in _decayed(plan, part, plan.lr)),
        *_decayed(plan, network.encoder, plan.encoder_lr or plan.lr),
        {"params": list(balance.parameters()), "peak": plan.lr, "weight_decay": 0.0},
    ]
    return _optimizer(plan, groups)


def build_discriminator_optimizer(plan: TrainingPlan, judge: nn.Module) -> torch.optim.Optimizer:
    """The adversary's optimiser: the plan's own but for what its `adversary` says."""
    assert plan.adversary is not None
    assert plan.adversary.optimizer is not None
    assert plan.adversary.lr is not None
    own = structs.replace(plan, optimizer=plan.adversary.optimizer, lr=plan.adversary.lr)
    return _optimizer(own, _decayed(own, judge, own.lr))


def _optimizer(plan: TrainingPlan, groups: Sequence[Mapping[str, Any]]) -> torch.optim.Optimizer:
    learning = [{**group, "lr": group["peak"]} for group in groups if group["params"]]
    if plan.optimizer in ("sgd", "nesterov"):
        nesterov = plan.optimizer == "nesterov"
        return torch.optim.SGD(learning, lr=plan.lr, momentum=plan.momentum, weight_decay=plan.weight_decay, nesterov=nesterov)
    if plan.optimizer == "adagrad":
        # sqrt(1e-6 + sum of squares), as Lasagne has it; torch's own sqrt(sum) + 1e-10 would make the first step of a weight with a
        # gradient of 1e-5 a hundred times as long
        return torch.optim.Adagrad(learning, lr=plan.lr, weight_decay=plan.weight_decay, initial_accumulator_value=1e-6, eps=0.0)
    kind = torch.optim.AdamW if plan.optimizer == "adamw" else torch.optim.Adam
    return kind(learning, lr=plan.lr, betas=(plan.momentum, 0.999), weight_decay=plan.weight_decay)


def _decayed(plan: TrainingPlan, part: nn.Module, peak: float) -> list[dict[str, Any]]:
    """What learns in a part of the network, in one group, or in two where not all of it decays."""
    learning = [parameter for parameter in part.parameters() if parameter.requires_grad]
    if plan.decay == "all":
        return [{"params": learning, "peak": peak}]
    weights = {id(module.weight) for module in part.modules() if isinstance(module, (nn.Conv2d, nn.Linear))}
    return [
        {"params": [parameter for parameter in learning if id(parameter) in weights], "peak": peak},
        {"params": [parameter for parameter in learning if id(parameter) not in weights], "peak": peak, "weight_decay": 0.0},
    ]


def rate_of(plan: TrainingPlan) -> Callable[[float], float]:
    """Share of the peak rate when a share of all steps is done.

    "constant" stays at 1; "cosine" falls to 0 along half a cosine; "one-cycle" rises along one from a 25th and falls along another to 0.
    """
    warmup = plan.warmup or (1 / 3 if plan.schedule == "one-cycle" else 0.0)
    low = 1 / 25 if plan.schedule == "one-cycle" else 0.0

    def rate(done: float) -> float:
        if done < warmup:
            risen = done / warmup
            return low + (1 - low) * (0.5 - 0.5 * math.cos(math.pi * risen)) if plan.schedule == "one-cycle" else max(risen, 1e-3)
        if plan.schedule == "constant":
            return 1.0
        return 0.5 + 0.5 * math.cos(math.pi * (done - warmup) / (1 - warmup))

    return rate
