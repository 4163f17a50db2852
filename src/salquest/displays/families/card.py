"""What is known about a family of displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from salquest.displays.scene import Painter

Dimension = Literal[
    "colour",
    "luminance",
    "orientation",
    "size",
    "shape",
    "frequency",
    "conjunction",
    "set size",
    "noise",
    "texture",
    "grouping",
    "background",
    "control",
]


@dataclass(frozen=True)
class FamilyCard:
    """What is known about a family.

    Attributes:
        paint: makes a scene.
        dimension: in which target and distractors differ, or what else is asked; tables are by dimension.
        title: for people.
        unit: of the levels.
        levels: as a standard set has them, ascending.
        easier: "up": a greater level makes the target stand out more to people; "down": less; "none": it has no such order.
        pair: where two families are each other with roles exchanged, the name that both share; all that is random is then the same.
    """

    paint: Painter
    dimension: Dimension
    title: str
    unit: str
    levels: tuple[float, ...]
    easier: Literal["up", "down", "none"] = "up"
    pair: str = ""
