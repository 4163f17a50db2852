"""What may be concluded from the tables of a quest: noise floors, the spread that is left, verdicts on claims. Words and numbers, no drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from salquest.evaluation import NoiseFloor, noise_floor, spread, spread_left
from salquest.metrics import METRICS
from salquest.quest.choosing import candidates, chosen_runs
from salquest.quest.claims import Judgement, judge
from salquest.quest.recipe import Recipe, Way
from salquest.quest.rows import WayRows
from salquest.report import CellTable


def noise_floors(ways: Sequence[WayRows], recipe: Recipe) -> dict[str, dict[str, NoiseFloor]]:
    """Way -> metric -> what size of difference is noise there. A way with one seed borrows from the last one with several."""
    found: dict[str, dict[str, NoiseFloor]] = {}
    several = [rows for rows in ways if rows.wanted > 1]
    for rows in [*several, *(rows for rows in ways if rows.wanted == 1)]:
        own: dict[str, NoiseFloor] = {}
        for metric in rows.scores:
            valid = rows.valid(metric)
            pair = (recipe.same[0], recipe.same[1]) if len(recipe.same) == 2 and set(recipe.same) <= set(valid) else None
            lender = next((found[other.way.name][metric] for other in reversed(several) if metric in found.get(other.way.name, {})), None)
            if len(valid) > 1:
                own[metric] = noise_floor(valid, pair, borrow=lender if rows.wanted == 1 else None)
        found[rows.way.name] = own
    return found


def floors_line(floors: Mapping[str, NoiseFloor], recipe: Recipe) -> str:
    """The noise floor of every metric as one line under a table; empty where none can be said."""
    known = {METRICS[metric].title: floor for metric, floor in floors.items() if floor.size == floor.size}
    if not known:
        return ""
    about = "differences below it are not told from noise"
    if not any(np.isfinite(floor.variance) for floor in known.values()):
        about += "; of one seed: how far seeds differ is not in it"
    text = f"Noise floor ({about}): " + ", ".join(f"{title} {floor.size:.3f}" for title, floor in known.items())
    measured = {title: floor.measured for title, floor in known.items() if floor.measured is not None}
    if measured:
        text += f". A/A pair {recipe.same[0]} − {recipe.same[1]}: " + ", ".join(
            f"{title} {found.mean:+.3f} ({found.low:+.3f}..{found.high:+.3f})" for title, found in measured.items() if found is not None
        )
    return text


def spreads(ways: Sequence[WayRows], floors: Mapping[str, Mapping[str, NoiseFloor]]) -> CellTable | None:
    """How far rows lie apart in each way beyond noise, and how much of the first way's spread is left, over the rows that both have."""
    if not ways or not ways[0].scores:
        return None
    titles = ["", *(f"{METRICS[metric].title}" for metric in ways[0].scores)]
    lines = []
    first = ways[0]
    for rows in ways:
        cells, left = [], []
        for metric in first.scores:
            if metric not in rows.scores or len(rows.scores[metric]) < 2:
                cells.append("-")
                left.append("-")
                continue
            borrow = floors[rows.way.name].get(metric) if rows.wanted == 1 else None
            found = spread(rows.scores[metric], borrow=borrow)
            cells.append(f"{found.sd:.3f} ({found.low:.3f}..{found.high:.3f})")
            if rows is not first:
                ratio = spread_left(rows.scores[metric], first.scores[metric], borrow=borrow)
                left.append(
                    f"{100 * ratio.ratio:.0f} % ({100 * ratio.low:.0f}..{100 * ratio.high:.0f})" if ratio.ratio == ratio.ratio else "-"
                )
        number = len(next(iter(rows.scores.values()), {}))
        failed = sum(bool(rows.note(row)) for row in next(iter(rows.scores.values()), {}))
        name = rows.way.title or rows.way.name or "all rows"
        lines.append([f"{name}: {number} rows{f', {failed} of them failed to learn' if failed else ''}", *cells])
        if rows is not first and any(cell != "-" for cell in left):
            common = len(set(next(iter(rows.scores.values()), {})) & set(next(iter(first.scores.values()), {})))
            lines.append([f"— left of the first way's, over {common} rows", *left])
    return CellTable(
        titles,
        lines,
        "Standard deviation between the rows' means beyond noise, with 95 % intervals over pictures and seeds; rows that failed to learn count.",
    )


@dataclass(frozen=True)
class TestedClaim:
    """A claim judged in one way: the judgement, or why there is none."""

    claim: str
    text: str
    way: str
    judgement: Judgement | None
    why_not: str = ""


def verdicts(recipe: Recipe, ways: Sequence[WayRows], floors: Mapping[str, Mapping[str, NoiseFloor]]) -> list[TestedClaim]:
    """Every claim of the recipe, in the way that it names or in each."""
    found = []
    for written in recipe.claims:
        claim = (
            written if written.published is not None else msgspec.structs.replace(written, published=recipe.published.get(written.metric))
        )
        for rows in ways:
            if claim.way not in ("", rows.way.name) or claim.metric not in {**rows.scores, **rows.measures}:
                continue
            valid = rows.valid(claim.metric)
            named = (*claim.rows, *claim.than)
            title = rows.way.title or rows.way.name
            absent = [row for row in named if row not in valid]
            if absent:
                if rows.way.rows and not set(named) <= set(rows.way.rows):
                    continue  # the way has fewer rows by design
                why_not = "; ".join(f"{row}: {(rows.note(row) or 'not scored') if row in rows.runs else 'not begun'}" for row in absent)
                found.append(TestedClaim(claim.name, claim.text, title, None, why_not))
            elif len(valid) > 1:
                found.append(TestedClaim(claim.name, claim.text, title, judge(claim, valid, floors[rows.way.name].get(claim.metric))))
    return found


def verdict_table(found: Sequence[TestedClaim]) -> CellTable:
    """Claims as a table: what the paper says, in which way it was tested, the verdict, and the numbers in a sentence."""
    rows = [
        (
            f"{verdict.claim}: {verdict.text}",
            verdict.way or "-",
            verdict.judgement.verdict if verdict.judgement else "not judged",
            verdict.judgement.sentence if verdict.judgement else verdict.why_not,
        )
        for verdict in found
    ]
    return CellTable(("claim", "way", "verdict", "effect, with 95 % interval over pictures and seeds"), rows)


def rates_tried(root: Path, recipe: Recipe, way: Way) -> CellTable:
    """Per row, what every candidate rate came to on the validation pictures; the chosen one is marked with an arrow."""
    found = candidates(root, recipe, way)
    chosen = {run.name: run.rate for run in chosen_runs(root, recipe) if run.way == way.name}
    sign = -1.0 if way.choose == "loss" else 1.0
    lines = [
        [row, *(f"{'→ ' if rate == chosen.get(row) else ''}{sign * values[rate]:.3f}" if rate in values else "-" for rate in way.rates)]
        for row, values in found.items()
    ]
    what = {"cc": "CC", "nss": "NSS", "loss": "loss"}[way.choose]
    return CellTable(
        ["", *(f"rate {rate:g}" for rate in way.rates)],
        lines,
        f"{what} on the validation pictures, first seed; the arrow marks the choice.",
    )


def beside_the_paper(recipe: Recipe, ways: Sequence[WayRows]) -> CellTable | None:
    """Printed scores and ours, of the last way that has all rows; None where the recipe has no printed ones."""
    whole = [rows for rows in ways if not rows.way.rows and rows.scores]
    metrics = [metric for metric in recipe.metrics if metric in recipe.published and whole and metric in whole[-1].scores]
    if not metrics:
        return None
    ours = whole[-1].scores
    lines = []
    for row in recipe.rows:
        cells = []
        for metric in metrics:
            printed, measured = recipe.published[metric].get(row), ours[metric].get(row)
            cells.append(
                f"{'-' if printed is None else f'{printed:.3f}'} / {'-' if measured is None else f'{float(np.nanmean(measured)):.3f}'}"
            )
        lines.append([row, *cells])
    way = whole[-1].way.title or whole[-1].way.name or "this quest"
    return CellTable(["", *(METRICS[metric].title for metric in metrics)], lines, f"As printed / ours ({way}).")
