"""`salquest quest`: a recipe becomes runs, a table and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.cli.arguments import split_spec
from salquest.cli.output import show
from salquest.cli.watching import announce, run_watcher
from salquest.datasets import load_dataset
from salquest.errors import InputError
from salquest.quest import PlannedRun, QuestWatcher, find_recipe, run_quest
from salquest.runs import ProgressDisplay, RunRecord, cache_folder
from salquest.training import Watcher


def quest(
    recipe: str,
    *,
    data: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    out: Path | None = None,
    engine: Literal["local"] = "local",
    device: str = "auto",
    cache: Path | None = None,
) -> int:
    """Carry out a recipe. Run again it goes on where it stopped: finished runs are never done twice.

    Args:
        recipe: A name from `salquest list recipes`, or the path of a TOML file.
        data: NAME=PATH of the data set that the recipe names; not needed where it is embedded or below SALQUEST_DATA.
        out: The quest's folder; quests/NAME where it is not given.
        engine: Where runs are carried out; local is this machine, one after the other.
        device: auto, cpu, cuda, cuda:1, mps.
        cache: Folder for the features of frozen encoders.
    """
    asked, _ = find_recipe(recipe)
    folders = dict(split_spec(spec) for spec in data)
    strange = sorted(set(folders) - {asked.data})
    if strange:
        raise InputError(f"the recipe {asked.name} uses the data set {asked.data}; it has no use for {', '.join(strange)}")
    chosen = load_dataset(asked.data, folders.get(asked.data))
    root = out or Path("quests") / asked.name
    with ProgressDisplay() as display:

        def begin(number: int, total: int, run: PlannedRun) -> Watcher:
            display.say(f"run {number} of {total}")
            announce(display, run.plan, root / "runs" / run.folder)
            return run_watcher(display, run.folder)

        def end(run: PlannedRun, record: RunRecord) -> None:
            display.say(f"  {run.folder}: {record.status}{f', {record.reason}' if record.reason else ''}")

        watch = QuestWatcher(begin=begin, end=end, stage=display.update)
        result = run_quest(recipe, chosen, out=root, device=device, cache=cache or cache_folder() / "features", watch=watch)
    show(result.table.to_terminal())
    print(f"report: {result.root / 'report.html'}; tables: {result.root / 'table'}.md, .csv, .json")
    return 1 if result.failed else 0
