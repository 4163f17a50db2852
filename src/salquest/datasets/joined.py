"""Several data sets as one: what a network learns from when it learns from more than one, and the only place that knows how they are joined.

Keys of several sets begin with the set's name ("osie/1001.jpg"); one set alone stays as it is. Every set keeps its own pixels per degree, its own
parts, and its own floor when it is scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from salquest.datasets.catalogue import load_dataset
from salquest.datasets.dataset import DataSet
from salquest.datasets.splits import PARTS, Split, divide, split_from_file
from salquest.errors import InputError

# between the names of sets, as recipes and records write them
JOIN = "+"


@dataclass(frozen=True)
class JoinedSets:
    """Data sets side by side, in the order of their names.

    Attributes:
        sets: name -> set, its keys prefixed where there are several.
        editions: name -> edition of the set as it was given.
    """

    sets: Mapping[str, DataSet]
    editions: Mapping[str, str]

    @property
    def edition(self) -> str:
        """Editions of the sets, joined as their names are."""
        return JOIN.join(self.editions.values())

    @property
    def name(self) -> str:
        """Names of the sets: "eyecrowd+osie"."""
        return JOIN.join(self.sets)

    @cached_property
    def everything(self) -> DataSet:
        """All samples as one data set; without pixels per degree where they are several, because each has its own."""
        if len(self.sets) == 1:
            return next(iter(self.sets.values()))
        samples = tuple(sample for data in self.sets.values() for sample in data)
        return DataSet(self.name, samples, observers=sum(data.observers for data in self.sets.values()))

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {key: name for name, data in self.sets.items() for key in data.keys}

    def set_of(self, key: str) -> str:
        """The name of the set that a picture belongs to."""
        return self._owners[key]

    def subset(self, keys: Iterable[str]) -> JoinedSets:
        """The samples of these keys; sets that have none of them are left out.

        Raises:
            UnknownName: a key that is not here.
        """
        wanted = set(keys)
        self.everything.subset(wanted)  # says which key is not there
        chosen = {name: data.subset(wanted.intersection(data.keys)) for name, data in self.sets.items()}
        kept = {name: data for name, data in chosen.items() if len(data)}
        return JoinedSets(kept, {name: self.editions[name] for name in kept})

    def divide(self, how: str = "auto", *, seed: int = 0) -> Split:
        """Divide every set by itself as `divide` would, and join the parts; a list file names the joined keys."""
        if len(self.sets) == 1:
            return divide(self.everything, how, seed=seed)
        if how not in ("auto", "distributed", "seed", "final"):
            return split_from_file(self.everything, Path(how))
        splits = {name: divide(data, how, seed=seed) for name, data in self.sets.items()}
        parts = {part: tuple(key for split in splits.values() for key in getattr(split, part)) for part in PARTS}
        return Split(**parts, origin=", ".join(f"{name} {split.origin}" for name, split in splits.items()))

    def sigmas(self, degrees: float, pixels: float | None = None) -> dict[str, float]:
        """Set -> width of its densities' Gaussian in pixels of its stimuli: `pixels` where given, else `degrees` of its own resolution.

        Raises:
            InputError: a set that does not state its pixels per degree.
        """
        return {name: pixels or degrees * data.sigma_px for name, data in self.sets.items()}

    def described(self, sigmas: Mapping[str, float]) -> dict[str, Any]:
        """What decides the numbers of a run on these data, as plain values: name, edition, sigma, rule for first fixations, of each set."""
        each = [
            {
                "name": name,
                "edition": self.editions[name],
                "sigma_px": sigmas[name],
                "first_fixation": data.first_fixation,
            }
            for name, data in self.sets.items()
        ]
        return each[0] if len(each) == 1 else {"name": self.name, "edition": self.edition, "sets": each}

    def roots(self) -> dict[str, Any]:
        """The folders that the sets were read from, for who takes a run up again."""
        folders = {name: str(data.root or "") for name, data in self.sets.items()}
        return {"root": next(iter(folders.values()))} if len(folders) == 1 else {"roots": folders}


def join(data: DataSet | Mapping[str, DataSet] | JoinedSets) -> JoinedSets:
    """Data sets as one; a set alone, or the only one of a mapping, keeps its keys.

    Args:
        data: a set, or name -> set.

    Raises:
        InputError: no set, or a name that keys cannot begin with.
    """
    if isinstance(data, JoinedSets):
        return data
    if isinstance(data, DataSet):
        return JoinedSets({data.name: data}, {data.name: data.edition()})
    if not data:
        raise InputError("joining data sets takes at least one; found none")
    if len(data) == 1:
        return join(next(iter(data.values())))
    for name in data:
        if not name or "/" in name or JOIN in name:
            raise InputError(f"the name of a joined data set has neither / nor {JOIN}; found {name!r}")
    names = sorted(data)
    return JoinedSets({name: _prefixed(name, data[name]) for name in names}, {name: data[name].edition() for name in names})


def load_joined(names: str, paths: Mapping[str, str | Path | None]) -> JoinedSets:
    """The sets of "osie+eyecrowd", or of one name, as `load_dataset` finds each.

    Args:
        names: of the sets, as recipes and records write them.
        paths: name -> folder, for those that lie elsewhere.

    Raises:
        UnknownName, DataNotFound, BrokenFile: as `load_dataset`.
    """
    return join({name: load_dataset(name, paths.get(name)) for name in names.split(JOIN)})


def load_recorded(described: Mapping[str, Any]) -> JoinedSets:
    """The sets that a run's record names, from the folders where the run found them. Raises as `load_joined`."""
    roots = described.get("roots", {described["name"]: described.get("root")})
    return load_joined(described["name"], {name: root or None for name, root in roots.items()})


def _prefixed(name: str, data: DataSet) -> DataSet:
    samples = tuple(replace(sample, stimulus=replace(sample.stimulus, key=f"{name}/{sample.stimulus.key}")) for sample in data)
    parts = {part: tuple(f"{name}/{key}" for key in keys) for part, keys in data.parts.items()}
    return replace(data, name=name, samples=samples, parts=parts)
