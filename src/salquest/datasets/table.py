"""Anyone's own gaze table and pictures, brought into the generic folder (`salquest data import`)."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from salquest.datasets.dataset import Problem
from salquest.datasets.generic import FIXATION_COLUMNS
from salquest.errors import BrokenFile, DataNotFound, InputError, Refused
from salquest.gaze.fixations import inside
from salquest.gaze.pictures import is_picture, picture_size, read_picture
from salquest.runs import write_folder

# names that people give these columns, lower case; the first that is there is taken
NAMES: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "stimulus", "picture", "img", "filename", "file"),
    "observer": ("observer", "subject", "participant", "user", "subj", "id"),
    "x": ("x", "fix_x", "gaze_x", "fixation_x"),
    "y": ("y", "fix_y", "gaze_y", "fixation_y"),
    "time": ("time", "t", "onset", "start", "timestamp", "index", "order"),
    "duration_ms": ("duration_ms", "duration", "dur"),
}
REQUIRED = ("image", "observer", "x", "y")


def import_table(
    table: Path,
    images: Path,
    out: Path,
    *,
    pixels_per_degree: float | None = None,
    origin: int = 0,
    drop_first: bool = False,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
) -> list[Problem]:
    """Write a generic folder from a CSV table of fixations and a folder of pictures.

    Args:
        table: CSV with a header; columns for image, observer, x, y, and where known time (or order) and duration in ms.
        images: folder of the pictures, searched by file name, then by name without ending.
        out: the folder to write; it must not exist yet. It is there whole or not at all.
        pixels_per_degree: of visual angle, in these pictures' pixels.
        origin: the number of the first pixel in the table, 0 or 1.
        drop_first: record that the first fixation was forced to the centre, so that readers drop it.
        columns: our name -> the table's name, where they are not recognised by themselves.
        name: of the set; the folder's name where it is not given.

    Returns:
        What was dropped or strange: fixations outside (they leave a gap in the order), pictures missing, rows that are no numbers.

    Raises:
        DataNotFound: the table or the folder is not there. BrokenFile: no usable header. InputError: nothing could be used. Refused: `out` exists.
    """
    if not table.is_file():
        raise DataNotFound(f"there is no table at {table}")
    if not images.is_dir():
        raise DataNotFound(f"there is no folder of pictures at {images}")
    if out.exists():
        raise Refused(f"{out} is already there; choose another folder, or remove it first")
    if origin not in (0, 1):
        raise InputError(f"pixels are counted from 0 or from 1; found origin {origin}")
    files = {path.name: path for path in sorted(images.iterdir()) if is_picture(path)}
    by_stem = {path.stem: path for path in files.values()}
    raw, problems = _read_rows(table, columns or {})
    found: dict[Path, list[_Row]] = defaultdict(list)
    for image, entries in sorted(raw.items()):
        path = files.get(Path(image).name) or by_stem.get(Path(image).name) or by_stem.get(Path(image).stem)
        if path is None:
            problems.append(Problem("fixations on a picture that is not there", image, "ignored", len(entries)))
        else:
            found[path] += entries
    gaze: dict[str, list[_Fixation]] = {}
    for path, entries in sorted(found.items()):
        try:
            size = picture_size(path)
        except BrokenFile:
            problems.append(Problem("picture that cannot be read", path.name, "picture skipped", len(entries)))
            continue
        scanned = _scanpaths(entries, origin)
        held = [fixation for fixation in scanned if inside(fixation.x, fixation.y, size)]
        if held:
            gaze[path.name] = held
        if len(held) < len(scanned):
            problems.append(Problem("fixations outside the picture", path.name, "dropped", len(scanned) - len(held)))
    if not gaze:
        raise InputError(
            f"no fixation of {table} lies on a picture of {images}; compare the column {NAMES['image'][0]} with the file names"
        )
    problems += [Problem("picture without fixations", key, "left out") for key in files if key not in gaze]
    numbers = {
        observer: i for i, observer in enumerate(sorted({fixation.observer for held in gaze.values() for fixation in held}), start=1)
    }
    meta = {
        "name": name or out.name,
        "images": len(gaze),
        "observers": len(numbers),
        "fixations": sum(map(len, gaze.values())),
        "pixels_per_degree": pixels_per_degree,
        "drop_first_fixation": drop_first,
        "coordinates": "x right, y down, 0-based, pixel centres at integers",
        "source": f"imported from {table.name}; pixels counted from {origin} there",
        "observer_names": {str(number): observer for observer, number in numbers.items()},
    }

    def fill(folder: Path) -> None:
        (folder / "stimuli").mkdir()
        for key in sorted(gaze):
            _copy_picture(files[key], folder / "stimuli" / key)
        (folder / "fixations.csv.gz").write_bytes(gzip.compress(_fixation_table(gaze, numbers).encode(), mtime=0))
        (folder / "meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")

    write_folder(out, fill)
    return problems


class _Row(NamedTuple):
    observer: str
    moment: float
    line: int
    x: float
    y: float
    duration: str


class _Fixation(NamedTuple):
    observer: str
    order: int
    x: float
    y: float
    duration: str


def _scanpaths(entries: Sequence[_Row], origin: int) -> list[_Fixation]:
    """Each observer's fixations numbered in time; those outside count too, so that what follows them keeps its number."""
    position: dict[str, int] = defaultdict(int)
    found = []
    for row in sorted(entries, key=lambda row: (row.observer, row.moment, row.line)):
        position[row.observer] += 1
        found.append(_Fixation(row.observer, position[row.observer], row.x - origin, row.y - origin, row.duration))
    return found


def _read_rows(table: Path, columns: Mapping[str, str]) -> tuple[dict[str, list[_Row]], list[Problem]]:
    rows: dict[str, list[_Row]] = defaultdict(list)
    problems: list[Problem] = []
    try:
        with table.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            found = _columns(table, reader.fieldnames or [], columns)
            for row in reader:
                try:
                    moment = float(row[found["time"]]) if "time" in found else float(reader.line_num)
                    x, y = float(row[found["x"]]), float(row[found["y"]])
                    if not math.isfinite(x + y + moment) or row[found["image"]] is None or row[found["observer"]] is None:
                        raise ValueError("not finite, or cut short")
                except (ValueError, TypeError):
                    problems.append(Problem("row cut short, or whose coordinates are no numbers", f"line {reader.line_num}", "dropped"))
                    continue
                duration = row[found["duration_ms"]] if "duration_ms" in found else ""
                rows[row[found["image"]]].append(_Row(row[found["observer"]], moment, reader.line_num, x, y, duration or ""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BrokenFile(f"{table} is not a CSV table in UTF-8: {error}") from error
    return rows, problems


def _columns(table: Path, header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    lower = {column.strip().lower(): column for column in header}
    found = {}
    for ours, names in NAMES.items():
        if ours in given:
            if given[ours] not in header:
                raise BrokenFile(f"{table} has no column {given[ours]!r} (asked for as {ours}); found: {', '.join(header)}")
            found[ours] = given[ours]
        else:
            match = next((lower[name] for name in names if name in lower), None)
            if match is not None:
                found[ours] = match
    lacking = [ours for ours in REQUIRED if ours not in found]
    if lacking:
        raise BrokenFile(
            f"{table} needs columns for image, observer, x and y; not recognised: {', '.join(lacking)}; found: {', '.join(header) or 'no header'}; "
            f"name them with --columns {lacking[0]}=NAME"
        )
    return found


def _fixation_table(gaze: Mapping[str, Sequence[_Fixation]], numbers: Mapping[str, int]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIXATION_COLUMNS)
    for key in sorted(gaze):
        for fixation in sorted(gaze[key], key=lambda fixation: (numbers[fixation.observer], fixation.order)):
            # in full: rounding could carry a fixation over the border
            x, y = (np.format_float_positional(value, trim="-") for value in (fixation.x, fixation.y))
            writer.writerow((key, numbers[fixation.observer], fixation.order, x, y, _milliseconds(fixation.duration)))
    return text.getvalue()


def _milliseconds(text: str) -> str:
    """A whole number, or nothing where the table has none."""
    try:
        return str(round(float(text)))
    except (ValueError, OverflowError):
        return ""


def _copy_picture(source: Path, target: Path) -> None:
    """Copy a picture's bytes; only one that is not 8-bit RGB, as the layout wants it, is written anew (as PNG content under its name)."""
    with Image.open(source) as picture:
        plain = picture.mode == "RGB" and picture.format in ("JPEG", "PNG")
    if plain:
        shutil.copyfile(source, target)
    else:
        Image.fromarray(read_picture(source)).save(
            target, format="PNG" if source.suffix.lower() not in (".jpg", ".jpeg") else "JPEG", quality=95
        )
