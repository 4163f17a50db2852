"""Named sets of displays, and how they are written: the generic folder of the package, with masks, an index and a checksum beside it.

meta.json                 the set, its checksum, pixels per degree; written last, so that a folder that has it is whole
displays.json             the plan: what is to be drawn; a folder that has another plan is not touched
stimuli/STEM.png          the displays
maps/STEM.png             a Gaussian of one degree at the target, flat without one: not gaze, only a place to look at
labels/STEM.png           0 background, 1 target, 2, 3, … a distractor each; attributes.csv.gz names them
targets/STEM.png, distractors/STEM.png   masks, 0 or 255
records/STEM.json         how each was made; written last of each display
index.csv                 one row per display
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.displays.canvas import Canvas
from salquest.displays.display import Display, DisplayRecord, draw_display
from salquest.displays.families import FAMILIES
from salquest.displays.processes import shared_out
from salquest.errors import InputError, Refused, UnknownName
from salquest.gaze import blur
from salquest.gaze.pictures import Pixels, read_picture, resize_picture
from salquest.runs import Cell, Columns, identity, write_bytes, write_json, write_text

SCHEMA = 1


@dataclass(frozen=True)
class SetCard:
    """A named set.

    Attributes:
        title: for people.
        levels: family -> levels that are drawn.
        per_level: displays of each family and level.
        size: (height, width).
    """

    title: str
    levels: Mapping[str, tuple[float, ...]]
    per_level: int
    size: tuple[int, int]


def _hard_and_easy(family: str) -> tuple[float, ...]:
    """Two levels: one in the middle, one of the easiest."""
    levels = FAMILIES[family].levels
    if len(levels) == 1:
        return levels
    return tuple(sorted((levels[len(levels) // 2], levels[0 if FAMILIES[family].easier == "down" else -1])))


# the fifteen blocks of SID4VAM (Berga 2019), each by our family that asks the same
SID4VAM_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "corner angle": ("corner-among-straight",),
    "segmentation by orientation": ("texture-orientation",),
    "segmentation by spacing": ("texture-spacing",),
    "contour integration": ("contour-length",),
    "perceptual grouping": ("grouping",),
    "set size": ("set-size-colour", "set-size-conjunction"),
    "circle and bar": ("q-among-o", "o-among-q"),
    "rough surface": ("surface",),
    "colour": ("hue", "more-saturated"),
    "brightness": ("brighter", "dimmer"),
    "size": ("larger", "smaller"),
    "orientation": ("orientation",),
    "heterogeneity": ("orientation-heterogeneous", "orientation-flanked"),
    "linearity": ("orientation-linear",),
    "categorical orientation": ("orientation-categorical",),
}

SETS: Mapping[str, SetCard] = {
    "quick": SetCard("every family at two levels, two displays each", {f: _hard_and_easy(f) for f in FAMILIES}, 2, (512, 512)),
    "standard": SetCard("every family at all its levels, 49 displays each", {f: c.levels for f, c in FAMILIES.items()}, 49, (1024, 1024)),
    "p3like": SetCard(
        "saturated hues, orientations and sizes on 7 x 7 places, as in P3 (Kotseruba 2019)",
        {f: FAMILIES[f].levels for f in ("hue-saturated", "orientation", "larger", "smaller")},
        49,
        (1024, 1024),
    ),
    "sid4vamlike": SetCard(
        "fifteen blocks at seven levels, as in SID4VAM (Berga 2019)",
        {f: FAMILIES[f].levels for families in SID4VAM_BLOCKS.values() for f in families},
        1,
        (1024, 1280),
    ),
}


@dataclass(frozen=True, kw_only=True)
class SetPlan:
    """Everything that decides the bytes of a set."""

    name: str
    seed: int
    size: tuple[int, int]
    per_level: int
    levels: Mapping[str, tuple[float, ...]]
    layout: str = "grid"
    backdrop: str = ""  # SHA-256 of the picture's pixels

    def jobs(self) -> list[tuple[str, float, int]]:
        """(family, level, number) of every display, in order."""
        return [(f, level, n) for f, levels in self.levels.items() for level in levels for n in range(self.per_level)]


def plan_set(
    name: str,
    *,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    per_level: int | None = None,
    families: Sequence[str] = (),
    layout: str = "grid",
) -> SetPlan:
    """What a named set is made of.

    Args:
        name: in SETS.
        seed: of everything random.
        size: (height, width); the set's own where it is not given.
        per_level: displays of each family and level; the set's own where it is not given.
        families: only these of the set's families.
        layout: "grid" or "ring".

    Raises:
        UnknownName: no such set or family. InputError: no display at all, or a size that cannot be drawn.
    """
    if name not in SETS:
        raise UnknownName("set of displays", name, SETS)
    card = SETS[name]
    for family in families:
        if family not in card.levels:
            raise UnknownName(f"family of the set {name}", family, card.levels)
    if per_level is not None and not 1 <= per_level <= 1000:
        raise InputError(f"a set has 1 to 1000 displays per level; found {per_level}")
    if seed < 0:
        raise InputError(f"a seed is 0 or more; found {seed}")
    return SetPlan(
        name=name,
        seed=seed,
        size=Canvas(size or card.size).size,
        per_level=per_level or card.per_level,
        levels={family: card.levels[family] for family in (families or card.levels)},
        layout=layout,
    )


def make_set(
    plan: SetPlan,
    out: str | Path,
    *,
    backdrop: str | Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draw a set into a folder, or go on with one that was begun.

    Args:
        plan: what to draw.
        out: the folder; new, empty, or begun with the same plan.
        backdrop: a picture that is stretched to the displays' size and lies below all items instead of the families' own grounds.
        workers: processes.
        progress: called with (displays done, displays).

    Returns:
        The folder.

    Raises:
        Refused: the folder holds something else, or cannot be written. BrokenFile, DataNotFound: the backdrop. InputError: a display cannot be
        drawn.
    """
    root = Path(out)
    ground = None if backdrop is None else resize_picture(read_picture(backdrop), plan.size)
    if ground is not None:
        plan = SetPlan(**{**asdict(plan), "backdrop": hashlib.sha256(ground.tobytes()).hexdigest()})
    _claim(root, plan)
    jobs = plan.jobs()
    left = [job for job in jobs if not (root / "records" / f"{stem_of(*job)}.json").is_file()]
    done = len(jobs) - len(left)
    progress(done, len(jobs))
    for _ in shared_out(_write_display, [(root, plan, job, None if backdrop is None else str(backdrop)) for job in left], workers):
        done += 1
        progress(done, len(jobs))
    if not (root / "meta.json").is_file():
        _finish(root, plan)
    return root


def stem_of(family: str, level: float, number: int) -> str:
    """The name of a display: family, level and number, "." as "p"."""
    return f"{family}_{f'{level:g}'.replace('.', 'p')}_{number:03d}"


def _claim(root: Path, plan: SetPlan) -> None:
    document = json.loads(json.dumps({"schema": SCHEMA, "identity": identity(_plain(plan)), **_plain(plan)}))
    path = root / "displays.json"
    if path.is_file():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError):
            kept = None
        if kept != document:
            raise Refused(f"{root} holds displays of another plan (its displays.json differs); choose another folder with --out")
    elif root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refused(f"{root} holds something that is no set of displays; choose another folder with --out")
    else:
        write_json(path, document)


def _plain(plan: SetPlan) -> dict[str, object]:
    return {**asdict(plan), "levels": {family: list(levels) for family, levels in plan.levels.items()}, "size": list(plan.size)}


@lru_cache(maxsize=1)
def _ground(path: str, size: tuple[int, int]) -> Pixels:
    return resize_picture(read_picture(path), size)


def _write_display(job: tuple[Path, SetPlan, tuple[str, float, int], str | None]) -> None:
    root, plan, (family, level, number), backdrop = job
    ground = None if backdrop is None else _ground(backdrop, plan.size)
    display = draw_display(family, level, seed=plan.seed, number=number, size=plan.size, layout=plan.layout, backdrop=ground)
    name = f"{stem_of(family, level, number)}.png"
    write_bytes(root / "stimuli" / name, _png(display.image))
    write_bytes(root / "labels" / name, _png(display.labels))
    write_bytes(root / "targets" / name, _png(np.where(display.labels == 1, 255, 0).astype(np.uint8)))
    write_bytes(root / "distractors" / name, _png(np.where(display.labels > 1, 255, 0).astype(np.uint8)))
    write_bytes(root / "maps" / name, _png(_place_to_look(display)))
    write_json(root / "records" / f"{Path(name).stem}.json", display.record.as_document())


def _place_to_look(display: Display) -> NDArray[np.uint8]:
    """A Gaussian of one degree at each target, 0 … 255; flat where there is none."""
    record = display.record
    spots = np.zeros(record.size)
    places = [(x, y) for label, x, y in record.items if label == 1]
    if not places and record.target_x is not None and record.target_y is not None:
        places = [(round(record.target_x), round(record.target_y))]
    if not places:
        return np.full(record.size, 128, dtype=np.uint8)
    for x, y in places:
        spots[y, x] = 1.0
    glow = blur(spots, record.pixels_per_degree)
    return np.rint(255 * glow / glow.max()).astype(np.uint8)


def _finish(root: Path, plan: SetPlan) -> None:
    """Index, names of labels and meta.json, from the records alone."""
    records = {}
    for job in plan.jobs():
        stem = stem_of(*job)
        records[stem] = DisplayRecord.of_document(json.loads((root / "records" / f"{stem}.json").read_text(encoding="utf-8")))
    checksum = hashlib.sha256("".join(f"{stem} {record.digest}\n" for stem, record in records.items()).encode()).hexdigest()
    Columns.of_rows([_index_row(stem, record) for stem, record in records.items()]).save(root / "index.csv")
    write_bytes(root / "attributes.csv.gz", gzip.compress(_attributes(records.items()).encode(), mtime=0))
    write_text(root / "checksum.txt", f"{checksum}\n")
    write_json(
        root / "meta.json",
        {
            "name": f"{plan.name}-displays",
            "images": len(records),
            "observers": 0,
            "fixations": 0,
            "kind": "synthetic displays with target masks, no gaze; maps/ are Gaussians at the targets",
            "width": plan.size[1],
            "height": plan.size[0],
            "pixels_per_degree": Canvas(plan.size).pixels_per_degree,
            "seed": plan.seed,
            "checksum": checksum,
            "source": "salquest displays make",
        },
    )


def _index_row(stem: str, record: DisplayRecord) -> dict[str, Cell]:
    return {
        "image": f"{stem}.png",
        "family": record.family,
        "dimension": record.dimension,
        "level": record.level,
        "unit": record.unit,
        "number": record.number,
        "num_targets": record.num_targets,
        "num_items": record.num_items,
        "target_x": record.target_x,
        "target_y": record.target_y,
        "target_size": record.target_size,
        "distractor_size": record.distractor_size,
        "digest": record.digest,
    }


def _attributes(records: Iterable[tuple[str, DisplayRecord]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "value", "target", "distractor"])
    for stem, record in records:
        values = sorted({label for label, _, _ in record.items}) or range(1, record.num_items + 1)
        writer.writerows([f"{stem}.png", value, int(value == 1), int(value > 1)] for value in values)
    return text.getvalue()


def _png(array: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(array).save(content, format="PNG")
    return content.getvalue()
