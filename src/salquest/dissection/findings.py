"""What came out of a dissection in plain sentences, each with its control, its interval and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from salquest.dissection.cells import counted
from salquest.dissection.drift import LayerDrift
from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection
from salquest.dissection.tables import best_layers, health_table
from salquest.runs import Cell

# the scores that sentences are about: random networks reach as much as trained ones on the others (docs/decisions/0014)
TELLING = ("relative_nss", "iou")
# regions of a category below which the ten best of many units say little
FEW = 30
NAMED = 4

Rows = Sequence[Mapping[str, Cell]]


def findings(found: Dissection, rows: Rows) -> list[tuple[str, str]]:
    """Sentences for the head of the page, each behind the words that say what it is about.

    Args:
        found: the dissection.
        rows: of `layer_table`.
    """
    said = []
    for score in TELLING:
        best = best_layers(found, score, rows)
        for model in found.models:
            own = [row for row in best if row["model"] == model]
            title = SCORES[score].title
            said.append((f"{model}, {title}:", _over_random(score, own)))
            if model != found.models[0]:
                said.append((f"{model} against {found.models[0]}, {title}:", _over_first(model, own)))
    said += [(f"{first} against {second}, drift:", _drifted(layers)) for (first, second), layers in found.drift.items()]
    said.append(("Few regions:", _rare(found, rows)))
    said.append(("Health:", _unhealthy(found)))
    return [(subject, sentence) for subject, sentence in said if sentence]


def _over_random(score: str, rows: Sequence[dict[str, Any]]) -> str:
    if all(row["random"] is None for row in rows):
        return "not compared with random weights, so nothing can be said about what training brought."
    over = sorted((row for row in rows if _above(row, "over_random")), key=lambda row: -row["over_random"])
    if not over:
        return f"for none of {len(rows)} categories do the ten best units score higher than with random weights."
    told = "; ".join(
        f"{row['category']} {_number(row['top_ten'], score)} against {_number(row['random'], score)} ({row['layer']})"
        for row in over[:NAMED]
    )
    rest = f"; and {_listed([row['category'] for row in over[NAMED:]])}" if len(over) > NAMED else ""
    return f"for {len(over)} of {len(rows)} categories the ten best units score higher than with random weights: {told}{rest}."


def _over_first(model: str, rows: Sequence[dict[str, Any]]) -> str:
    more = [row["category"] for row in rows if _above(row, "over_first")]
    less = [row["category"] for row in rows if row["over_first_high"] is not None and row["over_first_high"] < 0]
    unsure = len(rows) - len(more) - len(less)
    told = f"in the best layer of {model} higher for {_listed(more)}; lower for {_listed(less)}"
    return f"{told}; for {unsure} of {len(rows)} the pictures cannot tell."


def _drifted(layers: Mapping[str, LayerDrift]) -> str:
    there = {name: one.cells_cka for name, one in layers.items() if not np.isnan(one.cells_cka)}
    if not there:
        return ""
    most, least = min(there, key=there.__getitem__), max(there, key=there.__getitem__)
    alike = np.array([one.unit_correlation for one in layers.values()])
    same = float(np.mean(alike[~np.isnan(alike)])) if (~np.isnan(alike)).any() else np.nan
    numbers = (
        ""
        if np.isnan(same)
        else f" Units of one number correlate by {same:.2f} in the mean"
        + (
            ", so that a unit can be followed from one network to the other."
            if same > 0.5
            else ": unit 5 of one is not unit 5 of the other."
        )
    )
    return f"most in {most} (CKA of cells {there[most]:.2f}, 1 is the same), least in {least} ({there[least]:.2f}).{numbers}"


def _rare(found: Dissection, rows: Rows) -> str:
    basis = counted(found, TELLING[0])
    few = {str(row["category"]): row[basis] for row in rows if isinstance(count := row[basis], int) and count < FEW}
    if not few:
        return ""
    named = _listed([f"{name} ({count})" for name, count in few.items()], len(few))
    return f"{named} have fewer than {FEW}; the best of many units on so few are high by chance."


def _unhealthy(found: Dissection) -> str:
    told = []
    for model in found.models:
        own: list[dict[str, Any]] = [row for row in health_table(found).rows() if row["model"] == model]
        total = sum(row["units"] for row in own)
        told.append(f"{model} {sum(row['dead'] for row in own)} dead and {sum(row['exploding'] for row in own)} exploding of {total}")
    return f"units that cannot be scored: {'; '.join(told)}."


def _above(row: Mapping[str, Any], what: str) -> bool:
    return row[f"{what}_low"] is not None and row[f"{what}_low"] > 0


def _listed(names: Sequence[Any], most: int = 8) -> str:
    shown = [str(name) for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} others" if len(names) > most else "") if shown else "none"


def _number(value: float | None, score: str) -> str:
    return "–" if value is None else f"{value:.3f}" if score == "iou" else f"{value:.2f}"
