"""Trained rows on data of another kind: scored whole, once, and kept beside the run's own scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salquest.datasets import DataSet
from salquest.evaluation import evaluate
from salquest.metrics import METRICS
from salquest.models.deep.trained import TrainedNetwork
from salquest.quest.recipe import Recipe
from salquest.runs import Columns, RunFolder


def scores_path(folder: RunFolder, name: str) -> Path:
    """Where the scores of a run on another data set lie."""
    return folder.root / f"scores-{name}.csv"


def metrics_for(data: DataSet, recipe: Recipe) -> tuple[str, ...]:
    """The recipe's metrics that a data set can give: one with maps alone has none that asks for fixations."""
    return tuple(
        name for name in recipe.metrics if data.has_fixations or not {"fixations", "others", "baseline"} & set(METRICS[name].needs)
    )


def score_elsewhere(
    folder: RunFolder, name: str, data: DataSet, recipe: Recipe, cache: Path, progress: Callable[[str, int, int], None]
) -> None:
    """Score a finished run on all pictures of another data set; what was done before on the same pictures is not done again."""
    path = scores_path(folder, name)
    wanted = metrics_for(data, recipe)
    if path.is_file():
        there = Columns.load(path)
        if set(there) >= {"image", *wanted} and [str(key) for key in there["image"]] == list(data.keys):
            return
    if not folder.exists() or not folder.weights.is_file() or folder.read().status not in ("finished", "collapsed"):
        return
    found = evaluate(
        TrainedNetwork.load(folder.root, features=cache),
        data,
        metrics=wanted,
        progress=lambda done, total: progress(f"scoring {folder.root.name} on {name}", done, total),
    )
    found.columns.save(path)
