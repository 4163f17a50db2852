"""The stages of a run: who plays in which epochs. Plain training has one stage; with an adversary the network first learns alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from salquest.models.deep.discriminator import Discriminator
from salquest.training.adversary import DISCRIMINATOR, GENERATOR, Contest, signs
from salquest.training.balance import Balance
from salquest.training.fabric import Fabric
from salquest.training.gradients import shared_weight
from salquest.training.loop import Player, StepReport, supervised
from salquest.training.optimisation import build_discriminator_optimizer, build_optimizer, rate_of
from salquest.training.plan import TrainingPlan
from salquest.training.task import Learner

_BOOTSTRAP = "bootstrap"


@dataclass(frozen=True)
class Stage:
    """Some epochs of a run.

    Attributes:
        first_epoch: from which on, counted from 1.
        players: by name; `turns` is the order in which they play.
        optimizers: what their state is kept under, by name.
    """

    first_epoch: int
    players: Mapping[str, Player]
    turns: tuple[str, ...]
    optimizers: Mapping[str, torch.optim.Optimizer]


class Stages:
    """All stages of a run, their optimisers, and the discriminator where there is one.

    Args:
        plan: resolved.
        network: on its device.
        balance: the plan's loss, measured where it is measured.
        fabric: device and processes.

    Attributes:
        judge: the discriminator, or None.
        bootstrap: epochs before it plays.
        optimizers: all of them, for a state to be loaded into before `begin`.
    """

    def __init__(self, plan: TrainingPlan, network: Learner, balance: Balance, fabric: Fabric) -> None:
        self._plan, self._network, self._fabric = plan, network, fabric
        self._balances = {GENERATOR: balance}
        self.judge: Discriminator | None = None
        self.bootstrap = 0
        self.optimizers = {GENERATOR: build_optimizer(plan, network, balance)}
        if plan.adversary is not None:
            own = plan.adversary
            assert plan.map_size is not None
            self.judge = Discriminator(plan.map_size, reading=own.reading, pictures=own.pictures, width=own.width, seed=plan.seed).to(
                fabric.device
            )
            self.optimizers[DISCRIMINATOR] = build_discriminator_optimizer(plan, self.judge)
            self.bootstrap = own.bootstrap or 0
        if self.bootstrap:
            early = plan.bootstrap_plan()
            alone = balance if early.loss == plan.loss else Balance(early.objective(), early.balance, early.scale).to(fabric.device)
            self._balances[_BOOTSTRAP] = alone
            self.optimizers[_BOOTSTRAP] = build_optimizer(early, network, alone)
        self._contest: Contest | None = None
        self._stages: list[Stage] = []

    def begin(self) -> None:
        """Let Fabric set networks and optimisers up; states are loaded before."""
        wrapped = self._fabric.setup_module(self._network)
        optimizers = {name: self._fabric.setup_optimizers(optimizer) for name, optimizer in self.optimizers.items()}
        shared, rate, clip = shared_weight(self._network), rate_of(self._plan), self._plan.clip

        def learner(name: str) -> Player:
            return Player(wrapped, optimizers[name], supervised(wrapped, self._balances[name], shared), rate, clip)  # type: ignore[arg-type]

        if self.judge is None:
            self._stages = [Stage(1, {GENERATOR: learner(GENERATOR)}, (GENERATOR,), self.optimizers)]
            return
        if self.bootstrap:
            self._stages = [Stage(1, {GENERATOR: learner(_BOOTSTRAP)}, (GENERATOR,), {_BOOTSTRAP: self.optimizers[_BOOTSTRAP]})]
        wrapped_judge = self._fabric.setup_module(self.judge)
        contest = Contest(
            wrapped,
            self.judge,
            wrapped_judge,
            self._balances[GENERATOR],
            weight=self._plan.adversarial,
            activation=self._plan.activation,
            fabric=self._fabric,
        )
        players = {
            DISCRIMINATOR: Player(wrapped_judge, optimizers[DISCRIMINATOR], contest.discriminator_parts, rate, clip),  # type: ignore[arg-type]
            GENERATOR: Player(wrapped, optimizers[GENERATOR], contest.generator_parts, rate, clip),  # type: ignore[arg-type]
        }
        kept = {name: self.optimizers[name] for name in players}
        # the discriminator plays first, as released
        self._stages.append(Stage(self.bootstrap + 1, players, (DISCRIMINATOR, GENERATOR), kept))
        self._contest = contest

    def at(self, epoch: int) -> Stage:
        """The stage that an epoch belongs to."""
        return [stage for stage in self._stages if stage.first_epoch <= epoch][-1]

    def measured(self, reports: Sequence[StepReport]) -> dict[str, float]:
        """What log.csv says of an epoch's contest, see `Contest.measured`; nothing where there was none."""
        return {} if self._contest is None else self._contest.measured(reports)

    def signs(self, log: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Early signs that the contest is going wrong as a cell of log.csv; nothing where there is no adversary."""
        return {} if self.judge is None else {"signs": signs(log, self.bootstrap)}
