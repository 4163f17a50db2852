"""From a quest's folder to its tables and its page. Everything is read back from the folder: a report can be made again at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from salquest.datasets import DataSet, load_dataset
from salquest.errors import DataNotFound, InputError
from salquest.evaluation import Interval, bootstrap_mean, floor_and_ceiling, has_ceiling
from salquest.gaze import SaliencyMap
from salquest.metrics import METRICS
from salquest.models import CentreBias, load_model
from salquest.quest.recipe import PlannedRun, Recipe, read_recipe
from salquest.report import ColumnSpec, Curves, Gallery, Row, Score, ScoreTable, learning_curves, overlay, quest_page, score_figure
from salquest.runs import Columns, RunFolder, RunRecord, write_bytes, write_text

FLOOR, CEILING = "centre bias", "other observers"
Progress = Callable[[str, int, int], None]


def column_specs(metrics: Sequence[str]) -> list[ColumnSpec]:
    """The metrics' cards as columns of a table."""
    return [ColumnSpec(name, METRICS[name].title, METRICS[name].direction, METRICS[name].unit) for name in metrics]


def report_quest(root: str | Path, *, data: DataSet | None = None, progress: Progress = lambda what, done, total: None) -> ScoreTable:
    """Write table.md, table.csv, table.json, report.html and figures/ of a quest from its run folders.

    Args:
        root: the quest's folder.
        data: the data set; read from where the runs found it when it is not given.
        progress: called with (what is done, how many are done, of how many).

    Returns:
        The table.

    Raises:
        DataNotFound: no quest there, or none of its runs has begun.
    """
    folder = Path(root)
    recipe, runs = _read(folder)
    first = next(iter(runs.values()))
    data = data or load_dataset(first.data["name"], first.data["root"] or None)
    if data.edition() != first.data["edition"]:
        raise InputError(
            f"the quest was run on edition {first.data['edition']} of {first.data['name']}; the data given are edition {data.edition()}: "
            "give the same data, or run the quest anew"
        )
    sigma = float(first.data["sigma_px"])
    floor = CentreBias.of(data.subset(first.split["train"]), sigma_px=sigma)
    test = data.subset(first.split["test"])
    reference = _reference(folder, recipe, test, sigma, floor, progress)
    rows, gains = _rows(folder, recipe, runs, reference)
    columns = column_specs(recipe.metrics)
    seeds = f", mean over {len(recipe.seeds)} seeds" if len(recipe.seeds) > 1 else ""
    about = (
        f"{data.name} (edition {data.edition()}), {len(test)} test pictures{seeds}; convention exact, densities of sigma {sigma:.4g} px; "
        "95 % bootstrap intervals over pictures"
    )
    table = ScoreTable(rows, columns, about + ". Best bold, second and third italic.")
    gain_table = ScoreTable(gains, columns, "Mean difference to the centre bias, picture by picture; " + about.split("; ", 1)[1] + ".")
    figures = _figures(folder, runs, table)
    gallery = _gallery(folder, recipe, runs, test, sigma, progress)
    for name, content in figures.items():
        write_bytes(folder / "figures" / f"{name}.png", content)
    write_text(folder / "table.md", table.to_markdown())
    write_text(folder / "table.csv", table.to_csv())
    write_text(folder / "table.json", table.to_json())
    titles = {"scores": "Means and intervals", "learning": "Learning curves"}
    page = quest_page(
        title=recipe.title or recipe.name,
        introduction=recipe.about,
        table=table,
        gains=gain_table,
        figures={titles[name]: content for name, content in figures.items()},
        gallery=gallery,
        runs=[_run_line(run, record) for run, record in runs.items()],
        facts=_facts(recipe, first, runs),
    )
    write_text(folder / "report.html", page)
    return table


def _read(folder: Path) -> tuple[Recipe, dict[PlannedRun, RunRecord]]:
    kept = folder / "recipe.toml"
    if not kept.is_file():
        raise DataNotFound(f"{folder} is no quest's folder: it has no recipe.toml; a quest's folder is what `salquest quest` writes")
    recipe = read_recipe(kept.read_text(encoding="utf-8"), where=str(kept))
    runs = {}
    for run in recipe.expanded():
        there = RunFolder(folder / "runs" / run.folder)
        if there.exists():
            runs[run] = there.read()
    if not runs:
        raise DataNotFound(f"none of the {len(recipe.expanded())} runs of {folder} has begun; run the quest first")
    return recipe, runs


def _reference(
    folder: Path, recipe: Recipe, test: DataSet, sigma: float, floor: CentreBias, progress: Progress
) -> dict[str, Columns | None]:
    """Scores of the floor and the ceiling, from the quest's folder where they were made before."""
    paths = {name: folder / "baselines" / f"{name.replace(' ', '-')}.csv" for name in (FLOOR, CEILING)}
    wanted = [FLOOR, *([CEILING] if has_ceiling(test, recipe.metrics) else [])]
    if not all(paths[name].is_file() for name in wanted):
        for name, found in zip(
            (FLOOR, CEILING),
            floor_and_ceiling(test, metrics=recipe.metrics, sigma_px=sigma, baseline=floor, progress=progress),
            strict=True,
        ):
            if found is not None:
                found.columns.save(paths[name])
    return {name: Columns.load(paths[name]) if name in wanted else None for name in paths}


def _rows(
    folder: Path, recipe: Recipe, runs: Mapping[PlannedRun, RunRecord], reference: Mapping[str, Columns | None]
) -> tuple[list[Row], list[Row]]:
    """The rows of the table, and the rows of paired differences to the floor."""
    groups: dict[str, list[PlannedRun]] = defaultdict(list)
    for run in runs:
        groups[run.name].append(run)
    floor = reference[FLOOR]
    assert floor is not None
    rows, gains = [], []
    for name, members in groups.items():
        records = [runs[run] for run in members]
        note = "; ".join(sorted({f"{r.status}: {r.reason}" if r.reason else r.status for r in records if r.status != "finished"}))
        tables = [
            Columns.load(RunFolder(folder / "runs" / run.folder).scores)
            for run in members
            if RunFolder(folder / "runs" / run.folder).scores.is_file()
        ]
        if not tables:
            rows.append(Row(name, {}, note=note or "not scored"))
            continue
        # seeds share their pictures: average a picture over seeds first, then ask how much pictures differ
        each = {metric: np.mean([table.numbers(metric) for table in tables], axis=0) for metric in recipe.metrics}
        rows.append(Row(name, {metric: _score(bootstrap_mean(values)) for metric, values in each.items()}, note=note))
        paired = {metric: _score(bootstrap_mean(values - np.array(floor.numbers(metric)))) for metric, values in each.items()}
        gains.append(Row(name, paired, note=note))
    for name, kind in ((FLOOR, "floor"), (CEILING, "ceiling")):
        columns = reference[name]
        if columns is not None:
            cells = {metric: _score(bootstrap_mean(columns.numbers(metric))) for metric in recipe.metrics if metric in columns}
            rows.append(Row(name, cells, kind=kind))  # type: ignore[arg-type]
    return rows, gains


def _score(interval: Interval) -> Score:
    return Score(interval.mean, interval.low, interval.high)


def _figures(folder: Path, runs: Mapping[PlannedRun, RunRecord], table: ScoreTable) -> dict[str, bytes]:
    curves = []
    for run in runs:
        log = RunFolder(folder / "runs" / run.folder).log
        if log.is_file():
            columns = Columns.load(log)
            name = run.name if sum(other.name == run.name for other in runs) == 1 else f"{run.name} (seed {run.seed})"
            curves.append(Curves(name, columns.numbers("epoch"), {key: columns.numbers(key) for key in ("val_cc_score", "val_nss_score")}))
    figures = {"scores": score_figure(table, [column.key for column in table.columns])}
    if curves:
        figures["learning"] = learning_curves(
            curves, {"val_cc_score": "CC, validation pictures", "val_nss_score": "NSS, validation pictures"}
        )
    return figures


def _gallery(
    folder: Path, recipe: Recipe, runs: Mapping[PlannedRun, RunRecord], test: DataSet, sigma: float, progress: Progress
) -> Gallery:
    """A few test pictures, evenly over the part: stimulus, where people looked, and one prediction per row (its first seed)."""
    shown: dict[str, PlannedRun] = {}
    for run, record in runs.items():
        if record.status in ("finished", "collapsed"):
            shown.setdefault(run.name, run)
    number = min(recipe.pictures, len(test))
    samples = [test.samples[i * len(test) // number] for i in range(number)]
    models = {name: load_model(folder / "runs" / run.folder) for name, run in shown.items()}
    rows = []
    for done, sample in enumerate(samples, start=1):
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(sigma).astype(np.float32), "density")
        maps = [looked, *(model.predict_stimulus(sample.stimulus) for model in models.values())]
        rows.append((sample.stimulus.key, [pixels, *(overlay(pixels, saliency) for saliency in maps)]))
        progress("drawing pictures", done, number)
    return Gallery(["stimulus", "where people looked", *models], rows)


def _run_line(run: PlannedRun, record: RunRecord) -> dict[str, Any]:
    return {
        "name": run.folder,
        "loss": record.plan.get("loss", ""),
        "status": record.status,
        "reason": record.reason,
        "best_epoch": record.best_epoch,
        "epochs": record.epochs_done,
        "seconds": record.seconds,
    }


def _facts(recipe: Recipe, first: RunRecord, runs: Mapping[PlannedRun, RunRecord]) -> dict[str, str]:
    split = first.split
    encoder = first.network.get("encoder", {})
    return {
        "command": f"salquest quest {recipe.name} --data {recipe.data}=PATH",
        "data": f"{first.data['name']}, edition {first.data['edition']}, first fixation {first.data['first_fixation']}",
        "division": f"{split['origin']}: {len(split['train'])} train, {len(split['val'])} validation, {len(split['test'])} test pictures",
        "floor and ceiling": "centre bias of the training pictures; other observers by a mixture fitted to held-out fixations",
        "encoder": f"{encoder.get('name', first.plan['encoder'])}, weights {str(encoder.get('weights_digest', ''))[:12]}",
        "seeds": ", ".join(map(str, recipe.seeds)),
        "device": first.device or "-",
        "training time": f"{sum(record.seconds for record in runs.values()):.0f} s for {len(runs)} runs",
        "versions": ", ".join(f"{name} {version}" for name, version in first.versions.items()),
    }
