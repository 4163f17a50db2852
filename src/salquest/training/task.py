"""Task: what a run learns from pictures. The loop, its epochs, checkpoints and rates are the same for every task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from salquest.datasets import DataSet, JoinedSets, Split
from salquest.encoders import Encoder
from salquest.models.deep.label_network import LabelNetwork
from salquest.models.deep.network import SaliencyNetwork
from salquest.runs import RunFolder, RunRecord
from salquest.training.batches import Examples, LabelTable
from salquest.training.plan import TrainingPlan

Learner = SaliencyNetwork | LabelNetwork


@dataclass(frozen=True)
class Trained:
    """A run whose epochs are over, and what it takes to look at it.

    Attributes:
        folder: with the weights that were kept.
        sets, split: the pictures.
        sigmas: set -> width of its densities' Gaussian in pixels.
        device: where its network shall run.
        cache: folder for the features of a frozen encoder.
        stage: told (what is done, how many are done, of how many).
    """

    folder: RunFolder
    sets: JoinedSets
    split: Split
    sigmas: Mapping[str, float]
    device: torch.device
    cache: Path | None = None
    stage: Callable[[str, int, int], None] = lambda what, done, total: None


class Task(ABC):
    """What a run learns.

    Attributes:
        plan: resolved.
    """

    def __init__(self, plan: TrainingPlan) -> None:
        self.plan = plan

    @abstractmethod
    def build_network(self, train_part: DataSet) -> Learner:
        """The network as it starts, with the stages of its encoder that the plan lets learn."""

    @abstractmethod
    def network_spec(self, network: Any) -> dict[str, Any]:
        """Plain values for run.json, from which the network is made again."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """What else than plan, pictures and split decides the numbers, for run.json and the run's identity; empty where nothing does."""

    def places(self) -> dict[str, Any]:
        """Where on this machine that was read from, for who takes the run up again: no part of its identity."""
        return {}

    @abstractmethod
    def labels(self) -> LabelTable | None:
        """What whole pictures are named; None where maps are learned."""

    @abstractmethod
    def validate(self, network: Any, examples: Mapping[str, Examples], device: torch.device) -> tuple[dict[str, float], dict[str, float]]:
        """What log.csv says of the validation pictures ("val_loss" and more), and one number for each of them.

        Args:
            network: as it is now.
            examples: "val", and "val at SCALE" where pictures are also shown larger.
            device: where the network lies.
        """

    @abstractmethod
    def judge(self, trained: Trained, record: RunRecord) -> str:
        """Why the run learned nothing that chance or the floor does not know; empty where it did."""

    @abstractmethod
    def score(self, trained: Trained, record: RunRecord, metrics: Sequence[str]) -> RunRecord:
        """Score the test part: scores.csv, and the record with the means."""


def let_learn(encoder: Encoder, unfreeze: str) -> None:
    """Freeze an encoder but for the stages that a plan's `unfreeze` names."""
    encoder.freeze()
    if unfreeze != "none":
        encoder.unfreeze(None if unfreeze == "all" else unfreeze)
