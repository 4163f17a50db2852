"""What units encode before and after training: `python tools/dissection_study.py --data osie=PATH --other eyecrowd=PATH --out WORK`.

Trains the networks that the comparisons need (saliency on two data sets, classification of the first one's attributes, five losses, another
seed, a fixed encoder), looks into all of them, and writes docs/results/dissection.md (or --page) with the verdicts on the four findings of
He 2019. Everything finished stays in --out, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from dissection_findings import (
    JUDGED,
    LEAST_REGIONS,
    SIMILARITIES,
    bounds,
    category_over_random,
    coded_before,
    deep_and_classical,
    favours,
    judged_categories,
    loss_changes,
    mean_change,
    summary_of,
    task_over_domain,
    word_of,
)
from msgspec import structs

from salquest.cli.arguments import data_set
from salquest.datasets import DataSet, Split, divide, read_labels
from salquest.displays import claim
from salquest.dissection import (
    Dissection,
    Settings,
    Subject,
    change_split,
    dissect,
    drift_table,
    layer_table,
    open_subject,
    read_annotations,
    split_table,
)
from salquest.encoders import Encoder
from salquest.errors import SalquestError
from salquest.evaluation import Scores, evaluate
from salquest.models import load_model
from salquest.report import CellTable
from salquest.runs import Columns, ProgressDisplay, RunFolder, RunRecord, write_bytes, write_text
from salquest.training import TrainingPlan, Watcher, train

PAGE = Path(__file__).parents[1] / "docs" / "results" / "dissection.md"
# networks by the names that tables and figures show
BEFORE, BASE, AGAIN, OTHER, LABELS, FIXED = (
    "ImageNet",
    "saliency",
    "saliency, seed 1",
    "saliency elsewhere",
    "classification",
    "fixed encoder",
)
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
            BASE: base,
            AGAIN: structs.replace(base, seed=1),
            OTHER: base,
            LABELS: labels,
            FIXED: structs.replace(base, unfreeze="none", channels_last=False),
            **{f"saliency by {name}": structs.replace(base, loss=loss) for name, loss in LOSSES.items()},
        }


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
        data, split = (study.other, study.other_split) if name == OTHER else (study.data, study.split)
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
            labels=labels if name == LABELS else None,
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
        if name == OTHER:
            path = study.out / "elsewhere.csv"
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


def look(study: Study, told: Told) -> tuple[Dissection, Dissection]:
    """Regions: the networks of findings 1 and 2 on all pictures. Unseen: all networks on pictures that none was fitted to, with their drift."""
    annotations = read_annotations("own", study.data)
    settings = Settings(size=study.size)
    ask: dict[str, Any] = {
        "layers": study.layers,
        "settings": settings,
        "cache": study.out / "cache",
        "device": study.device,
        "progress": told,
    }
    regions = dissect(encoders_of(study, (BEFORE, BASE, AGAIN, OTHER, LABELS)), annotations, study.probe, pairs=(), **ask)
    names = [BEFORE, BASE, AGAIN, OTHER, LABELS, *(f"saliency by {loss}" for loss in LOSSES)]
    wanted = [pair for chosen in (*kinds().values(), *loss_kinds().values()) for pair in chosen]
    pairs = [(names.index(first), names.index(second)) for first, second in dict.fromkeys(wanted)]
    return regions, dissect(encoders_of(study, names), annotations, study.unseen, pairs=pairs, **ask)


def kinds() -> dict[str, list[tuple[str, str]]]:
    """What the networks of finding 4 differ in; both seeds stand for saliency on the set."""
    return {
        "start": [(BEFORE, BASE), (BEFORE, AGAIN)],
        "task": [(BASE, LABELS), (AGAIN, LABELS)],
        "domain": [(BASE, OTHER), (AGAIN, OTHER)],
        "seed": [(BASE, AGAIN)],
    }


def loss_kinds() -> dict[str, list[tuple[str, str]]]:
    """Each other loss beside kld, of the same start and batches, and the seed as the floor; then all other pairs of losses."""
    beside = {loss: [(BASE, f"saliency by {loss}")] for loss in LOSSES}
    others = {f"{one} / {other}": [(f"saliency by {one}", f"saliency by {other}")] for one, other in combinations(LOSSES, 2)}
    return {**beside, **others, "seed": [(BASE, AGAIN)]}


def remove_units(study: Study, told: Told) -> Columns | None:
    """What the maps lose in each category when its ten best units are removed, with the encoder as it was and after training; None where this
    salquest cannot remove units.
    """
    if find_spec("salquest.dissection.importance") is None:
        return None
    from salquest.dissection.importance import remove_best  # type: ignore[import-not-found,unused-ignore]

    removed = remove_best(
        [subject_of(study, name) for name in (FIXED, BASE)],
        read_annotations("own", study.data),
        study.unseen,
        layers=study.layers[-1:],
        settings=Settings(size=study.size),
        cache=study.out / "cache",
        device=study.device,
        progress=told,
    )
    return removed.table()


def main(study: Study, page: Path, displays: Path | None, told: Told) -> None:
    """Everything, and the page."""
    records = train_all(study, told)
    regions, unseen = look(study, told)
    removed = remove_units(study, told)
    changes = change_split(unseen.drift, kinds())
    losses = change_split(unseen.drift, loss_kinds())
    layer_table(regions).save(study.out / "layers.csv")
    layer_table(unseen).save(study.out / "layers-unseen.csv")
    drift_table(unseen).save(study.out / "drift.csv")
    split_table(changes).save(study.out / "split.csv")
    split_table(losses).save(study.out / "split-losses.csv")
    if removed is not None:
        removed.save(study.out / "removed.csv")
    images = page.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    figures = {
        "change.png": change_figure(changes, ("start", "task", "domain", "seed"), study.layers),
        "losses.png": change_figure(losses, (*LOSSES, "seed"), study.layers),
        "regions.png": region_figure(regions, study.layers),
    }
    for name, content in figures.items():
        write_bytes(images / f"dissection-{name}", content)
    write_text(page, page_text(study, records, regions, unseen, removed, displays, told))


def page_text(
    study: Study,
    records: Mapping[str, RunRecord],
    regions: Dissection,
    unseen: Dissection,
    removed: Columns | None,
    displays: Path | None,
    told: Told,
) -> str:
    """The page. Every verdict is the word of a `Finding`: computed, never written."""
    first, second = (coded_before(found, BEFORE) for found in (regions, unseen))
    gains, checked = (favours(found, BEFORE, (BASE, AGAIN)) for found in (regions, unseen))
    fourth = task_over_domain(unseen, kinds(), study.learning)
    third = deep_and_classical(displays) if displays is not None else []
    words = [first.word, gains.word, word_of(v.outcome for v in third), fourth.word]
    statements = [
        "regions are coded before training",
        "training favours heads (faces) over text",
        "deep beats classical on natural images and loses on displays",
        "change is due to the task more than to the domain",
    ]
    parts = [
        "# Inside the networks: what units encode, before and after training",
        "",
        f"Made by `tools/dissection_study.py`. MobileNetV2 as trained on ImageNet, and the same encoder after training for saliency or for "
        f"classification, looked into with the objects and attributes of {study.data.name} ({len(regions.probe)} pictures, "
        f"{len(regions.probe.table)} regions, {len(study.layers)} layers; [how](../decisions/0014-units-against-regions.md)). Words such as "
        '"supported" are computed: all intervals of a statement lie above 0 (supported), all below (not supported), or neither (not decided). '
        "Intervals are 95 % over resampled pictures; they say nothing about another training run, for which the row *seed* is there.",
        "",
        CellTable(["He 2019 says", "here"], [[statement, word] for statement, word in zip(statements, words, strict=True)])
        .to_markdown()
        .rstrip(),
        "",
        "## What was trained",
        "",
        f"All runs begin with the same weights, learn from {LEARNS} on, see {study.size[1]}x{study.size[0]} pictures and take the same number of "
        f"steps ({study.epochs} epochs of {len(study.split.train)} pictures, drawn from the training part where a set has more). Losses are "
        "divided by the norm of their gradient at the start, so that the first step is equally long for all. Classification is of the pictures' "
        "own attributes (a picture has one where an object in it has it): the labels that can be had from these data honestly, fewer and noisier "
        "than scene categories.",
        "",
        learned_table(study, records, told).to_markdown().rstrip(),
        "",
        "## On which pictures",
        "",
        f"Units against regions: all {len(regions.probe)} annotated pictures, because rare categories need them; the networks were fitted to "
        f"{len(study.split.train)} of these, so each verdict stands beside the same one on the {len(unseen.probe)} test and validation pictures. "
        "Networks against each other: test and validation pictures alone, since how two networks treat what they were fitted to says little about "
        "what they encode.",
        "",
        "## 1 · Are regions coded before training?",
        "",
        first.sentence(),
        "",
        f"On unseen pictures: {second.sentence()}",
        "",
        f"Best layer against best layer of the same network with random weights; categories with fewer than {LEAST_REGIONS} regions that somebody "
        "looked at are shown and not judged; *layers above*: in how many layers the interval against the same layer with random weights lies "
        "above 0. The paper's own score (fixation NSS) stands in the last columns.",
        "",
        _coded_sentence(regions),
        "",
        _before_table(regions).to_markdown().rstrip(),
        "",
        "![Relative NSS of the ten best units (chosen on one half of the pictures, scored on the other), by layer and category]"
        "(images/dissection-regions.png)",
        "",
        "## 2 · Does training favour heads over text?",
        "",
        gains.sentence(),
        "",
        f"On unseen pictures: {checked.sentence()}",
        "",
        _gain_table(regions).to_markdown().rstrip(),
        "",
        *_removed_text(removed),
        "## 3 · Deep against classical",
        "",
        *_displays_text(third),
        "## 4 · Task or domain?",
        "",
        fourth.sentence(),
        "",
        _change_table(unseen, study.learning).to_markdown().rstrip(),
        "",
        "![1 - similarity by layer](images/dissection-change.png)",
        "",
        "Change is 1 - similarity of the mean activations of pictures (unbiased CKA; RSA), the mean over the layers that learn. *start*: before "
        "training against after; *task*: saliency against classification on the same pictures; *domain*: saliency on "
        f"{study.data.name} against {study.other.name}; *seed*: the same training again.",
        "",
        "## Losses against losses",
        "",
        "All losses share the start and the batches of *kld*, so what differs is the loss alone; *seed* has another order of pictures and another "
        "start of the decoder. A loss whose change lies below that of the seed moves units less than such things do.",
        "",
        *[line for loss in LOSSES for line in (loss_changes(unseen, loss_kinds(), loss, study.learning).sentence(), "")],
        _loss_table(unseen, study.learning).to_markdown().rstrip(),
        "",
        "![1 - similarity to kld by layer](images/dissection-losses.png)",
        "",
    ]
    return "\n".join(parts)


def _before_table(found: Dissection) -> CellTable:
    judged, rows = judged_categories(found), []
    scores = (*JUDGED, "fixation_nss") if found.probe.has_fixations else JUDGED
    for number, category in enumerate(found.probe.table.categories):
        row = [category, str(int(found.probe.table.holds[:, number].sum())), "yes" if category in judged else "no"]
        for score in scores:
            layer, own = summary_of(found, BEFORE, category, score)
            over, above = category_over_random(found, BEFORE, score, category)
            row += [f"{own.top:.3f} ({layer})", f"{over.value:+.3f} ({bounds(over.low, over.high)})", str(above)]
        rows.append(row)
    titles = [title for score in scores for title in (score, "over random weights", "layers above")]
    return CellTable(["category", "regions", "judged", *titles], rows)


def _coded_sentence(found: Dissection) -> str:
    """Which of the judged categories stand above the network with random weights by themselves."""
    said = []
    for score in JUDGED:
        held = [name for name in judged_categories(found) if category_over_random(found, BEFORE, score, name)[0].low > 0]
        said.append(f"by {score}: {', '.join(held) or 'none'}")
    return f"Category by category, with an interval above 0 {'; '.join(said)}."


def _gain_table(found: Dissection) -> CellTable:
    rows = []
    for number, category in enumerate(found.probe.table.categories):
        row = [category, str(int(found.probe.table.holds[:, number].sum()))]
        for score in JUDGED:
            start = summary_of(found, BEFORE, category, score)[1]
            row.append(f"{start.top:.3f}")
            for name in (BASE, AGAIN, OTHER, LABELS):
                own = summary_of(found, name, category, score)[1]
                row.append(f"{own.top - start.top:+.3f}")
        rows.append(row)
    titles = [title for score in JUDGED for title in (f"{score}, {BEFORE}", *(f"+ {name}" for name in (BASE, AGAIN, OTHER, LABELS)))]
    return CellTable(["category", "regions", *titles], rows)


def _removed_text(removed: Columns | None) -> list[str]:
    """Do head units matter more after training? What the maps lose without a category's best units."""
    if removed is None:
        return []
    rows = [row for row in removed.rows() if row["over_random"] is not None]
    shown = [
        [str(row[name]) for name in ("model", "layer", "category", "regions")]
        + [_number(row["drop"]), _number(row["random"]), _interval(row, "over_random"), _interval(row, "over_first")]
        for row in rows
    ]
    titles = ["network", "layer", "category", "regions", "drop of NSS", "random units", "over random", "over the fixed encoder"]
    return [
        "Without the ten best units of a category (chosen on one half of the pictures, removed on the other), the map loses so much NSS inside "
        "that category's regions; *over random* is that less what ten units drawn at random cost, with 95 %:",
        "",
        CellTable(titles, shown).to_markdown().rstrip(),
        "",
    ]


def _displays_text(verdicts: Sequence[claim.Verdict]) -> list[str]:
    if not verdicts:
        return ["See the [benchmark of displays](displays.md); its numbers were not given to this page (`--displays DIR`).", ""]
    lines = [f"- {verdict.sentence()}" for verdict in verdicts]
    return [f"**{word_of(v.outcome for v in verdicts)}**, by the [benchmark of displays](displays.md):", "", *lines, ""]


def _change_table(found: Dissection, layers: Sequence[str]) -> CellTable:
    columns = [(kind, "") for kind in kinds()] + [("task", "domain"), ("task", "seed"), ("domain", "seed")]
    rows = []
    for place, measure in enumerate(SIMILARITIES):
        told = [mean_change(found, kinds(), kind, minus, layers)[place] for kind, minus in columns]
        rows.append([measure, *(f"{d.value:.3f} ({bounds(d.low, d.high)})" for d in told)])
    return CellTable(["similarity", *(f"{kind} - {minus}" if minus else kind for kind, minus in columns)], rows)


def _loss_table(found: Dissection, layers: Sequence[str]) -> CellTable:
    rows = []
    for kind in loss_kinds():
        cka, rsa = mean_change(found, loss_kinds(), kind, "", layers)
        named = kind if "/" in kind or kind == "seed" else f"kld / {kind}"
        rows.append([named, *(f"{d.value:.3f} ({bounds(d.low, d.high)})" for d in (cka, rsa))])
    return CellTable(["losses", "1 - CKA", "1 - RSA"], rows)


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, (int, float)) else "-"


def _interval(row: Mapping[str, object], name: str) -> str:
    return f"{_number(row[name])} ({_number(row[f'{name}_low'])} … {_number(row[f'{name}_high'])})"


def change_figure(changes: Sequence[Any], names: Sequence[str], layers: Sequence[str]) -> bytes:
    """1 - similarity against depth, a line per kind with its interval; CKA and RSA side by side."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
    for axis, measure in zip(axes, SIMILARITIES, strict=True):
        for name in names:
            own = {c.layer: c for c in changes if (c.measure, c.kind, c.minus) == (measure, name, "")}
            places = np.arange(len(layers))
            axis.plot(places, [own[layer].value for layer in layers], label=name, linewidth=1.2, color="0.5" if name == "seed" else None)
            low, high = zip(*(own[layer].interval for layer in layers), strict=True)
            axis.fill_between(places, low, high, alpha=0.15, linewidth=0, color="0.5" if name == "seed" else None)
        axis.set_title("CKA" if measure == "pictures_cka" else "RSA", fontsize=9)
        axis.set_xticks(places, [layer.removeprefix("features.") for layer in layers], fontsize=7)
        axis.set_xlabel("layer (features.N)", fontsize=8)
    axes[0].set_ylabel("1 - similarity", fontsize=8)
    axes[0].legend(fontsize=7, frameon=False)
    return _png(figure)


def region_figure(found: Dissection, layers: Sequence[str]) -> bytes:
    """Layers by categories: relative NSS of the ten best units, before training and the difference after."""
    import matplotlib.pyplot as plt

    names = found.probe.table.categories
    values = {
        model: np.array(
            [
                [found.layer(model, layer).summaries["relative_nss", number, "own"].held_out for layer in layers]
                for number in range(len(names))
            ]
        )
        for model in (BEFORE, BASE, LABELS)
    }
    shown = {
        BEFORE: values[BEFORE],
        f"{BASE} - {BEFORE}": values[BASE] - values[BEFORE],
        f"{LABELS} - {BEFORE}": values[LABELS] - values[BEFORE],
    }
    # both differences in one scale
    highest = {title: float(np.nanmax(np.abs(table))) for title, table in shown.items()}
    greatest = {kind: max(value for title, value in highest.items() if (title == BEFORE) == kind) or 1.0 for kind in (True, False)}
    figure, axes = plt.subplots(1, 3, figsize=(11, 0.28 * len(names) + 1.1), sharey=True, layout="constrained")
    for axis, (title, table) in zip(axes, shown.items(), strict=True):
        limit = greatest[title == BEFORE]
        image = axis.imshow(
            table, aspect="auto", cmap="viridis" if title == BEFORE else "RdBu_r", vmin=0 if title == BEFORE else -limit, vmax=limit
        )
        axis.set_title(title, fontsize=9)
        axis.set_xticks(range(len(layers)), [layer.removeprefix("features.") for layer in layers], fontsize=7)
        figure.colorbar(image, ax=axis)
    axes[0].set_yticks(range(len(names)), names, fontsize=8)
    return _png(figure)


def _png(figure: Any) -> bytes:
    import matplotlib.pyplot as plt
    from PIL import Image

    drawn, written = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, dpi=110, format="png")
    plt.close(figure)
    # 256 colours: half of the bytes, which git keeps for ever
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(written, format="png", optimize=True)
    return written.getvalue()


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="NAME=PATH of the set with regions, such as OSIE")
    parser.add_argument("--other", required=True, help="NAME=PATH of the other domain")
    parser.add_argument("--out", required=True, type=Path, help="the work folder")
    parser.add_argument("--weights", default="imagenet", help="of MobileNetV2 before training")
    parser.add_argument("--size", default="320x240", help="WIDTHxHEIGHT")
    parser.add_argument("--epochs", default=5, type=int)
    parser.add_argument("--pictures", type=int, help="only so many pictures of each set")
    parser.add_argument("--layers", default="", help="comma-separated; features.1 to features.17")
    parser.add_argument("--displays", type=Path, help="folder of a benchmark of displays, for finding 3")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--page", type=Path, default=PAGE)
    return parser.parse_args(words)


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    asked = _arguments(None)
    across, _, down = asked.size.partition("x")
    try:
        own_layers = {"layers": tuple(asked.layers.split(","))} if asked.layers else {}
        wanted = Study(
            data_set(asked.data),
            data_set(asked.other),
            asked.out,
            weights=asked.weights,
            size=(int(down), int(across)),
            epochs=asked.epochs,
            pictures=asked.pictures,
            device=asked.device,
            **own_layers,
        )
        with ProgressDisplay() as display:
            main(wanted, asked.page, asked.displays, display.update)
    except SalquestError as error:
        sys.exit(f"{error}")
