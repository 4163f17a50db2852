"""From a dissection to its page: findings, tables, heat maps, best units, strongest pictures, drift, health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salquest.dissection.cells import category_cells, drift_cells, health_cells, split_cells
from salquest.dissection.change import Change
from salquest.dissection.drift import LayerDrift
from salquest.dissection.findings import TELLING, findings
from salquest.dissection.page_document import page_document
from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection
from salquest.dissection.tables import health_table, layer_table
from salquest.report import CellTable, LayerPanel, Score, Section, dissection_page, layer_figure
from salquest.runs import versions

# how far an interval of a similarity reaches, in its standard errors
ERRORS = 1.96
ABOUT = (
    "Two scores carry the findings. Relative NSS: how many standard deviations a unit's map is higher in a category's regions than in "
    "the other marked regions, read where people looked if that is known (0: it does not tell them apart). IoU: how far the places "
    "where a unit is strongest and the category's regions are the same area (1: the same). For each category the mean of the ten best "
    "units is told, in the layer where it is greatest when the ten are chosen on one half of the pictures and scored on the other."
)
EXPLAINED = {
    "unit": "one channel of a layer; its map says how strongly it answers at each place of a picture.",
    "region": "a part of a picture that people marked and named; a category is all regions of one name.",
    "relative NSS": "how many standard deviations a unit's map is higher in the category's regions than in all other marked regions, "
    "read where people looked if that is known. 0: it does not tell them apart.",
    "NSS at fixations, NSS over regions": "the same without taking off other regions: every region has contrast, so that networks with "
    "random weights score here, too.",
    "IoU": "the area where a unit is above its threshold and in the category, divided by the area where either holds. Few units reach 0.1.",
    "selectivity": "the chance that a region of the category has a greater mean answer than another region. 0.5: it does not tell them "
    "apart.",
    "ten best": "mean score of the ten units with the greatest scores. The best of many are high by chance, hence the controls.",
    "held out": "the ten best on one half of the pictures, scored on the other half: free of that chance.",
    "random weights": "the same network that has learnt nothing; what it reaches is due to pictures and architecture.",
    "permuted; other pictures": "the ten best when each unit's cells are shuffled, and when another picture's regions are laid on.",
    "outline": "where a unit is above its threshold, which the share of its activations named below lies above; specks are left out. A "
    "picture without one: nowhere above.",
}


def report_dissection(found: Dissection, request: Mapping[str, Any], changes: Sequence[Change] = ()) -> str:
    """The page, as HTML.

    Args:
        found: with its strongest pictures.
        request: what was asked, to be repeated.
        changes: split by what the networks differ in, where that was asked for.
    """
    rows = layer_table(found).rows()
    probe, names = found.probe, list(dict.fromkeys(layer.layer for layer in found.layers))
    controls = {layer.control for layer in found.layers} - {""}
    beside = "each beside the same network with random weights" if controls else "without networks with random weights beside them"
    gaze = f", {int((probe.table.fixations > 0).sum())} of which somebody looked into" if probe.has_fixations else ""
    scores = [score for score in TELLING if score in found.scores]
    return dissection_page(
        title=f"What units encode: {', '.join(found.models)}",
        introduction=(
            f"Do units of these networks answer to what people marked in pictures, and to more than a network that has learnt nothing? "
            f"{len(probe)} pictures of {probe.name} with {len(probe.table)} regions of {len(probe.table.categories)} categories{gaze}, "
            f"were shown to {', '.join(found.models)}, {beside}; {len(names)} layers of each were looked into."
        ),
        about=ABOUT,
        findings=findings(found, rows),
        tables=[
            Section(f"{name}, {SCORES[score].title}", cells=category_cells(found, name, score, rows))
            for score in scores
            for name in found.models
        ],
        explained=EXPLAINED,
        sections=[*_drift_sections(found), *_split_sections(changes), *_health_sections(found)],
        document=page_document(found, rows),
        facts={
            "pictures": f"{probe.name}: {len(probe)}",
            "regions": probe.annotations.name,
            "networks": "; ".join(dict.fromkeys(layer.model for layer in found.layers)),
            "layers": ", ".join(names),
            "threshold": f"a share {found.settings.quantile:g} of a unit's activations lies above it",
            "intervals": "95 %, pictures resampled for the ten units that are best on all; ± of a unit is its standard error over pictures",
            "request": "; ".join(f"{name} {_plain(value)}" for name, value in request.items() if value not in (None, "", [])),
            "versions": ", ".join(f"{name} {version}" for name, version in versions("salquest", "torch", "numpy").items()),
        },
    )


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _drift_sections(found: Dissection) -> list[Section]:
    if not found.drift:
        return []
    names = list(dict.fromkeys(layer.layer for layer in found.layers))
    panels = []
    for title, name, error, limits in (
        ("CKA of cells", "cells_cka", None, (-0.03, 1.03)),
        ("CKA of pictures", "pictures_cka", "pictures_cka_error", (-0.03, 1.03)),
        ("RSA of pictures", "rsa", "rsa_error", (-0.03, 1.03)),
        ("r of units of one number", "unit_correlation", None, (-0.13, 1.03)),
        ("|r| of units, best matched", "best_match", None, (-0.03, 1.03)),
        ("weights moved / their length", "weights_moved", None, (0.0, 1.05 * _farthest(found))),
    ):
        lines = {f"{a} / {b}": [_score(layers[layer], name, error) for layer in names] for (a, b), layers in found.drift.items()}
        panels.append(LayerPanel(title, lines, limits))
    text = (
        "Each layer of the first network beside the layer of the same name in the other, on the same pictures; 1 is the same (weights: "
        "0). CKA compares what all units together tell: of places (cells) or of whole pictures. RSA compares which pictures are alike to "
        "both. Bands: 95 %."
    )
    return [
        Section("Drift: where the networks differ", text, picture=layer_figure(panels, names)),
        Section("Drift in numbers", cells=drift_cells(found), folded=True),
    ]


def _split_sections(changes: Sequence[Change]) -> list[Section]:
    if not changes:
        return []
    names = list(dict.fromkeys(change.layer for change in changes))
    kinds = list(dict.fromkeys(change.kind for change in changes))
    panels = []
    for title, measure in (("1 - CKA of pictures", "pictures_cka"), ("1 - RSA of pictures", "rsa")):
        own = {(change.layer, change.kind): change for change in changes if change.measure == measure and not change.minus}
        panels.append(LayerPanel(title, {kind: [_change_score(own[name, kind]) for name in names] for kind in kinds}))
    text = (
        "How far apart networks are that differ in one thing, layer by layer; 0: no change. What lies no higher than another seed of the same "
        "training is moved by nothing that the thing itself did. Bands: 95 % over pictures."
    )
    return [
        Section("Change, by what the networks differ in", text, picture=layer_figure(panels, names)),
        Section("Change in numbers", cells=split_cells(changes), folded=True),
    ]


def _change_score(change: Change) -> Score | None:
    if change.value != change.value:
        return None
    low, high = change.interval
    return Score(change.value, change.value if low != low else low, change.value if high != high else high)


def _farthest(found: Dissection) -> float:
    moved = [one.weights_moved for layers in found.drift.values() for one in layers.values() if one.weights_moved == one.weights_moved]
    return max(moved, default=0.0) or 1.0


def _score(drift: LayerDrift, name: str, error: str | None) -> Score | None:
    value, half = getattr(drift, name), 0.0 if error is None else ERRORS * getattr(drift, error)
    if value != value:
        return None
    half = 0.0 if half != half else half
    return Score(value, value - half, value + half)


def _health_sections(found: Dissection) -> list[Section]:
    titles = ["units", "scored", "dead", "exploding", "sparse", "groups"]
    rows = [
        [str(row["model"]), str(row["layer"]), *(str(row[title]) for title in titles), f"{row['greatest']:.3g}"]
        for row in health_table(found).rows()
        if row["model"] in found.models
    ]
    caption = "Dead: one value everywhere. Sparse: at their lowest on almost all cells. Groups: near-duplicates counted once."
    return [
        Section("Health of the units", cells=health_cells(found)),
        Section("Health by layer", cells=CellTable(["network", "layer", *titles, "greatest activation"], rows, caption), folded=True),
    ]
