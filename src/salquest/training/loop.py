"""The one loop: players take turns, one optimiser step a batch. Plain training has one player; an adversary is a second."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from salquest.errors import TrainingFailed
from salquest.training.balance import Balance
from salquest.training.batches import Batch
from salquest.training.fabric import Fabric


@dataclass
class Player:
    """A network that learns: what is trained, by which optimiser, to lower which objective.

    Attributes:
        network: as Fabric set it up.
        optimizer: whose groups each carry their own greatest rate as "peak".
        objective: the parts of the loss, each (B,), for a batch and the number of epochs done.
        rate: share of the peak rate at a share of the steps, 0..1 to 0..1.
        clip: greatest norm of the gradient; 0 leaves it.
    """

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    objective: Callable[[Batch, float], Mapping[str, Tensor]]
    rate: Callable[[float], float] = lambda done: 1.0
    clip: float = 0.0


@dataclass(frozen=True)
class StepReport:
    """What one step did: whose turn it was, the value of each part (this process' share of the mean), and the batch's pictures in all."""

    step: int
    player: str
    parts: Mapping[str, float]
    pictures: int

    @property
    def loss(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())


def over_pictures(values: Sequence[tuple[float, int]]) -> float:
    """The mean of (value of a step, its pictures), each step weighing as many as it has pictures."""
    return float(np.average([value for value, _ in values], weights=[pictures for _, pictures in values]))


def take_turns(
    players: Mapping[str, Player],
    turns: Sequence[str],
    batches: Iterable[Batch],
    *,
    fabric: Fabric,
    first_step: int,
    all_steps: int,
    epochs: int,
    log: Callable[[StepReport], None],
    first_turn: int = 0,
) -> int:
    """Take one optimiser step per batch; at step i it is the turn of `turns[(i - first_turn) % len(turns)]`.

    Args:
        players: by name.
        turns: names in the order in which they play.
        batches: of one epoch.
        first_step, all_steps, epochs: where this epoch stands in the whole run, for the rates and the weights of terms.
        log: told of every step.
        first_turn: the step of the run at which these turns began.

    Returns:
        The number of the next step.

    Raises:
        TrainingFailed: a part of the loss is no finite number.
    """
    step = first_step
    for batch in batches:
        name = turns[(step - first_turn) % len(turns)]
        player = players[name]
        player.network.train()
        for group in player.optimizer.param_groups:
            group["lr"] = group["peak"] * player.rate(step / max(1, all_steps))
        parts = {
            label: (values * batch.share).sum() for label, values in player.objective(batch, epochs * step / max(1, all_steps)).items()
        }
        loss = torch.stack(list(parts.values())).sum()
        values = {label: value.item() for label, value in parts.items()}
        if not all(math.isfinite(value) for value in values.values()):
            _stop(name, step, values, batch)
        player.optimizer.zero_grad(set_to_none=True)
        # gradients are averaged over processes, but the shares already sum to 1 over all of them
        fabric.backward(loss * fabric.world_size)
        if player.clip:
            fabric.clip_gradients(player.network, player.optimizer, max_norm=player.clip)
        player.optimizer.step()
        log(StepReport(step, name, values, batch.whole))
        step += 1
    return step


def supervised(network: torch.nn.Module, balance: Balance, shared: Tensor) -> Callable[[Batch, float], Mapping[str, Tensor]]:
    """The objective of plain training: the network's raw maps against where people looked.

    Args:
        network: as Fabric set it up.
        balance: the terms and how they are weighed.
        shared: the weight at which a balance that learns compares the terms' gradients.
    """

    def parts(batch: Batch, epoch: float) -> Mapping[str, Tensor]:
        found = balance(network(batch.inputs), batch.targets, epoch)
        balance.follow(found, batch.share, shared)
        return found

    return parts


def _stop(name: str, step: int, values: Mapping[str, float], batch: Batch) -> None:
    broken = ", ".join(f"{label} = {value}" for label, value in values.items() if not math.isfinite(value))
    raise TrainingFailed(
        f"step {step}: the {name}'s loss is no finite number ({broken}) on {', '.join(batch.keys[:4])}"
        f"{' and others' if len(batch.keys) > 4 else ''}; a lower rate (lr) or a limit on the gradient (clip) usually helps"
    )
