"""The generic folder: pictures, one table of fixations, a meta.json. Anyone's gaze can be brought into it (`salquest data import`).

meta.json                       name and images are required; pixels_per_degree, drop_first_fixation and others are read where they are there
stimuli/*.jpg|*.png             the file name with its ending is the picture's key everywhere
fixations.csv[.gz]              image,observer,index,x,y,duration_ms; x right, y down, 0-based, pixel centres at integers
maps/STEM.png                   densities, for sets without fixations
labels/STEM.png                 region values, with attributes.csv[.gz]: image,value,<a column per category>
boxes.csv[.gz]                  image,region,label,left,top,width,height,<a column per flag>
split.csv                       image,split
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from salquest.datasets.dataset import DataSet, Problem, Sample
from salquest.datasets.splits import read_parts
from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Box, Fixations, Regions, Stimulus
from salquest.gaze.fixations import inside
from salquest.gaze.pictures import is_picture, picture_size

FIXATION_COLUMNS = ("image", "observer", "index", "x", "y", "duration_ms")


def is_generic(root: Path) -> bool:
    """Whether a folder looks like this layout."""
    return (root / "meta.json").is_file()


def read_generic(root: Path, *, name: str | None = None, drop_first: bool | None = None) -> DataSet:
    """Read a folder of the generic layout.

    Rules: a picture whose header cannot be read, or that has neither fixations nor a map, is skipped; a fixation outside its picture is dropped;
    each is counted in `problems`.

    Args:
        root: the folder.
        name: of the set; meta.json's where it is not given.
        drop_first: drop the first fixation of each scan path; None follows meta.json's `drop_first_fixation`, and keeps it where that is not there.

    Raises:
        DataNotFound: no meta.json or no stimuli/. BrokenFile: a table or meta.json that cannot be read.
    """
    meta = read_meta(root)
    stimuli_folder = root / "stimuli"
    if not stimuli_folder.is_dir():
        raise DataNotFound(f"{root} needs a folder stimuli/ with the pictures; found: {_listing(root)}")
    problems: list[Problem] = []
    stimuli: dict[str, Stimulus] = {}
    for path in sorted(stimuli_folder.iterdir()):
        if not is_picture(path):
            problems.append(Problem("file that is no picture in stimuli/", path.name, "ignored"))
            continue
        try:
            stimuli[path.name] = Stimulus(path.name, path, picture_size(path))
        except BrokenFile:
            problems.append(Problem("picture that cannot be read", path.name, "picture skipped"))
    drop = bool(meta.get("drop_first_fixation", False)) if drop_first is None else drop_first
    fixations, observers = _read_fixations(root, stimuli, problems, drop=drop)
    regions = _read_regions(root, stimuli)
    samples = []
    for key, stimulus in stimuli.items():
        map_path = root / "maps" / f"{stimulus.stem}.png"
        has_map = map_path.is_file()
        if key not in fixations and not has_map:
            problems.append(Problem("picture without fixations or map", key, "picture skipped"))
            continue
        samples.append(Sample(stimulus, fixations.get(key), map_path if has_map else None, regions.get(key)))
    if meta.get("images") not in (None, len(stimuli)):
        problems.append(Problem(f"meta.json says {meta['images']} images, found {len(stimuli)}", "meta.json", "the folder is believed"))
    return DataSet(
        name=name or str(meta["name"]),
        samples=tuple(samples),
        pixels_per_degree=_positive(meta.get("pixels_per_degree")),
        first_fixation="dropped" if drop else "kept",
        parts=read_parts(root / "split.csv") if (root / "split.csv").is_file() else {},
        problems=tuple(problems),
        observers=observers,
        root=root,
    )


def read_meta(root: Path) -> dict[str, Any]:
    """Read meta.json; unknown keys are accepted, `name` is required. Raises DataNotFound, BrokenFile."""
    path = root / "meta.json"
    if not path.is_file():
        raise DataNotFound(f"{root} is not a folder of the generic layout: it has no meta.json; found: {_listing(root)}")
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        meta["name"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BrokenFile(f"{path} must be a JSON object with at least a name: {error}") from error
    return dict(meta)


def _read_fixations(
    root: Path, stimuli: Mapping[str, Stimulus], problems: list[Problem], *, drop: bool
) -> tuple[dict[str, Fixations], int]:
    path = _table_path(root, "fixations")
    if path is None:
        return {}, 0
    raw: dict[str, list[tuple[int, int, float, float, float]]] = defaultdict(list)
    with CsvTable(path) as rows:
        for line, row in rows(FIXATION_COLUMNS):
            try:
                duration = float(row["duration_ms"]) if row["duration_ms"] else np.nan
                raw[row["image"]].append((int(row["observer"]), int(row["index"]), float(row["x"]), float(row["y"]), duration))
            except ValueError as error:
                raise BrokenFile(f"{path}, line {line}: {error}") from error
    observers = {entry[0] for entries in raw.values() for entry in entries}
    problems += [
        Problem("fixations on a picture that is not there", key, "ignored", len(raw[key])) for key in sorted(set(raw) - set(stimuli))
    ]
    found: dict[str, Fixations] = {}
    for key in sorted(set(raw) & set(stimuli)):
        values = np.array(raw[key], dtype=np.float64)
        # observer, then order in time
        values = values[np.lexsort((values[:, 1], values[:, 0]))]
        held = inside(values[:, 2], values[:, 3], stimuli[key].size)
        if not held.all():
            problems.append(Problem("fixations outside the picture", key, "dropped", int((~held).sum())))
        values = values[held]
        fixations = Fixations(
            values[:, 2], values[:, 3], stimuli[key].size, observer=values[:, 0], order=values[:, 1], duration_ms=values[:, 4]
        )
        fixations = fixations.without_first() if drop else fixations
        absent = len(observers) - len(fixations.observers)
        if absent:
            problems.append(Problem("observers without fixations", key, "the others are used", absent))
        if len(fixations):
            found[key] = fixations
    return found, len(observers)


def _read_regions(root: Path, stimuli: Mapping[str, Stimulus]) -> dict[str, Regions]:
    attributes: dict[str, dict[int, frozenset[str]]] = defaultdict(dict)
    path = _table_path(root, "attributes")
    if path is not None:
        with CsvTable(path) as rows:
            for line, row in rows(("image", "value")):
                try:
                    held = frozenset(k for k, v in row.items() if k not in ("image", "value", "pixels") and float(v or 0) > 0)
                    attributes[row["image"]][int(row["value"])] = held
                except ValueError as error:
                    raise BrokenFile(f"{path}, line {line}: {error}") from error
    path = _table_path(root, "boxes")
    boxes = {} if path is None else read_boxes(path)
    found = {}
    for key, stimulus in stimuli.items():
        labels = root / "labels" / f"{stimulus.stem}.png"
        if labels.is_file() or key in boxes:
            found[key] = Regions(stimulus.size, labels if labels.is_file() else None, attributes.get(key, {}), tuple(boxes.get(key, ())))
    return found


def read_boxes(path: Path) -> dict[str, list[Box]]:
    """A table of rectangles, picture -> its boxes in the order of the file.

    Raises:
        BrokenFile: a table that cannot be read, lacks columns, or has coordinates that are no finite numbers.
    """
    boxes: dict[str, list[Box]] = defaultdict(list)
    geometry = ("left", "top", "width", "height")
    with CsvTable(path) as rows:
        for line, row in rows(("image", "label", *geometry)):
            flags = frozenset(k for k, v in row.items() if k not in ("image", "region", "label", *geometry) and v == "1")
            try:
                left, top, width, height = (float(row[name]) for name in geometry)
            except ValueError as error:
                raise BrokenFile(f"{path}, line {line}: {error}") from error
            if not np.isfinite([left, top, width, height]).all():
                raise BrokenFile(f"{path}, line {line}: a box has finite numbers; found {left}, {top}, {width}, {height}")
            boxes[row["image"]].append(Box(row["label"], left, top, width, height, flags))
    return boxes


class CsvTable:
    """A CSV table, gzipped or not: `with CsvTable(path) as rows: for line, row in rows(needed columns)`.

    Raises:
        BrokenFile: what cannot be read, lacks a column, or all of those of which it needs one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Callable[..., Iterator[tuple[int, dict[str, str]]]]:
        opener = gzip.open if self.path.suffix == ".gz" else open
        self.lines: Any = opener(self.path, "rt", newline="", encoding="utf-8")
        return self._rows

    def _rows(self, needed: tuple[str, ...], one_of: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, str]]]:
        try:
            reader = csv.DictReader(self.lines)
            lacking = [column for column in needed if column not in (reader.fieldnames or [])]
            if one_of and not set(one_of) & set(reader.fieldnames or []):
                lacking = [" or ".join(one_of), *lacking]
            if lacking:
                raise BrokenFile(
                    f"{self.path} lacks the columns {', '.join(lacking)}; found {', '.join(reader.fieldnames or []) or 'no header'}"
                )
            for row in reader:
                if None in row or None in row.values():
                    raise BrokenFile(f"{self.path}, line {reader.line_num}: {len(reader.fieldnames or [])} cells were expected")
                yield reader.line_num, row
        except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise BrokenFile(f"{self.path} is not a table that can be read: {error}") from error

    def __exit__(self, *_: object) -> None:
        self.lines.close()


def _table_path(root: Path, stem: str) -> Path | None:
    return next((path for path in (root / f"{stem}.csv.gz", root / f"{stem}.csv") if path.is_file()), None)


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def _listing(root: Path) -> str:
    if not root.is_dir():
        return "no such folder"
    return ", ".join(sorted(path.name for path in root.iterdir())[:12]) or "an empty folder"
