"""P3, O3 and SID4VAM as their authors distribute them.

P3/{colors,orientations,sizes}/images, targ_images, dist_images (one mask of that name each), image_properties.txt
O3/images, targ_images, dist_images, image_properties.txt
SID4VAM images[/sid4vam]/d1Bvs1BfeatureB34.png and mmaps[/sid4vam]/the same name, also below input/

The archives themselves were not at hand: the names of folders are those of the samples that came with P3O3's program, and of SID4VAM's
benchmark program; a folder of another nesting is told what was looked for.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path

from salquest.datasets import Problem
from salquest.displays.shown import DisplaySet, ShownDisplay, listing, middle_of, read_mask
from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Stimulus
from salquest.gaze.pictures import is_picture, picture_size

PROPERTIES = "image_properties.txt"
MASKS = ("targ_images", "dist_images")
# as P3O3's program names them; a table without a header line is read in this order
P3_COLUMNS = (
    *("path", "name", "bg_color", "t_pos", "t_x", "t_y", "t_ori", "d_ori", "t_color", "d_color", "t_shape", "d_shape"),
    *("t_height", "d_height", "t_height2", "d_height2", "t_width", "d_width"),
)
O3_FLAGS = ("orientation", "color", "focus", "shape", "size", "location", "pattern")
O3_COLUMNS = ("image_name", "num_distractors", "target_type", "target_subtype", "target_size", "target_x", "target_y", *O3_FLAGS)
P3_PARTS: Mapping[str, tuple[str, str]] = {
    "colors": ("colour", "deg of HSV hue"),
    "orientations": ("orientation", "deg"),
    "sizes": ("size", "ratio"),
}
P3_PER_DEGREE, SID4VAM_PER_DEGREE = 35.0, 40.0
SID4VAM_BLOCKS: Mapping[str, str] = {
    "fv1": "shape",
    "fv2": "texture",
    "fv3": "texture",
    "fv4": "grouping",
    "fv5": "grouping",
    "vs1": "set size",
    "vs2": "shape",
    "vs3": "texture",
    "vs4": "colour",
    "vs5": "luminance",
    "vs6": "size",
    "vs7": "orientation",
    "vs8": "noise",
    "vs9": "orientation",
    "vs10": "orientation",
}


def find_p3(root: Path) -> bool:
    """Whether a folder is P3, or one of its three parts."""
    return any(_is_part(root / part) for part in P3_PARTS) or (_is_part(root) and root.name in P3_PARTS)


def find_o3(root: Path) -> bool:
    """Whether a folder is O3."""
    return _is_part(root) and root.name not in P3_PARTS


def find_sid4vam(root: Path) -> bool:
    """Whether a folder is SID4VAM."""
    return _sid4vam_folders(root) is not None


def _is_part(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / PROPERTIES).is_file() and any((folder / mask).is_dir() for mask in MASKS)


def read_p3(root: Path) -> DisplaySet:
    """Read P3 (Kotseruba 2019), or one of its parts. Level: difference of hue or of orientation in degrees, or ratio of sizes.

    Raises:
        DataNotFound: no picture with its masks. BrokenFile: a table or a mask that cannot be read.
    """
    parts = [root] if root.name in P3_PARTS and _is_part(root) else [root / part for part in P3_PARTS if _is_part(root / part)]
    displays: list[ShownDisplay] = []
    problems: list[Problem] = []
    for part in parts:
        dimension, unit = P3_PARTS[part.name]
        for row, stimulus, target, distractors in _rows(part, P3_COLUMNS, "name", problems):
            size = _number(row, "t_height", part), _number(row, "t_width", part)
            others = _number(row, "d_height", part), _number(row, "d_width", part)
            displays.append(
                ShownDisplay(
                    stimulus=stimulus,
                    family=f"p3-{part.name}",
                    dimension=dimension,
                    level=_p3_level(part.name, row, part),
                    unit=unit,
                    target=target,
                    distractors=distractors,
                    target_x=_number(row, "t_x", part),
                    target_y=_number(row, "t_y", part),
                    target_size=max(size),
                    distractor_size=max(others),
                    pixels_per_degree=P3_PER_DEGREE,
                )
            )
    return _whole("P3", root, displays, problems)


def read_o3(root: Path) -> DisplaySet:
    """Read O3 (Kotseruba 2019): photographs with one odd item. Family: the ways in which it differs, such as "o3-color-shape"; no levels.

    Raises:
        DataNotFound: no picture with its masks. BrokenFile: a table or a mask that cannot be read.
    """
    displays: list[ShownDisplay] = []
    problems: list[Problem] = []
    for row, stimulus, target, distractors in _rows(root, O3_COLUMNS, "image_name", problems):
        flags = [flag for flag in O3_FLAGS if row.get(flag, "0").strip() == "1"]
        place = middle_of(read_mask(target, stimulus.size))
        if place is None:
            problems.append(Problem("mask without a target", stimulus.key, "skipped"))
            continue
        displays.append(
            ShownDisplay(
                stimulus=stimulus,
                family="-".join(["o3", *flags]),
                dimension={"color": "colour"}.get(flags[0], flags[0]) if len(flags) == 1 else "several",
                level=0.0,
                unit="",
                target=target,
                distractors=distractors,
                target_x=place[0],
                target_y=place[1],
                target_size=place[2],
                # the distractors' sizes are not told; items of such pictures are much alike
                distractor_size=place[2],
                pixels_per_degree=P3_PER_DEGREE,
            )
        )
    return _whole("O3", root, displays, problems)


def read_sid4vam(root: Path) -> DisplaySet:
    """Read SID4VAM (Berga 2019): family is block and condition, level the number in the name. It has no distractor masks.

    Raises:
        DataNotFound: no picture with its mask. BrokenFile: a name or a mask that cannot be read.
    """
    folders = _sid4vam_folders(root)
    if folders is None:
        raise DataNotFound(f"{root} needs the folders images and mmaps of SID4VAM; found: {listing(root)}")
    images, masks = folders
    displays: list[ShownDisplay] = []
    problems: list[Problem] = []
    for path in sorted(images.iterdir()):
        if not is_picture(path):
            continue
        mask = masks / f"{path.stem}.png"
        if not mask.is_file():
            problems.append(Problem("picture without a mask", path.name, "skipped"))
            continue
        block, condition, level = sid4vam_name(path.stem)
        stimulus = Stimulus(path.name, path, picture_size(path))
        place = middle_of(read_mask(mask, stimulus.size))
        x, y, side = place or (None, None, 0.0)
        displays.append(
            ShownDisplay(
                stimulus=stimulus,
                family="-".join(filter(None, (block, condition))),
                dimension=SID4VAM_BLOCKS.get(block, "displays"),
                level=level,
                unit="",
                target=mask,
                target_x=x,
                target_y=y,
                target_size=side,
                distractor_size=side or 100.0,
                pixels_per_degree=SID4VAM_PER_DEGREE,
            )
        )
    return _whole("SID4VAM", root, displays, problems)


def sid4vam_name(stem: str) -> tuple[str, str, float]:
    """(block, condition, level) of a SID4VAM name: "d1Bfv5BproximityGdissimilarB5p8333" is fv5, "proximity-dissimilar", 5.8333.

    Raises:
        BrokenFile: another kind of name.
    """
    parts = stem.split("B")
    try:
        if len(parts) < 3 or parts[0] not in ("d1", "d2") or parts[1] not in SID4VAM_BLOCKS:
            raise ValueError(stem)
        return parts[1], "B".join(parts[2:-1]).replace("G", "-"), float(parts[-1].replace("p", "."))
    except ValueError as error:
        raise BrokenFile(
            f"{stem!r} is no name of a SID4VAM display: difficulty, block, condition and level joined by B, as in d1Bvs1BfeatureB34"
        ) from error


def _sid4vam_folders(root: Path) -> tuple[Path, Path] | None:
    for base in (root, root / "input"):
        for masks in ("mmaps", "masks"):
            images, found = base / "images", base / masks
            if images.is_dir() and found.is_dir():
                below = next((p for p in sorted(images.iterdir()) if p.is_dir() and "sid4vam" in p.name.lower()), None)
                if below is not None and (found / below.name).is_dir():
                    return below, found / below.name
                return images, found
    return None


def _rows(
    part: Path, columns: tuple[str, ...], name: str, problems: list[Problem]
) -> list[tuple[dict[str, str], Stimulus, Path, Path | None]]:
    """(row, stimulus, target mask, distractor mask) of every picture of the table that is there with its target mask."""
    files = {path.stem: path for path in sorted((part / "images").iterdir()) if is_picture(path)}
    masks = [
        {path.stem: path for path in sorted((part / folder).iterdir()) if is_picture(path)} if (part / folder).is_dir() else {}
        for folder in MASKS
    ]
    found = []
    for row in _table(part / PROPERTIES, columns, name):
        stem = Path(row[name].replace("\\", "/")).stem  # the name alone: a path in the table leads nowhere
        if stem not in files or stem not in masks[0]:
            problems.append(Problem("picture of the table without file or target mask", row[name], "skipped"))
            continue
        stimulus = Stimulus(files[stem].name, files[stem], picture_size(files[stem]))
        found.append((row, stimulus, masks[0][stem], masks[1].get(stem)))
    return sorted(found, key=lambda entry: entry[1].key)


def _table(path: Path, columns: tuple[str, ...], name: str) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if row]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise BrokenFile(f"{path} is not a table of text: {error}") from error
    if rows and name in rows[0]:
        header, rows = tuple(rows[0]), rows[1:]
    else:
        header = columns
    lacking = [column for column in columns if column not in header]
    if lacking:
        raise BrokenFile(f"{path} lacks the columns {', '.join(lacking)}; found: {', '.join(header)}")
    for number, row in enumerate(rows, start=1):
        if len(row) < len(header):
            raise BrokenFile(f"{path}, row {number}: {len(header)} cells were expected ({', '.join(header[:4])}, …); found {len(row)}")
    return [dict(zip(header, row, strict=False)) for row in rows]


def _p3_level(part: str, row: Mapping[str, str], where: Path) -> float:
    if part == "orientations":
        difference = abs(_number(row, "t_ori", where) - _number(row, "d_ori", where)) % 180
        return min(difference, 180 - difference)
    if part == "sizes":
        sides = [max(_number(row, f"{who}_height", where), _number(row, f"{who}_width", where)) for who in ("t", "d")]
        if min(sides) <= 0:
            raise BrokenFile(f"{where / PROPERTIES}: sizes are positive; found {sides}")
        return sides[0] / sides[1]
    difference = abs(_hue(row["t_color"], where) - _hue(row["d_color"], where)) % 360
    return min(difference, 360 - difference)


def _hue(text: str, where: Path) -> float:
    import colorsys

    digits = text.lstrip("#")
    try:
        if len(digits) != 6:
            raise ValueError(text)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    except ValueError as error:
        raise BrokenFile(f"{where / PROPERTIES}: a colour is six hexadecimal digits; found {text!r}") from error
    return 360 * colorsys.rgb_to_hsv(*parts)[0]


def _number(row: Mapping[str, str], column: str, where: Path) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise BrokenFile(f"{where / PROPERTIES}: {column} is a number; found {row[column]!r}") from error


def _whole(name: str, root: Path, displays: list[ShownDisplay], problems: list[Problem]) -> DisplaySet:
    if not displays:
        raise DataNotFound(f"{root} holds no picture of {name} with its masks; found: {listing(root)}")
    digest = hashlib.sha256()
    for display in displays:
        digest.update(f"{display.family} {display.stimulus.key} {display.level} {display.target_x} {display.target_y}\n".encode())
        digest.update(display.stimulus.path.read_bytes())
    return DisplaySet(name, tuple(displays), digest.hexdigest()[:12], root, tuple(problems))
