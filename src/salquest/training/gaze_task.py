"""Learning where people look: the network, and how its maps are validated, judged and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salquest.datasets import DataSet
from salquest.evaluation import compare_maps, evaluate
from salquest.losses import Objective, Prediction
from salquest.models.baselines import centre_biases
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import Columns, RunRecord
from salquest.training.batches import Examples, LabelTable, plain_batches
from salquest.training.task import Task, Trained, let_learn

# pictures from which the taps' levels are measured where a decoder wants them
RMS_PICTURES = 16


class GazeTask(Task):
    """Maps of where people look."""

    def build_network(self, train_part: DataSet) -> SaliencyNetwork:
        """See `Task`; a decoder that wants the taps' levels measures them on a few training pictures."""
        plan = self.plan
        network = build_network(
            plan.network,
            encoder=plan.encoder,
            weights=plan.weights,
            taps=plan.taps,
            activation=plan.activation,
            size=plan.size,
            map_size=plan.map_size,
            seed=plan.seed,
            batch_norm=plan.batch_norm,
            decoder_options=plan.decoder,
            fit=plan.fit,
        )
        let_learn(network.encoder, plan.unfreeze)
        measure = getattr(network.decoder, "measure_tap_rms", None)
        if plan.decoder.get("tap_norm") == "rms" and measure is not None:
            few = train_part.subset(train_part.keys[:RMS_PICTURES])
            examples = Examples(few, size=plan.size, map_size=(4, 4), sigma_px=1.0)
            with torch.no_grad():
                batch = examples.batch(range(len(few)), [False] * len(few), [1.0] * len(few))
                measure(network.encoder(batch.inputs))
        return network

    def network_spec(self, network: SaliencyNetwork) -> dict[str, Any]:
        """See `Task`."""
        return network_spec(self.plan.network, network, self.plan.decoder)

    def described(self) -> dict[str, Any]:
        """Nothing: gaze is part of the data."""
        return {}

    def labels(self) -> LabelTable | None:
        """None."""
        return None

    def validate(
        self, network: SaliencyNetwork, examples: Mapping[str, Examples], device: torch.device
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Loss and scores, at the greatest scale too; and each picture's CC."""
        objective = self.plan.objective().of_gaze()
        found, cc = _validate(network, objective, examples["val"], self.plan.batch, device)
        for part, others in examples.items():
            if part not in ("train", "val"):
                larger, _ = _validate(network, objective, others, self.plan.batch, device)
                found |= {f"{name} {part.removeprefix('val ')}": larger[name] for name in ("val_loss", "val_cc_score", "val_nss_score")}
        return found, cc

    def judge(self, trained: Trained, record: RunRecord) -> str:
        """Empty, or that it does not beat the centre bias on the validation pictures."""
        model = TrainedNetwork.load(trained.folder.root, device=str(trained.device), features=trained.cache)
        found: list[tuple[float, float]] = []
        floors = centre_biases(trained.sets, trained.split.train, trained.sigmas)
        for name, unseen in trained.sets.subset(trained.split.val).sets.items():
            sigma = trained.sigmas[name]
            ours, theirs = (evaluate(m, unseen, metrics=("cc",), sigma_px=sigma).mean("cc") for m in (model, floors[name]))
            found.append((ours, theirs))
        ours, theirs = (sum(values) / len(found) for values in zip(*found, strict=True))
        return "" if ours > theirs else f"its CC on the validation pictures ({ours:.3f}) does not beat the centre bias ({theirs:.3f})"

    def score(self, trained: Trained, record: RunRecord, metrics: Sequence[str]) -> RunRecord:
        """Each set over its own centre bias; scores.csv of several sets has a column "data"."""
        sets = trained.sets
        model = TrainedNetwork.load(trained.folder.root, device=str(trained.device), features=trained.cache)
        floors = centre_biases(sets, trained.split.train, trained.sigmas)
        tables = {
            name: evaluate(
                model,
                unseen,
                metrics=metrics,
                sigma_px=trained.sigmas[name],
                baseline=floors[name],
                progress=partial(trained.stage, "scoring test" if len(sets.sets) == 1 else f"scoring test of {name}"),
            )
            for name, unseen in sets.subset(trained.split.test).sets.items()
        }
        means = {name: {metric: table.mean(metric) for metric in metrics} for name, table in tables.items()}
        if len(sets.sets) == 1:
            next(iter(tables.values())).columns.save(trained.folder.scores)
            return replace(record, scores=means[next(iter(means))])
        rows = [{"data": name, **row} for name, table in tables.items() for row in table.columns.rows()]
        Columns.of_rows(rows).save(trained.folder.scores)
        joint = {metric: sum(scores[metric] for scores in means.values()) / len(means) for metric in metrics}
        return replace(record, scores=joint, scores_by_set=means)


@torch.no_grad()
def _validate(
    network: SaliencyNetwork, objective: Objective, examples: Examples, batch: int, device: torch.device
) -> tuple[dict[str, float], dict[str, float]]:
    """Loss and its parts, CC and NSS at the map's size, and the map's contrast (deviation over mean), over the validation pictures; each one's CC.

    Of several data sets each weighs the same, however many pictures it has; loss and scores of each stand beside the means.
    """
    network.eval()
    names = tuple(dict.fromkeys(examples.groups))
    sums: dict[str, dict[str, float]] = {name: {} for name in names}
    seen: dict[str, dict[str, float]] = {"cc": {}, "nss": {}}
    contrasts: list[float] = []
    group_of = dict(zip(examples.keys, examples.groups, strict=True))
    for together in plain_batches(examples, batch=batch):
        moved = together.to(device)
        raw = network(moved.inputs)
        groups = [group_of[key] for key in together.keys]
        for label, values in objective(raw, moved.targets).items():
            for name in dict.fromkeys(groups):
                own = values[[row for row, group in enumerate(groups) if group == name]]
                sums[name][label] = sums[name].get(label, 0.0) + float(own.double().sum())
        values = Prediction(raw.float(), objective.activation).values.double().cpu()
        contrasts += (values.std(dim=(-2, -1)) / values.mean(dim=(-2, -1)).clamp_min(1e-12)).tolist()
        looked = (together.targets.density.double().numpy(), together.targets.counts.double().numpy())
        for metric, each in compare_maps(values.numpy(), *looked).items():
            seen[metric] |= dict(zip(together.keys, each.tolist(), strict=True))
    parts = {name: {label: value / examples.groups.count(name) for label, value in labels.items()} for name, labels in sums.items()}
    members = {name: [key for key in examples.keys if group_of[key] == name] for name in names}
    scores = {metric: {name: _mean(np.array([each[key] for key in members[name]])) for name in names} for metric, each in seen.items()}
    means = {label: sum(parts[name][label] for name in names) / len(names) for label in parts[names[0]]}
    row = {"val_loss": sum(means.values())}
    if len(means) > 1:
        row |= {f"val_{label}": value for label, value in means.items()}
    row |= {f"val_{metric}_score": sum(values.values()) / len(names) for metric, values in scores.items()}
    if len(names) > 1:
        row |= {f"val_loss {name}": sum(parts[name].values()) for name in names}
        row |= {f"val_{metric}_score {name}": value for metric, values in scores.items() for name, value in values.items()}
    return row | {"contrast": float(np.mean(contrasts))}, {key: round(value, 6) for key, value in seen["cc"].items()}


def _mean(values: NDArray) -> float:
    return float("nan") if np.isnan(values).all() else float(np.nanmean(values))
