"""The networks of the study of dissection: how they are trained, which are compared, and what the runs reached."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
from msgspec import structs

from salquest.datasets import DataSet, Split, divide, read_labels
from salquest.dissection import Subject, open_subject
from salquest.encoders import Encoder
from salquest.evaluation import Scores, evaluate
from salquest.models import load_model
from salquest.report import CellTable
from salquest.runs import Columns, RunFolder, RunRecord
from salquest.training import TrainingPlan, Watcher, train

# networks by the names that tables and figures show
BEFORE, BASE, OTHER, LABELS, FIXED = "ImageNet", "saliency", "saliency elsewhere", "classification", "fixed encoder"
# what stands in the fourth finding is trained with each of these
SEEDS = (0, 1, 2, 3)
LOSSES = {"cc": "-cc", "nss": "-nss", "mse": "mse", "bce": "bce"}
LEARNS = "features.4"
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Study:
    """What is asked for.

    Attributes:
        data, other: the set whose regions are looked at, and the other domain.
        out: the work folder.
        weights: of MobileNetV2 before training.
        size, epochs: of every run.
        pictures: only so many of each set; None for all.
        layers: that are looked into.
        device: where networks run.
    """

    data: DataSet
    other: DataSet
    out: Path
    weights: str = "imagenet"
    size: tuple[int, int] = (240, 320)
    epochs: int = 5
    pictures: int | None = None
    layers: tuple[str, ...] = tuple(f"features.{number}" for number in range(1, 18))
    device: str = "cpu"

    @property
    def split(self) -> Split:
        """Of the set itself, with as many training pictures as the other set has: the domains differ in what is shown, not in how much."""
        own, theirs = (_some(divide(data), data, self.pictures) for data in (self.data, self.other))
        return replace(own, train=_drawn(own.train, min(len(own.train), len(theirs.train))))

    @property
    def other_split(self) -> Split:
        """Of the other set."""
        theirs = _some(divide(self.other), self.other, self.pictures)
        return replace(theirs, train=_drawn(theirs.train, min(len(self.split.train), len(theirs.train))))

    @property
    def unseen(self) -> DataSet:
        """The test and validation pictures: no weight was fitted to them."""
        return self.data.subset((*self.split.val, *self.split.test))

    @property
    def probe(self) -> DataSet:
        """All pictures, those trained on among them; fewer where fewer were asked for."""
        if self.pictures is None:
            return self.data
        return self.data.subset((*self.split.train, *self.split.val, *self.split.test))

    @property
    def learning(self) -> tuple[str, ...]:
        """The layers that training moves."""
        first = int(LEARNS.rpartition(".")[2])
        return tuple(layer for layer in self.layers if int(layer.rpartition(".")[2]) >= first)

    def plans(self) -> dict[str, TrainingPlan]:
        """Every run by its name. All start from the same numbers and see the same batches, except those of another seed or set."""
        base = TrainingPlan(
            loss="kld",
            network="mobile",
            encoder="mobilenet_v2",
            weights=self.weights,
            unfreeze=LEARNS,
            size=self.size,
            epochs=self.epochs,
            precision="bf16-mixed",
            channels_last=True,
            scale="matched",
        )
        labels = structs.replace(base, task="classification", loss="bce", scale="given")
        return {
            **{
                of_seed(name, seed): structs.replace(plan, seed=seed)
                for name, plan in ((BASE, base), (OTHER, base), (LABELS, labels))
                for seed in SEEDS
            },
            FIXED: structs.replace(base, unfreeze="none", channels_last=False),
            **{by_loss(name): structs.replace(base, loss=loss) for name, loss in LOSSES.items()},
        }


def of_seed(name: str, seed: int) -> str:
    """The network trained by another seed."""
    return f"{name}, seed {seed}" if seed else name


# the second run of saliency on the set
AGAIN = of_seed(BASE, 1)


def runs_of(name: str) -> list[str]:
    """The network of every seed."""
    return [of_seed(name, seed) for seed in SEEDS]


def by_loss(name: str) -> str:
    """The network trained by another loss than kld."""
    return f"saliency by {name}"


def _drawn(keys: Sequence[str], number: int) -> tuple[str, ...]:
    """So many of the keys, drawn by one seed, in their order."""
    chosen = np.random.Generator(np.random.PCG64(0)).permutation(len(keys))[:number]
    return tuple(keys[place] for place in np.sort(chosen))


def _some(split: Split, data: DataSet, pictures: int | None) -> Split:
    """A division of fewer pictures, shared out as they are."""
    if pictures is None or pictures >= len(data):
        return split
    share = pictures / len(data)
    return replace(
        split, **{part: _drawn(getattr(split, part), max(2, round(share * len(getattr(split, part))))) for part in ("train", "val", "test")}
    )


def train_all(study: Study, told: Told) -> dict[str, RunRecord]:
    """Every run, finished, and the other domain's network scored on the set as well."""
    records = {}
    labels = read_labels("attributes", study.data)
    for name, plan in study.plans().items():
        data, split = (study.other, study.other_split) if name in runs_of(OTHER) else (study.data, study.split)
        watch = Watcher(
            step=lambda epoch, epochs, step, steps, losses, name=name: told(f"training {name}", (epoch - 1) * steps + step, epochs * steps)
        )
        records[name] = train(
            plan,
            data,
            split,
            folder_of(study, name).root,
            device=study.device,
            cache=study.out / "features",
            metrics=("nss", "cc"),
            labels=labels if name in runs_of(LABELS) else None,
            watch=watch,
        )
    return records


def folder_of(study: Study, name: str) -> RunFolder:
    """Where a run lies."""
    return RunFolder(study.out / "runs" / name.replace(", ", "-").replace(" ", "-"))


def learned_table(study: Study, records: Mapping[str, RunRecord], told: Told) -> CellTable:
    """Each run with what it reached on the set's test part, so that a reader sees whether it learned."""
    rows = []
    test = study.data.subset(study.split.test)
    for name, record in records.items():
        scores = dict(record.scores)
        if name in runs_of(OTHER):
            path = study.out / f"{folder_of(study, name).root.name}-on-{study.data.name}.csv"
            if not path.is_file():
                found: Scores = evaluate(load_model(folder_of(study, name).root), test, metrics=("nss", "cc"))
                found.columns.save(path)
            scores = {metric: float(np.mean(Columns.load(path).numbers(metric))) for metric in ("nss", "cc")}
        told("scores", len(rows) + 1, len(records))
        plan = record.plan
        reached = (
            f"mean average precision {scores['map']:.3f} (chance {scores['map_chance']:.3f})"
            if "map" in scores
            else f"NSS {scores.get('nss', math.nan):.3f}, CC {scores.get('cc', math.nan):.3f}"
        )
        learned = "none" if plan["unfreeze"] == "none" else f"{plan['unfreeze']} on"
        rows.append(
            [
                name,
                record.data["name"],
                str(plan["loss"]),
                learned,
                str(len(record.split["train"])),
                f"{record.best_epoch} of {record.epochs_done}",
                f"{record.seconds:.0f}",
                record.status,
                reached,
            ]
        )
    titles = [
        "run",
        "data",
        "loss",
        "stages that learn",
        "training pictures",
        "best epoch",
        "seconds",
        "status",
        f"on {study.data.name}'s test part",
    ]
    return CellTable(titles, rows)


def subject_of(study: Study, name: str) -> Subject:
    """A run's network, under the name that tables show."""
    subject = open_subject(folder_of(study, name).root, device=study.device)
    subject.name = name
    return subject


def encoders_of(study: Study, names: Sequence[str]) -> list[Subject]:
    """The runs' encoders by themselves: one architecture, so that one network with random weights stands beside them all.

    Before training is the encoder of the run that kept it as it was.
    """
    networks = {name: subject_of(study, FIXED if name == BEFORE else name).network for name in names}
    return [Subject(name, network.encoder) for name, network in networks.items() if not isinstance(network, Encoder)]


def kinds() -> dict[str, list[tuple[str, str]]]:
    """What the networks of finding 4 differ in; every run of saliency on the set beside every run of the others."""
    return {
        "start": [(BEFORE, run) for run in runs_of(BASE)],
        "task": list(product(runs_of(BASE), runs_of(LABELS))),
        "domain": list(product(runs_of(BASE), runs_of(OTHER))),
        "seed": [pair for name in (BASE, OTHER, LABELS) for pair in combinations(runs_of(name), 2)],
    }


def loss_kinds() -> dict[str, list[tuple[str, str]]]:
    """Each other loss beside kld, of the same start and batches; beside kld of other seeds; all other pairs of losses; the seed as the floor."""
    others = runs_of(BASE)[1:]
    beside = {loss: [(BASE, by_loss(loss))] for loss in LOSSES}
    and_seed = {with_seed(loss): [(run, by_loss(loss)) for run in others] for loss in LOSSES}
    between = {f"{one} / {other}": [(by_loss(one), by_loss(other))] for one, other in combinations(LOSSES, 2)}
    return {**beside, **and_seed, **between, "seed": [(BASE, run) for run in others]}


def with_seed(loss: str) -> str:
    """The kind of change with a loss and a seed at once."""
    return f"{loss} and seed"
