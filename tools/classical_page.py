"""The page docs/results/classical.md, of scores that `classical_scores.py` has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
from classical_rows import IN_TABLE_1, SHEET_METRICS, SHEET_PICTURES, TABLE_1, SheetRow

from salquest.evaluation import Interval, Scores, bootstrap_mean
from salquest.metrics import METRICS
from salquest.models import MODELS, load_model
from salquest.quest.rows import column_specs
from salquest.report import CellTable, RankedWay, Row, Score, ScoreTable, ranking_figure
from salquest.runs import write_bytes, write_text

FIGURE = "classical-ranking.png"
RANKED_BY = "nss"
ABOUT = """# Classical models

Made by `tools/classical_scores.py`; every number is of the pictures as stored with the sets, which are reduced copies. Models are as
`load_model` gives them, without centre weight or blur fitted to the data, and maps are resized bicubically to the picture. Scores are in the
convention *exact*: every fixation counts, ties count one half; CC, SIM and KL are with densities of one degree; IG is over the centre bias of the
other pictures. Maps of classical models are no densities; for KL and IG each is shifted to 0 where it is negative and divided by its sum.
"""
# what must be said of a model wherever it stands
REMARKS = {
    "judd": "*judd* was trained on OSIE's training part.",
    "centre-bias": "*centre-bias* is the mean density of pictures of OSIE's training part.",
    "edn": "The readout of *edn* was trained by its authors on MIT1003; on which of its pictures is not known here.",
    "rare2012-like": "*rare2012-like* is not the original, which exists as p-code only.",
    "aws-like": "*aws-like* is not the original, which exists as p-code only.",
}
PAPER = """### Beside Bruckert 2021, Table 1

Ours first, the paper's in brackets. Its pictures are another test part of MIT1003 (303 or 299 pictures, full size); it does not say which
program "Itti" is, what was blurred, or whether RARE2012 got its centred Gaussian.
"""
REPEATED = """## The measurements repeated

Before these models were written, independent versions that match the original programs were measured (CLASSICAL.md, section 21). Here ours are
scored by the same rules, which are not those of the tables above: pictures are taken as they are (`longest=None`) but by models that have a size of
their own; AUC is the exact one; maps are scaled to 0..1 before SIM and KL; fixations and densities of one degree (12 px) as above. Ours first, in
brackets ours less the sheet's.
"""
SHEET = {
    "mit1003": "Every third picture of the test part by name, as stored; rows of Itti's model without grey pictures.",
    "osie": (
        "Pictures 1001, 1003 .. 1521 at 400 x 300, reduced with Pillow's LANCZOS from the stored 512 x 384; the sheet's came from 800 x 600. "
        "Rows of Itti's model without grey pictures."
    ),
}


@dataclass(frozen=True)
class Scored:
    """A model's scores, and how many of the pictures it is known to have learnt from."""

    scores: Scores
    seen: int = 0


@dataclass(frozen=True)
class Acceptance:
    """The sheet's rows on a data set, and what was found for each."""

    data: str
    rows: Sequence[SheetRow]
    found: Sequence[Scored]


Limits = tuple[Scores, Scores | None]


def write_page(
    folder: Path, parts: Sequence[tuple[str, Mapping[str, Scored], Limits]], acceptances: Sequence[Acceptance], *, limit: int | None
) -> Path:
    """Write classical.md and its figure into a folder; the page's path.

    Args:
        folder: the page's; the figure goes to images/ in it.
        parts: (part, model -> scores, floor and ceiling) per table.
        acceptances: the sheet's tables repeated.
        limit: pictures per part where not all were scored.
    """
    sections = [ABOUT]
    if limit is not None:
        sections.append(f"**Tried out on at most {limit} pictures of each part; these are no results.**\n")
    if parts:
        models = list(dict.fromkeys(name for _, rows, _ in parts for name in rows))
        sections += [inputs_table(models), "\n".join(said for name, said in REMARKS.items() if name in models) + "\n"]
    for part, rows, limits in parts:
        sections.append(part_section(part, rows, limits))
        if part == "test" and next(iter(rows.values())).scores.data == "mit1003" and (beside := paper_section(rows)):
            sections.append(beside)
    ways = [way for part, rows, _ in parts if (way := ranked_way(part, rows)).scores]
    if ways:
        families = {name: MODELS[name].family for way in ways for name in way.scores}
        write_bytes(folder / "images" / FIGURE, ranking_figure(ways, column_specs([RANKED_BY])[0], families))
        sections.append(f"## Order\n\n![{METRICS[RANKED_BY].title} of every model on each set](images/{FIGURE})\n")
    if acceptances:
        sections.append(REPEATED)
        sections += [acceptance_section(one) for one in acceptances]
    page = folder / "classical.md"
    write_text(page, "\n".join(sections))
    return page


def inputs_table(models: Sequence[str]) -> str:
    """What each model is, and the size at which it begins."""
    rows = []
    for name in models:
        card, longest = MODELS[name], getattr(load_model(name), "longest", None)
        size = "-" if card.family == "baseline" else str(longest) if longest else "as stored"
        rows.append([name, card.title, card.source, size])
    caption = (
        "Input: the longer side in pixels that every picture is brought to first, larger or smaller; it changes scores. *As stored*: the model "
        "takes pictures as they are, or its program has a fixed size inside."
    )
    return CellTable(["", "what", "source", "input"], rows, caption).to_markdown()


def part_section(part: str, rows: Mapping[str, Scored], limits: Limits) -> str:
    """The table of one set: models, baselines, floor, ceiling, each kind by the ranking metric."""
    floor, ceiling = limits
    first = next(iter(rows.values())).scores
    ordered = sorted(rows, key=lambda name: (MODELS[name].family == "baseline", -rows[name].scores.mean(first_ranked(first))))
    lines = [
        Row(name, cells(rows[name].scores), "floor" if MODELS[name].family == "baseline" else "model", note(rows[name])) for name in ordered
    ]
    lines.append(Row("centre bias of the other pictures", cells(floor), "floor"))
    if ceiling is not None:
        lines.append(Row("other observers", cells(ceiling), "ceiling"))
    pictures = f"{first.columns.height} {'pictures' if part == 'all' else 'test pictures'}"
    caption = (
        f"{first.data} (edition {first.edition}), {pictures}; {first.caption()}; "
        "95 % bootstrap intervals over pictures. Best bold, second and third italic."
    )
    table = ScoreTable(lines, column_specs(first.metrics), caption)
    return f"## {first.data}, {pictures}\n\n{table.to_markdown()}\n{beaten_said(rows, floor)}\n"


def first_ranked(scores: Scores) -> str:
    """The metric that rows are ordered by: the ranking one where it was scored."""
    return RANKED_BY if RANKED_BY in scores.metrics else scores.metrics[0]


def cells(scores: Scores) -> dict[str, Score]:
    """Means with intervals, as a table takes them."""
    return {name: Score(found.mean, found.low, found.high) for name, found in scores.summary().items()}


def note(scored: Scored) -> str:
    """What a reader must know of a row."""
    missing = f"{len(scored.scores.missing)} pictures not scored" if scored.scores.missing else ""
    return "; ".join(filter(None, (missing, f"{scored.seen} pictures seen in training" if scored.seen else "")))


def beaten_said(rows: Mapping[str, Scored], floor: Scores) -> str:
    """How many classical models are better than the centre bias of the other pictures, by metric."""
    classical = {name: scored.scores for name, scored in rows.items() if MODELS[name].family == "classical"}
    if not classical:
        return ""
    counts = []
    for metric in floor.metrics:
        better = sum(ahead(scores.mean(metric), floor.mean(metric), metric) for scores in classical.values())
        counts.append(f"{METRICS[metric].title} {better}")
    return f"Of {len(classical)} classical models, better than the centre bias of the other pictures: {', '.join(counts)}."


def ahead(one: float, other: float, metric: str) -> bool:
    """Whether a score is better than another."""
    return one > other if METRICS[metric].direction == "up" else one < other


def ranked_way(part: str, rows: Mapping[str, Scored]) -> RankedWay:
    """One set as a column of the figure."""
    first = next(iter(rows.values())).scores
    scores = {name: cells(one.scores)[RANKED_BY] for name, one in rows.items()} if RANKED_BY in first.metrics else {}
    return RankedWay(f"{first.data}, {'all' if part == 'all' else 'test part'}", scores)


def paper_section(rows: Mapping[str, Scored]) -> str:
    """Our scores beside the paper's, and the pairs that stand in another order; empty where no model of it was scored."""
    ours = {name: rows[name].scores for name in IN_TABLE_1 if name in rows}
    metrics = [metric for metric in TABLE_1["Itti"] if all(metric in scores.metrics for scores in ours.values())]
    if not ours or not metrics:
        return ""
    lines = [
        [f"{name} ({IN_TABLE_1[name]})", *(f"{scores.mean(metric):.3f} ({TABLE_1[IN_TABLE_1[name]][metric]:.2f})" for metric in metrics)]
        for name, scores in ours.items()
    ]
    table = CellTable(["", *(column.heading for column in column_specs(metrics))], lines)
    told = {name: TABLE_1[IN_TABLE_1[name]] for name in ours}
    return f"{PAPER}\n{table.to_markdown()}\n{order_section(ours, told, metrics, 'the paper', 2)}\n"


def acceptance_section(acceptance: Acceptance) -> str:
    """The sheet's table of one set, with ours less the sheet's."""
    pairs = list(zip(acceptance.rows, (one.scores for one in acceptance.found), strict=True))
    lines = [
        [
            row.entry.title,
            str(scores.columns.height),
            *(
                f"{scores.mean(metric):.3f} ({scores.mean(metric) - told:+.3f})"
                for metric, told in zip(SHEET_METRICS, row.scores, strict=True)
            ),
            f"{row.error:.3f}",
        ]
        for row, scores in pairs
    ]
    headings = [column.heading for column in column_specs(SHEET_METRICS)]
    pictures = SHEET_PICTURES[acceptance.data]
    most = max(scores.columns.height for _, scores in pairs)
    caption = f"The last column is the standard error of the sheet's NSS over its {pictures} pictures."
    if most < pictures:
        caption += (
            f" {most} of these {pictures} pictures are at hand; leaving out the others, were they drawn at random, moves a mean by "
            f"{sqrt(pictures / most - 1):.2f} of that (one standard deviation)."
        )
    table = CellTable(["", "pictures", *headings, "s.e. of NSS"], lines, caption)
    # rows of fewer pictures are not put into an order with the others
    ordered = [(row, scores) for row, scores in pairs if row.entry.step == 1]
    ours = {row.entry.title: scores for row, scores in ordered}
    told = {row.entry.title: dict(zip(SHEET_METRICS, row.scores, strict=True)) for row, _ in ordered}
    order = order_section(ours, told, SHEET_METRICS[:1], "the sheet", 3)
    return f"### {acceptance.data}\n\n{SHEET[acceptance.data]}\n\n{table.to_markdown()}\n{order}\n"


def order_section(
    ours: Mapping[str, Scores], told: Mapping[str, Mapping[str, float]], metrics: Sequence[str], whose: str, decimals: int
) -> str:
    """The pairs of models that ours puts in the other order, with our difference; `told` is printed with so many decimals."""
    lines = []
    for metric in metrics:
        means = {name: scores.mean(metric) for name, scores in ours.items()}
        for better, worse in swapped(means, {name: told[name][metric] for name in ours}, metric):
            gap = difference(ours[better], ours[worse], metric)
            lines.append(
                [
                    METRICS[metric].title,
                    f"{better}: {told[better][metric]:.{decimals}f}",
                    f"{worse}: {told[worse][metric]:.{decimals}f}",
                    f"{means[better]:.3f} and {means[worse]:.3f}",
                    f"{gap.mean:+.3f} ({gap.low:+.3f}..{gap.high:+.3f})",
                ]
            )
    if not lines:
        return f"No two of these models stand in another order than in {whose}."
    titles = ["", f"better in {whose}", "worse there", "ours", "our difference"]
    caption = "The difference is over the same pictures, with its 95 % bootstrap interval; where that includes 0 our order is not certain."
    return f"In another order than in {whose}:\n\n{CellTable(titles, lines, caption).to_markdown()}"


def swapped(ours: Mapping[str, float], told: Mapping[str, float], metric: str) -> list[tuple[str, str]]:
    """Pairs (better, worse) of `told` that stand the other way round in `ours`; ties on either side are no swap."""
    pairs = [pair for one, other in combinations(told, 2) for pair in ((one, other), (other, one))]
    return [(a, b) for a, b in pairs if ahead(told[a], told[b], metric) and ahead(ours[b], ours[a], metric)]


def difference(one: Scores, other: Scores, metric: str) -> Interval:
    """Mean of one less other over the pictures that both were scored on."""
    left, right = (dict(zip(scores.keys, scores.values(metric), strict=True)) for scores in (one, other))
    return bootstrap_mean(np.array([left[key] - right[key] for key in left if key in right]))
