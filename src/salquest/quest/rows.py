"""What the runs of a quest scored, as arrays: seeds by pictures for every row of a way, and which rows are worth comparing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.quest.choosing import rows_of
from salquest.quest.elsewhere import scores_path
from salquest.quest.measures import column_of, measure_path
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
        measures: measure -> row -> (seeds, pictures), as the scores.
    """

    way: Way
    runs: Mapping[str, Sequence[tuple[PlannedRun, RunRecord]]]
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    wanted: int = 1
    measures: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)

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
        """The rows that can be compared under a metric or measure: whole, finished, none of their seeds collapsed."""
        values = self.scores[metric] if metric in self.scores else self.measures[metric]
        return {row: found for row, found in values.items() if not self.note(row)}


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
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for measure in recipe.measures if not elsewhere and not within else ():
        values = {row: _measured(root, [run for run, _ in members], measure) for row, members in runs.items()}
        whole_rows = {row: np.array(found) for row, found in values.items() if len(found) == wanted}
        # a run of few epochs has no late gain
        measures[measure] = {row: found for row, found in whole_rows.items() if not np.isnan(found).all()}
    if elsewhere or within:
        elsewhere = elsewhere or within
        way = msgspec.structs.replace(way, name=elsewhere, title=f"On {elsewhere}")
    return WayRows(way, runs, scores, wanted, {measure: found for measure, found in measures.items() if found})


def _measured(root: Path, runs: Sequence[PlannedRun], measure: str) -> list[list[float]]:
    """A measure of every seed's run that has it."""
    paths = [measure_path(RunFolder(root / "runs" / run.folder), measure) for run in runs]
    return [Columns.load(path).numbers(measure) for path in paths if path.is_file()]


def rows_within(table: Columns, name: str) -> Columns:
    """The rows of scores.csv that belong to one of several sets; all of them where no set is named."""
    return Columns.of_rows([row for row in table.rows() if row["data"] == name]) if name else table


def column_specs(metrics: Sequence[str]) -> list[ColumnSpec]:
    """The cards of metrics and measures as columns of a table."""
    return [column_of(name) for name in metrics]
