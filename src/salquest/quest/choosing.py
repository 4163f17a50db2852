"""Which learning rate each row gets, where a way of a quest chooses it on the validation pictures; read from the run folders alone."""

from __future__ import annotations

import math
from pathlib import Path

from salquest.quest.recipe import PlannedRun, Recipe, Way
from salquest.runs import Columns, RunFolder

# column of log.csv, and what it is multiplied with so that more is better
_CRITERIA = {"cc": ("val_cc_score", 1.0), "nss": ("val_nss_score", 1.0), "loss": ("val_loss", -1.0)}


def candidates(root: Path, recipe: Recipe, way: Way) -> dict[str, dict[float, float]]:
    """Row -> learning rate -> how good its best epoch was on the validation pictures (more is better), of the candidates that are done."""
    found: dict[str, dict[float, float]] = {row: {} for row in way.rows or recipe.rows}
    for run in recipe.expanded():
        folder = RunFolder(root / "runs" / run.folder)
        if run.way == way.name and run.rate is not None and folder.exists():
            record = folder.read()
            if record.status in ("finished", "collapsed") and record.best_epoch:
                column, sign = _CRITERIA[way.choose]
                value = sign * Columns.load(folder.log).numbers(column)[record.best_epoch - 1]
                found[run.name][run.rate] = value if math.isfinite(value) else -math.inf
    return found


def chosen_runs(root: Path, recipe: Recipe) -> list[PlannedRun]:
    """The runs that follow from the candidates: per way with rates and per row, the best rate with every seed; of equal rates the lowest.

    A row none of whose candidates came to an end has no run here.
    """
    planned = []
    for way in recipe.ways:
        if way.rates:
            for row, values in candidates(root, recipe, way).items():
                if values:
                    best = max(sorted(values), key=lambda rate, values=values: values[rate])  # type: ignore[misc]
                    planned += recipe.chosen(way, row, best)
    return planned


def rows_of(root: Path, recipe: Recipe, way: Way) -> list[PlannedRun]:
    """The runs that make up the table of a way: all of it, or those that were chosen."""
    everything = chosen_runs(root, recipe) if way.rates else recipe.expanded()
    return [run for run in everything if run.way == way.name]
