"""Searching the coefficients of a loss: a weighted sum is trained with many weights, and the validation pictures say which serve best.

trials/NNNN/    the run of each trial, with validation.csv: its scores, one row per validation picture
trials.csv      one row per trial
tuning.json     what was asked, and the best trial, or the front where several metrics are raised at once
tuning.png, report.html
journal.log, locks/    what the processes that search in this folder share (study.py)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from salquest.datasets import DataSet, Split, divide
from salquest.errors import InputError, TrainingFailed
from salquest.evaluation import Scores, evaluate
from salquest.metrics import METRICS
from salquest.models import CentreBias, Model
from salquest.models.deep.trained import TrainedNetwork
from salquest.quest.study import Outcome, Study, Trial
from salquest.quest.tuning_report import VALIDATION, TunedTrial, Tuning, report_tuning, trial_folder, write_trials
from salquest.quest.tuning_request import TuningRequest
from salquest.runs import RunFolder
from salquest.training import TrainingPlan, Watcher, train


@dataclass(frozen=True)
class TuningWatcher:
    """Who looks on: given what a trial tries, told how it ended and how many of how many have ended, whoever carried them out."""

    begin: Callable[[int, TrainingPlan], Watcher] = lambda number, plan: Watcher()
    end: Callable[[TunedTrial], None] = lambda trial: None
    progress: Callable[[int, int], None] = lambda done, total: None


def tune(
    request: TuningRequest,
    data: DataSet,
    split: Split | str,
    out: str | Path,
    *,
    trials: int = 30,
    device: str = "auto",
    cache: Path | None = None,
    watch: TuningWatcher | None = None,
) -> Tuning:
    """Search the weights of a loss.

    The first trial is the expression as given, so that a gain is a gain over it. Every trial is a run of `train` on the training and
    validation pictures; no test picture is opened. What is found was chosen on the validation pictures and looks better there than on new
    ones: train it and score it on the test part.

    Done again with the same folder the search goes on: trials that have ended are not repeated, one that was interrupted goes on after its
    last whole epoch. Several processes may search in one folder at the same time.

    Args:
        request: what is searched.
        data: the set; `split` names its parts by key.
        split: training and validation pictures, or how to `divide` the set; a test part is left out.
        out: the folder; it belongs to one request.
        trials: how many shall have begun in this folder, whoever began them.
        device: see `train`.
        cache: folder of the features of frozen encoders, shared by all trials; None keeps them in the search's folder.
        watch: who looks on.

    Returns:
        All trials in the folder.

    Raises:
        InputError, UnknownName: the request cannot be meant. Refused: the folder holds another search. MissingExtra: no Optuna.
    """
    if trials < 1:
        raise InputError(f"a search needs one trial or more; found {trials}")
    watch, root = watch or TuningWatcher(), Path(out)
    ranges, plan = request.ranges, request.plan.resolved()
    division = split if isinstance(split, Split) else divide(data, split)
    parts = Split(train=division.train, val=division.val, test=(), origin=division.origin)
    if not parts.train or not parts.val:
        raise InputError(
            f"a search needs training and validation pictures; the division ({parts.origin}) has {len(parts.train)} and {len(parts.val)}"
        )
    judge = _Judge(data, parts, plan.sigma_px or plan.sigma_degrees * data.sigma_px, request.metrics)
    floor = judge.floor  # scored first: a metric that these pictures cannot give is refused before anything is trained
    study = Study(
        root,
        request={
            **request.as_record(),
            "data": {"name": data.name, "edition": data.edition(), "sigma_px": judge.sigma_px},
            "split": parts.as_record(),
        },
        ranges=ranges,
        directions=[METRICS[name].direction for name in request.metrics],
        sampler=request.sampler,
        seed=request.seed,
    )

    def look() -> Tuning:
        return Tuning(root, request, tuple(_told(trial, request) for trial in study.trials), floor)

    def carry_out(trial: Trial) -> Outcome:
        chosen = request.plan_for(trial.params)
        folder = RunFolder(trial_folder(root, trial.number))
        try:
            record = train(
                chosen, data, parts, folder.root, device=device, cache=cache or root / "features", watch=watch.begin(trial.number, chosen)
            )
        except TrainingFailed as failure:
            return Outcome("failed", reason=str(failure), seconds=folder.read().seconds)
        scored = judge.score(TrainedNetwork.load(folder.root, device=record.device))
        scored.columns.save(folder.root / VALIDATION)
        shutil.rmtree(folder.state, ignore_errors=True)  # only an interrupted run needs it, and it is as large as the weights
        values = tuple(scored.mean(name) for name in request.metrics)
        if scored.missing or not np.isfinite(values).all():
            unscored = f"{len(scored.missing)} of {len(parts.val)} validation pictures could not be scored"
            return Outcome("failed", reason=next(iter(scored.missing.values()), unscored), seconds=record.seconds)
        return Outcome("collapsed" if record.status == "collapsed" else "finished", values, record.reason, record.seconds)

    def done(trial: Trial) -> None:
        with study.alone():
            seen = look()
            write_trials(seen)
        watch.end(_told(trial, request))
        watch.progress(sum(one.status != "running" for one in seen.trials), max(trials, len(seen.trials)))

    study.work(trials, carry_out, done)
    with study.alone():
        found = look()
        report_tuning(found, data)
    return found


def _told(trial: Trial, request: TuningRequest) -> TunedTrial:
    plan = request.plan_for(trial.params)
    numbers = request.numbers_for(trial.params)
    if trial.outcome is None:
        return TunedTrial(trial.number, plan.loss, plan.lr, numbers, "running", {})
    said = trial.outcome
    scores = dict(zip(request.metrics, said.values, strict=True)) if said.values else {}
    return TunedTrial(trial.number, plan.loss, plan.lr, numbers, said.status, scores, said.reason, said.seconds)


class _Judge:
    """Scores on the validation pictures, over the centre bias of the training pictures."""

    def __init__(self, data: DataSet, split: Split, sigma_px: float, metrics: Sequence[str]) -> None:
        self._pictures, self.sigma_px, self._metrics = data.subset(split.val), sigma_px, tuple(metrics)
        self._baseline = CentreBias.of(data.subset(split.train), sigma_px=sigma_px)

    @cached_property
    def floor(self) -> Scores:
        """What the centre bias scores."""
        return self.score(self._baseline)

    def score(self, model: Model) -> Scores:
        """One row per validation picture."""
        return evaluate(model, self._pictures, metrics=self._metrics, sigma_px=self.sigma_px, baseline=self._baseline)
