"""What was found in tables for people: the best layer of each category with its controls, health of the units, drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from salquest.dissection.change import Change
from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection
from salquest.dissection.tables import best_layers, drift_table, health_table
from salquest.report import CellTable
from salquest.runs import Cell


def counted(found: Dissection, score: str) -> Literal["looked_into", "regions"]:
    """Which column of `layer_table` says on how many regions a score rests: read at fixations, on those that somebody looked into."""
    at_fixations = SCORES[score].needs_fixations or score == "relative_nss"
    return "looked_into" if found.probe.has_fixations and at_fixations else "regions"


def category_cells(found: Dissection, name: str, score: str, rows: Sequence[Mapping[str, Cell]] | None = None) -> CellTable:
    """One network by one score: a row per category, for the layer that codes it best, with its controls; `rows` as in `best_layers`."""
    titles = ["category", "regions", "layer", "top ten", "95 %", "held out", "random", "other", "permuted", "over random"]
    is_first = name == found.models[0]
    lines = [
        [
            row["category"],
            str(row[counted(found, score)]),
            row["layer"],
            _number(row["top_ten"]),
            _interval(row, ""),
            *(_number(row[key]) for key in ("held_out", "random", "other_pictures", "permuted")),
            _interval(row, "over_random_"),
            *([] if is_first else [_interval(row, "over_first_")]),
        ]
        for row in best_layers(found, score, rows)
        if row["model"] == name
    ]
    card = SCORES[score]
    return CellTable(
        titles if is_first else [*titles, "over first"],
        lines,
        f"{name}, {card.title} ({card.source}): mean of the ten best units of the layer where the held-out mean is greatest. Held out: chosen on one "
        "half of the pictures, scored on the other. The ten best of controls: random weights; other pictures' regions; permuted cells. "
        f"Over random{'' if is_first else f', over first ({found.models[0]})'}: 95 % interval of the difference.",
    )


def _interval(row: dict[str, Any], which: str) -> str:
    low, high = row[f"{which}low"], row[f"{which}high"]
    return "-" if low is None else f"{_number(low)}..{_number(high)}"


def health_cells(found: Dissection) -> CellTable:
    """A row per network: how many units are alive, over all layers."""
    rows = []
    for model in dict.fromkeys(layer.model for layer in found.layers):
        own: list[dict[str, Any]] = [row for row in health_table(found).rows() if row["model"] == model]
        counts = [str(sum(row[name] for row in own)) for name in ("units", "dead", "exploding", "sparse", "groups")]
        rows.append([model, str(len(own)), *counts, f"{max(row['greatest'] for row in own):.3g}"])
    titles = ["network", "layers", "units", "dead", "exploding", "sparse", "distinct", "greatest activation"]
    return CellTable(
        titles, rows, "Dead and exploding units are counted, not scored; distinct: groups of units whose maps correlate above 0.9."
    )


def drift_cells(found: Dissection) -> CellTable:
    """A row per pair of networks and layer: how alike they are."""
    titles = ["layer", "networks", "CKA of cells", "CKA of pictures", "RSA", "unit r", "best match", "weights moved"]
    rows = [
        [
            row["layer"],
            f"{row['first']} / {row['second']}",
            _number(row["cells_cka"]),
            f"{_number(row['pictures_cka'])} ± {_number(row['pictures_cka_error'])}",
            f"{_number(row['rsa'])} ± {_number(row['rsa_error'])}",
            *(_number(row[name]) for name in ("unit_correlation", "best_match", "weights_moved")),
        ]
        for row in _rows(found)
    ]
    return CellTable(titles, rows, "How alike the layers are; 1 is the same. ± is the standard error over pictures.")


def split_cells(changes: Sequence[Change]) -> CellTable:
    """Layers against kinds of change, and one kind less another, by the similarities of pictures' means, which have intervals."""
    shown = [change for change in changes if change.measure in ("pictures_cka", "rsa")]
    columns = list(dict.fromkeys((change.kind, change.minus) for change in shown))
    rows = []
    for measure in ("pictures_cka", "rsa"):
        for layer in dict.fromkeys(change.layer for change in shown):
            own = {(c.kind, c.minus): c for c in shown if (c.measure, c.layer) == (measure, layer)}
            rows.append(
                [layer, measure, *(f"{own[column].value:.3f} ({'..'.join(map(_number, own[column].interval))})" for column in columns)]
            )
    titles = ["layer", "similarity", *(f"{kind} - {minus}" if minus else kind for kind, minus in columns)]
    return CellTable(
        titles,
        rows,
        "1 - similarity of the networks that differ in each kind, and one kind's less another's, with 95 % over pictures (random halves).",
    )


def _rows(found: Dissection) -> list[dict[str, Any]]:
    return [dict(row) for row in drift_table(found).rows()]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
