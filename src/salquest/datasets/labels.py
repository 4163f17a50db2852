"""Names that hold for whole pictures: from the regions annotated in them, or from a table, one label per row."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.datasets.dataset import DataSet
from salquest.datasets.generic import CsvTable
from salquest.datasets.splits import Split
from salquest.errors import DataNotFound, InputError

ATTRIBUTES = "attributes"
KEY_COLUMNS, LABEL_COLUMN = ("key", "image"), "label"


@dataclass(frozen=True)
class PictureLabels:
    """Which labels hold for which pictures; a picture may have several, or none.

    Attributes:
        source: where they come from: "attributes", or the path of a table.
        held: key -> its labels, for every picture that the source speaks of.
    """

    source: str
    held: Mapping[str, frozenset[str]]

    @property
    def names(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({name for held in self.held.values() for name in held}))

    def table(self, keys: Sequence[str], names: Sequence[str]) -> NDArray[np.float32]:
        """1 where a picture has a label and 0 where it has not, (pictures, labels). Raises KeyError: a picture without an entry."""
        return np.array([[name in self.held[key] for name in names] for key in keys], dtype=np.float32).reshape(len(keys), len(names))

    def labelled(self, split: Split) -> Split:
        """The division without the pictures that the source does not speak of.

        Raises:
            InputError: none of the pictures to learn from, or to validate with, has an entry.
        """
        parts = {part: tuple(key for key in getattr(split, part) if key in self.held) for part in ("train", "val", "test")}
        for part, what in (("train", "learn from"), ("val", "validate with")):
            if not parts[part]:
                raise InputError(
                    f"the labels of {self.source} match none of the {len(getattr(split, part))} pictures to {what}: the table speaks of "
                    f"{_few(self.held)}, the pictures are {_few(getattr(split, part))}"
                )
        lost = sum(len(getattr(split, part)) - len(parts[part]) for part in parts)
        return Split(**parts, origin=f"{split.origin}, {lost} pictures without labels left out" if lost else split.origin)

    def learnable(self, split: Split) -> tuple[tuple[str, ...], dict[str, str]]:
        """The labels that can be learned and judged, and why each other one cannot.

        A label needs a picture that has it and one that has it not, both among those to learn from and those to validate with.

        Args:
            split: as `labelled` answers it.

        Raises:
            InputError: no label is left.
        """
        kept, left_out = [], {}
        for name in self.names:
            counts = {what: (sum(name in self.held[key] for key in keys), len(keys)) for what, keys in _judged(split)}
            lacking = [f"{number} of {pictures} {what}" for what, (number, pictures) in counts.items() if number in (0, pictures)]
            if lacking:
                left_out[name] = f"{' and '.join(lacking)} pictures have it"
            else:
                kept.append(name)
        if not kept:
            raise InputError(
                f"the labels of {self.source} tell no pictures apart: a label is learned where some training and validation pictures have it and "
                f"others do not; found {'; '.join(f'{name}: {why}' for name, why in left_out.items()) or 'no label at all'}"
            )
        return tuple(kept), left_out

    def digest(self, keys: Iterable[str], names: Sequence[str]) -> str:
        """Twelve hexadecimal digits of which of these labels these pictures have."""
        digest = hashlib.sha256()
        for key in sorted(keys):
            digest.update(f"{key}\0{sorted(self.held[key].intersection(names))}\n".encode())
        return digest.hexdigest()[:12]


def read_labels(source: str | Path, data: DataSet) -> PictureLabels:
    """Labels of a data set's pictures.

    Args:
        source: "attributes": a picture has every category that one of its regions has; or a CSV table (.csv, .csv.gz) with the columns
            `key` (or `image`) and `label`, one label per row. A picture with several labels has several rows; a row with an empty label says
            that a picture has none; pictures without a row are left out.
        data: the pictures; of several joined sets with the keys that they have there ("osie/1001.jpg").

    Raises:
        InputError: "attributes" of a set without regions; a table that speaks of none of the pictures. DataNotFound: no such table.
        BrokenFile: a table that cannot be read, or lacks the columns.
    """
    if str(source) == ATTRIBUTES:
        held = {sample.stimulus.key: frozenset(sample.regions.categories) for sample in data if sample.regions is not None}
        if not any(held.values()):
            raise InputError(
                f"{data.name} came without regions whose attributes could be labels; give a table with the columns key and label"
            )
        return PictureLabels(ATTRIBUTES, held)
    path = Path(source).expanduser().resolve()
    if not path.is_file():
        raise DataNotFound(
            f"there is no table of labels at {path}; labels are {ATTRIBUTES!r} (of the data set's regions) or a CSV table key,label"
        )
    found: dict[str, set[str]] = defaultdict(set)
    with CsvTable(path) as rows:
        for _, row in rows((LABEL_COLUMN,), one_of=KEY_COLUMNS):
            label = row[LABEL_COLUMN].strip()
            found[row.get(KEY_COLUMNS[0]) or row.get(KEY_COLUMNS[1]) or ""] |= {label} if label else set()
    held = {key: frozenset(found[key]) for key in data.keys if key in found}
    if not held:
        raise InputError(
            f"the table {path} matches no picture of {data.name}: it speaks of {_few(found)}, the pictures are {_few(data.keys)}"
        )
    return PictureLabels(str(path), held)


def _judged(split: Split) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("training", split.train), ("validation", split.val)


def _few(names: Iterable[str], most: int = 3) -> str:
    known = list(names)
    return ", ".join(known[:most]) + (f" and {len(known) - most} others" if len(known) > most else "") or "none"
