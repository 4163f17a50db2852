"""What the page browses, as plain values: heat maps' cells, best layers, units with their scores, strongest pictures with outlines.

networks     [{name, control}]
layers       [name]
categories   [{name, regions, looked_into, pictures}]
scores       [{key, title, chance, threshold, counted, source}]
cells        [network][score][layer][category] -> values of CELL, as in `layer_table`
best         the same -> the ten best units
best_layers  [network][score][category] -> number of the layer, as in `best_layers`
units        [network][layer] -> {count, dead, exploding, shown, state, alike, low, high, threshold,
             scores, errors, pictures, peaks, outlines}
pictures     [{name, width, height, jpeg}]

Units are told by their numbers in `shown`; everything behind it has one entry per shown unit, scores and errors per score and category
before that. An outline is an SVG path on the picture at twice its size on the page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.cells import counted
from salquest.dissection.scores import SCORES
from salquest.dissection.strongest import Answer, Polygon
from salquest.dissection.study import Dissection, LayerResult
from salquest.dissection.tables import best_layers, unit_states
from salquest.report import jpeg_bytes, thumbnail
from salquest.runs import Cell

CELL = (
    "top_ten", "low", "high", "held_out", "distinct", "above", "above_distinct", "ceiling",
    "random", "over_random", "over_random_low", "over_random_high", "over_first", "over_first_low", "over_first_high",
    "permuted", "other_pictures",
)  # fmt: skip
# of a picture on the page, in pixels, and how many parts of a pixel an outline's corners are told in
WIDTH, HEIGHT, PARTS = 160, 160, 2
QUALITY = 60
# decimals of layers' and of units' numbers
CELL_DIGITS, UNIT_DIGITS = 4, 3
# near-duplicates that are named
ALIKE = 12


def page_document(found: Dissection, rows: Sequence[Mapping[str, Cell]]) -> dict[str, Any]:
    """See the head of this file.

    Args:
        found: with its strongest pictures.
        rows: of `layer_table`.
    """
    names = list(dict.fromkeys(layer.layer for layer in found.layers))
    of = {(row["model"], row["score"], row["layer"], row["category"]): row for row in rows}
    table = found.probe.table
    # one whole grid of cells per network and score
    grids = [[[[of[m, s, n, c] for c in table.categories] for n in names] for s in found.scores] for m in found.models]
    wanted = sorted({answer.picture for units in found.strongest.values() for answers in units.values() for answer in answers})
    place = {number: place for place, number in enumerate(wanted)}
    thumbs = {number: thumbnail(found.probe.stimuli[number].pixels(), WIDTH, HEIGHT) for number in wanted}
    scale = {number: PARTS * thumb.shape[1] / found.probe.stimuli[number].size[1] for number, thumb in thumbs.items()}
    return {
        "networks": [{"name": name, "control": found.layer(name, names[0]).control or None} for name in found.models],
        "layers": names,
        "categories": [
            {"name": name}
            | {key: of[found.models[0], found.scores[0], names[0], name][key] for key in ("regions", "looked_into", "pictures")}
            for name in table.categories
        ],
        "scores": [
            {
                "key": key,
                "title": SCORES[key].title,
                "chance": SCORES[key].chance,
                "threshold": SCORES[key].threshold,
                "counted": counted(found, key),
                "source": SCORES[key].source,
            }
            for key in found.scores
        ],
        "cells": [
            [[[[_short(row[key], CELL_DIGITS) for key in CELL] for row in line] for line in grid] for grid in score] for score in grids
        ],
        "best": [
            [[[[int(unit) for unit in str(row["best"]).split()] for row in line] for line in grid] for grid in score] for score in grids
        ],
        "best_layers": _best_layers(found, rows, names),
        "units": [[_units(found, found.layer(model, name), place, scale) for name in names] for model in found.models],
        "pictures": [
            {
                "name": found.probe.stimuli[number].key,
                "width": thumbs[number].shape[1],
                "height": thumbs[number].shape[0],
                "jpeg": base64.b64encode(jpeg_bytes(thumbs[number], quality=QUALITY)).decode(),
            }
            for number in wanted
        ],
    }


def _best_layers(found: Dissection, rows: Sequence[Mapping[str, Cell]], names: Sequence[str]) -> list[list[list[int]]]:
    by_score = [
        {(row["model"], row["category"]): names.index(row["layer"]) for row in best_layers(found, key, rows)} for key in found.scores
    ]
    return [[[layers[model, category] for category in found.probe.table.categories] for layers in by_score] for model in found.models]


def _units(found: Dissection, layer: LayerResult, place: Mapping[int, int], scale: Mapping[int, float]) -> dict[str, Any]:
    answers = found.strongest[layer.model, layer.layer]
    shown, units, states = list(answers), layer.statistics, unit_states(layer)
    members = [np.flatnonzero(layer.groups == layer.groups[unit]) for unit in shown]
    return {
        "count": len(units.mean),
        "dead": np.flatnonzero(units.dead).tolist(),
        "exploding": np.flatnonzero(units.exploding).tolist(),
        "shown": shown,
        "state": [states[unit] for unit in shown],
        "alike": [[int(one) for one in same if one != unit][:ALIKE] for unit, same in zip(shown, members, strict=True)],
        **{name: _numbers(getattr(units, name)[shown]) for name in ("low", "high", "threshold")},
        "scores": [[_numbers(values[shown], UNIT_DIGITS) for values in layer.values[key]] for key in found.scores],
        "errors": [[_numbers(values[shown], UNIT_DIGITS) for values in layer.errors[key]] for key in found.scores],
        "pictures": [[place[answer.picture] for answer in answers[unit]] for unit in shown],
        "peaks": [_numbers(np.array([answer.peak for answer in answers[unit]])) for unit in shown],
        "outlines": [[_path(answer, scale[answer.picture]) for answer in answers[unit]] for unit in shown],
    }


def _path(answer: Answer, scale: float) -> str:
    return "".join(_closed(polygon, scale) for polygon in answer.outline)


def _closed(polygon: Polygon, scale: float) -> str:
    """One polygon of pixels (centres at integers) as an SVG path of whole numbers: a start, and steps from corner to corner."""
    corners = np.rint((polygon + 0.5) * scale).astype(int)
    steps = np.diff(corners, axis=0)
    text = " ".join(f"{x} {y}" for x, y in steps[(steps != 0).any(axis=1)].tolist())
    return f"M{corners[0][0]} {corners[0][1]}l{text}z".replace(" -", "-") if text else f"M{corners[0][0]} {corners[0][1]}h1v1h-1z"


def _numbers(values: NDArray, digits: int = CELL_DIGITS) -> list[Cell]:
    return [_short(value, digits) for value in values.tolist()]


def _short(value: Cell, digits: int) -> Cell:
    """A number with as many digits as a reader can use; what is none is null."""
    if not isinstance(value, float):
        return value
    return None if not np.isfinite(value) else round(value, digits) if abs(value) < 10 else float(f"{value:.{digits + 1}g}")
