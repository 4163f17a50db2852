"""`salquest dissect`: what the units of networks encode, against annotated regions."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names
from salquest.cli.output import show
from salquest.dissection import (
    Settings,
    change_split,
    check_folder,
    read_annotations,
    write_dissection,
)
from salquest.dissection import dissect as dissect_models
from salquest.dissection.cells import category_cells, drift_cells, health_cells, split_cells
from salquest.dissection.study import Pairs
from salquest.dissection.writing import CACHE, PAGE, document
from salquest.errors import InputError
from salquest.runs import Columns, ProgressDisplay


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
    page: bool = True,
    parquet: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Look into networks: how each unit responds to annotated regions, before and after training, with controls beside it.

    Args:
        model: An encoder (mobilenet_v2, or mobilenet_v2@FILE with other weights), a run folder or a trained network; two or more are compared.
        out: The folder for dissection.html, units.csv, layers.csv, health.csv, drift.csv, split.csv, dissection.json and the cache.
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
        page: Also write dissection.html, where units and categories are browsed with their strongest pictures; --no-page saves a pass.
        parquet: Also write the tables as Parquet files (needs salquest[parquet]).
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
    if parquet:
        Columns({}).to_parquet()  # what is not installed is told before the work
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
            strongest=page,
            pairs=_measured(pairs, kinds, len(model)),
            cache=out / CACHE,
            device=device,
            progress=display.update,
        )
        named = {kind: [(found.models[first], found.models[second]) for first, second in chosen] for kind, chosen in kinds.items()}
        changes = change_split(found.drift, named) if named else []
        write_dissection(found, out, request, changes=changes, parquet=parquet)
    if json:
        print(json_text.dumps(document(found, changes), indent=1, ensure_ascii=False))
        return 0
    for score in ("relative_nss", "iou"):
        for name in found.models:
            show(category_cells(found, name, score).to_terminal())
    show(health_cells(found).to_terminal())
    if found.drift:
        show(drift_cells(found).to_terminal())
    if changes:
        show(split_cells(changes).to_terminal())
    print(f"{out / 'layers.csv'}: {len(found.probe)} pictures, {len(found.probe.table)} regions, {len(found.layers)} layers looked into")
    if page:
        print(f"{out / PAGE}: browse units and categories")
    return 0


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


def _size(text: str | None) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as (height, width)."""
    if text is None:
        return None
    width, sign, height = text.lower().partition("x")
    if not sign or not width.isdigit() or not height.isdigit():
        raise InputError(f"a size is WIDTHxHEIGHT in pixels, such as 320x240; found {text!r}")
    return int(height), int(width)
