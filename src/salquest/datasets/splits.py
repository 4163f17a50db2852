"""Dividing a data set by picture into training, validation and test parts: as distributed, by seed, or by a list file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from salquest.datasets.dataset import DataSet
from salquest.errors import BrokenFile, DataNotFound, InputError

PARTS = ("train", "val", "test")
# of a final division: one of so many validation pictures goes on watching the run, the others are learned from
WATCHING = 10


@dataclass(frozen=True)
class Split:
    """Keys of the pictures in each part, and where the division comes from; parts never share a picture."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    origin: str

    def __post_init__(self) -> None:
        everything = [*self.train, *self.val, *self.test]
        if len(everything) != len(set(everything)):
            twice = sorted({key for key in everything if everything.count(key) > 1})
            raise InputError(f"a picture may stand in one part only; {len(twice)} stand in two, the first is {twice[0]}")

    def as_record(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return {"origin": self.origin, "train": list(self.train), "val": list(self.val), "test": list(self.test)}


def divide(data: DataSet, how: str = "auto", *, seed: int = 0) -> Split:
    """Divide a data set.

    Args:
        data: what to divide.
        how: "auto" (as distributed where the set has parts, else by seed), "distributed", "seed", "final" (as "auto", but nearly all of the
            validation pictures are learned from too: for a last run, when everything has been chosen), or the path of a list file.
        seed: of the random division.
    """
    if how == "final":
        return _learned_whole(divide(data, seed=seed))
    if how == "auto":
        how = "distributed" if data.parts else "seed"
    if how == "seed":
        return split_by_seed(data.keys, seed=seed)
    if how == "distributed":
        if not data.parts:
            raise InputError(f"{data.name} has no division of its own (no split.csv in {data.root}); divide it by seed or by a list file")
        there = set(data.keys)
        parts = {part: tuple(key for key in data.parts.get(part, ()) if key in there) for part in PARTS}
        return Split(**parts, origin="distributed")
    return split_from_file(data, Path(how))


def _learned_whole(split: Split) -> Split:
    """The same test part, one in WATCHING of the validation pictures, all others to learn from."""
    watching = split.val[::WATCHING]
    learned = tuple(sorted({*split.train, *split.val} - set(watching)))
    return Split(train=learned, val=watching, test=split.test, origin=f"{split.origin}, final")


def split_by_seed(keys: Sequence[str], *, seed: int = 0, val: float = 0.15, test: float = 0.15) -> Split:
    """Divide keys at random by picture; the same keys and seed give the same parts on every machine.

    Args:
        keys: of the pictures, in any order.
        seed: of numpy's PCG64.
        val, test: shares, each rounded to whole pictures and at least one.

    Raises:
        InputError: fewer than three pictures.
    """
    if len(keys) < 3:
        raise InputError(f"a division into three parts needs at least three pictures; found {len(keys)}")
    shuffled = [sorted(keys)[i] for i in np.random.Generator(np.random.PCG64(seed)).permutation(len(keys))]
    num_test, num_val = max(1, round(test * len(keys))), max(1, round(val * len(keys)))
    return Split(
        test=tuple(sorted(shuffled[:num_test])),
        val=tuple(sorted(shuffled[num_test : num_test + num_val])),
        train=tuple(sorted(shuffled[num_test + num_val :])),
        origin=f"seed {seed}",
    )


def split_from_file(data: DataSet, path: Path) -> Split:
    """Divide by a CSV file with the header `image,split` and parts named train, val, test.

    Raises:
        DataNotFound: no such file. BrokenFile: another header or part. InputError: it names pictures that are not in the set.
    """
    parts = read_parts(path)
    missing = sorted({key for keys in parts.values() for key in keys} - set(data.keys))
    if missing:
        raise InputError(f"{path} names {len(missing)} pictures that are not in {data.name}, the first is {missing[0]}")
    return Split(**{part: parts.get(part, ()) for part in PARTS}, origin=f"file {path.name}")


def read_parts(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a `image,split` file: part -> keys. Raises DataNotFound, BrokenFile."""
    if not path.is_file():
        raise DataNotFound(f"there is no list of parts at {path}")
    parts: dict[str, list[str]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            if reader.fieldnames is None or not {"image", "split"} <= set(reader.fieldnames):
                raise BrokenFile(f"{path} needs the columns image and split; found {reader.fieldnames}")
            for row in reader:
                if row["split"] not in PARTS:
                    raise BrokenFile(f"{path}, line {reader.line_num}: a part is train, val or test; found {row['split']!r}")
                parts.setdefault(row["split"], []).append(row["image"])
    except (UnicodeDecodeError, csv.Error) as error:
        raise BrokenFile(f"{path} is not a CSV table in UTF-8: {error}") from error
    return {part: tuple(keys) for part, keys in parts.items()}
