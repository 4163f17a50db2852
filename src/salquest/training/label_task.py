"""Learning what pictures show: a pooled linear head on the encoder, validated and scored by average precision beside its chance level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salquest.datasets import DataSet, PictureLabels, Split
from salquest.evaluation import average_precision, chance_precision
from salquest.losses import LabelObjective
from salquest.models.deep.label_network import LabelNetwork, build_label_network, label_network_spec, load_label_network
from salquest.runs import Columns, RunRecord
from salquest.training.batches import Examples, LabelTable, plain_batches
from salquest.training.plan import TrainingPlan
from salquest.training.task import Task, Trained, let_learn


class LabelTask(Task):
    """Labels of whole pictures, which do not exclude each other.

    Args:
        plan: resolved.
        labels: of pictures.
        split: of the data.

    Attributes:
        split: the division without the pictures that have no entry among the labels.
        names: the labels that are learned.
        left_out: label -> why it is not: no training or no validation picture has it, or all of them have it.

    Raises:
        InputError: the labels match no picture, or none can be learned.
    """

    def __init__(self, plan: TrainingPlan, labels: PictureLabels, split: Split) -> None:
        super().__init__(plan)
        self._labels, self.split = labels, labels.labelled(split)
        self.names, self.left_out = labels.learnable(self.split)

    def build_network(self, train_part: DataSet) -> LabelNetwork:
        """See `Task`; the head starts at the labels' frequencies in the training pictures."""
        plan = self.plan
        shares = self._labels.table(train_part.keys, self.names).mean(axis=0, dtype=np.float64)
        network = build_label_network(
            plan.network,
            dict(zip(self.names, shares.tolist(), strict=True)),
            encoder=plan.encoder,
            weights=plan.weights,
            taps=plan.taps,
            size=plan.size,
            seed=plan.seed,
            batch_norm=plan.batch_norm,
            fit=plan.fit,
        )
        let_learn(network.encoder, plan.unfreeze)
        return network

    def network_spec(self, network: LabelNetwork) -> dict[str, Any]:
        """See `Task`."""
        return label_network_spec(network)

    def described(self) -> dict[str, Any]:
        """The labels: their names, those left out, and a digest of which pictures have which."""
        keys = (*self.split.train, *self.split.val, *self.split.test)
        return {"names": list(self.names), "left_out": self.left_out, "digest": self._labels.digest(keys, self.names)}

    def places(self) -> dict[str, Any]:
        """Where the labels come from."""
        return {"labels_source": self._labels.source}

    def labels(self) -> LabelTable:
        """Of all pictures of the division."""
        keys = (*self.split.train, *self.split.val, *self.split.test)
        return LabelTable(self.names, dict(zip(keys, self._labels.table(keys, self.names), strict=True)))

    def validate(
        self, network: LabelNetwork, examples: Mapping[str, Examples], device: torch.device
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Loss, mean average precision ("val_map") and its chance level, and each label's; at the greatest scale too. Each picture's loss."""
        row: dict[str, float] = {}
        each: dict[str, float] = {}
        for part, shown in examples.items():
            if part == "train":
                continue
            logits, losses = _name(network, shown, self.plan.batch, device)
            held = self._labels.table(shown.keys, self.names)
            found = {name: average_precision(logits[:, place], held[:, place]) for place, name in enumerate(self.names)}
            chance = [chance_precision(len(held), int(number)) for number in held.sum(axis=0)]
            larger = part.removeprefix("val")
            row |= {f"val_loss{larger}": float(losses.mean()), f"val_map{larger}": float(np.mean(list(found.values())))}
            if not larger:
                row |= {"val_map_chance": float(np.mean(chance))} | {f"val_ap {name}": value for name, value in found.items()}
                each = dict(zip(shown.keys, losses.round(6).tolist(), strict=True))
        return row, each

    def judge(self, trained: Trained, record: RunRecord) -> str:
        """Empty, or that the labels' mean average precision on the validation pictures is no better than chance."""
        row = next(row for row in Columns.load(trained.folder.log).rows() if row["epoch"] == record.best_epoch)
        ours, theirs = float(row["val_map"] or 0), float(row["val_map_chance"] or 0)
        return (
            ""
            if ours > theirs
            else f"its mean average precision on the validation pictures ({ours:.3f}) does not beat chance ({theirs:.3f})"
        )

    def score(self, trained: Trained, record: RunRecord, metrics: Sequence[str]) -> RunRecord:
        """scores.csv has one row per label: how many test pictures have it, its average precision, and what chance reaches.

        The record's scores are "map", the mean over labels that some test picture has, "map_chance" and "ap LABEL". `metrics` are of maps.
        """
        network = load_label_network(trained.folder.root, device=str(trained.device))
        plan, test = self.plan, trained.sets.everything.subset(trained.split.test)
        assert plan.map_size is not None
        unseen = Examples(
            test,
            size=plan.size,
            map_size=plan.map_size,
            sigma_px=1.0,
            fit=plan.fit,
            labels=self.labels(),
            progress=lambda done, total: trained.stage("scoring test", done, total),
        )
        logits, _ = _name(network, unseen, plan.batch, trained.device)
        held = self._labels.table(unseen.keys, self.names)
        rows: list[dict[str, Any]] = [
            {
                "label": name,
                "pictures": len(held),
                "positives": int(held[:, place].sum()),
                "average_precision": average_precision(logits[:, place], held[:, place]),
                "chance": chance_precision(len(held), int(held[:, place].sum())),
            }
            for place, name in enumerate(self.names)
        ]
        Columns.of_rows(rows).save(trained.folder.scores)
        there = [row for row in rows if row["positives"]]
        if not there:
            return record
        scores = {"map": _mean_of(there, "average_precision"), "map_chance": _mean_of(there, "chance")}
        return replace(record, scores=scores | {f"ap {row['label']}": float(row["average_precision"]) for row in there})


def _mean_of(rows: Sequence[Mapping[str, Any]], column: str) -> float:
    return float(np.mean([row[column] for row in rows]))


@torch.no_grad()
def _name(network: LabelNetwork, examples: Examples, batch: int, device: torch.device) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits (N, L) and losses (N,) of the examples, in their order."""
    network.eval()
    objective, place = LabelObjective(), {key: number for number, key in enumerate(examples.keys)}
    logits, losses = np.zeros((len(examples), len(network.labels))), np.zeros(len(examples))
    for together in plain_batches(examples, batch=batch):
        moved = together.to(device)
        raw = network(moved.inputs).float()
        rows = [place[key] for key in together.keys]
        logits[rows], losses[rows] = raw.double().cpu().numpy(), objective(raw, moved.targets)["bce"].double().cpu().numpy()
    return logits, losses
