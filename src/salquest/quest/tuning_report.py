"""What a search found, and what it leaves for people: tables, the figure, the page, the gain over the expression that was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salquest.datasets import DataSet
from salquest.evaluation import Interval, Scores, bootstrap_mean
from salquest.metrics import METRICS
from salquest.quest.rows import column_specs
from salquest.quest.tuning_request import TuningRequest
from salquest.report import Gallery, Row, Score, ScoreTable, Section, TrialPoint, front_figure, report_page, search_figure
from salquest.runs import Columns, versions, write_bytes, write_json, write_text

# rows of the table where one metric is raised; a front is shown whole
SHOWN = 5
# a trial's scores, one row per validation picture, in its run folder
VALIDATION = "validation.csv"


@dataclass(frozen=True)
class TunedTrial:
    """A trial as people read it.

    Attributes:
        number: from 0, the expression that was given.
        loss, lr: what was trained: the canonical expression, and the learning rate.
        searched: label -> size of the weight, and "lr" where it was searched.
        status: "running", "finished", "collapsed" or "failed"; only a finished trial competes.
        scores: metric -> mean over the validation pictures, of trials that have them.
        reason, seconds: why it collapsed or failed, and what it took.
    """

    number: int
    loss: str
    lr: float
    searched: Mapping[str, float]
    status: str
    scores: Mapping[str, float]
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Tuning:
    """A search: where it lies, what was asked, what was tried.

    Attributes:
        root: the folder.
        request: what was asked.
        trials: by number, those that are still running elsewhere included.
        floor: the centre bias of the training pictures, scored on the same validation pictures.
    """

    root: Path
    request: TuningRequest
    trials: tuple[TunedTrial, ...]
    floor: Scores

    @property
    def given(self) -> TunedTrial | None:
        """The first trial: the expression as it was given; None before it has begun."""
        return next((trial for trial in self.trials if trial.number == 0), None)

    @property
    def finished(self) -> tuple[TunedTrial, ...]:
        """Trials that compete; with one metric best first."""
        done = [trial for trial in self.trials if trial.status == "finished"]
        if len(self.request.metrics) == 1:
            done.sort(key=lambda trial: self._losses(trial))
        return tuple(done)

    @property
    def best(self) -> tuple[TunedTrial, ...]:
        """The best trial; with several metrics the front: trials that no other one equals or beats in every metric and beats in one."""
        if len(self.request.metrics) == 1:
            return self.finished[:1]
        losses = [self._losses(trial) for trial in self.finished]
        front = [
            trial
            for trial, mine in zip(self.finished, losses, strict=True)
            if not any(all(t <= m for t, m in zip(theirs, mine, strict=True)) and theirs != mine for theirs in losses)
        ]
        return tuple(sorted(front, key=self._losses))

    def folder(self, trial: TunedTrial) -> Path:
        """The run folder of a trial."""
        return trial_folder(self.root, trial.number)

    def _losses(self, trial: TunedTrial) -> tuple[float, ...]:
        return tuple(trial.scores[name] * (-1 if METRICS[name].direction == "up" else 1) for name in self.request.metrics)


def trial_folder(root: Path, number: int) -> Path:
    """The run folder of a trial."""
    return root / "trials" / f"{number:04d}"


def write_trials(tuning: Tuning) -> None:
    """Write trials.csv and tuning.json."""
    rows = [
        {
            "number": trial.number,
            "loss": trial.loss,
            **{name if name == "lr" else f"weight {name}": value for name, value in trial.searched.items()},
            **{name: trial.scores.get(name) for name in tuning.request.metrics},
            "status": trial.status,
            "seconds": round(trial.seconds, 3),
            "reason": trial.reason or None,
        }
        for trial in tuning.trials
    ]
    Columns.of_rows(rows).save(tuning.root / "trials.csv")
    write_json(
        tuning.root / "tuning.json",
        {
            "request": tuning.request.as_record(),
            "trials": dict(Counter(trial.status for trial in tuning.trials)),
            "given": None if tuning.given is None else _document(tuning, tuning.given),
            "best": [_document(tuning, trial) for trial in tuning.best],
            "centre_bias": {name: tuning.floor.mean(name) for name in tuning.request.metrics},
            "versions": versions("salquest", "optuna", "torch", "numpy"),
        },
    )


def report_tuning(tuning: Tuning, data: DataSet) -> None:
    """Write trials.csv, tuning.json, tuning.png and report.html."""
    write_trials(tuning)
    columns = column_specs(tuning.request.metrics)
    points = [TrialPoint(trial.number, trial.scores, trial.searched, trial.status) for trial in tuning.trials if trial.status != "running"]
    if len(columns) == 1:
        caption, figure = "The search", search_figure(points, columns[0])
    else:
        caption, figure = "The front", front_figure(points, columns, [trial.number for trial in tuning.best])
    write_bytes(tuning.root / "tuning.png", figure)
    page = report_page(
        title=f"Weights of {tuning.request.plan.resolved().loss}",
        introduction=" ".join([tried(tuning), *gains(tuning)]),
        sections=[Section("Scores", scores=tuning_table(tuning)), Section(caption, picture=figure)],
        gallery=Gallery((), ()),
        facts={
            "data": f"{data.name}, edition {data.edition()}",
            "searched": ", ".join(f"{name} from {r.low:.4g} to {r.high:.4g}" for name, r in tuning.request.ranges.items()),
            "kept": ", ".join(tuning.request.kept) or "nothing",
            "sampler": f"{tuning.request.sampler}, seed {tuning.request.seed}",
            "epochs": str(tuning.request.plan.epochs),
            **versions("salquest", "optuna", "torch"),
        },
    )
    write_text(tuning.root / "report.html", page)


def tuning_table(tuning: Tuning) -> ScoreTable:
    """The best trials (one metric) or the front (several), the expression that was given, and the centre bias as the floor."""
    shown = list(tuning.finished[:SHOWN] if len(tuning.request.metrics) == 1 else tuning.best)
    if tuning.given is not None and tuning.given.status != "running" and tuning.given not in shown:
        shown.append(tuning.given)
    rows = [Row(_named(tuning, trial), _intervals(tuning, trial), note=_remark(trial)) for trial in shown]
    floor = {name: Score(i.mean, i.low, i.high) for name, i in tuning.floor.summary().items()}
    what = "best trials" if len(tuning.request.metrics) == 1 else "trials that no other one beats in every metric"
    caption = (
        f"{what[0].upper()}{what[1:]}, by number, on the {tuning.floor.columns.height} validation pictures of {tuning.floor.data} "
        f"on which they were chosen; {tuning.floor.caption()}; 95 % bootstrap intervals over pictures."
    )
    return ScoreTable([*rows, Row("centre bias (floor)", floor, kind="floor")], column_specs(tuning.request.metrics), caption)


def tried(tuning: Tuning) -> str:
    """How many trials there are and how they ended, as a sentence."""
    counts = Counter(trial.status for trial in tuning.trials)
    parts = ", ".join(f"{counts[status]} {status}" for status in ("finished", "collapsed", "failed", "running") if counts[status])
    return f"{len(tuning.trials)} trials: {parts or 'none'}."


def gains(tuning: Tuning) -> list[str]:
    """For each of the best trials, what it gains over the expression that was given, picture by picture, as sentences."""
    said = []
    for trial in tuning.best:
        gained = [(column.heading, paired_gain(tuning, trial, column.key)) for column in column_specs(tuning.request.metrics)]
        parts = [f"{heading} {gain.mean:+.3f} ({gain.low:+.3f}..{gain.high:+.3f})" for heading, gain in gained if gain is not None]
        if parts:
            number = tuning.floor.columns.height
            said.append(f"Trial {trial.number} over the given expression, on the same {number} validation pictures: {', '.join(parts)}.")
    return said


def paired_gain(tuning: Tuning, trial: TunedTrial, metric: str) -> Interval | None:
    """Mean of a trial's score minus the given expression's over the same validation pictures; None where one of them has none.

    The interval is over pictures alone. It knows nothing of the spread between training seeds, nor of the choice among trials, which makes
    the best of many look better than it is.
    """
    given = tuning.given
    if given is None or given.number == trial.number or not given.scores or not trial.scores:
        return None
    ours, theirs = (_rows(tuning.root, one.number) for one in (trial, given))
    return bootstrap_mean(np.subtract(ours.numbers(metric), theirs.numbers(metric)))


def _document(tuning: Tuning, trial: TunedTrial) -> dict[str, object]:
    gained = {name: paired_gain(tuning, trial, name) for name in tuning.request.metrics}
    return {
        "number": trial.number,
        "loss": trial.loss,
        "lr": trial.lr,
        "status": trial.status,
        "scores": dict(trial.scores),
        "gain": {name: [gain.mean, gain.low, gain.high] for name, gain in gained.items() if gain is not None},
        "run": str(tuning.folder(trial).relative_to(tuning.root)),
    }


def _intervals(tuning: Tuning, trial: TunedTrial) -> dict[str, Score]:
    if not trial.scores:
        return {}
    rows = _rows(tuning.root, trial.number)
    found = {name: bootstrap_mean(rows.numbers(name)) for name in tuning.request.metrics}
    return {name: Score(i.mean, i.low, i.high) for name, i in found.items()}


def _rows(root: Path, number: int) -> Columns:
    return Columns.load(trial_folder(root, number) / VALIDATION)


def _named(tuning: Tuning, trial: TunedTrial) -> str:
    rate = f", lr {trial.lr:g}" if "lr" in tuning.request.ranges else ""
    return f"{trial.number}: {trial.loss}{rate}{' (as given)' if trial.number == 0 else ''}"


def _remark(trial: TunedTrial) -> str:
    return "" if trial.status == "finished" else f"{trial.status}: {trial.reason}"
