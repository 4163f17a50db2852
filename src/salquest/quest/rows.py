"""What the runs of a quest scored, as arrays: seeds by pictures for every row of a way, and which rows are worth comparing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.metrics import METRICS
from salquest.quest.choosing import rows_of
from salquest.quest.elsewhere import scores_path
from salquest.quest.recipe import PlannedRun, Recipe, Way
from salquest.report import ColumnSpec
from salquest.runs import Columns, RunFolder, RunRecord

LEARNED_NOTHING = "no better than the centre bias"


@dataclass(frozen=True)
class WayRows:
    """The rows of one way on one data set.

    Attributes:
        way: of the recipe.
        runs: row -> its runs that have begun, one per seed, with their records.
        scores: metric -> row -> (seeds, pictures), for the rows all of whose seeds were scored; the same pictures in the same order.
        wanted: how many seeds a whole row has.
    """

    way: Way
    runs: Mapping[str, Sequence[tuple[PlannedRun, RunRecord]]]
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    wanted: int = 1

    def note(self, row: str) -> str:
        """What a reader must know about a row: failed, collapsed, unfinished; empty where all is well."""
        odd = [record for _, record in self.runs[row] if record.status != "finished"]
        if not odd:
            missing = self.wanted - len(self.runs[row])
            return f"{missing} of {self.wanted} seeds not begun" if missing else ""
        told = ", ".join(sorted({_trouble(record) for record in odd}))
        if self.wanted > 1:  # the reasons stand with the runs
            return f"{told}, {len(odd)} of {self.wanted} seeds"
        reason = next((record.reason for record in odd if record.reason), "")
        return told + (f": {reason}" if reason and told != LEARNED_NOTHING else "")

    def valid(self, metric: str) -> dict[str, NDArray[np.float64]]:
        """The rows that can be compared under a metric: whole, finished, none of their seeds collapsed."""
        return {row: values for row, values in self.scores[metric].items() if not self.note(row)}


def _trouble(record: RunRecord) -> str:
    """What became of a run that is not whole, in few words."""
    return LEARNED_NOTHING if record.status == "collapsed" and "centre bias" in record.reason else record.status


def read_rows(root: Path, recipe: Recipe, way: Way, *, elsewhere: str = "", within: str = "") -> WayRows:
    """Read a way's rows from its run folders.

    Args:
        root: the quest's folder.
        recipe, way: what was asked.
        elsewhere: name of another data set on which the runs were scored; empty for the quest's own test pictures.
        within: one of several sets that the runs learnt from; empty for the test pictures of all.
    """
    planned = rows_of(root, recipe, way)
    runs: dict[str, list[tuple[PlannedRun, RunRecord]]] = {}
    tables: dict[str, list[Columns]] = {}
    for run in planned:
        folder = RunFolder(root / "runs" / run.folder)
        if not folder.exists():
            continue
        runs.setdefault(run.name, []).append((run, folder.read()))
        path = scores_path(folder, elsewhere) if elsewhere else folder.scores
        if path.is_file():
            tables.setdefault(run.name, []).append(rows_within(Columns.load(path), within))
    wanted = len(way.seeds or recipe.seeds)
    whole = {row: found for row, found in tables.items() if len(found) == wanted}
    metrics = [metric for metric in recipe.metrics if whole and all(metric in table for found in whole.values() for table in found)]
    scores = {
        metric: {row: np.array([table.numbers(metric) for table in found], dtype=np.float64) for row, found in whole.items()}
        for metric in metrics
    }
    if elsewhere or within:
        elsewhere = elsewhere or within
        way = msgspec.structs.replace(way, name=elsewhere, title=f"On {elsewhere}")
    return WayRows(way, runs, scores, wanted)


def rows_within(table: Columns, name: str) -> Columns:
    """The rows of scores.csv that belong to one of several sets; all of them where no set is named."""
    return Columns.of_rows([row for row in table.rows() if row["data"] == name]) if name else table


def column_specs(metrics: Sequence[str]) -> list[ColumnSpec]:
    """The metrics' cards as columns of a table."""
    return [ColumnSpec(name, METRICS[name].title, METRICS[name].direction, METRICS[name].unit) for name in metrics]
