"""A recipe: what shall be compared, as a TOML file that a person reads and a typed value that the engine carries out.

name = "osie-first"
data = "osie"
seeds = [0]

[training]                  # shared by all runs: any setting of a TrainingPlan
epochs = 10

[[runs]]                    # one row of the table: a name, and the settings in which it differs
name = "kld"
loss = "kld"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.evaluation import DEFAULT_METRICS
from salquest.metrics import METRICS
from salquest.quest.packaged import packaged_recipes
from salquest.training import TrainingPlan
from salquest.training.plan import plan_from


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a quest compares.

    Attributes:
        name: of the quest; its folder is called so where no other is given.
        data: the data set's name.
        runs: one table per row: `name`, and settings of a TrainingPlan that differ from `training`.
        title, about: for the report.
        training: settings that all runs share.
        split: "auto", "distributed", "seed", or the path of a list file; `split_seed` for "seed".
        seeds: every run is done with each; rows are means over them.
        metrics: columns of the table.
        pictures: how many test pictures the report shows.
    """

    name: str
    data: str
    runs: tuple[dict[str, Any], ...]
    title: str = ""
    about: str = ""
    training: dict[str, Any] = {}
    split: str = "auto"
    split_seed: int = 0
    seeds: tuple[int, ...] = (0,)
    metrics: tuple[str, ...] = DEFAULT_METRICS
    pictures: int = 6

    def expanded(self) -> list[PlannedRun]:
        """One planned run per row and seed, in the recipe's order.

        Raises:
            InputError: no runs, a row without a name, names that stand twice. UnknownName: a setting, loss, metric or encoder that is not there.
        """
        if not self.runs or not self.seeds:
            raise InputError(f"the recipe {self.name} has no runs; give it at least one [[runs]] with a name and a loss, and one seed")
        if self.pictures < 0 or not self.metrics:
            raise InputError(f"the recipe {self.name} needs metrics, and a number of pictures of 0 or more")
        for metric in self.metrics:
            if metric not in METRICS:
                raise UnknownName("metric", metric, METRICS)
        planned: list[PlannedRun] = []
        for row in self.runs:
            settings = dict(row)
            name = settings.pop("name", settings.get("loss"))
            if not isinstance(name, str) or not name:
                raise InputError(f"the recipe {self.name} has a run without a name: {row}")
            for seed in self.seeds:
                plan = plan_from({**self.training, **settings, "seed": seed}, where=f"run {name!r} of recipe {self.name}")
                folder = slug(name) + (f"-seed{seed}" if len(self.seeds) > 1 else "")
                planned.append(PlannedRun(name, folder, seed, plan.resolved()))
        folders = [run.folder for run in planned]
        twice = sorted({folder for folder in folders if folders.count(folder) > 1})
        if twice:
            raise InputError(f"the recipe {self.name} has runs whose names give the same folder: {', '.join(twice)}; name them apart")
        return planned


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run of a quest: its row's name, its folder below runs/, its seed and its plan."""

    name: str
    folder: str
    seed: int
    plan: TrainingPlan


def slug(name: str) -> str:
    """A name as a folder: letters, digits and dots, everything else a dash."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.").lower() or "run"


def read_recipe(text: str, *, where: str) -> Recipe:
    """Read a recipe's TOML.

    Raises:
        BrokenFile: not TOML. UnknownName: a key that recipes do not have. InputError: a value of the wrong kind, or one that is missing.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenFile(f"{where} is not TOML: {error}") from error
    _known(values, where)
    try:
        return msgspec.convert(values, Recipe)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from error


def find_recipe(name_or_path: str | Path) -> tuple[Recipe, str]:
    """A packaged recipe by its name, or the file at a path; also its text as given.

    Raises:
        UnknownName: neither a packaged recipe nor a file. Others as `read_recipe`.
    """
    packaged = packaged_recipes()
    if str(name_or_path) in packaged:
        text = packaged[str(name_or_path)]
        return read_recipe(text, where=f"recipe {name_or_path}"), text
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        raise DataNotFound(f"{path} is a folder; a recipe is a TOML file or one of: {', '.join(sorted(packaged))}")
    if not path.is_file():
        raise UnknownName("recipe (or TOML file)", str(name_or_path), packaged)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BrokenFile(f"{path} is not TOML in UTF-8: {error}") from error
    return read_recipe(text, where=str(path)), text


def _known(values: Mapping[str, Any], where: str) -> None:
    for key in values:
        if key not in Recipe.__struct_fields__:
            raise UnknownName(f"setting of a recipe ({where})", key, Recipe.__struct_fields__)
