"""Carrying out a recipe on this machine: run after run, each in its folder; what is finished is never done again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from salquest.datasets import DataSet, JoinedSets, Split, join
from salquest.datasets.joined import JOIN, load_joined
from salquest.errors import InputError, Refused, SalquestError, UnknownName
from salquest.quest.choosing import chosen_runs, rows_of
from salquest.quest.elsewhere import score_elsewhere
from salquest.quest.measures import measure_run
from salquest.quest.recipe import PlannedRun, Recipe, find_recipe, read_recipe, recipe_text
from salquest.quest.reporting import report_quest
from salquest.quest.workers import carry_out_together
from salquest.report import ScoreTable
from salquest.runs import RunFolder, RunRecord, write_text
from salquest.runs.cores import available_cores
from salquest.training import Watcher, train
from salquest.training.run import prepare_features


@dataclass(frozen=True)
class QuestWatcher:
    """Who looks on: told when a run begins and how it ended, and given the watcher of the run itself."""

    begin: Callable[[int, int, PlannedRun], Watcher] = lambda number, total, run: Watcher()
    end: Callable[[PlannedRun, RunRecord], None] = lambda run, record: None
    stage: Callable[[str, int, int], None] = lambda what, done, total: None


@dataclass(frozen=True)
class QuestResult:
    """Where a quest lies, its tables (by way, "" where there is but one; by name for other data sets), and how each run ended."""

    root: Path
    tables: Mapping[str, ScoreTable]
    runs: Mapping[str, RunRecord] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """Folders of the runs that did not finish."""
        return tuple(name for name, record in self.runs.items() if record.status == "failed")


def run_quest(
    recipe: str | Path | Recipe,
    data: DataSet | JoinedSets | Mapping[str, str | Path],
    *,
    out: str | Path | None = None,
    elsewhere: Mapping[str, DataSet] | None = None,
    device: str = "auto",
    cache: Path | None = None,
    workers: int = 1,
    watch: QuestWatcher | None = None,
) -> QuestResult:
    """Carry out a recipe and write its tables and report.

    Done again with the same folder it goes on where it stopped: finished runs are taken as they are, an interrupted one goes on after its last
    whole epoch, a failed one is tried again. A run that fails is shown with its reason and does not stop the others.

    Args:
        recipe: a packaged recipe's name, a TOML file, or a Recipe.
        data: the data set that the recipe names (or one that it also names; several joined where it names "a+b"), or name -> folder.
        out: the quest's folder; quests/NAME, or quests/NAME-DATA for another data set than the recipe's first, where it is not given.
        elsewhere: the data sets of the recipe's `elsewhere` that are at hand, by name.
        device: see `train`.
        cache: folder of the features of frozen encoders, shared by all runs; None keeps them in the quest's folder.
        workers: runs carried out at the same time, each in a process with its share of the cores. Numbers do not depend on it as long as a run
            has as many threads; with more or fewer threads torch sums in another order, which moves the last bits.
        watch: who looks on.

    Raises:
        UnknownName, InputError, BrokenFile: the recipe cannot be meant. Refused: the folder holds another quest.
    """
    if workers < 1:
        raise InputError(f"a quest takes at least one worker; found {workers}")
    watch = watch or QuestWatcher()
    recipe, text = (recipe, recipe_text(recipe)) if isinstance(recipe, Recipe) else find_recipe(recipe)
    planned = recipe.expanded()
    for name in elsewhere or {}:
        if name not in recipe.elsewhere:
            raise UnknownName(f"data set that the recipe {recipe.name} scores on", name, recipe.elsewhere)
    sets = join(data) if isinstance(data, (DataSet, JoinedSets)) else load_joined(recipe.data_given(data), data)
    root = Path(out) if out is not None else default_folder(recipe, sets.name)
    _claim(root, recipe, text)
    split = sets.divide(recipe.split, seed=recipe.split_seed)
    crew = _Crew(recipe, sets, split, root, device, cache or root / "features", workers, watch)
    crew.work(planned)
    crew.work(chosen_runs(root, recipe))
    for name, other in (elsewhere or {}).items():
        for way in recipe.all_ways:
            for run in rows_of(root, recipe, way):
                score_elsewhere(RunFolder(root / "runs" / run.folder), name, other, recipe, crew.cache, watch.stage)
    tables = report_quest(root, data=sets, elsewhere=elsewhere, progress=watch.stage)
    return QuestResult(root, tables, crew.records)


def default_folder(recipe: Recipe, data: str) -> Path:
    """Where a quest lies that was given no folder."""
    return Path("quests") / (recipe.name if sorted(data.split(JOIN)) == sorted(recipe.data.split(JOIN)) else f"{recipe.name}-{data}")


@dataclass
class _Crew:
    """Who carries runs out, one after the other or several at once."""

    recipe: Recipe
    data: JoinedSets
    split: Split
    root: Path
    device: str
    cache: Path
    workers: int
    watch: QuestWatcher
    records: dict[str, RunRecord] = field(default_factory=dict)

    def work(self, runs: Sequence[PlannedRun]) -> None:
        """Carry out runs; their records are in `records` afterwards."""
        carry = partial(_carry_out, self.recipe, self.data, self.split, self.root, self.device, self.cache)
        numbers = {run.folder: number for number, run in enumerate(runs, start=1)}

        def begin(run: PlannedRun) -> Watcher:
            return self.watch.begin(numbers[run.folder], len(runs), run)

        def end(run: PlannedRun, record: RunRecord) -> None:
            self.records[run.folder] = record
            self.watch.end(run, record)

        if self.workers == 1 or len(runs) < 2:
            for run in runs:
                end(run, carry(run, begin(run)))
            return
        self._prepare(runs)
        threads = max(1, available_cores() // self.workers)
        carry_out_together(runs, carry, workers=self.workers, threads=threads, begin=begin, end=end)

    def _prepare(self, runs: Sequence[PlannedRun]) -> None:
        """Encode all pictures once, before several runs would each begin with it."""
        seen: set[tuple[object, ...]] = set()
        for run in runs:
            plan = run.plan
            encoding = (plan.network, plan.encoder, plan.weights, plan.taps, plan.size, plan.fit, plan.unfreeze, plan.mirror)
            if encoding not in seen and not RunFolder(self.root / "runs" / run.folder).exists():
                with contextlib.suppress(SalquestError):  # the run itself fails with it, and is shown
                    prepare_features(plan, self.data, self.split, self.cache, Watcher(stage=self.watch.stage))
            seen.add(encoding)


def _carry_out(
    recipe: Recipe, data: JoinedSets, split: Split, root: Path, device: str, cache: Path, run: PlannedRun, watcher: Watcher
) -> RunRecord:
    folder = RunFolder(root / "runs" / run.folder)
    began = time.monotonic()
    if folder.exists() and not folder.read().identity:
        folder.record_path.unlink()  # it failed before it began and left nothing but the reason
    try:
        record = train(
            run.plan,
            data,
            split,
            folder.root,
            device=device,
            cache=cache,
            metrics=recipe.metrics,
            score_test=run.scored,
            watch=watcher,
        )
        if run.scored and recipe.measures:
            measure_run(folder, recipe.measures, data.everything.subset(split.test), cache, watcher.stage)
        return record
    except Refused:
        raise  # another plan stands in this folder: going on would mix two quests up
    except (SalquestError, RuntimeError, MemoryError, OSError) as error:
        known = isinstance(error, SalquestError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        record = (
            folder.read()
            if folder.exists()
            else RunRecord(
                plan=run.plan.as_record(), identity="", split=split.as_record(), data={"name": data.name, "edition": data.edition}
            )
        )
        record = replace(record, status="failed", reason=reason, seconds=time.monotonic() - began)
        folder.write(record)
        return record


def _claim(root: Path, recipe: Recipe, text: str) -> None:
    """Keep the recipe as given; a folder takes a changed recipe as long as every run that both plan is planned alike."""
    kept = root / "recipe.toml"
    if not kept.is_file() and root.is_dir() and any(root.iterdir()):
        raise Refused(f"{root} holds files that are no quest; choose another folder with --out")
    if kept.is_file() and kept.read_text(encoding="utf-8") != text:
        older = read_recipe(kept.read_text(encoding="utf-8"), where=str(kept))
        if (older.split, older.split_seed) != (recipe.split, recipe.split_seed):
            raise Refused(
                f"{root} holds a quest whose recipe divides the pictures differently ({older.split}, seed {older.split_seed}); "
                "choose another folder with --out"
            )
        before = {run.folder: run.plan for run in older.expanded()}
        now = {run.folder: run.plan for run in recipe.expanded()}
        differing = [folder for folder in before if folder in now and before[folder] != now[folder]]
        if differing or not before.keys() & now.keys():
            raise Refused(
                f"{root} holds the quest of another recipe (its recipe.toml plans {differing[0] if differing else 'other runs'} differently); "
                "choose another folder with --out"
            )
    write_text(kept, text)
