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

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from salquest.datasets.joined import JOIN
from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.evaluation import DEFAULT_METRICS
from salquest.metrics import METRICS
from salquest.quest.claims import Claim
from salquest.quest.measures import MEASURES
from salquest.quest.packaged import packaged_recipes, with_base
from salquest.training import TrainingPlan
from salquest.training.plan import plan_from


class Way(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to make the comparison: all rows, or some, under shared rules.

    Attributes:
        name: of the way; its runs lie in runs/NAME.
        title: for the report.
        training: settings on top of the recipe's.
        rows: names of the rows that take part; empty for all.
        seeds: empty for the recipe's.
        rates: learning rates to choose from for each row; the chosen one has the best `choose` on the validation pictures with the first
            seed, and candidates are never scored on test pictures. Empty takes the row's `lr`.
        choose: "cc" or "nss" of the best epoch's map, or "loss", the validation loss itself.
    """

    name: str
    title: str = ""
    training: dict[str, Any] = {}
    rows: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()
    choose: Literal["cc", "nss", "loss"] = "cc"


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a quest compares.

    Attributes:
        name: of the quest; its folder is called so where no other is given.
        data: the data set's name; "osie+eyecrowd" for several that the runs learn from together.
        extends: a packaged recipe whose settings are taken where this one is silent; `training` is merged key by key.
        also: names of other data sets on which the same recipe makes sense; the folder's name then shows which one it was.
        elsewhere: names of data sets on which every run is scored too, whole and without learning from them; those that are not at hand are
            left out, and the report says so.
        runs: one table per row: `name`, and settings of a TrainingPlan that differ from `training`.
        ways: each makes a table of its own from the same rows; none is one table under the recipe's own settings.
        title, about: for the report.
        training: settings that all runs share.
        split: "auto", "distributed", "seed", "final" (`datasets.splits.divide`), or the path of a list file; `split_seed` for "seed".
        seeds: every run is done with each; rows are means over them.
        metrics: columns of the table.
        measures: what else is told of every run (`quest.measures`): of its maps, and of how it went on.
        pictures: how many test pictures the report shows.
        same: two rows whose losses are the same but for a constant factor: the A/A test, whose difference is noise. Empty where there are none.
        claims: what the report shall test (`quest.claims`).
        published: metric -> row -> the score that a paper prints, to stand beside ours.
        changes: row -> settings on top of it, for a recipe that extends another one.
    """

    name: str
    data: str
    runs: tuple[dict[str, Any], ...]
    extends: str = ""
    also: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    title: str = ""
    about: str = ""
    training: dict[str, Any] = {}
    split: str = "auto"
    split_seed: int = 0
    seeds: tuple[int, ...] = (0,)
    metrics: tuple[str, ...] = DEFAULT_METRICS
    measures: tuple[str, ...] = ()
    pictures: int = 6
    same: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    published: dict[str, dict[str, float]] = {}
    changes: dict[str, dict[str, Any]] = {}

    @property
    def all_ways(self) -> tuple[Way, ...]:
        """The ways of the comparison; a recipe without any has one without a name."""
        return self.ways or (Way(name=""),)

    def data_given(self, at_hand: Collection[str]) -> str:
        """Which of the data sets that the recipe can be carried out on is meant by those at hand: the one of most sets all of which are there.

        Raises:
            InputError: two that are alike in that.
        """
        whole = [name for name in (self.data, *self.also) if set(name.split(JOIN)) <= set(at_hand)]
        most = [name for name in whole if len(name.split(JOIN)) == max(len(other.split(JOIN)) for other in whole)]
        if len(most) > 1:
            raise InputError(f"the recipe {self.name} is carried out on one data set at a time; choose one of {', '.join(most)}")
        return most[0] if most else self.data

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows, in the recipe's order.

        Raises:
            InputError: a row without a name.
        """
        names = []
        for row in self.runs:
            name = row.get("name", row.get("loss"))
            if not isinstance(name, str) or not name:
                raise InputError(f"the recipe {self.name} has a run without a name: {row}")
            names.append(name)
        return tuple(names)

    @property
    def whole_claims(self) -> tuple[Claim, ...]:
        """The claims, each with the printed scores of its metric where it has none of its own."""
        return tuple(
            claim if claim.published is not None else msgspec.structs.replace(claim, published=self.published.get(claim.metric))
            for claim in self.claims
        )

    def expanded(self) -> list[PlannedRun]:
        """What can be done before anything was learned: one run per way, row and seed; for ways with rates, the candidates.

        Raises:
            InputError: no runs, a row without a name, names that stand twice. UnknownName: a setting, loss, metric, row or encoder that is
                not there.
        """
        self._check()
        planned: list[PlannedRun] = []
        for way in self.all_ways:
            for row in way.rows or self.rows:
                if way.rates:
                    planned += [self._planned(way, row, self._seeds(way)[0], rate) for rate in way.rates]
                else:
                    planned += [self._planned(way, row, seed) for seed in self._seeds(way)]
        folders = [run.folder for run in planned]
        twice = sorted({folder for folder in folders if folders.count(folder) > 1})
        if twice:
            raise InputError(f"the recipe {self.name} has runs whose names give the same folder: {', '.join(twice)}; name them apart")
        return planned

    def chosen(self, way: Way, row: str, rate: float) -> list[PlannedRun]:
        """The runs of a row whose learning rate is chosen: one per seed; that of the first seed is its candidate, now to be scored."""
        return [replace(self._planned(way, row, seed, rate), scored=True) for seed in self._seeds(way)]

    def _seeds(self, way: Way) -> tuple[int, ...]:
        return way.seeds or self.seeds

    def _planned(self, way: Way, row: str, seed: int, rate: float | None = None) -> PlannedRun:
        settings = {key: value for key, value in self.runs[self.rows.index(row)].items() if key != "name"}
        settings |= self.changes.get(row, {})
        values = {**self.training, **settings, **way.training, "seed": seed} | ({} if rate is None else {"lr": rate})
        where = f"run {row!r} of recipe {self.name}" + (f", way {way.name}" if way.name else "")
        plan = plan_from(values, where=where)
        seeded = f"-seed{seed}" if len(self._seeds(way)) > 1 or rate is not None else ""
        folder = (f"{slug(way.name)}/" if way.name else "") + slug(row) + ("" if rate is None else f"-lr{rate:g}") + seeded
        return PlannedRun(row, folder, seed, plan.resolved(), way=way.name, rate=rate, scored=rate is None)

    def _check(self) -> None:
        if not self.runs or not self.seeds:
            raise InputError(f"the recipe {self.name} has no runs; give it at least one [[runs]] with a name and a loss, and one seed")
        if self.pictures < 0 or not self.metrics:
            raise InputError(f"the recipe {self.name} needs metrics, and a number of pictures of 0 or more")
        for metric in self.metrics:
            if metric not in METRICS:
                raise UnknownName("metric", metric, METRICS)
        for measure in self.measures:
            if measure not in MEASURES:
                raise UnknownName("measure", measure, MEASURES)
        twice = sorted({name for name in self.rows if self.rows.count(name) > 1})
        if twice:
            raise InputError(f"the recipe {self.name} has rows of the same name: {', '.join(twice)}; name them apart")
        named = {
            **{f"way {way.name!r}": way.rows for way in self.ways},
            "same": self.same,
            "changes": tuple(self.changes),
            **{f"published {metric}": tuple(scores) for metric, scores in self.published.items()},
            **{f"claim {claim.name!r}": (*claim.rows, *claim.than) for claim in self.claims},
        }
        for where, rows in named.items():
            for row in rows:
                if row not in self.rows:
                    raise UnknownName(f"row of the recipe {self.name} ({where})", row, self.rows)
        if len(self.same) not in (0, 2):
            raise InputError(f"the recipe {self.name} has {len(self.same)} rows in `same`; the A/A test is a pair of rows")
        for way in self.ways:
            if not way.name.strip() or [slug(other.name) for other in self.ways].count(slug(way.name)) > 1:
                raise InputError(f"the recipe {self.name} has ways without a name, or with the same: {way.name!r}")
            if len(set(way.rates)) == 1 or any(rate <= 0 for rate in way.rates):
                raise InputError(f"way {way.name!r} chooses from {list(way.rates)}; give two or more learning rates above 0")
        self._check_claims()

    def _check_claims(self) -> None:
        """What the report shall test can be tested: known before hours of training."""
        for metric in self.published:
            if metric not in METRICS:
                raise UnknownName("metric", metric, METRICS)
        tables = (*(way.name for way in self.ways), *self.elsewhere)
        files = [slug(name) for name in tables]
        if both := sorted({name for name, file in zip(tables, files, strict=True) if files.count(file) > 1}):
            raise InputError(f"the recipe {self.name} gives two tables one name: {', '.join(both)}; name the way apart from the data set")
        for claim in self.whole_claims:
            claim.check()
            if claim.metric not in (*self.metrics, *self.measures):
                raise InputError(
                    f"the claim {claim.name} is about {claim.metric}, which the recipe {self.name} does not score: {', '.join(self.metrics)}"
                )
            if claim.way and claim.way not in tables:
                raise UnknownName(f"way of the recipe {self.name} (claim {claim.name!r})", claim.way, tables)


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run of a quest.

    Attributes:
        name: of its row.
        folder: below runs/.
        seed, plan: what is done.
        way: of the comparison; "" where the recipe has none.
        rate: the learning rate that it tries, in a way that chooses one.
        scored: False for a candidate, which test pictures are kept from.
    """

    name: str
    folder: str
    seed: int
    plan: TrainingPlan
    way: str = ""
    rate: float | None = None
    scored: bool = True


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
    values = with_base(values, where)
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


def recipe_text(recipe: Recipe) -> str:
    """A recipe as TOML that reads back to an equal one; what it took from another recipe is written out."""
    lines, tables = [], []
    for key, value in msgspec.to_builtins(msgspec.structs.replace(recipe, extends="")).items():
        if key in ("runs", "ways", "claims"):
            tables += [f"\n[[{key}]]\n{_settings(entry)}" for entry in value]
        elif key == "training":
            tables.append(f"\n[{key}]\n{_settings(value)}")
        else:
            lines.append(f"{key} = {_toml(value)}\n")
    return "".join(lines + tables)


def _settings(values: Mapping[str, Any]) -> str:
    return "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in values.items() if value is not None)


def _toml(value: object) -> str:
    """A value as TOML on one line: JSON but for tables, whose keys stay quoted."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _known(values: Mapping[str, Any], where: str) -> None:
    for key in values:
        if key not in Recipe.__struct_fields__:
            raise UnknownName(f"setting of a recipe ({where})", key, Recipe.__struct_fields__)
