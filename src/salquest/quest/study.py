"""Trials that several processes share: what is tried next, what came of it, what was left behind. The one file that knows Optuna.

journal.log     every trial, as Optuna's journal
locks/          one lock for the journal and one per trial under way; the system frees them when their process ends, however it ends
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from salquest.errors import MissingExtra, Refused

Sampler = Literal["tpe", "random", "nsga"]
Status = Literal["finished", "collapsed", "failed"]

# NSGA-II learns from whole generations; Optuna's 50 would be random search for as long as most people have time
POPULATION = 16


@dataclass(frozen=True)
class Range:
    """Where a number is searched, on a logarithmic scale; the first trial takes what was given."""

    low: float
    given: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        status: a "finished" trial competes; a "collapsed" or "failed" one only tells the sampler where not to look.
        values: one per metric, of trials that have them.
        reason: why a trial collapsed or failed.
        seconds: what it took.
    """

    status: Status
    values: tuple[float, ...] = ()
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One try: its number from 0, the value of each searched name, and its outcome; None while it is under way."""

    number: int
    params: Mapping[str, float]
    outcome: Outcome | None = None


class Study:
    """The trials in a folder.

    What trial n tries depends on the seed, on n and on the trials before it: one process that is killed and started again tries what it
    would have tried uninterrupted.

    Args:
        root: the folder; made where it is not there.
        request: plain values that decide the numbers; a folder belongs to one request.
        ranges: what is searched, by name.
        directions: of the outcome's values, "up" or "down".
        sampler: "tpe" (Bergstra 2011; for several metrics Ozaki 2022), "random", or "nsga" (NSGA-II, Deb 2002, generations of 16).
        seed: of the draws.

    Raises:
        Refused: the folder holds another request, or files that are no search. MissingExtra: Optuna is not installed.
    """

    def __init__(
        self,
        root: Path,
        *,
        request: Mapping[str, Any],
        ranges: Mapping[str, Range],
        directions: Sequence[str],
        sampler: Sampler = "tpe",
        seed: int = 0,
    ) -> None:
        self._optuna, self._filelock = _optuna()
        self._root, self._ranges, self._kind, self._seed = root, dict(ranges), sampler, seed
        journal = root / "journal.log"
        if root.is_dir() and not (root / "locks").is_dir() and any(root.iterdir()):
            raise Refused(f"{root} holds files that are no search; choose another folder with --out")
        try:
            (root / "locks").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"{root} could not be made: {error.strerror or error}") from error
        self._turn = self._filelock.FileLock(root / "locks" / "journal.lock")
        with self._turn, self._silent():
            _mend(journal)
            # the lock is ours because it ends with its process; Optuna's own waits half a minute for one that a killed process left
            backend = self._optuna.storages.journal.JournalFileBackend(str(journal), lock_obj=self._turn)
            self._study = self._optuna.create_study(
                study_name="salquest tune",
                storage=self._optuna.storages.JournalStorage(backend),
                directions=["maximize" if direction == "up" else "minimize" for direction in directions],
                load_if_exists=True,
            )
            self._check(json.loads(json.dumps(request)))
            if not self._study.get_trials(deepcopy=False):
                self._study.enqueue_trial({name: bounds.given for name, bounds in ranges.items()})

    @property
    def trials(self) -> list[Trial]:
        """Every trial that has begun, by number."""
        running = self._optuna.trial.TrialState.RUNNING
        found = []
        for trial in self._study.get_trials(deepcopy=False):
            if trial.params.keys() == self._ranges.keys():
                told = trial.user_attrs.get("outcome") if trial.state != running else None
                outcome = Outcome(**{**told, "values": tuple(told["values"])}) if told else None
                found.append(Trial(trial.number, dict(trial.params), outcome))
        return found

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While this lasts no other process takes up or ends a trial."""
        with self._turn:
            yield

    def work(self, total: int, carry_out: Callable[[Trial], Outcome], done: Callable[[Trial], None] = lambda trial: None) -> None:
        """Carry out one trial after the other until `total` have begun, whoever began them; those that an ended process left behind first.

        An error of `carry_out` ends the work; its trial is taken up again by the next process.

        Args:
            total: of trials in the folder.
            carry_out: what is done with a trial.
            done: told of each trial that this process has ended, with its outcome.
        """
        while (taken := self._take(total)) is not None:
            asked, lock = taken
            trial = Trial(asked.number, dict(asked.params))
            try:
                outcome = carry_out(trial)
                with self._turn:
                    asked.set_user_attr("outcome", asdict(outcome))
                    states = self._optuna.trial.TrialState
                    if outcome.status == "finished":
                        self._study.tell(asked.number, list(outcome.values), state=states.COMPLETE)
                    else:  # pruned rather than failed: samplers forget what failed, and remember what was given up as worst
                        self._study.tell(asked.number, state=states.PRUNED)
            finally:
                with self._turn:
                    lock.release()
                    Path(lock.lock_file).unlink(missing_ok=True)
            done(replace(trial, outcome=outcome))

    def _take(self, total: int) -> tuple[Any, Any] | None:
        """A trial to carry out with the lock that says so; None where `total` have begun and none is left behind."""
        states = self._optuna.trial.TrialState
        with self._turn:
            trials = self._study.get_trials(deepcopy=False)
            for left in (trial for trial in trials if trial.state == states.RUNNING):
                lock = self._lock(left.number)
                with contextlib.suppress(self._filelock.Timeout):
                    lock.acquire(blocking=False)
                    return self._asked(left.number, partial(self._optuna.trial.Trial, self._study, left._trial_id)), lock
            if sum(trial.state != states.WAITING for trial in trials) >= total:
                return None
            number = next((trial.number for trial in trials if trial.state == states.WAITING), len(trials))
            lock = self._lock(number)
            lock.acquire(blocking=False)
            return self._asked(number, self._study.ask), lock

    def _asked(self, number: int, ask: Callable[[], Any]) -> Any:
        """The trial with a value for each name: those that it has, else drawn."""
        self._study.sampler = self._sampler(number)
        trial = ask()
        for name, bounds in self._ranges.items():
            trial.suggest_float(name, bounds.low, bounds.high, log=True)
        return trial

    def _sampler(self, number: int) -> Any:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        samplers = self._optuna.samplers
        if self._kind == "random":
            return samplers.RandomSampler(seed=seed)
        if self._kind == "nsga":
            # always crossed, and by simulated binary crossover (Deb 1995): swapping or copying weights would train many runs twice
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)  # so it has been called since Optuna 3.0
                crossover = samplers.nsgaii.SBXCrossover()
            return samplers.NSGAIISampler(population_size=POPULATION, crossover=crossover, crossover_prob=1.0, seed=seed)
        return samplers.TPESampler(seed=seed)

    def _lock(self, number: int) -> Any:
        return self._filelock.FileLock(self._root / "locks" / f"{number:04d}.lock")

    def _check(self, request: Mapping[str, Any]) -> None:
        there = self._study.user_attrs.get("request")
        if there is None:
            self._study.set_user_attr("request", request)
        elif there != request:
            raise Refused(
                f"{self._root} holds another search: {_differences(there, request)}; choose another folder with --out, "
                "or ask for what it was begun with"
            )

    @contextlib.contextmanager
    def _silent(self) -> Iterator[None]:
        """Optuna says on stderr that it made a study; what is worth saying we say ourselves."""
        before = self._optuna.logging.get_verbosity()
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        try:
            yield
        finally:
            self._optuna.logging.set_verbosity(before)


def _optuna() -> tuple[Any, Any]:
    try:
        import filelock
        import optuna
    except ImportError as error:
        raise MissingExtra("salquest tune", "tune") from error
    return optuna, filelock


def _mend(journal: Path) -> None:
    """Cut off half a line: what a process leaves that is killed while it writes, and what Optuna would not read past."""
    if journal.is_file():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    found = []
    for name in sorted({*there, *here}):
        ours, theirs = here.get(name), there.get(name)
        if ours == theirs:
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            found.append(_differences(theirs, ours))
        elif isinstance(ours, list) and len(ours) > 9:
            found.append(f"{name} is not the same")
        else:
            found.append(f"{name} is {json.dumps(theirs, ensure_ascii=False)} there and {json.dumps(ours, ensure_ascii=False)} here")
    return ", ".join(found)
