"""The page of the study of dissection: tables, figures, and verdicts that follow from numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from dissection_findings import (
    JUDGED,
    LEAST_REGIONS,
    SIMILARITIES,
    Difference,
    Finding,
    bounds,
    category_over_random,
    coded_before,
    deep_and_classical,
    favours,
    judged_categories,
    matter_more,
    mean_change,
    models_apart,
    single_runs,
    summary_of,
    task_over_domain,
    word_of,
)
from dissection_networks import (
    AGAIN,
    BASE,
    BEFORE,
    LABELS,
    LEARNS,
    LOSSES,
    OTHER,
    Study,
    Told,
    by_loss,
    kinds,
    learned_table,
    loss_kinds,
    runs_of,
    with_seed,
)

from salquest.displays import claim
from salquest.dissection import SCORES, Change, Dissection
from salquest.report import CellTable
from salquest.runs import Columns, RunRecord

TITLE = "# Inside the networks: what units encode, before and after training"
SHORT = "## In short"


@dataclass(frozen=True)
class Results:
    """All that the page is made of.

    Attributes:
        study: what was asked for.
        records: of the runs.
        regions, unseen: the looks at all pictures, and at those that no network was fitted to.
        changes, losses: splits of change, by task and domain and by losses.
        removed: what the maps lose without units.
        displays: folder of a benchmark of displays; None where there is none.
        machine: in words.
    """

    study: Study
    records: Mapping[str, RunRecord]
    regions: Dissection
    unseen: Dissection
    changes: Sequence[Change]
    losses: Sequence[Change]
    removed: Columns
    displays: Path | None
    machine: str


def page_text(results: Results, earlier: str, told: Told) -> str:
    """The page. Every verdict is the word of a `Finding`: computed, never written. What stands between the title and the first table of an
    earlier page is kept: what the numbers mean is a person's to say.
    """
    study, regions, unseen = results.study, results.regions, results.unseen
    kept = re.search(rf"\A{re.escape(TITLE)}\n(.*?)^{SHORT}$", earlier, flags=re.DOTALL | re.MULTILINE)
    introduction = kept.group(1).strip("\n") if kept else ""
    first, second = (coded_before(found, BEFORE) for found in (regions, unseen))
    gains, checked = favours(regions, BEFORE, (BASE, AGAIN)), favours(unseen, BEFORE, runs_of(BASE))
    runs = {"saliency": runs_of(BASE), "task": runs_of(LABELS), "domain": runs_of(OTHER)}
    fourth = task_over_domain(unseen, kinds(), runs, study.learning)
    third = deep_and_classical(results.displays) if results.displays is not None else []
    words = {
        "regions are coded before training": first.word,
        "training favours heads (faces) over text": gains.word,
        "deep beats classical on natural images and loses on displays": word_of(v.outcome for v in third),
        "change is due to the task more than to the domain": fourth.word,
    }
    parts = [
        TITLE,
        "",
        *([introduction, ""] if introduction else []),
        SHORT,
        "",
        _markdown(CellTable(["He 2019 says", "here"], [[statement, word] for statement, word in words.items()])),
        "",
        f"MobileNetV2 as trained on ImageNet, and the same encoder after training for saliency or for classification, looked into with the "
        f"objects and attributes of {study.data.name} ({len(regions.probe)} pictures, {len(regions.probe.table)} regions, {len(study.layers)} "
        "layers; [how](../decisions/0014-units-against-regions.md)). Words such as "
        '"supported" are computed: all intervals of a statement lie above 0 (supported), all below (not supported), or neither (not decided). '
        "Intervals are 95 % over resampled pictures; they say nothing about another training run, but in the statement of section 4.",
        "",
        "## What was trained",
        "",
        f"All runs begin with the same weights, learn from {LEARNS} on, see {study.size[1]}x{study.size[0]} pictures and take the same number of "
        f"steps ({study.epochs} epochs of {len(study.split.train)} pictures, drawn from the training part where a set has more). Losses are "
        "divided by the norm of their gradient at the start, so that the first step is equally long for all. Classification is of the pictures' "
        "own attributes (a picture has one where an object in it has it): the labels that can be had from these data honestly, fewer and noisier "
        "than scene categories.",
        "",
        _markdown(learned_table(study, results.records, told)),
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
        _markdown(_before_table(regions)),
        "",
        "![Relative NSS of the ten best units (chosen on one half of the pictures, scored on the other), by layer and category]"
        "(images/dissection-regions.png)",
        "",
        "## 2 · Does training favour heads over text?",
        "",
        gains.sentence(),
        "",
        f"On unseen pictures, in {len(runs_of(BASE))} runs: {checked.sentence()}",
        "",
        _markdown(_gain_table(regions)),
        "",
        "### Do the units of a category matter more after training?",
        "",
        "The ten best units of a category (chosen on one half of the pictures) are set to their mean on the other half, and so are ten drawn at "
        "random, twenty times. In the table: how much more NSS the map loses inside the category's regions without the best than without others.",
        "",
        *[line for category in ("face", "text") for line in (matter_more(results.removed, category).sentence(), "")],
        _markdown(_removed_table(results.removed)),
        "",
        "## 3 · Deep against classical",
        "",
        *_displays_text(third),
        "## 4 · Task or domain?",
        "",
        fourth.sentence(),
        "",
        single_runs(unseen, runs, study.learning),
        "",
        _markdown(_change_table(unseen, study.learning)),
        "",
        "![1 - similarity by layer](images/dissection-change.png)",
        "",
        "Change is 1 - similarity of the mean activations of pictures (unbiased CKA; RSA), the mean over the layers that learn. *start*: before "
        "training against after; *task*: saliency against classification on the same pictures; *domain*: saliency on "
        f"{study.data.name} against {study.other.name}; every run of one beside every run of the other; *seed*: the same training with another order "
        "of pictures and another start of what stands on the encoder, in all three. In the statement runs are resampled as pictures are; in the "
        "table pictures alone.",
        "",
        "## Losses against losses",
        "",
        "All losses share the start and the batches of *kld*, so what differs is the loss alone. *More than a seed*: whether that is more than "
        "another seed of kld makes. *Beyond a seed*: whether a network by that loss is further from kld's other seeds than kld is itself.",
        "",
        _markdown(_loss_table(unseen, study.learning)),
        "",
        "![1 - similarity to kld by layer](images/dissection-losses.png)",
        "",
        "What units encode under each loss: relative NSS of the best layer's ten best units, on unseen pictures; beside kld's the others' less "
        "kld's, with ▲ or ▼ where the interval leaves 0 out.",
        "",
        _encoded_sentence(unseen),
        "",
        _markdown(_encoding_table(unseen)),
        "",
        "## What was run",
        "",
        *_facts(results),
        "",
    ]
    return "\n".join(parts)


def _markdown(table: CellTable) -> str:
    return table.to_markdown().rstrip()


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
    titles = [title for score in scores for title in (SCORES[score].title, "over random weights", "layers above")]
    return CellTable(["category", "regions", "judged", *titles], rows)


def _coded_sentence(found: Dissection) -> str:
    """Which of the judged categories stand above the network with random weights by themselves."""
    said = []
    for score in (*JUDGED, "fixation_nss") if found.probe.has_fixations else JUDGED:
        held = [name for name in judged_categories(found) if category_over_random(found, BEFORE, score, name)[0].low > 0]
        said.append(f"by {SCORES[score].title}: {', '.join(held) or 'none'}")
    return f"Category by category, an interval lies above 0 {'; '.join(said)}."


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
    titles = [
        title for score in JUDGED for title in (f"{SCORES[score].title}, {BEFORE}", *(f"+ {name}" for name in (BASE, AGAIN, OTHER, LABELS)))
    ]
    return CellTable(["category", "regions", *titles], rows)


def _removed_table(removed: Columns) -> CellTable:
    """The two networks side by side, a row per category and layer."""
    rows = []
    for before, after in _beside(removed):
        there = [_interval(row, "over_random") for row in (before, after)]
        rows.append([str(before["category"]), str(before["regions"]), str(before["layer"]), *there, _interval(after, "over_first")])
    return CellTable(["category", "regions", "layer", "fixed encoder", "trained encoder", "trained - fixed"], rows)


def _beside(removed: Columns) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """(fixed, trained) rows of one category and layer, where both were measured."""
    rows = sorted((dict(row) for row in removed.rows()), key=lambda row: (str(row["category"]), str(row["layer"])))  # stable: fixed first
    return [
        (one, other)
        for one, other in pairwise(rows)
        if (one["category"], one["layer"]) == (other["category"], other["layer"]) and None not in (one["over_random"], other["over_random"])
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
        rows.append(["CKA" if measure == "pictures_cka" else "RSA", *(f"{d.value:.3f} ({bounds(d.low, d.high)})" for d in told)])
    return CellTable(["similarity", *(f"{kind} - {minus}" if minus else kind for kind, minus in columns)], rows)


def _loss_table(found: Dissection, layers: Sequence[str]) -> CellTable:
    own = loss_kinds()
    rows = []
    for kind in own:
        if kind.endswith(" and seed"):
            continue
        told = [f"{d.value:.3f} ({bounds(d.low, d.high)})" for d in mean_change(found, own, kind, "", layers)]
        words = ["", ""]
        if kind in LOSSES:
            words = [_worded(mean_change(found, own, other, "seed", layers)) for other in (kind, with_seed(kind))]
        rows.append([f"kld / {kind}" if kind in LOSSES else kind, *told, *words])
    return CellTable(["losses", "1 - CKA", "1 - RSA", "more than a seed", "beyond a seed"], rows)


def _worded(differences: Sequence[Difference]) -> str:
    """Yes where all intervals lie above 0, no where all lie below, with the differences."""
    word = {"supported": "yes", "not supported": "no", "not decided": "not decided"}[Finding("", tuple(differences)).word]
    return f"{word} ({', '.join(f'{d.value:+.3f}' for d in differences)})"


def _compared() -> dict[str, str]:
    """What stands beside kld in the table of what units encode: title -> network."""
    seeds = {run.removeprefix(f"{BASE}, "): run for run in runs_of(BASE)[1:]}
    return {**seeds, **{loss: by_loss(loss) for loss in LOSSES}}


def _encoding_table(found: Dissection) -> CellTable:
    rows = []
    for category in judged_categories(found):
        row = [category, f"{summary_of(found, BASE, category, JUDGED[0])[1].top:.3f}"]
        for name in _compared().values():
            apart = models_apart(found, name, BASE, category, JUDGED[0])
            text = f"{apart.value:+.3f} ({bounds(apart.low, apart.high)})"
            row.append(f"{text} {'▲' if apart.low > 0 else '▼' if apart.high < 0 else ''}".strip())
        rows.append(row)
    return CellTable(["category", "kld", *_compared()], rows)


def _encoded_sentence(found: Dissection) -> str:
    """How many categories each loss moves, and another seed."""
    judged, said = judged_categories(found), []
    for title, name in _compared().items():
        apart = [models_apart(found, name, BASE, category, JUDGED[0]) for category in judged]
        mean = float(np.mean([abs(one.value) for one in apart])) if apart else float("nan")
        said.append(f"{title}: {sum(one.low > 0 or one.high < 0 for one in apart)} (mean |difference| {mean:.3f})")
    return f"Of {len(judged)} categories the intervals leave 0 out by network: {'; '.join(said)}."


def _facts(results: Results) -> list[str]:
    study, records = results.study, results.records
    first = next(iter(records.values()))
    return [
        f"- Command: `python tools/dissection_study.py --data {study.data.name}=PATH --other {study.other.name}=PATH --weights {study.weights} "
        f"--size {study.size[1]}x{study.size[0]} --epochs {study.epochs} --out WORK --displays DIR`; the page of one network is had by "
        "`salquest dissect`.",
        f"- Machine: {results.machine or first.device}; {', '.join(f'{name} {version}' for name, version in first.versions.items())}.",
        f"- Time of training: {sum(record.seconds for record in records.values()) / 60:.0f} minutes for {len(records)} runs.",
        f"- Seeds: 0, or what a row says; one network with random weights, by seed {results.regions.settings.seed}.",
        f"- Encoder before training: {first.network['encoder']['name']}, weights {study.weights}.",
    ]


def _interval(row: Mapping[str, Any], name: str) -> str:
    return f"{row[name]:+.3f} ({bounds(row[f'{name}_low'], row[f'{name}_high'])})"


def figures(results: Results) -> dict[str, bytes]:
    """Name of the file -> PNG."""
    layers = results.study.layers
    return {
        "change.png": _change_figure(results.changes, tuple(kinds()), layers),
        "losses.png": _change_figure(results.losses, (*LOSSES, "seed"), layers),
        "regions.png": _region_figure(results.regions, layers),
    }


def _change_figure(changes: Sequence[Change], names: Sequence[str], layers: Sequence[str]) -> bytes:
    """1 - similarity against depth, a line per kind with its interval; CKA and RSA side by side."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
    for axis, measure in zip(axes, SIMILARITIES, strict=True):
        for place, name in enumerate(names):
            own = {c.layer: c for c in changes if (c.measure, c.kind, c.minus) == (measure, name, "")}
            places, colour = np.arange(len(layers)), "0.5" if name == "seed" else f"C{place}"
            axis.plot(places, [own[layer].value for layer in layers], label=name, linewidth=1.2, color=colour)
            low, high = zip(*(own[layer].interval for layer in layers), strict=True)
            axis.fill_between(places, low, high, alpha=0.15, linewidth=0, color=colour)
        axis.set_title("CKA" if measure == "pictures_cka" else "RSA", fontsize=9)
        axis.set_xticks(places, [layer.removeprefix("features.") for layer in layers], fontsize=7)
        axis.set_xlabel("layer (features.N)", fontsize=8)
    axes[0].set_ylabel("1 - similarity", fontsize=8)
    axes[0].legend(fontsize=7, frameon=False)
    return _png(figure)


def _region_figure(found: Dissection, layers: Sequence[str]) -> bytes:
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
    figure.supxlabel("layer (features.N)", fontsize=8)
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
