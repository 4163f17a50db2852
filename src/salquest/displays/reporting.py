"""From rows of scores to one page: the claim, tables by dimension and family, curves, asymmetries, hits and misses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from salquest.displays import claim
from salquest.displays.benchmark import BenchmarkResult, Entrant
from salquest.displays.families import ASYMMETRIES, FAMILIES
from salquest.displays.processes import shared_out
from salquest.displays.psychometrics import asymmetry, correct_signs, curve, monotony, set_size_slope, threshold
from salquest.displays.search import FOUND_WITHIN, LIMIT
from salquest.displays.shown import ShownDisplay
from salquest.errors import InputError
from salquest.evaluation import Interval, bootstrap_mean
from salquest.report import (
    CellTable,
    ColumnSpec,
    CurvePanel,
    Gallery,
    Row,
    Score,
    ScoreTable,
    Section,
    contoured,
    found_figure,
    overlay,
    psychometric_figure,
    report_page,
    ringed,
    two_ranks_figure,
)
from salquest.runs import Cell, versions, write_bytes, write_text

CONTROL = "control"
TARGET, CHOICE = (60, 220, 90), (255, 70, 70)
GALLERY = 10
DRAWS = 1000
NATURAL_TITLES = {"auc_shuffled": "sAUC", "nss": "NSS"}

Rows = Sequence[Mapping[str, Cell]]


def report_displays(
    result: BenchmarkResult, *, command: str = "", workers: int = 1, progress: Callable[[str, int, int], None] | None = None
) -> str:
    """Write report.html, table.md and figures/ of a benchmark.

    Args:
        result: what was scored.
        command: that makes it again, for the page.
        workers: processes that draw the gallery.
        progress: called with (what, done, of how many).

    Returns:
        What came out, in a few sentences.
    """
    told = progress or (lambda what, done, total: None)
    rows = [row for row in result.rows.rows() if row["error"] is None]
    verdicts, conclusion = _claim(result, rows)
    sections = [Section("The claim", " ".join([*(verdict.sentence() for verdict in verdicts), conclusion]))]
    sections.append(Section("By dimension", scores=_dimension_table(result, rows)))
    sections.append(Section("Every score", scores=_score_table(result, rows)))
    figures: dict[str, bytes] = {}
    if any(row["fixations"] is not None for row in rows):
        figures["Targets found within so many fixations"] = found_figure(_found(result, rows), result.kinds)
    figures |= _curves(result, rows)
    sections += _natural(result, rows, figures)
    sections += [Section(heading, _explained(heading), picture=content) for heading, content in figures.items()]
    sections += [Section(heading, cells=table) for heading, table in _cell_tables(result, rows).items()]
    if result.failed:
        shown = [list(one) for one in result.failed[:20]]
        sections.append(Section("Not scored", cells=CellTable(["model", "picture", "why"], shown, f"{len(result.failed)} in all")))
    for number, content in enumerate(figures.values()):
        write_bytes(result.root / "figures" / f"{number:02d}.png", content)
    write_text(result.root / "table.md", _markdown(sections))
    page = report_page(
        title=f"Models on displays: {result.displays.name}",
        introduction=(
            f"{len(result.displays)} displays with a known target, {len(result.entrants)} models. A model finds a target when its map is higher "
            "there than on the distractors; every item is read within a disc of one size. Lines: classical models full, deep ones dashed, "
            "baselines dotted."
        ),
        sections=sections,
        gallery=_gallery(result, rows, workers, told),
        facts={
            "displays": f"{result.displays.name}, edition {result.displays.edition}",
            "models": "; ".join(f"{entrant.name} ({entrant.kind})" for entrant in result.entrants),
            "search": f"squares as wide as a distractor are inhibited; found within a disc as wide as the target; {LIMIT} fixations at most",
            "maps": "each from its minimum to its maximum to 0 … 1, at the display's size",
            "versions": ", ".join(f"{name} {version}" for name, version in versions("salquest", "numpy", "scipy", "pillow").items()),
            **({"command": command} if command else {}),
        },
    )
    write_text(result.root / "report.html", page)
    return sections[0].text


def _competing(rows: Rows) -> list[Mapping[str, Cell]]:
    """Rows of displays on which a target competes with distractors and no control is tested."""
    return [row for row in rows if row["percentile"] is not None and row["dimension"] != CONTROL]


def _values(rows: Rows, score: str) -> NDArray[np.float64]:
    return np.array([float(row[score]) for row in rows if row[score] is not None], dtype=np.float64)  # type: ignore[arg-type]


def _of(rows: Rows, **wanted: str) -> list[Mapping[str, Cell]]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _score(interval: Interval) -> Score:
    return Score(interval.mean, interval.low, interval.high)


def _mean(rows: Rows, score: str) -> Score:
    return _score(bootstrap_mean(_values(rows, score), draws=DRAWS))


def _exact(value: float) -> Score:
    return Score(value, value, value)


def _dimension_table(result: BenchmarkResult, rows: Rows) -> ScoreTable:
    competing = _competing(rows)
    dimensions = list(dict.fromkeys(str(row["dimension"]) for row in competing))
    columns = [ColumnSpec("all", "all", "up"), *(ColumnSpec(name, name, "up") for name in dimensions)]
    lines = []
    for entrant in result.entrants:
        mine = _of(competing, model=entrant.name)
        cells = {name: _mean(_of(mine, dimension=name), "percentile") for name in dimensions}
        lines.append(Row(f"{entrant.name} ({entrant.kind})", {"all": _mean(mine, "percentile"), **cells}, note=entrant.note))
    lines.append(Row("chance", {column.key: _exact(0.5) for column in columns}, kind="floor"))
    return ScoreTable(
        lines,
        columns,
        "Mean percentile of the target among the distractors (1: above all, 0.5: chance, 0: below all); 95 % bootstrap intervals over displays.",
    )


def _score_table(result: BenchmarkResult, rows: Rows) -> ScoreTable:
    columns = [
        ColumnSpec("percentile", "percentile", "up"),
        ColumnSpec("hit1", "hit@1", "up"),
        ColumnSpec("hit5", "hit@5", "up"),
        *(ColumnSpec(f"found{n}", f"found in {n}", "up") for n in (1, 15, 25, 50, 100)),
        ColumnSpec("fixations", "fixations", "down", decimals=1),
        ColumnSpec("gsi", "GSI", "up"),
        ColumnSpec("msr_target_distractor", "MSR target/distractor", "up"),
        ColumnSpec("msr_background_target", "MSR background/target", "down"),
        ColumnSpec("contrast_auc", "AUC", "up"),
        ColumnSpec("nss", "NSS", "up"),
    ]
    shown = [row for row in rows if row["dimension"] != CONTROL]
    lines = []
    for entrant in result.entrants:
        mine = _of(shown, model=entrant.name)
        taken = _values(mine, "fixations")
        cells = {column.key: _mean(mine, column.key) for column in columns if not column.key.startswith("found")}
        cells["fixations"] = _score(bootstrap_mean(np.minimum(taken, LIMIT), draws=DRAWS))
        cells |= {f"found{n}": _score(bootstrap_mean((taken <= n).astype(np.float64), draws=DRAWS)) for n in (1, 15, 25, 50, 100)}
        lines.append(Row(f"{entrant.name} ({entrant.kind})", cells, note=entrant.note))
    first = _of(_competing(shown), model=result.entrants[0].name)
    chance = {key: _exact(float(np.minimum(1.0, k / _values(first, "num_items")).mean())) for key, k in (("hit1", 1), ("hit5", 5)) if first}
    chance |= {"percentile": _exact(0.5), "gsi": _exact(0.0), "contrast_auc": _exact(0.5), "nss": _exact(0.0)}
    lines.append(Row("chance", chance, kind="floor"))
    return ScoreTable(
        lines,
        columns,
        "Means over displays with a target, the controls left out; 95 % bootstrap intervals over displays. Fixations: a target that is not found "
        f"counts {LIMIT}. MSR: ratios with nothing below the line are left out, and a few large ones carry the mean: the share of targets found "
        "first and the ranks say more. Pixel-level search finds about four in ten targets within 100 fixations by chance, items of 75 of 1024 px.",
    )


def _found(result: BenchmarkResult, rows: Rows) -> dict[str, dict[int, float]]:
    shown = [row for row in rows if row["dimension"] != CONTROL]
    taken = {entrant.name: _values(_of(shown, model=entrant.name), "fixations") for entrant in result.entrants}
    return {name: {n: float((values <= n).mean()) for n in FOUND_WITHIN} for name, values in taken.items() if values.size}


def _by_level(rows: Rows, score: str) -> dict[float, list[float]]:
    found: dict[float, list[float]] = {}
    for row in rows:
        if row[score] is not None:
            found.setdefault(float(row["level"]), []).append(float(row[score]))  # type: ignore[arg-type]
    return dict(sorted(found.items()))


def _curves(result: BenchmarkResult, rows: Rows) -> dict[str, bytes]:
    """A figure per dimension: percentile against level, a panel per family that has two levels or more."""
    competing = _competing(rows)
    units = {display.family: display.unit for display in result.displays.displays}
    figures = {}
    for dimension in dict.fromkeys(str(row["dimension"]) for row in competing):
        panels = []
        for family in dict.fromkeys(str(row["family"]) for row in _of(competing, dimension=dimension)):
            here = _of(competing, family=family)
            levels = sorted({float(row["level"]) for row in here})  # type: ignore[arg-type]
            if len(levels) < 2:
                continue
            curves = {}
            for entrant in result.entrants:
                means = curve(_by_level(_of(here, model=entrant.name), "percentile"))
                curves[entrant.name] = [_score(means[level]) if level in means else None for level in levels]
            panels.append(CurvePanel(family, units.get(family, ""), levels, curves, 0.5))
        if panels:
            figures[f"Percentile of the target: {dimension}"] = psychometric_figure(panels, result.kinds, score="percentile")
    return figures


def _natural(result: BenchmarkResult, rows: Rows, figures: dict[str, bytes]) -> list[Section]:
    """Tables of the photographs; the figure of both ranks is added to the others."""
    sections = []
    competing = _competing(rows)
    displays = {entrant.name: _mean(_of(competing, model=entrant.name), "percentile") for entrant in result.entrants}
    for name, metrics in result.natural.items():
        means = {metric: {model: _score(bootstrap_mean(values)) for model, values in models.items()} for metric, models in metrics.items()}
        columns = [ColumnSpec(metric, NATURAL_TITLES.get(metric, metric), "up") for metric in metrics]
        lines = [
            Row(f"{entrant.name} ({entrant.kind})", {metric: means[metric][entrant.name] for metric in metrics}, note=entrant.note)
            for entrant in result.entrants
        ]
        first = next(iter(metrics))
        tau = claim.rank_correlation(
            {model: score.mean for model, score in means[first].items()}, {model: score.mean for model, score in displays.items()}
        )
        said = "" if np.isnan(tau) else f" Spearman's correlation of the orders on photographs and on displays: {tau:.2f}."
        number = len(next(iter(metrics[first].values())))
        sections.append(
            Section(
                f"On photographs: {name}",
                scores=ScoreTable(
                    lines,
                    columns,
                    f"{number} pictures of {name} that no model here has learned from; convention exact; 95 % intervals over pictures.{said}",
                ),
            )
        )
        figures[f"Photographs of {name} and displays"] = two_ranks_figure(
            means[first],
            displays,
            result.kinds,
            x_title=f"{NATURAL_TITLES.get(first, first)} on {name}",
            y_title="percentile of the target on displays",
        )
    return sections


def _claim(result: BenchmarkResult, rows: Rows) -> tuple[list[claim.Verdict], str]:
    competing = _competing(rows)
    families = list(dict.fromkeys(str(row["family"]) for row in competing))
    percentiles: dict[str, dict[str, float]] = {}
    for entrant in result.entrants:
        mine = _of(competing, model=entrant.name)
        means = {family: _values(_of(mine, family=family), "percentile") for family in families}
        percentiles[entrant.name] = {family: float(values.mean()) for family, values in means.items() if values.size}
    # with the centre bias multiplied in they are the same models again
    plain = {entrant.name: entrant.kind for entrant in result.entrants if not entrant.with_prior}
    try:
        shown = claim.on_displays({name: percentiles[name] for name in plain}, plain)
        photographs = [
            claim.on_photographs({name: models[name] for name in plain}, plain, f"{NATURAL_TITLES.get(metric, metric)} on {data}")
            for data, metrics in result.natural.items()
            for metric, models in metrics.items()
        ]
    except InputError as error:
        return [], f"Not tested: {error}."
    return [shown, *photographs], claim.together(shown, photographs)


def _cell_tables(result: BenchmarkResult, rows: Rows) -> dict[str, CellTable]:
    competing = _competing(rows)
    names = [entrant.name for entrant in result.entrants]
    families = list(dict.fromkeys(str(row["family"]) for row in competing))
    of: dict[tuple[str, str], list[Mapping[str, Cell]]] = {(name, family): [] for name in names for family in families}
    for row in competing:
        of[str(row["model"]), str(row["family"])].append(row)
    tables = {}
    lines = []
    for family in families:
        chance = float((1 / _values(of[names[0], family], "num_items")).mean()) if of[names[0], family] else float("nan")
        lines.append([family, f"{chance:.2f}", *(_number(_values(of[name, family], "hit1")) for name in names)])
    tables["Targets that are the most salient item (hit@1)"] = CellTable(
        ["family", "chance", *names], lines, "Mean over levels; ties are ordered at random."
    )
    if curves := [family for family in families if _has_axis(of[names[0], family])]:
        tables["Thresholds"] = CellTable(
            ["family", "unit", *names],
            [[family, FAMILIES[family].unit, *(_threshold(family, of[name, family]) for name in names)] for family in curves],
            "Level at which hit@1 is half-way from chance to 1 (95 % interval), of the monotone curve; in brackets Kendall's tau between level and "
            "hit@1, 1 where every easier level is found more often. –: at no level.",
        )
    if sizes := [family for family in families if FAMILIES.get(family) and FAMILIES[family].dimension == "set size"]:
        tables["Set-size slopes"] = CellTable(
            ["family", *names],
            [[family, *(_slope(of[name, family]) for name in names)] for family in sizes],
            "Fixations more for each doubling of the number of items (95 % interval): 0 is pop-out.",
        )
    if pairs := [pair for pair in ASYMMETRIES if all(family in families for family in pair)]:
        tables["Search asymmetries"] = _asymmetry_table(pairs, names, of)
    return tables


def _has_axis(rows: Rows) -> bool:
    family = str(rows[0]["family"]) if rows else ""
    return family in FAMILIES and FAMILIES[family].easier != "none" and len({row["level"] for row in rows}) >= 3


def _number(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.2f}" if values.size else ""


def _threshold(family: str, rows: Rows) -> str:
    levels = _by_level(rows, "hit1")
    if len(levels) < 2:
        return ""
    chance = float((1 / _values(rows, "num_items")).mean())
    found = threshold(levels, (1 + chance) / 2, easier=FAMILIES[family].easier)
    tau = monotony(levels, easier=FAMILIES[family].easier)
    said = "–" if np.isinf(found.level) else f"{found.level:.3g} ({found.low:.3g}..{'–' if np.isinf(found.high) else f'{found.high:.3g}'})"
    return f"{said} [{tau:.2f}]"


def _slope(rows: Rows) -> str:
    levels = {size: [min(one, float(LIMIT)) for one in taken] for size, taken in _by_level(rows, "fixations").items()}
    if len(levels) < 2:
        return ""
    found = set_size_slope(levels)
    return f"{found.mean:.1f} ({found.low:.1f}..{found.high:.1f})"


def _asymmetry_table(pairs: Sequence[tuple[str, str]], names: Sequence[str], of: Mapping[tuple[str, str], Rows]) -> CellTable:
    found = {(name, pair): asymmetry(*_paired(of[name, pair[0]], of[name, pair[1]])) for name in names for pair in pairs}
    lines = [
        [f"{easy} > {hard}", *(f"{(one := found[name, (easy, hard)]).mean:+.2f} ({one.low:+.2f}..{one.high:+.2f})" for name in names)]
        for easy, hard in pairs
    ]
    shares = {name: correct_signs([found[name, pair] for pair in pairs]) for name in names}
    lines.append(
        ["share with people's sign", *(f"{shares[name].mean:.2f} ({shares[name].low:.2f}..{shares[name].high:.2f})" for name in names)]
    )
    return CellTable(
        ["pair", *names],
        lines,
        "Percentile of the target in the role that people find sooner, less that with roles exchanged, on displays that are otherwise the same "
        "(95 % interval); people: above 0.",
    )


def _paired(easy: Rows, hard: Rows) -> tuple[list[float], list[float]]:
    """Percentiles of both roles at the same level and number, in one order."""
    both = [{_which(row): float(row["percentile"]) for row in rows} for rows in (easy, hard)]  # type: ignore[arg-type]
    shared = sorted(both[0].keys() & both[1].keys())
    return [both[0][key] for key in shared], [both[1][key] for key in shared]


def _which(row: Mapping[str, Cell]) -> tuple[float, str]:
    return float(row["level"]), str(row["image"]).rpartition("_")[2]  # type: ignore[arg-type]


def _explained(heading: str) -> str:
    if heading.startswith("Percentile"):
        return "Grey: chance. Levels as they were drawn, at equal distances."
    return ""


def _gallery(result: BenchmarkResult, rows: Rows, workers: int, told: Callable[[str, int, int], None]) -> Gallery:
    """Displays on which the models differ most, one that all find and one that all miss; the target in green, a wrong choice in red."""
    shown = {display.stimulus.key: display for display in result.displays.displays}
    by_picture: dict[str, dict[str, float]] = {}
    for row in _competing(rows):
        by_picture.setdefault(str(row["image"]), {})[str(row["model"])] = float(row["percentile"])  # type: ignore[arg-type]
    chosen = _telling(by_picture, shown)
    pixels = {key: shown[key].stimulus.pixels() for key in chosen}
    pictures = {key: [_marked(pixels[key], shown[key])] for key in chosen}
    jobs = [(entrant, tuple(shown[key] for key in chosen)) for entrant in result.entrants]  # model by model: each is loaded once
    drawn: dict[str, list[NDArray[np.uint8]]] = {}
    for name, predictions in shared_out(_predictions, jobs, workers):
        drawn[name] = predictions
        told("drawing pictures", len(drawn), len(jobs))
    for entrant in result.entrants:
        for key, prediction in zip(chosen, drawn[entrant.name], strict=True):
            pictures[key].append(prediction)
    lines = [(f"{shown[key].family} {shown[key].level:g}: {_finders(by_picture[key])}", pictures[key]) for key in chosen]
    titles = ["display", *(entrant.name for entrant in result.entrants)]
    return Gallery(titles, lines, "Hits and misses: the target in a green line, the most salient item in a red one where it is another")


def _finders(percentiles: Mapping[str, float]) -> str:
    return f"{sum(one == 1 for one in percentiles.values())} of {len(percentiles)} find it first"


def _telling(by_picture: Mapping[str, Mapping[str, float]], shown: Mapping[str, ShownDisplay]) -> list[str]:
    """At most one display a family: where models differ most, and the ends."""
    spread = {key: float(np.std(list(held.values()))) for key, held in by_picture.items()}
    mean = {key: float(np.mean(list(held.values()))) for key, held in by_picture.items()}
    ends = [*sorted(mean, key=lambda key: (-mean[key], key))[:1], *sorted(mean, key=lambda key: (mean[key], key))[:1]]
    chosen: list[str] = []
    families: set[str] = set()
    for key in [*ends, *sorted(spread, key=lambda key: (-spread[key], key))]:
        if shown[key].family not in families and len(chosen) < GALLERY:
            chosen.append(key)
            families.add(shown[key].family)
    return chosen


def _marked(pixels: NDArray[np.uint8], display: ShownDisplay) -> NDArray[np.uint8]:
    if display.target_x is None or display.target_y is None:
        return pixels
    if display.labels is not None and display.area_radius is None:
        return contoured(pixels, display.areas(display.masks()) == 1, TARGET)
    return ringed(pixels, display.target_x, display.target_y, 0.5 * display.target_size + 0.02 * min(pixels.shape[:2]), TARGET)


def _predictions(job: tuple[Entrant, tuple[ShownDisplay, ...]]) -> tuple[str, list[NDArray[np.uint8]]]:
    """A model's name and its maps over displays, marked."""
    entrant, displays = job
    return entrant.name, [_prediction(display.stimulus.pixels(), display, entrant) for display in displays]


def _prediction(pixels: NDArray[np.uint8], display: ShownDisplay, entrant: Entrant) -> NDArray[np.uint8]:
    saliency = entrant.map_of(display.stimulus).resized(display.stimulus.size)
    picture = _marked(overlay(pixels, saliency), display)
    areas = display.areas(display.masks())
    held = areas > 0
    best = int(areas[held][saliency.values[held].argmax()])
    if best == 1:
        return picture
    if display.labels is not None and display.area_radius is None:
        return contoured(picture, areas == best, CHOICE)
    rows, columns = np.nonzero(areas == best)
    radius = 0.5 * display.distractor_size + 0.02 * min(pixels.shape[:2])
    return ringed(picture, float(columns.mean()), float(rows.mean()), radius, CHOICE)


def _markdown(sections: Sequence[Section]) -> str:
    parts = []
    for section in sections:
        if section.scores is None and section.cells is None and section.picture is not None:
            continue
        parts.append(f"## {section.heading}\n")
        parts += [f"{section.text}\n"] if section.text else []
        parts += [table.to_markdown() for table in (section.scores, section.cells) if table is not None]
    return "\n".join(parts)
