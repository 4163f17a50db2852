"""The one door to displays in files: sets that we drew, generic folders with labels, and P3, O3 and SID4VAM as distributed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from salquest.datasets import Problem
from salquest.displays.display import DisplayRecord
from salquest.displays.published import find_o3, find_p3, find_sid4vam, read_o3, read_p3, read_sid4vam
from salquest.displays.shown import DisplaySet, ShownDisplay, listing, middle_of, read_labels
from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Stimulus
from salquest.gaze.pictures import is_picture, picture_size
from salquest.runs import Columns

LAYOUTS = (
    "a set that `salquest displays make` wrote; P3 or one of its parts (images, targ_images, dist_images, image_properties.txt); O3 (the same "
    "names); SID4VAM (images and mmaps); a generic folder with labels/"
)


def read_displays(root: str | Path) -> DisplaySet:
    """Open a folder of displays of any layout that is known.

    Raises:
        DataNotFound: nothing there that is one. BrokenFile: a table or mask that cannot be read.
    """
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise DataNotFound(f"there is no folder of displays at {folder}; `salquest displays make quick --out {folder}` draws one")
    if (folder / "displays.json").is_file():
        return _read_own(folder)
    for find, read in ((find_p3, read_p3), (find_o3, read_o3), (find_sid4vam, read_sid4vam)):
        if find(folder):
            return read(folder)
    if (folder / "meta.json").is_file() and (folder / "labels").is_dir():
        return _read_labelled(folder)
    raise DataNotFound(f"{folder} holds no displays that can be read; known are: {LAYOUTS}; found: {listing(folder)}")


def _read_own(root: Path) -> DisplaySet:
    if not (root / "meta.json").is_file():
        raise DataNotFound(f"{root} is a set of displays that is not finished; the same `salquest displays make` goes on with it")
    table = Columns.load(root / "index.csv")
    if "image" not in table:
        raise BrokenFile(f"{root / 'index.csv'} has no column image; found: {', '.join(table)}")
    displays = []
    for key in map(str, table["image"]):
        stem = Path(key).stem
        record = _record(root / "records" / f"{stem}.json")
        displays.append(
            ShownDisplay(
                stimulus=Stimulus(f"{stem}.png", root / "stimuli" / f"{stem}.png", record.size),
                family=record.family,
                dimension=record.dimension,
                level=record.level,
                unit=record.unit,
                labels=root / "labels" / f"{stem}.png",
                target_x=record.target_x,
                target_y=record.target_y,
                target_size=record.target_size,
                distractor_size=record.distractor_size,
                pixels_per_degree=record.pixels_per_degree,
                items=record.items,
                area_radius=record.area_radius,
            )
        )
    meta = _json(root / "meta.json")
    return DisplaySet(str(meta.get("name", root.name)), tuple(displays), str(meta.get("checksum", ""))[:12], root)


def _record(path: Path) -> DisplayRecord:
    try:
        return DisplayRecord.of_document(_json(path))
    except (TypeError, ValueError, KeyError) as error:
        raise BrokenFile(f"{path} is not the record of a display: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataNotFound(f"there is no file {path}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BrokenFile(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BrokenFile(f"{path} is not a JSON object")
    return content


def _read_labelled(root: Path) -> DisplaySet:
    """A generic folder with labels (1 the target, 2 … distractors); type, condition and value from conditions.csv where it is there."""
    meta = _json(root / "meta.json")
    conditions = dict(_conditions(root))
    displays, problems = [], []
    digest = hashlib.sha256()
    for path in sorted((root / "stimuli").iterdir() if (root / "stimuli").is_dir() else ()):
        labels = root / "labels" / f"{path.stem}.png"
        if not is_picture(path) or not labels.is_file():
            problems.append(Problem("picture without labels", path.name, "skipped"))
            continue
        stimulus = Stimulus(path.name, path, picture_size(path))
        place = middle_of(read_labels(labels, stimulus.size) == 1)
        said = conditions.get(path.name, {})
        family = "/".join(filter(None, (said.get("type", ""), said.get("condition", "")))) or str(meta.get("name", root.name))
        x, y, side = place or (None, None, 0.0)
        degree = meta.get("pixels_per_degree")
        displays.append(
            ShownDisplay(
                stimulus=stimulus,
                family=family,
                dimension=said.get("type", "") or "displays",
                level=_number(said.get("value", ""), root),
                unit="",
                labels=labels,
                target_x=x,
                target_y=y,
                target_size=side,
                distractor_size=side or 1.0,
                pixels_per_degree=float(degree) if isinstance(degree, (int, float)) and degree > 0 else 35.0,
            )
        )
        digest.update(path.read_bytes() + labels.read_bytes())
    if not displays:
        raise DataNotFound(f"{root} holds no picture in stimuli/ with labels of its name in labels/; found: {listing(root)}")
    return DisplaySet(str(meta.get("name", root.name)), tuple(displays), digest.hexdigest()[:12], root, tuple(problems))


def _conditions(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    path = next((p for p in (root / "conditions.csv.gz", root / "conditions.csv") if p.is_file()), None)
    if path is None:
        return
    try:
        with (
            gzip.open(path, "rt", newline="", encoding="utf-8") if path.suffix == ".gz" else path.open(newline="", encoding="utf-8") as text
        ):
            for row in csv.DictReader(text):
                yield str(row.get("image")), {key: value for key, value in row.items() if key and isinstance(value, str)}
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BrokenFile(f"{path} is not a table that can be read: {error}") from error


def _number(text: str, root: Path) -> float:
    try:
        return float(text or 0)
    except ValueError as error:
        raise BrokenFile(f"{root}: a condition's value is a number; found {text!r}") from error
