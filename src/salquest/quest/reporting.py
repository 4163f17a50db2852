"""From a quest's folder to its tables and its page. Everything is read back from the folder: a report can be made again at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, JoinedSets, join
from salquest.datasets.joined import load_recorded
from salquest.errors import DataNotFound, InputError
from salquest.evaluation import CrossedInterval, NoiseFloor, crossed_mean, evaluate, floor_and_ceiling, has_ceiling
from salquest.evaluation.level_sets import SHARES
from salquest.gaze import SaliencyMap
from salquest.models import CentreBias, load_model
from salquest.models.baselines import OthersCentreBias, centre_biases
from salquest.quest.elsewhere import metrics_for
from salquest.quest.figures import quest_figures
from salquest.quest.measures import MEASURES
from salquest.quest.recipe import PlannedRun, Recipe, read_recipe, slug
from salquest.quest.rows import WayRows, column_specs, read_rows, rows_within
from salquest.quest.verdicts import beside_the_paper, floors_line, noise_floors, rates_tried, spreads, verdict_table, verdicts
from salquest.report import (
    Gallery,
    Row,
    Score,
    ScoreTable,
    Section,
    level_set_figure,
    overlay,
    report_page,
)
from salquest.runs import Columns, RunFolder, RunRecord, write_bytes, write_text

FLOOR, CEILING = "centre bias", "other observers"
Progress = Callable[[str, int, int], None]


def report_quest(
    root: str | Path,
    *,
    data: DataSet | JoinedSets | None = None,
    elsewhere: Mapping[str, DataSet] | None = None,
    progress: Progress = lambda what, done, total: None,
) -> dict[str, ScoreTable]:
    """Write tables, report.html and figures/ of a quest from its run folders.

    table.md holds every table; table.csv and table.json (table-WAY.csv ... where there are ways) hold the scores of the quest's own test
    pictures, table-DATA.csv those on other data.

    Args:
        root: the quest's folder.
        data: the data set; read from where the runs found it when it is not given.
        elsewhere: other data sets that rows were scored on, by name, for the floor under their tables.
        progress: called with (what is done, how many are done, of how many).

    Returns:
        Name of the way ("" where the recipe has none), or of another data set -> its table.

    Raises:
        DataNotFound: no quest there, or none of its runs has begun.
    """
    folder = Path(root)
    recipe, ways = _read(folder)
    first = next(record for record in _records(ways) if record.identity)
    sets = join(data) if data is not None else load_recorded(first.data)
    if sets.edition != first.data["edition"]:
        raise InputError(
            f"the quest was run on edition {first.data['edition']} of {first.data['name']}; the data given are edition {sets.edition}: "
            "give the same data, or run the quest anew"
        )
    sigmas = {name: float(one["sigma_px"]) for name, one in zip(sets.sets, first.data.get("sets", [first.data]), strict=True)}
    plain = centre_biases(sets, first.split["train"], sigmas)
    test = sets.subset(first.split["test"])
    reference = _reference(folder, recipe, test, sigmas, plain, progress)
    floors = noise_floors(ways, recipe)
    about = f"{_described(test, sigmas)}; {_networks(ways)}"
    tables = {rows.way.name: _table(rows, recipe, reference, about, floors_line(floors[rows.way.name], recipe)) for rows in ways}
    sections = [Section(rows.way.title or rows.way.name or "Scores", scores=tables[rows.way.name]) for rows in ways]
    sections += [
        Section(f"Measures: {rows.way.title or rows.way.name}" if rows.way.name else "Measures", scores=_measures(rows))
        for rows in ways
        if rows.measures
    ]
    if len(sets.sets) > 1:
        # an interval takes two pictures
        for name, part in ((name, part) for name, part in test.sets.items() if len(part) > 1):
            rows = read_rows(folder, recipe, ways[-1].way, within=name)
            own = {kind: None if columns is None else rows_within(columns, name) for kind, columns in reference.items()}
            tables[name] = _table(rows, recipe, own, f"{_described(test.subset(part.keys), sigmas)}; {_networks(ways)}", "")
            sections.append(Section(rows.way.title, scores=tables[name]))
    away: list[WayRows] = []
    for name in recipe.elsewhere:
        rows = read_rows(folder, recipe, ways[-1].way, elsewhere=name)
        if not rows.scores:
            sections.append(Section(f"On {name}", f"Not scored: {name} was not at hand."))
            continue
        away.append(rows)
        floors |= noise_floors([rows], recipe)
        tables[name] = _away(folder, recipe, rows, (elsewhere or {}).get(name), floors, progress)
        sections.append(Section(rows.way.title, scores=tables[name]))
    sections += _conclusions(recipe, ways, away, floors, reference, about)
    for rows in ways:
        if rows.way.rates:
            sections.append(Section(f"Rates tried: {rows.way.title or rows.way.name}", cells=rates_tried(folder, recipe, rows.way)))
    if signs := _signs(folder, ways):
        sections.append(Section("Signs of a contest that goes wrong", signs))
    figures = quest_figures(folder, recipe, ways, tables, floors, _centre(list(plain.values())))
    if any("level_sets" in rows.measures for rows in ways):
        figures["Level sets of one test picture"] = ("level-sets", _level_sets(folder, ways, test))
    sections += [Section(heading, picture=content) for heading, (_, content) in figures.items()]
    for name, content in figures.values():
        write_bytes(folder / "figures" / f"{name}.png", content)
    _write_tables(folder, recipe, tables, sections)
    page = report_page(
        title=recipe.title or recipe.name,
        introduction=recipe.about,
        sections=sections,
        gallery=_gallery(folder, recipe, ways, test, sigmas, progress),
        runs=[_run_line(run, record) for rows in ways for found in rows.runs.values() for run, record in found],
        facts=_facts(recipe, first, ways),
    )
    write_text(folder / "report.html", page)
    return tables


def _described(test: JoinedSets, sigmas: Mapping[str, float]) -> str:
    """What stands under a table of these sets' test pictures."""
    names = ", ".join(f"{name} (edition {edition})" for name, edition in test.editions.items())
    widths = ", ".join(f"{sigmas[name]:.4g}" for name in test.sets)
    return f"{names}, {len(test.everything)} test pictures; convention exact, densities of sigma {widths} px"


def _networks(ways: Sequence[WayRows]) -> str:
    """Which networks the rows are, in words: what stands under a table must say whose encoder it was."""
    found = []
    for plan in (record.plan for record in _records(ways) if record.identity):
        weights, learns = plan["weights"], plan["unfreeze"]
        encoder = f"{plan['encoder']} ({weights} weights, {'frozen' if learns == 'none' else f'{learns} learning'})"
        found.append(f"{plan['network']} on {encoder}, pictures of {plan['size'][0]} x {plan['size'][1]}")
    return ", ".join(dict.fromkeys(found))


def _read(folder: Path) -> tuple[Recipe, list[WayRows]]:
    kept = folder / "recipe.toml"
    if not kept.is_file():
        raise DataNotFound(f"{folder} is no quest's folder: it has no recipe.toml; a quest's folder is what `salquest quest` writes")
    recipe = read_recipe(kept.read_text(encoding="utf-8"), where=str(kept))
    ways = [read_rows(folder, recipe, way) for way in recipe.all_ways]
    records = _records(ways)
    if not any(record.identity for record in records):
        total = len(recipe.expanded())
        if not records:
            raise DataNotFound(f"none of the {total} runs of {folder} has begun; run the quest first")
        raise DataNotFound(
            f"none of the {total} runs of {folder} could begin ({records[0].reason}); run the quest again once that is mended"
        )
    return recipe, ways


def _records(ways: Sequence[WayRows]) -> list[RunRecord]:
    """Of all runs that were tried; one that failed before it could begin has no identity."""
    return [record for rows in ways for found in rows.runs.values() for _, record in found]


def _reference(
    folder: Path, recipe: Recipe, test: JoinedSets, sigmas: Mapping[str, float], floors: Mapping[str, CentreBias], progress: Progress
) -> dict[str, Columns | None]:
    """Scores of the floor and the ceiling of each set, from the quest's folder where they were made before."""
    paths = {name: folder / "baselines" / f"{name.replace(' ', '-')}.csv" for name in (FLOOR, CEILING)}
    wanted = [FLOOR, *([CEILING] if all(has_ceiling(data, recipe.metrics) for data in test.sets.values()) else [])]
    if not all(paths[name].is_file() for name in wanted):
        each: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
        for own, data in test.sets.items():
            found = floor_and_ceiling(data, metrics=recipe.metrics, sigma_px=sigmas[own], baseline=floors[own], progress=progress)
            for name, scores in zip(paths, found, strict=True):
                if scores is not None and name in wanted:
                    label = {"data": own} if len(test.sets) > 1 else {}
                    each[name] += [{**label, **row} for row in scores.columns.rows()]
        for name, rows in each.items():
            Columns.of_rows(rows).save(paths[name])
    return {name: Columns.load(paths[name]) if name in wanted else None for name in paths}


def _table(rows: WayRows, recipe: Recipe, reference: Mapping[str, Columns | None], about: str, under: str) -> ScoreTable:
    """One way's rows, the floor and the ceiling."""
    lines = [_row(name, rows) for name in rows.runs]
    for name, kind in ((FLOOR, "floor"), (CEILING, "ceiling")):
        columns = reference.get(name)
        if columns is not None:
            cells = {metric: _score(crossed_mean(columns.numbers(metric))) for metric in recipe.metrics if metric in columns}
            lines.append(Row(name, cells, kind=kind))  # type: ignore[arg-type]
    seeds = (
        f"means over {rows.wanted} seeds, 95 % intervals over pictures and seeds"
        if rows.wanted > 1
        else "one seed, 95 % intervals over pictures"
    )
    caption = f"{about}; {seeds}. Best bold, second and third italic." + (f" {under}." if under else "")
    metrics = [metric for metric in recipe.metrics if any(metric in line.cells for line in lines)]
    return ScoreTable(lines, column_specs(metrics or recipe.metrics), caption)


def _row(name: str, rows: WayRows) -> Row:
    cells = {metric: _score(crossed_mean(found[name])) for metric, found in rows.scores.items() if name in found}
    return Row(name, cells, note=rows.note(name) or ("" if cells else "not scored"))


def _measures(rows: WayRows) -> ScoreTable:
    """What is told of maps and runs beside scores."""
    named = dict.fromkeys(row for found in rows.measures.values() for row in found)
    lines = [
        Row(row, {name: _score(crossed_mean(found[row])) for name, found in rows.measures.items() if row in found}, note=rows.note(row))
        for row in named
    ]
    told = "; ".join(f"{MEASURES[name].title}: {MEASURES[name].summary}" for name in rows.measures)
    return ScoreTable(lines, column_specs(list(rows.measures)), f"{told}. 95 % intervals over pictures and seeds.")


def _signs(folder: Path, ways: Sequence[WayRows]) -> str:
    """What was noticed while networks and discriminators took turns, the last of each run; empty where nothing was, or nobody did."""
    lines = []
    for run, _ in (member for rows in ways for members in rows.runs.values() for member in members):
        log = RunFolder(folder / "runs" / run.folder).log
        if run.plan.adversarial and log.is_file():
            told = [(row["epoch"], row["signs"]) for row in Columns.load(log).rows() if row.get("signs")]
            lines += [f"{run.folder}, {len(told)} epochs, at last epoch {told[-1][0]}: {told[-1][1]}."] if told else []
    return " ".join(lines)


def _level_sets(folder: Path, ways: Sequence[WayRows], test: JoinedSets) -> bytes:
    """The maps of one test picture by every row, first seeds, as level sets."""
    sample = test.everything.samples[0]
    shown = {row: members[0][0] for rows in ways for row, members in rows.runs.items() if members[0][1].best_epoch}
    maps = {row: load_model(folder / "runs" / run.folder).predict_stimulus(sample.stimulus).values for row, run in shown.items()}
    return level_set_figure(maps, SHARES)


def _score(interval: CrossedInterval) -> Score:
    return Score(interval.mean, interval.low, interval.high)


def _away(
    folder: Path, recipe: Recipe, rows: WayRows, data: DataSet | None, floors: Mapping[str, Mapping[str, NoiseFloor]], progress: Progress
) -> ScoreTable:
    """Rows on another data set, with the centre bias of its own pictures where the data are at hand."""
    name = rows.way.name
    path = folder / "baselines" / f"{name}-centre-bias.csv"
    if not path.is_file() and data is not None and data.has_fixations:
        evaluate(
            OthersCentreBias(data),
            data,
            metrics=metrics_for(data, recipe),
            progress=lambda done, total: progress(f"scoring the centre bias of {name}", done, total),
        ).columns.save(path)
    reference = {FLOOR: Columns.load(path) if path.is_file() else None}
    pictures = next(iter(next(iter(rows.scores.values())).values())).shape[1]
    about = f"{name}, {pictures} pictures, none of them trained on; convention exact; {_networks([rows])}"
    return _table(rows, recipe, reference, about, floors_line(floors[name], recipe))


def _conclusions(
    recipe: Recipe,
    ways: Sequence[WayRows],
    away: Sequence[WayRows],
    floors: Mapping[str, Mapping[str, NoiseFloor]],
    reference: Mapping[str, Columns | None],
    about: str,
) -> list[Section]:
    """What the tables say: gain over the floor for a plain quest; spread, verdicts and the printed numbers for one that has them."""
    sections = []
    plain = reference[FLOOR]
    if len(ways) == 1 and plain is not None:
        gains = []
        for name in ways[0].runs:
            cells = {
                metric: _score(crossed_mean(found[name] - np.array(plain.numbers(metric))))
                for metric, found in ways[0].scores.items()
                if name in found
            }
            gains.append(Row(name, cells, note=ways[0].note(name)))
        caption = f"Mean difference to the centre bias, picture by picture; {about}."
        sections.append(Section("Gain over the centre bias", scores=ScoreTable(gains, column_specs(recipe.metrics), caption)))
    tested = verdicts(recipe, [*ways, *away], floors)
    if tested:
        sections.append(Section("What the paper says, tested", cells=verdict_table(tested)))
    left = spreads(ways, floors) if len(ways) > 1 else None
    if left is not None:
        sections.append(Section("How much of the spread between losses is left", cells=left))
    beside = beside_the_paper(recipe, ways)
    if beside is not None:
        sections.append(Section("Beside the paper's numbers", cells=beside))
    return sections


def _write_tables(folder: Path, recipe: Recipe, tables: Mapping[str, ScoreTable], sections: Sequence[Section]) -> None:
    for name, table in tables.items():
        stem = f"table-{slug(name)}" if name else "table"
        write_text(folder / f"{stem}.csv", table.to_csv())
        write_text(folder / f"{stem}.json", table.to_json())
    parts = []
    for section in sections:
        if section.scores is not None or section.cells is not None or section.text:
            parts.append(f"## {section.heading}\n")
            parts += [f"{section.text}\n"] if section.text else []
            parts += [section.scores.to_markdown()] if section.scores is not None else []
            parts += [section.cells.to_markdown()] if section.cells is not None else []
    write_text(folder / "table.md", "\n".join(parts))


def _centre(floors: Sequence[CentreBias]) -> NDArray[np.float64]:
    """The centre bias on a canvas of the loss paper's size, the mean of several sets'."""
    canvas = np.zeros((300, 400, 3), dtype=np.uint8)
    centre: NDArray[np.float64] = np.mean([floor.predict_pixels(canvas).values.astype(np.float64) for floor in floors], axis=0)
    return centre


def _gallery(
    folder: Path, recipe: Recipe, ways: Sequence[WayRows], test: JoinedSets, sigmas: Mapping[str, float], progress: Progress
) -> Gallery:
    """A few test pictures, evenly over the part: stimulus, where people looked, and one prediction per row (its first seed).

    Of several ways, the last one that has all rows is shown.
    """
    rows = [found for found in ways if len(found.runs) == max(len(each.runs) for each in ways)][-1]
    shown = {row: members[0][0] for row, members in rows.runs.items() if members[0][1].status in ("finished", "collapsed")}
    pictures = test.everything.samples
    number = min(recipe.pictures, len(pictures))
    samples = [pictures[i * len(pictures) // number] for i in range(number)]
    models = {name: load_model(folder / "runs" / run.folder) for name, run in shown.items()}
    lines = []
    for done, sample in enumerate(samples, start=1):
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(sigmas[test.set_of(sample.stimulus.key)]).astype(np.float32), "density")
        maps = [looked, *(model.predict_stimulus(sample.stimulus) for model in models.values())]
        lines.append((sample.stimulus.key, [pixels, *(overlay(pixels, saliency) for saliency in maps)]))
        progress("drawing pictures", done, number)
    heading = f"Pictures ({rows.way.title or rows.way.name})" if rows.way.name else "Pictures"
    return Gallery(["stimulus", "where people looked", *models], lines, heading)


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


def _facts(recipe: Recipe, first: RunRecord, ways: Sequence[WayRows]) -> dict[str, str]:
    records = _records(ways)
    split, described = first.split, first.data.get("sets", [first.data])
    encoder = first.network.get("encoder", {})
    return {
        "command": f"salquest quest {recipe.name} " + " ".join(f"--data {one['name']}=PATH" for one in described),
        "data": "; ".join(f"{one['name']}, edition {one['edition']}, first fixation {one['first_fixation']}" for one in described),
        "division": f"{split['origin']}: {len(split['train'])} train, {len(split['val'])} validation, {len(split['test'])} test pictures",
        "floor and ceiling": "centre bias of the training pictures; other observers by a mixture fitted to held-out fixations",
        "encoder": f"{encoder.get('name', first.plan['encoder'])}, weights {str(encoder.get('weights_digest', ''))[:12]}",
        "seeds": ", ".join(map(str, recipe.seeds)),
        "device": first.device or "-",
        "training time": f"{sum(record.seconds for record in records):.0f} s for {len(records)} runs",
        "versions": ", ".join(f"{name} {version}" for name, version in first.versions.items()),
    }
