"""`salquest ablate`: what a network's map loses where people looked when units are removed."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names
from salquest.cli.output import show
from salquest.dissection import Settings, ablate_units, check_folder, read_annotations, remove_best
from salquest.dissection.ablation import ALL, BATCH, Replacement
from salquest.dissection.importance import SETS
from salquest.dissection.summary import TOP
from salquest.dissection.writing import CACHE, REQUEST
from salquest.errors import InputError
from salquest.report import CellTable
from salquest.runs import Columns, ProgressDisplay, write_json

SHOWN = 10


def ablate(
    *,
    model: Annotated[list[str], Parameter(negative=())],
    out: Path,
    data: str | None = None,
    regions: str = "own",
    layers: str = "",
    units: str = "best",
    score: str = "relative_nss",
    top: int = TOP,
    sets: int = SETS,
    replacement: Replacement = "mean",
    categories: str = "",
    pictures: int | None = None,
    seed: int = 0,
    batch: int = BATCH,
    device: str = "cpu",
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Remove units of trained networks and measure what their maps lose, overall and inside each category of regions.

    Args:
        model: A run folder or a trained network; of two, the one before training first, the second one's losses are compared with the first's.
        out: The folder for ablation.csv, request.json and the cache.
        data: NAME=PATH of the pictures with their gaze.
        regions: As for `salquest dissect`: "own" for those of the data set, or a file or folder of them.
        layers: Comma-separated names of layers; the deepest stage of the encoder where it is not given.
        units: best removes the best units of each category together, against as many drawn at random; all, or comma-separated numbers, remove
            units one by one.
        score: By which units are best, a score of `salquest dissect`.
        top: How many of the best are removed together.
        sets: How many sets are drawn at random beside them.
        replacement: What a removed unit is set to: its mean over all pictures, or zero.
        categories: Comma-separated names; all where it is not given.
        pictures: Only so many pictures, drawn with the seed.
        seed: Of that, of the random sets and of the intervals.
        batch: Variants of a picture that go through a network at a time.
        device: Where networks run.
        force: Write into a folder that another request filled.
        json: Print the rows as JSON instead of a table.
    """
    one_by_one = None if units == "best" else () if units == "all" else _units(units)
    if one_by_one is not None and (len(model) > 1 or len(names(layers)) != 1):
        raise InputError(f"units are removed one by one from one layer of one network; found {len(model)} networks and layers {layers!r}")
    chosen = None if data is None else data_set(data)
    annotations = read_annotations(regions, chosen)
    request: dict[str, Any] = {
        "models": model,
        "data": data,
        "regions": regions,
        "layers": layers,
        "units": units,
        "score": score,
        "top": top,
        "sets": sets,
        "replacement": replacement,
        "categories": categories,
        "pictures": pictures,
        "seed": seed,
    }
    if not force:
        check_folder(out, request, "ablate")
    with ProgressDisplay() as display:
        asked: dict[str, Any] = {
            "replacement": replacement,
            "categories": names(categories),
            "limit": pictures,
            "settings": Settings(seed=seed),
            "batch": batch,
            "cache": out / CACHE,
            "device": device,
            "progress": display.update,
        }
        if one_by_one is None:
            table = remove_best(model, annotations, chosen, layers=names(layers), score=score, top=top, sets=sets, **asked).table()
        else:
            table = ablate_units(model[0], annotations, chosen, layer=layers.strip(), units=one_by_one, **asked).table()
        write_json(out / REQUEST, request)
        table.save(out / "ablation.csv")
    if json:
        print(json_text.dumps(table.rows(), indent=1, ensure_ascii=False))
        return 0
    show((_best_table(table, top, replacement) if one_by_one is None else _unit_table(table, replacement)).to_terminal())
    print(f"{out / 'ablation.csv'}: {table.height} rows")
    return 0


def _best_table(table: Columns, top: int, replacement: str) -> CellTable:
    titles = ["network", "layer", "category", "regions", "NSS", "drop", "random", "over random"]
    compared = any(row["over_first"] is not None for row in table.rows())
    rows = [
        [
            *(str(row[key]) for key in ("model", "layer", "category", "regions")),
            _number(row["nss"]),
            _number(row["drop"]),
            _number(row["random"]),
            _with_interval(row, "over_random"),
            *([_with_interval(row, "over_first")] if compared else []),
        ]
        for row in table.rows()
    ]
    return CellTable(
        [*titles, "over first"] if compared else titles,
        rows,
        f"Drop of NSS inside each category's regions when its {top} best units are set to {_set_to(replacement)}, chosen on one half of the "
        f"pictures and removed on the other; random: {top} units of the layer drawn at random, the mean of the draws; "
        "over random: the difference, with 95 % over pictures and draws."
        + (" Over first: how much greater that is than in the first network." if compared else ""),
    )


def _unit_table(table: Columns, replacement: str) -> CellTable:
    """Of all units those whose removal costs most, per category."""
    rows = []
    for category in dict.fromkeys(str(row["category"]) for row in table.rows()):
        told = [row for row in table.rows() if row["category"] == category and row["drop"] is not None]
        rows += [
            [category, str(row["unit"]), _number(row["nss"]), _with_interval(row, "drop")]
            for row in sorted(told, key=lambda row: -float(row["drop"] or 0))[:SHOWN]
        ]
    return CellTable(
        ["category", "unit", "NSS", "drop"],
        rows,
        f"Drop of NSS when one unit is set to {_set_to(replacement)}: up to {SHOWN} units per category whose removal costs most "
        f"({ALL}: all fixations).",
    )


def _set_to(replacement: str) -> str:
    return "their mean over all pictures" if replacement == "mean" else "zero"


def _with_interval(row: dict[str, Any], name: str) -> str:
    low, high = ("low", "high") if name == "drop" else (f"{name}_low", f"{name}_high")
    return "-" if row[low] is None else f"{_number(row[name])} ({row[low]:.2f}..{row[high]:.2f})"


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"


def _units(text: str) -> tuple[int, ...]:
    if not all(part.isdigit() for part in names(text)) or not names(text):
        raise InputError(f"--units takes best, all, or comma-separated numbers; found {text!r}")
    return tuple(int(part) for part in names(text))
