"""`salquest dissect`: what the units of networks encode, against annotated regions."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names
from salquest.cli.output import show
from salquest.dissection import (
    SCORES,
    Change,
    Dissection,
    Settings,
    best_layers,
    change_split,
    check_folder,
    drift_table,
    health_table,
    read_annotations,
    split_table,
    write_dissection,
)
from salquest.dissection import dissect as dissect_models
from salquest.dissection.study import Pairs
from salquest.dissection.writing import CACHE, SPLIT, document
from salquest.errors import InputError
from salquest.report import CellTable
from salquest.runs import ProgressDisplay


def dissect(
    *,
    model: Annotated[list[str], Parameter(negative=())],
    out: Path,
    data: str | None = None,
    regions: str = "own",
    layers: str = "",
    categories: str = "",
    pictures: int | None = None,
    size: str | None = None,
    quantile: float = 0.005,
    centred: bool = True,
    control: bool = True,
    pairs: Literal["first", "all"] = "first",
    change: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    seed: int = 0,
    device: str = "cpu",
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Look into networks: how each unit responds to annotated regions, before and after training, with controls beside it.

    Args:
        model: An encoder (mobilenet_v2, or mobilenet_v2@FILE with other weights), a run folder or a trained network; two or more are compared.
        out: The folder for units.csv, layers.csv, health.csv, drift.csv, split.csv, dissection.json and the cache.
        data: NAME=PATH of the pictures with their gaze; may be left out where the regions bring their pictures (search displays).
        regions: "own" for those of the data set; or OSIE's attrs.mat, OSIE-SR, COCO's instances, a table of boxes, a folder of masks, displays.
        layers: Comma-separated names of layers; all stages of the encoder where it is not given.
        categories: Comma-separated names; all where it is not given.
        pictures: Only so many pictures, drawn with the seed.
        size: WIDTHxHEIGHT at which pictures enter the networks; that of the first trained network, else the pictures' own.
        quantile: Share of a unit's activations above its threshold, for the IoU.
        centred: Units stand where their receptive fields are centred; --no-centred spreads them evenly, as papers do that resize maps.
        control: Look into the same networks with random weights, too.
        pairs: Which networks' layers are compared: the first with each other one, or all; N networks look at every picture N more times, or
            N (N + 1) / 2 - 1 times.
        change: KIND=I,J: the I-th and the J-th --model (from 1) differ in KIND, such as task=2,4 domain=2,3 seed=2,5; again for further pairs and
            kinds. How much goes with each kind, and with one more than with another, is shown and written to split.csv.
        seed: Of the controls and the intervals.
        device: Where networks run.
        force: Write into a folder that another request filled.
        json: Print one JSON document instead of tables.
    """
    settings = Settings(size=_size(size), quantile=quantile, centred=centred, seed=seed)
    chosen = None if data is None else data_set(data)
    annotations = read_annotations(regions, chosen)
    request = {
        "models": model,
        "data": data,
        "regions": regions,
        "layers": layers,
        "categories": categories,
        "pictures": pictures,
        "size": size,
        "quantile": quantile,
        "centred": centred,
        "control": control,
        "pairs": pairs,
        "change": change,
        "seed": seed,
    }
    kinds = _kinds(change, len(model))
    if not force:
        check_folder(out, request)
    with ProgressDisplay() as display:
        found = dissect_models(
            model,
            annotations,
            chosen,
            layers=names(layers),
            categories=names(categories),
            limit=pictures,
            settings=settings,
            control=control,
            pairs=_measured(pairs, kinds, len(model)),
            cache=out / CACHE,
            device=device,
            progress=display.update,
        )
        write_dissection(found, out, request)
    named = {kind: [(found.models[first], found.models[second]) for first, second in chosen] for kind, chosen in kinds.items()}
    split = change_split(found.drift, named) if named else []
    if split:
        split_table(split).save(out / SPLIT)
    if json:
        print(json_text.dumps(document(found), indent=1, ensure_ascii=False))
        return 0
    for score in ("relative_nss", "iou"):
        for name in found.models:
            show(_category_table(found, name, score).to_terminal())
    show(_health(found).to_terminal())
    if found.drift:
        show(_drift(found).to_terminal())
    if split:
        show(_split(split).to_terminal())
    print(f"{out / 'layers.csv'}: {len(found.probe)} pictures, {len(found.probe.table)} regions, {len(found.layers)} layers looked into")
    return 0


def _category_table(found: Dissection, name: str, score: str) -> CellTable:
    titles = ["category", "regions", "layer", "top ten", "95 %", "held out", "random", "other", "permuted", "over random"]
    is_first = name == found.models[0]
    rows = [
        [
            row["category"],
            str(row["looked_into"] if found.probe.has_fixations and score != "iou" else row["regions"]),
            row["layer"],
            _number(row["top_ten"]),
            _interval(row, ""),
            *(_number(row[key]) for key in ("held_out", "random", "other_pictures", "permuted")),
            _interval(row, "over_random_"),
            *([] if is_first else [_interval(row, "over_first_")]),
        ]
        for row in best_layers(found, score)
        if row["model"] == name
    ]
    card = SCORES[score]
    return CellTable(
        titles if is_first else [*titles, "over first"],
        rows,
        f"{name}, {card.title} ({card.source}): mean of the ten best units of the layer where the held-out mean is greatest. Held out: chosen on one "
        "half of the pictures, scored on the other. The ten best of controls: random weights; other pictures' regions; permuted cells. "
        f"Over random{'' if is_first else f', over first ({found.models[0]})'}: 95 % interval of the difference.",
    )


def _interval(row: dict[str, Any], which: str) -> str:
    low, high = row[f"{which}low"], row[f"{which}high"]
    return "-" if low is None else f"{_number(low)}..{_number(high)}"


def _health(found: Dissection) -> CellTable:
    rows = []
    for model in dict.fromkeys(layer.model for layer in found.layers):
        own: list[dict[str, Any]] = [row for row in health_table(found).rows() if row["model"] == model]
        counts = [str(sum(row[name] for row in own)) for name in ("units", "dead", "exploding", "sparse", "groups")]
        rows.append([model, str(len(own)), *counts, f"{max(row['greatest'] for row in own):.3g}"])
    titles = ["network", "layers", "units", "dead", "exploding", "sparse", "distinct", "greatest activation"]
    return CellTable(
        titles, rows, "Dead and exploding units are counted, not scored; distinct: groups of units whose maps correlate above 0.9."
    )


def _drift(found: Dissection) -> CellTable:
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


def _split(changes: Sequence[Change]) -> CellTable:
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


def _kinds(words: Sequence[str], models: int) -> dict[str, list[tuple[int, int]]]:
    """KIND=I,J words as kind -> pairs of numbers, from 0, the smaller first."""
    found: dict[str, list[tuple[int, int]]] = {}
    for word in words:
        kind, _, numbers = word.partition("=")
        pair = [int(number) - 1 for number in numbers.split(",") if number.strip().isdigit()]
        if not kind or len(pair) != 2 or numbers.count(",") != 1 or not 0 <= min(pair) < max(pair) < models:
            raise InputError(
                f"--change takes KIND=I,J with two of the numbers 1..{models} of the networks, such as task=1,2; found {word!r}"
            )
        found.setdefault(kind, []).append((min(pair), max(pair)))
    return found


def _measured(pairs: Literal["first", "all"], kinds: Mapping[str, Sequence[tuple[int, int]]], models: int) -> Pairs:
    """The pairs that were asked for, and those that a split of change needs."""
    if pairs == "all" or not kinds:
        return pairs
    return [*((0, other) for other in range(1, models)), *(pair for chosen in kinds.values() for pair in chosen)]


def _rows(found: Dissection) -> list[dict[str, Any]]:
    return [dict(row) for row in drift_table(found).rows()]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _size(text: str | None) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as (height, width)."""
    if text is None:
        return None
    width, sign, height = text.lower().partition("x")
    if not sign or not width.isdigit() or not height.isdigit():
        raise InputError(f"a size is WIDTHxHEIGHT in pixels, such as 320x240; found {text!r}")
    return int(height), int(width)
