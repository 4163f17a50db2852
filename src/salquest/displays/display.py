"""One display: its picture, whose pixels are whose, and the record of how it was made."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from salquest.displays.canvas import Canvas
from salquest.displays.draws import Draws
from salquest.displays.families import FAMILIES
from salquest.displays.painting import Labels, equal_discs, paint
from salquest.displays.scene import Request, Value
from salquest.errors import InputError, UnknownName
from salquest.gaze.pictures import Pixels

LAYOUTS = ("grid", "ring")


@dataclass(frozen=True, kw_only=True)
class DisplayRecord:
    """How a display was made, and what a score has to know about it.

    Attributes:
        family, level: what was asked for; dimension, unit: of the family's card.
        seed, number: of the set, and which display of this family and level.
        size: (height, width).
        pixels_per_degree: of visual angle.
        num_targets, num_items: how many items (or equal areas) compete, and how many of them are targets.
        target_x, target_y: the middle of the (first) target in pixels; None without a target.
        target_size, distractor_size: largest sides, pixels.
        items: (label, x, y) of each item.
        area_radius: radius of the disc around each item within which its saliency is read, the same for all items, so that a larger item
            has no larger maximum by chance; None where areas stand in `areas`.
        about: what was drawn, by name.
        digest: SHA-256 of picture and labels.
    """

    family: str
    dimension: str
    level: float
    unit: str
    seed: int
    number: int
    layout: str
    size: tuple[int, int]
    pixels_per_degree: float
    num_targets: int
    num_items: int
    target_x: float | None
    target_y: float | None
    target_size: float
    distractor_size: float
    items: tuple[tuple[int, int, int], ...]
    area_radius: float | None
    about: Mapping[str, Value] = field(default_factory=dict)
    digest: str = ""

    def as_document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def of_document(cls, content: Mapping[str, Any]) -> DisplayRecord:
        """The record of a document that `as_document` made.

        Raises:
            KeyError, TypeError, ValueError: another kind of document.
        """
        height, width = (int(side) for side in content["size"])
        record = cls(
            family=str(content["family"]),
            dimension=str(content["dimension"]),
            level=float(content["level"]),
            unit=str(content["unit"]),
            seed=int(content["seed"]),
            number=int(content["number"]),
            layout=str(content["layout"]),
            size=(height, width),
            pixels_per_degree=float(content["pixels_per_degree"]),
            num_targets=int(content["num_targets"]),
            num_items=int(content["num_items"]),
            target_x=_number(content["target_x"]),
            target_y=_number(content["target_y"]),
            target_size=float(content["target_size"]),
            distractor_size=float(content["distractor_size"]),
            items=tuple((int(label), int(x), int(y)) for label, x, y in content["items"]),
            area_radius=_number(content["area_radius"]),
            about=dict(content["about"]),
            digest=str(content["digest"]),
        )
        told = (record.level, record.pixels_per_degree, record.target_size, record.distractor_size, record.target_x, record.target_y)
        if not all(math.isfinite(value) for value in told if value is not None) or record.pixels_per_degree <= 0:
            raise ValueError("a number that is not finite, or no pixels per degree")
        if record.area_radius is not None and not 0 <= record.area_radius <= max(height, width):
            raise ValueError(f"areas of radius {record.area_radius} on a picture of {width}x{height}")
        return record


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


@dataclass(frozen=True, eq=False)
class Display:
    """One display.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 by the pixel-centre rule: 0 background, 1 target, 2, 3, … a distractor each. Of textures and contours these are
            the equal areas that compete.
        areas: (H, W) uint8, of equal size for every item: what object-level scores read.
        record: how it was made.
    """

    image: Pixels
    labels: Labels
    areas: Labels
    record: DisplayRecord


def draw_display(
    family: str,
    level: float,
    *,
    seed: int = 0,
    number: int = 0,
    size: tuple[int, int] = (1024, 1024),
    place: int | None = None,
    layout: str = "grid",
    backdrop: Pixels | None = None,
) -> Display:
    """Draw one display; the same arguments give the same bytes on every machine.

    Displays of one seed and number share everything random over all levels of a family, and over both families of a pair.

    Args:
        family: a name in FAMILIES.
        level: on the family's axis; 0 is no difference at all where the unit is an angle or a share.
        seed, number: name the display.
        size: (height, width); the view is the same at every size of one shape, items shrink along.
        place: which of the possible places the target takes; where it is not given, as many consecutive numbers as there are places take
            each of them once, in random order.
        layout: "grid", or "ring": eight places equally far from the middle.
        backdrop: a picture (H, W, 3) uint8 of that size to draw on.

    Raises:
        UnknownName: no such family. InputError: a level, size or layout that cannot be drawn.
    """
    if family not in FAMILIES:
        raise UnknownName("family of displays", family, FAMILIES)
    if layout not in LAYOUTS:
        raise InputError(f"a layout is {' or '.join(LAYOUTS)}; found {layout!r}")
    if not np.isfinite(level) or level < 0:
        raise InputError(f"a level is 0 or more; found {level}")
    if seed < 0 or number < 0:
        raise InputError(f"seed and number of a display are 0 or more; found {seed} and {number}")
    if backdrop is not None and backdrop.shape != (*size, 3):
        raise InputError(f"a backdrop has the display's size {(*size, 3)}; found {backdrop.shape}")
    card = FAMILIES[family]
    canvas = Canvas(size)
    spots = Draws(seed, zlib.crc32((card.pair or family).encode()))
    draws = Draws(seed, zlib.crc32((card.pair or family).encode()), number)
    scene = card.paint(Request(float(level), canvas, draws, spots, number, place, backdrop, layout))
    image, painted = paint(scene.background, scene.items)
    radius = None if scene.areas is not None else max((item.look.reach for item in scene.items), default=0.0)
    if scene.areas is not None:
        labels = areas = scene.areas
        labelled: tuple[tuple[int, int, int], ...] = ()
        competing = int(scene.areas.max())
        rows, columns = np.nonzero(scene.areas == 1)
        middle = (float(columns.mean()), float(rows.mean()))
    else:
        labels, areas = painted, equal_discs(size, [(item.label, item.x, item.y) for item in scene.items], radius or 0.0)
        labelled = tuple((item.label, item.x, item.y) for item in scene.items)
        competing = len(labelled)
        middle = next(((float(x), float(y)) for label, x, y in labelled if label == 1), None)  # type: ignore[assignment]
    record = DisplayRecord(
        family=family,
        dimension=card.dimension,
        level=float(level),
        unit=card.unit,
        seed=seed,
        number=number,
        layout=layout,
        size=size,
        pixels_per_degree=canvas.pixels_per_degree,
        num_targets=sum(label == 1 for label, _, _ in labelled) if labelled else int((labels == 1).any()),
        num_items=competing,
        target_x=middle[0] if middle else None,
        target_y=middle[1] if middle else None,
        target_size=scene.target_size,
        distractor_size=scene.distractor_size,
        items=labelled,
        area_radius=radius,
        about=scene.about,
        digest=hashlib.sha256(image.tobytes() + labels.tobytes()).hexdigest(),
    )
    return Display(image, labels, areas, record)
