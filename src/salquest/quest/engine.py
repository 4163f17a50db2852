"""Carrying out a recipe on this machine: run after run, each in its folder; what is finished is never done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from salquest.datasets import DataSet, Split, divide, load_dataset
from salquest.errors import Refused, SalquestError
from salquest.quest.recipe import PlannedRun, Recipe, find_recipe
from salquest.quest.reporting import report_quest
from salquest.report import ScoreTable
from salquest.runs import RunFolder, RunRecord, write_text
from salquest.training import Watcher, train


@dataclass(frozen=True)
class QuestWatcher:
    """Who looks on: told when a run begins and how it ended, and given the watcher of the run itself."""

    begin: Callable[[int, int, PlannedRun], Watcher] = lambda number, total, run: Watcher()
    end: Callable[[PlannedRun, RunRecord], None] = lambda run, record: None
    stage: Callable[[str, int, int], None] = lambda what, done, total: None


@dataclass(frozen=True)
class QuestResult:
    """Where a quest lies, its table, and how each run ended."""

    root: Path
    table: ScoreTable
    runs: Mapping[str, RunRecord] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """Folders of the runs that did not finish."""
        return tuple(name for name, record in self.runs.items() if record.status == "failed")


def run_quest(
    recipe: str | Path | Recipe,
    data: DataSet | Mapping[str, str | Path],
    *,
    out: str | Path | None = None,
    device: str = "auto",
    cache: Path | None = None,
    watch: QuestWatcher | None = None,
) -> QuestResult:
    """Carry out a recipe and write its tables and report.

    Done again with the same folder it goes on where it stopped: finished runs are taken as they are, an interrupted one goes on after its last
    whole epoch, a failed one is tried again. A run that fails is shown with its reason and does not stop the others.

    Args:
        recipe: a packaged recipe's name, a TOML file, or a Recipe.
        data: the data set that the recipe names, or name -> folder.
        out: the quest's folder; quests/NAME where it is not given.
        device: see `train`.
        cache: folder of the features of frozen encoders, shared by all runs; None keeps them in the quest's folder.
        watch: who looks on.

    Raises:
        UnknownName, InputError, BrokenFile: the recipe cannot be meant. Refused: the folder holds another quest.
    """
    watch = watch or QuestWatcher()
    recipe, text = (recipe, _as_text(recipe)) if isinstance(recipe, Recipe) else find_recipe(recipe)
    planned = recipe.expanded()
    root = Path(out) if out is not None else Path("quests") / recipe.name
    _claim(root, text)
    if not isinstance(data, DataSet):
        data = load_dataset(recipe.data, data.get(recipe.data))
    split = divide(data, recipe.split, seed=recipe.split_seed)
    records: dict[str, RunRecord] = {}
    for number, run in enumerate(planned, start=1):
        watcher = watch.begin(number, len(planned), run)
        records[run.folder] = _carry_out(run, recipe, data, split, root, device, cache or root / "features", watcher)
        watch.end(run, records[run.folder])
    table = report_quest(root, data=data, progress=watch.stage)
    return QuestResult(root, table, records)


def _carry_out(
    run: PlannedRun, recipe: Recipe, data: DataSet, split: Split, root: Path, device: str, cache: Path, watcher: Watcher
) -> RunRecord:
    folder = RunFolder(root / "runs" / run.folder)
    began = time.monotonic()
    try:
        return train(run.plan, data, split, folder.root, device=device, cache=cache, metrics=recipe.metrics, watch=watcher)
    except Refused:
        raise  # another plan stands in this folder: going on would mix two quests up
    except (SalquestError, RuntimeError, MemoryError, OSError) as error:
        known = isinstance(error, SalquestError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        record = (
            folder.read()
            if folder.exists()
            else RunRecord(
                plan=run.plan.as_record(), identity="", split=split.as_record(), data={"name": data.name, "edition": data.edition()}
            )
        )
        record = replace(record, status="failed", reason=reason, seconds=time.monotonic() - began)
        folder.write(record)
        return record


def _claim(root: Path, text: str) -> None:
    """Keep the recipe as given; a folder belongs to one recipe."""
    kept = root / "recipe.toml"
    if kept.is_file():
        if kept.read_text(encoding="utf-8") != text:
            raise Refused(f"{root} holds the quest of another recipe (its recipe.toml differs); choose another folder with --out")
        return
    if root.is_dir() and any(root.iterdir()):
        raise Refused(f"{root} holds files that are no quest; choose another folder with --out")
    write_text(kept, text)


def _as_text(recipe: Recipe) -> str:
    """A recipe that was made in Python, as TOML."""
    import json

    import msgspec

    lines, tables = [], []
    for key, value in msgspec.to_builtins(recipe).items():
        if key == "training":
            tables.append("[training]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in value.items()))
        elif key == "runs":
            tables += ["[[runs]]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in row.items()) for row in value]
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n\n" + "\n".join(tables)


def _toml(value: object) -> str:
    import json

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
