"""The figures of a quest's report, from what its run folders hold: rankings, pairs, learning curves, gradients, the centre bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.evaluation import NoiseFloor, compare_rows
from salquest.quest.recipe import Recipe, slug
from salquest.quest.rows import WayRows, column_specs
from salquest.report import (
    Curves,
    PairRow,
    RankedWay,
    ScoreTable,
    TermGradients,
    centre_bias_figure,
    gradient_figure,
    learning_curves,
    pair_matrix_figure,
    ranking_figure,
    score_figure,
)
from salquest.runs import Columns, RunFolder

# from so many rows on a table is shown as a ranking, and its curves are drawn for some rows only
MANY_ROWS = 12
# sums whose gradients are drawn
MOST_GRADIENTS = 4


def quest_figures(
    folder: Path,
    recipe: Recipe,
    ways: Sequence[WayRows],
    tables: Mapping[str, ScoreTable],
    floors: Mapping[str, Mapping[str, NoiseFloor]],
    centre: NDArray[np.float64],
) -> dict[str, tuple[str, bytes]]:
    """All figures of a quest's report.

    Args:
        folder: the quest's.
        recipe, ways: what was asked, and what came of it.
        tables, floors: by name of the way.
        centre: the centre bias of the training pictures, (H, W).

    Returns:
        Heading -> (file's name without its ending, PNG).
    """
    families = {row: _family(recipe, row) for row in recipe.rows}
    found: dict[str, tuple[str, bytes]] = {}
    for column in column_specs(recipe.metrics):
        ranked = [
            RankedWay(
                rows.way.title or rows.way.name,
                {
                    row.name: row.cells[column.key]
                    for row in tables[rows.way.name].rows
                    if row.kind == "model" and column.key in row.cells and not row.note
                },
                floors[rows.way.name][column.key].size if column.key in floors[rows.way.name] else None,
            )
            for rows in ways
        ]
        ranked = [way for way in ranked if way.scores]
        if len(recipe.rows) > MANY_ROWS and ranked:
            found[f"Ranking by {column.title}"] = (f"ranking-{column.key}", ranking_figure(ranked, column, families))
    if len(recipe.rows) <= MANY_ROWS:
        for rows in ways:
            name = f": {rows.way.title or rows.way.name}" if rows.way.name else ""
            table = tables[rows.way.name]
            found[f"Means and intervals{name}"] = (_file("scores", rows), score_figure(table, [c.key for c in table.columns]))
    if len(recipe.rows) > 2:
        found |= _pair_figures(recipe, ways, floors, families)
    found |= _curve_figures(folder, ways) | _contest_figures(folder, ways)
    pulls = _gradients(folder, ways)
    if pulls:
        found["Which term of a sum is learned"] = ("gradients", gradient_figure(pulls))
    found["The centre bias of the training pictures, with its marginals"] = ("centre-bias", centre_bias_figure(centre))
    return found


def _pair_figures(
    recipe: Recipe, ways: Sequence[WayRows], floors: Mapping[str, Mapping[str, NoiseFloor]], families: Mapping[str, str]
) -> dict[str, tuple[str, bytes]]:
    """Which rows differ at all under the first metric, way by way."""
    column = column_specs(recipe.metrics)[0]
    up = column.direction == "up"
    found = {}
    for rows in ways:
        valid = rows.valid(column.key) if column.key in rows.scores else {}
        if len(valid) < 3:
            continue
        order = sorted(valid, key=lambda row, valid=valid: float(np.nanmean(valid[row])), reverse=up)  # type: ignore[misc]
        pairs = [
            PairRow(
                column.heading,
                pair.first,
                pair.second,
                pair.difference.mean,
                pair.difference.low,
                pair.difference.high,
                pair.p,
                pair.p_holm,
                pair.first if (pair.difference.mean > 0) == up else pair.second,
            )
            for pair in compare_rows(valid)
        ]
        floor = floors[rows.way.name].get(column.key)
        name = f": {rows.way.title or rows.way.name}" if rows.way.name else ""
        picture = pair_matrix_figure(pairs, order, column, families, noise_floor=floor.size if floor is not None else None)
        found[f"Which rows differ by {column.title}{name}"] = (_file("pairs", rows), picture)
    return found


def _curve_figures(folder: Path, ways: Sequence[WayRows]) -> dict[str, tuple[str, bytes]]:
    """Learning curves of each way, every seed; of a long table those rows that the shortest way has."""
    shortest = min((list(rows.runs) for rows in ways), key=len)
    panels = {"val_cc_score": "CC, validation pictures", "val_nss_score": "NSS, validation pictures"}
    found = {}
    for rows in ways:
        curves = []
        for run, _ in (member for row in rows.runs if row in shortest for member in rows.runs[row]):
            log = RunFolder(folder / "runs" / run.folder).log
            if log.is_file():
                columns = Columns.load(log)
                curves.append(Curves(run.name, columns.numbers("epoch"), {key: columns.numbers(key) for key in panels}))
        if curves:
            name = f": {rows.way.title or rows.way.name}" if rows.way.name else ""
            found[f"Learning curves{name}"] = (_file("learning", rows), learning_curves(curves, panels))
    return found


def _contest_figures(folder: Path, ways: Sequence[WayRows]) -> dict[str, tuple[str, bytes]]:
    """How network and discriminator fared against each other, of the runs that have an adversary."""
    panels = {
        "train_adversary": "the network's −log D",
        "discriminator_loss": "the discriminator's loss",
        "discriminator_real": "right on observed maps",
        "discriminator_fake": "right on predicted maps",
    }
    found = {}
    for rows in ways:
        curves = []
        for run, _ in (member for members in rows.runs.values() for member in members):
            log = RunFolder(folder / "runs" / run.folder).log
            columns = Columns.load(log) if run.plan.adversarial and log.is_file() else None
            if columns is not None and all(key in columns for key in panels):
                curves.append(Curves(run.name, columns.numbers("epoch"), {key: columns.numbers(key) for key in panels}))
        if curves:
            name = f": {rows.way.title or rows.way.name}" if rows.way.name else ""
            found[f"Network against discriminator{name}"] = (_file("contest", rows), learning_curves(curves, panels))
    return found


def _gradients(folder: Path, ways: Sequence[WayRows]) -> list[TermGradients]:
    """The terms of the sums, first seeds, in the first way that has them."""
    for rows in ways:
        found = []
        for row, members in rows.runs.items():
            path = RunFolder(folder / "runs" / members[0][0].folder).gradients
            if path.is_file():
                lines = Columns.load(path).rows()
                terms = list(dict.fromkeys(str(line["term"]) for line in lines))
                norms, cosines = (
                    {term: [float(line[key]) for line in lines if line["term"] == term] for term in terms}  # type: ignore[arg-type]
                    for key in ("norm", "cosine_total")
                )
                epochs = [float(line["epoch"]) for line in lines if line["term"] == terms[0]]  # type: ignore[arg-type]
                found.append(TermGradients(row, [epoch - 1 for epoch in epochs], norms, cosines))
        if found:
            return found[:MOST_GRADIENTS]
    return []


def _family(recipe: Recipe, row: str) -> str:
    """The family of a row's loss; a sum is a combination."""
    plan = next(run.plan for run in recipe.expanded() if run.name == row)
    terms = plan.objective().expression.terms
    return plan.objective().losses[terms[0].name].family if len(terms) == 1 else "combination"


def _file(what: str, rows: WayRows) -> str:
    return f"{what}-{slug(rows.way.name)}" if rows.way.name else what
