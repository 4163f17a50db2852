"""`salquest dissect`: what the units of networks encode, against annotated regions."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names
from salquest.cli.output import show
from salquest.dissection import (
    Settings,
    check_folder,
    read_annotations,
    write_dissection,
)
from salquest.dissection import dissect as dissect_models
from salquest.dissection.cells import category_cells, drift_cells, health_cells
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
        out: The folder for dissection.html, units.csv, layers.csv, health.csv, drift.csv, dissection.json and the cache.
        data: NAME=PATH of the pictures with their gaze; may be left out where the regions bring their pictures (search displays).
        regions: "own" for those of the data set; or OSIE's attrs.mat, OSIE-SR, COCO's instances, a table of boxes, a folder of masks, displays.
        layers: Comma-separated names of layers; all stages of the encoder where it is not given.
        categories: Comma-separated names; all where it is not given.
        pictures: Only so many pictures, drawn with the seed.
        size: WIDTHxHEIGHT at which pictures enter the networks; that of the first trained network, else the pictures' own.
        quantile: Share of a unit's activations above its threshold, for the IoU.
        centred: Units stand where their receptive fields are centred; --no-centred spreads them evenly, as papers do that resize maps.
        control: Look into the same networks with random weights, too.
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
        "seed": seed,
    }
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
            cache=out / CACHE,
            device=device,
            progress=display.update,
        )
        write_dissection(found, out, request, parquet=parquet)
    if json:
        print(json_text.dumps(document(found), indent=1, ensure_ascii=False))
        return 0
    for score in ("relative_nss", "iou"):
        for name in found.models:
            show(category_cells(found, name, score).to_terminal())
    show(health_cells(found).to_terminal())
    if found.drift:
        show(drift_cells(found).to_terminal())
    print(f"{out / 'layers.csv'}: {len(found.probe)} pictures, {len(found.probe.table)} regions, {len(found.layers)} layers looked into")
    if page:
        print(f"{out / PAGE}: browse units and categories")
    return 0


def _size(text: str | None) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as (height, width)."""
    if text is None:
        return None
    width, sign, height = text.lower().partition("x")
    if not sign or not width.isdigit() or not height.isdigit():
        raise InputError(f"a size is WIDTHxHEIGHT in pixels, such as 320x240; found {text!r}")
    return int(height), int(width)
