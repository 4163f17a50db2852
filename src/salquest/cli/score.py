"""`salquest score`: maps or models against where people looked."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names
from salquest.cli.output import show
from salquest.datasets import divide
from salquest.errors import InputError
from salquest.evaluation import DEFAULT_METRICS, Scores, evaluate
from salquest.gaze import SaliencyMap
from salquest.metrics import METRICS
from salquest.metrics.conventions import convention_named
from salquest.models import MapsFolder, Model, load_model
from salquest.report import ColumnSpec, Gallery, Row, Score, ScoreTable, overlay, score_figure, score_page
from salquest.runs import Columns, ProgressDisplay, write_text


def score(
    *,
    data: Annotated[str, Parameter(help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA.")],
    maps: Annotated[list[Path], Parameter(negative=())] = [],  # noqa: B006
    model: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    metrics: str = ",".join(DEFAULT_METRICS),
    convention: str = "exact",
    part: str = "all",
    sigma_px: float | None = None,
    csv: Path | None = None,
    html: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
) -> int:
    """Score folders of maps, or models, on a data set: means with 95 % intervals over pictures.

    Args:
        maps: Folders with one map per picture, named by its stem (.npy, 16- or 8-bit pictures); several may be given.
        model: Names from `salquest list models`, or run folders; several may be given.
        metrics: Comma-separated names from `salquest list metrics`.
        convention: Whose definitions; see `salquest list metrics`.
        part: all, or train, val or test of the set's own division.
        sigma_px: Of the densities that cc, sim and kl compare with; one degree where it is not given.
        csv: Write one row per model and picture to this file.
        html: Write a page with table, figure and pictures to this file.
        json: Print one JSON document instead of a table.
        device: Where networks run.
    """
    if not maps and not model:
        raise InputError("nothing to score: give --maps DIR or --model NAME, each as often as you like")
    convention_named(convention)
    chosen = data_set(data)
    if part != "all":
        division = divide(chosen, "distributed")
        if part not in ("train", "val", "test"):
            raise InputError(f"a part is all, train, val or test; found {part!r}")
        chosen = chosen.subset(getattr(division, part))
    models: list[Model] = [*(MapsFolder(folder) for folder in maps), *(load_model(name, device=device) for name in model)]
    settings: dict[str, Any] = {"metrics": names(metrics), "convention": convention, "sigma_px": sigma_px}
    with ProgressDisplay() as display:
        results = [evaluate(one, chosen, **settings, progress=partial(display.update, f"scoring {one.name}")) for one in models]
    table = _table(results, part)
    if csv is not None:
        rows = [{"model": result.model, **row} for result in results for row in result.columns.rows()]
        Columns.of_rows(rows).save(csv)
    if html is not None:
        gallery = _gallery(models, results, chosen)
        page = score_page(
            title=f"{chosen.name}: {', '.join(result.model for result in results)}",
            table=table,
            figures={"Means and intervals": score_figure(table, [column.key for column in table.columns])},
            gallery=gallery,
            facts={"data": f"{chosen.name}, edition {chosen.edition()}, {part} pictures", "convention": convention},
        )
        write_text(html, page)
    if json:
        print(table.to_json(), end="")
    else:
        show(table.to_terminal())
    for result in results:
        _tell(result)
    return 1 if any(result.missing for result in results) else 0


def _table(results: list[Scores], part: str) -> ScoreTable:
    first = results[0]
    columns = [ColumnSpec(name, METRICS[name].title, METRICS[name].direction, METRICS[name].unit) for name in first.metrics]
    rows = [
        Row(result.model, {name: Score(i.mean, i.low, i.high) for name, i in result.summary().items()}, note=_note(result))
        for result in results
    ]
    caption = (
        f"{first.data}, {part} pictures: {first.columns.height}; convention {first.convention}; densities of sigma {first.sigma_px:.4g} px; "
        "95 % bootstrap intervals over pictures."
    )
    return ScoreTable(rows, columns, caption)


def _note(result: Scores) -> str:
    return f"{len(result.missing)} pictures not scored" if result.missing else ""


def _tell(result: Scores) -> None:
    if result.constant:
        print(
            f"{result.model}: {len(result.constant)} maps had no spread and scored chance: {', '.join(result.constant[:5])}",
            file=sys.stderr,
        )
    for key, reason in list(result.missing.items())[:10]:
        print(f"{result.model}: {key} was not scored: {reason}", file=sys.stderr)
    if len(result.missing) > 10:
        print(f"{result.model}: {len(result.missing) - 10} more pictures were not scored", file=sys.stderr)


def _gallery(models: list[Model], results: list[Scores], data: object, number: int = 6) -> Gallery:
    from salquest.datasets import DataSet

    assert isinstance(data, DataSet)
    scored = [key for key in results[0].columns["image"] if all(key in result.columns["image"] for result in results)]
    keys = [str(scored[i * len(scored) // min(number, len(scored))]) for i in range(min(number, len(scored)))]
    rows = []
    for key in keys:
        sample = data[key]
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(results[0].sigma_px).astype("float32"), "density")
        predictions = [model.predict_stimulus(sample.stimulus) for model in models]
        rows.append((key, [pixels, overlay(pixels, looked), *(overlay(pixels, saliency) for saliency in predictions)]))
    return Gallery(["stimulus", "where people looked", *(result.model for result in results)], rows)
