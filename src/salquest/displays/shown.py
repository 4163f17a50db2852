"""A display that lies in files, ready to be scored: whoever drew it, the scores see the same fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import Problem
from salquest.displays.painting import equal_discs
from salquest.errors import BrokenFile
from salquest.gaze import Stimulus
from salquest.gaze.pictures import OpenedPicture

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ShownDisplay:
    """A display in files.

    Attributes:
        stimulus: the picture.
        family, dimension, level, unit: what differs and by how much; as in FAMILIES for our own displays.
        labels: picture of 0 background, 1 target, 2, 3, … distractors; or None where there are
        target, distractors: pictures of masks, above 127 where they hold; None where the source has none.
        target_x, target_y: middle of the target in pixels; None without one.
        target_size, distractor_size: largest sides, pixels.
        pixels_per_degree: of visual angle.
        items: (label, x, y) of each item, and
        area_radius: of the disc that stands for it; None where the labels or masks themselves are the areas.
    """

    stimulus: Stimulus
    family: str
    dimension: str
    level: float
    unit: str
    labels: Path | None = None
    target: Path | None = None
    distractors: Path | None = None
    target_x: float | None = None
    target_y: float | None = None
    target_size: float = 0.0
    distractor_size: float = 0.0
    pixels_per_degree: float = 35.0
    items: tuple[tuple[int, int, int], ...] = ()
    area_radius: float | None = None

    @property
    def has_target(self) -> bool:
        """Whether there is something to be found."""
        return self.target_x is not None

    def masks(self) -> tuple[Mask, Mask]:
        """(target, distractors), (H, W) each; empty where there is none.

        Raises:
            BrokenFile: a mask that cannot be read, or of another size than the picture.
        """
        if self.labels is not None:
            labels = read_labels(self.labels, self.stimulus.size)
            return labels == 1, labels > 1
        nothing = np.zeros(self.stimulus.size, dtype=bool)
        return (
            nothing if self.target is None else read_mask(self.target, self.stimulus.size),
            nothing if self.distractors is None else read_mask(self.distractors, self.stimulus.size),
        )

    def areas(self, masks: tuple[Mask, Mask]) -> NDArray:
        """Labels (H, W) of what competes: discs of one size, the labelled areas, or the connected parts of the masks."""
        if self.area_radius is not None:
            return equal_discs(self.stimulus.size, self.items, self.area_radius)
        if self.labels is not None:
            labels = read_labels(self.labels, self.stimulus.size)
            if labels.max() != 2:
                return labels
        from scipy.ndimage import label

        parts, _ = label(masks[1])
        return np.where(masks[0], 1, np.where(parts > 0, parts + 1, 0))


@dataclass(frozen=True)
class DisplaySet:
    """Displays in the order of their keys.

    Attributes:
        name: for people.
        displays: one per picture.
        edition: twelve hexadecimal digits of the pictures and masks.
        problems: what was skipped, and why.
    """

    name: str
    displays: tuple[ShownDisplay, ...]
    edition: str
    root: Path
    problems: tuple[Problem, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.displays)

    def families(self) -> dict[str, list[ShownDisplay]]:
        """Family -> its displays, in order."""
        found: dict[str, list[ShownDisplay]] = {}
        for display in self.displays:
            found.setdefault(display.family, []).append(display)
        return found


def read_labels(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of labels, (H, W) uint8. Raises BrokenFile: not one channel of 8 bits, or another size."""
    with OpenedPicture(path) as picture:
        labels = np.asarray(picture)
    if labels.shape != size or labels.dtype != np.uint8:
        raise BrokenFile(f"{path} is {labels.dtype} of {labels.shape}; labels of a picture of {size} are bytes of that shape")
    return labels


def read_mask(path: Path, size: tuple[int, int]) -> Mask:
    """A mask that is kept as a picture: above 127 it holds; what is transparent does not. Raises BrokenFile: another size."""
    with OpenedPicture(path) as picture:
        channels = np.asarray(picture.convert("RGBA"), dtype=np.uint16)
    values = channels[:, :, :3].max(axis=2) * channels[:, :, 3] // 255
    if values.shape != size:
        raise BrokenFile(f"{path} is {values.shape}; the mask of a picture of {size} has that size")
    return values > 127


def middle_of(mask: Mask) -> tuple[float, float, float] | None:
    """(x, y, largest side) of a mask's bounding box; None for an empty one."""
    if not mask.any():
        return None
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    sides = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    return (columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2, float(max(sides))


def listing(root: Path, *, most: int = 12) -> str:
    """What lies in a folder, for a message."""
    if not root.is_dir():
        return "no such folder"
    found: Sequence[str] = sorted(path.name for path in root.iterdir())
    return ", ".join(found[:most]) + (" and others" if len(found) > most else "") if found else "nothing"
