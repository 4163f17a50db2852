"""`salquest quest`: a recipe becomes runs, a table and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from salquest.cli.arguments import split_spec
from salquest.cli.output import show_tables
from salquest.cli.watching import announce, run_watcher
from salquest.datasets import DataSet, load_dataset
from salquest.datasets.joined import JOIN, load_joined
from salquest.errors import DataNotFound, InputError, UnknownName
from salquest.quest import PlannedRun, QuestWatcher, default_folder, find_recipe, run_quest
from salquest.runs import ProgressDisplay, RunRecord, cache_folder
from salquest.training import Watcher


def quest(
    recipe: str,
    *,
    data: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    out: Path | None = None,
    engine: Literal["local"] = "local",
    workers: int = 1,
    losses: Path | None = None,
    device: str = "auto",
    cache: Path | None = None,
) -> int:
    """Carry out a recipe. Run again it goes on where it stopped: finished runs are never done twice.

    Args:
        recipe: A name from `salquest list recipes`, or the path of a TOML file.
        data: NAME=PATH of the data set that the recipe names, and of those on which it scores too; not needed where it is embedded or below
            SALQUEST_DATA.
        out: The quest's folder; quests/NAME where it is not given.
        engine: Where runs are carried out; local is this machine.
        workers: Runs at the same time, each in a process with its share of the cores.
        losses: A Python file with losses of your own, for recipes that name them.
        device: auto, cpu, cuda, cuda:1, mps.
        cache: Folder for the features of frozen encoders.
    """
    asked, _ = find_recipe(recipe)
    if losses is not None:
        asked = msgspec.structs.replace(asked, training={**asked.training, "own_losses": str(losses.expanduser().resolve())})
    folders = dict(split_spec(spec) for spec in data)
    trainable = (asked.data, *asked.also)
    strange = sorted(set(folders) - {*(name for names in trainable for name in names.split(JOIN)), *asked.elsewhere})
    if strange:
        raise InputError(
            f"the recipe {asked.name} uses the data set {' or '.join(trainable)}"
            f"{', and scores on ' + ', '.join(asked.elsewhere) if asked.elsewhere else ''}; it has no use for {', '.join(strange)}"
        )
    chosen = load_joined(asked.data_given(folders), folders)
    others: dict[str, DataSet] = {}
    for name in asked.elsewhere:
        try:
            others[name] = load_dataset(name, folders.get(name))
        except (DataNotFound, UnknownName):
            if name in folders:
                raise  # it was asked for; what merely is not at hand is left out, and the report says so
    root = out or default_folder(asked, chosen.name)
    with ProgressDisplay() as display:

        def begin(number: int, total: int, run: PlannedRun) -> Watcher:
            display.say(f"run {number} of {total}")
            announce(display, run.plan, root / "runs" / run.folder)
            return run_watcher(display, run.folder)

        def end(run: PlannedRun, record: RunRecord) -> None:
            display.say(f"  {run.folder}: {record.status}{f', {record.reason}' if record.reason else ''}")

        result = run_quest(
            asked if losses is not None else recipe,
            chosen,
            out=root,
            elsewhere=others,
            device=device,
            cache=cache or cache_folder() / "features",
            workers=workers,
            watch=QuestWatcher(begin=begin, end=end, stage=display.update),
        )
    show_tables(result.tables)
    print(f"report: {result.root / 'report.html'}; tables: {result.root / 'table.md'}, and .csv and .json beside it")
    return 1 if result.failed else 0
