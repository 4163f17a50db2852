"""What was found as tables: one row per layer, category and score; per unit and category; per layer's health; per layer's drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from salquest.dissection.likeness import COPY
from salquest.dissection.responses import VERSIONS
from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection, LayerResult
from salquest.dissection.summary import LayerSummary, interval_of
from salquest.runs import Cell, Columns

# numbers of a `LayerDrift` as drift.csv has them
DRIFT = (
    "cells_cka",
    "pictures_cka",
    "pictures_cka_error",
    "rsa",
    "rsa_error",
    "unit_correlation",
    "best_match",
    "weights_moved",
)


def layer_table(found: Dissection) -> Columns:
    """One row per network, layer, category and score, its controls beside it.

    Columns: `regions`, `pictures` and `looked_into` (regions with a fixation) say how much the row rests on; `top_ten` with `low` and `high`
    (95 % over pictures), `distinct`, `held_out`, `above`, `above_distinct` as in `LayerSummary`; `permuted`, `other_pictures` and `random`
    are the ten best of the controls, `permuted_high` what 95 % of permutations stay below; `over_random` and `over_first` are the differences
    to the network with random weights and to the first network that was named, with 95 % over the same resampled pictures;
    `copies` says how many of the ten best are copies of the network's final map (see `likeness`), which score as the map does;
    `ceiling` is the greatest IoU that a unit can have when a share `quantile` of its cells is above the threshold; `best` names the units.
    """
    rows = []
    for layer in found.layers:
        control = found.layer(layer.control, layer.layer) if layer.control else None
        first = found.layer(found.models[0], layer.layer) if layer.model in found.models[1:] else None
        for score in found.scores:
            for number, category in enumerate(found.probe.table.categories):
                own, permuted, other = (layer.summaries[score, number, version] for version in VERSIONS)
                row: dict[str, Cell] = {"model": layer.model, "layer": layer.layer, "category": category, "score": score}
                row |= _basis(found, number)
                low, high = own.interval
                row |= {"top_ten": own.top, "low": low, "high": high, "distinct": own.distinct, "held_out": own.held_out}
                row |= {"threshold": SCORES[score].threshold, "above": own.above, "above_distinct": own.above_distinct}
                row |= {"permuted": permuted.top, "permuted_high": layer.chance[score, number], "other_pictures": other.top}
                row["random"] = None if control is None else control.summaries[score, number, "own"].top
                row |= _over("random", own, None if control is None else control.summaries[score, number, "own"])
                row |= _over("first", own, None if first is None else first.summaries[score, number, "own"])
                share, quantile = float(layer.shares[number]), found.settings.quantile
                row["ceiling"] = min(share / quantile, quantile / share) if score == "iou" and share > 0 else None
                row["copies"] = None if layer.likeness is None else int((layer.likeness[own.best] > COPY).sum())
                row["best"] = " ".join(map(str, own.best))
                rows.append({name: _cell(value) for name, value in row.items()})
    return Columns.of_rows(rows)


def unit_table(found: Dissection) -> Columns:
    """One row per network, layer, unit and category: its scores, each with its standard error over pictures, its state, and its mean r with the
    network's final map (none of a bare encoder).
    """
    columns: dict[str, list[Cell]] = {}
    for layer in found.layers:
        states = unit_states(layer)
        for number, category in enumerate(found.probe.table.categories):
            units = len(states)
            block: dict[str, list[Cell]] = {
                "model": [layer.model] * units,
                "layer": [layer.layer] * units,
                "unit": list(range(units)),
                "state": list(states),
                "group": layer.groups.tolist(),
                "final_map_correlation": [None] * units if layer.likeness is None else [_cell(value) for value in layer.likeness.tolist()],
                "category": [category] * units,
            }
            for score in found.scores:
                block[score] = [_cell(value) for value in layer.values[score][number].tolist()]
                block[f"{score}_error"] = [_cell(value) for value in layer.errors[score][number].tolist()]
            for name, cells in block.items():
                columns.setdefault(name, []).extend(cells)
    return Columns(columns)


def health_table(found: Dissection) -> Columns:
    """One row per network and layer: how many units are alive, and how large they are."""
    rows: list[dict[str, Cell]] = []
    for layer in found.layers:
        units = layer.statistics
        rows.append(
            {
                "model": layer.model,
                "layer": layer.layer,
                "units": len(units.mean),
                "scored": int(units.scored.sum()),
                "dead": int(units.dead.sum()),
                "exploding": int(units.exploding.sum()),
                "sparse": int(units.sparse.sum()),
                "groups": len(np.unique(layer.groups)),
                "median_deviation": float(np.median(units.deviation)),
                "greatest": float(np.abs(np.stack([units.low, units.high])).max()),
            }
        )
    return Columns.of_rows(rows)


def drift_table(found: Dissection) -> Columns:
    """One row per pair of networks and layer, as in `LayerDrift`."""
    return Columns.of_rows(
        [
            {"first": first, "second": second, "layer": layer, **{name: _cell(getattr(one, name)) for name in DRIFT}}
            for (first, second), layers in found.drift.items()
            for layer, one in layers.items()
        ]
    )


def best_layers(found: Dissection, score: str, rows: Sequence[Mapping[str, Cell]] | None = None) -> list[dict[str, Any]]:
    """Per category and network the row of `layer_table` whose `held_out` is greatest: the layer that codes the category best.

    Args:
        found: the dissection.
        score: a name in SCORES.
        rows: of `layer_table`, where they are at hand.
    """
    best: dict[tuple[Any, Any], dict[str, Any]] = {}
    for one in layer_table(found).rows() if rows is None else rows:
        row = dict(one)
        if row["score"] != score or row["model"] not in found.models:
            continue
        key = (row["category"], row["model"])
        if key not in best or _height(row) > _height(best[key]):
            best[key] = row
    order = {category: number for number, category in enumerate(found.probe.table.categories)}
    return sorted(best.values(), key=lambda row: order[row["category"]])


def _height(row: dict[str, Any]) -> float:
    return -np.inf if row["held_out"] is None else float(row["held_out"])


def _basis(found: Dissection, category: int) -> dict[str, Cell]:
    holds = found.probe.table.holds[:, category]
    return {
        "regions": int(holds.sum()),
        "looked_into": int((found.probe.table.fixations[holds] > 0).sum()),
        "pictures": len(np.unique(found.probe.table.picture[holds])),
    }


def _over(what: str, own: LayerSummary, other: LayerSummary | None) -> dict[str, Cell]:
    names = f"over_{what}", f"over_{what}_low", f"over_{what}_high"
    if other is None:
        return dict.fromkeys(names)
    return dict(zip(names, (own.top - other.top, *interval_of(own.draws - other.draws)), strict=True))


def unit_states(layer: LayerResult) -> list[str]:
    """Of each unit: live, sparse, dead or exploding."""
    units = layer.statistics
    states = np.where(units.sparse, "sparse", "live").astype("<U9")
    states[units.dead], states[units.exploding] = "dead", "exploding"
    return states.tolist()


def _cell(value: Cell) -> Cell:
    """A number for a file: what cannot be said is an empty cell."""
    return None if isinstance(value, float) and value != value else value
