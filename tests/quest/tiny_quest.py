"""The tiny quest that the tests of this room share, and what is seen while it is carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from salquest.datasets import DataSet
from salquest.models.deep.network import SaliencyNetwork
from salquest.quest import PlannedRun, QuestResult, QuestWatcher, run_quest
from salquest.runs import RunRecord
from salquest.training import TrainingPlan, Watcher, run
from salquest.training.batches import Batch, Examples

RECIPE = """# a quest in tiny
name = "tiny-quest"
title = "A <tiny> quest"
data = "tiny"
elsewhere = ["away", "nowhere"]
split = "distributed"
seeds = [0, 1]
metrics = ["cc", "kl"]
measures = ["level_sets", "late_gain"]
pictures = 1
same = ["bce", "half bce"]

[training]
size = [48, 64]
map_size = [12, 16]
epochs = 2
batch = 4
lr = 0.003

[[ways]]
name = "fixed"
title = "One rate"

[[ways]]
name = "tuned"
rows = ["kld", "bce"]
rates = [1e-9, 3e-3]
seeds = [0]

[[runs]]
name = "kld"
loss = "kld"

[[runs]]
name = "bce"
loss = "bce"
optimizer = "sgd"
lr = 0.25
schedule = "constant"

# half the loss at twice the rate
[[runs]]
name = "half bce"
loss = "0.5*bce"
optimizer = "sgd"
lr = 0.5
schedule = "constant"

[[runs]]
name = "numb"
loss = "kld"
lr = 1e-9

[[runs]]
name = "broken"
loss = "kld"
optimizer = "sgd"
lr = 1e30
activation = "relu"
decoder = { last_bias = 0.5 }

[[runs]]
name = "lost"
loss = "kld"
weights = "missing.safetensors"

[[claims]]
name = "kld-first"
text = "distributions teach better"
kind = "better"
metric = "cc"
rows = ["kld"]
than = ["bce"]

[[claims]]
name = "numb-last"
text = "who does not move does not learn"
kind = "better"
metric = "cc"
rows = ["kld"]
than = ["numb", "lost"]
"""


@dataclass
class Seen:
    """What went on while a quest was carried out: per run its start, and every batch as (keys of the pictures, which are mirrored)."""

    start: dict[str, torch.Tensor] = field(default_factory=dict)
    batches: dict[str, list[tuple[tuple[str, ...], tuple[bool, ...]]]] = field(default_factory=dict)


@dataclass(frozen=True)
class TinyQuest:
    """A quest's folder, what `run_quest` answered, and what was seen meanwhile."""

    root: Path
    recipe: Path
    result: QuestResult
    seen: Seen


def carry_out(recipe: Path, data: DataSet, elsewhere: Mapping[str, DataSet], root: Path) -> TinyQuest:
    """Carry a recipe out and note how every run starts and what it sees."""
    seen, now = Seen(), [""]
    batch, run_epochs = Examples.batch, run.run_epochs

    def recorded_batch(self: Examples, indices: Sequence[int], mirrored: Sequence[bool], *rest: Any, **more: Any) -> Batch:
        seen.batches.setdefault(now[0], []).append((tuple(self.keys[i] for i in indices), tuple(map(bool, mirrored))))
        return batch(self, indices, mirrored, *rest, **more)

    def recorded_start(plan: TrainingPlan, network: SaliencyNetwork, *rest: Any) -> RunRecord:
        seen.start[now[0]] = torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()
        return run_epochs(plan, network, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Examples, "batch", recorded_batch)
        patch.setattr(run, "run_epochs", recorded_start)

        def begin(number: int, total: int, planned: PlannedRun) -> Watcher:
            now[0] = planned.folder
            return Watcher()

        result = run_quest(recipe, data, out=root, elsewhere=elsewhere, device="cpu", watch=QuestWatcher(begin=begin))
    return TinyQuest(root, recipe, result, seen)
