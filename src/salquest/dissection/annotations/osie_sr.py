"""OSIE-SR, the salient regions of He 2019: SegmentationClass/ says of what category a pixel is, SegmentationObject/ of which region."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.annotations.region import Annotations, Region, present
from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Stimulus
from salquest.gaze.pictures import OpenedPicture

# the palette's numbers that the authors' readme names; the gaps are unused colours
CATEGORIES: Mapping[int, str] = {
    1: "person head",
    10: "person part",
    16: "animal head",
    22: "animal part",
    27: "object",
    37: "text",
    46: "symbol",
    51: "vehicle",
    57: "food",
    63: "plant",
    68: "drink",
    73: "other",
}
# of labelme's export: pixels that belong to nothing
VOID = 255


def is_osie_sr(root: Path) -> bool:
    """Whether a folder has the two folders of masks."""
    return (root / "SegmentationClass").is_dir() and (root / "SegmentationObject").is_dir()


class OsieSr(Annotations):
    """The regions of a folder with SegmentationClass/STEM.png and SegmentationObject/STEM.png, palette pictures.

    Raises:
        DataNotFound: no masks there.
    """

    def __init__(self, root: Path) -> None:
        self.name, self._root = f"regions of {root}", root
        self._stems = tuple(sorted(path.stem for path in (root / "SegmentationClass").glob("*.png")))
        if not self._stems:
            raise DataNotFound(f"{root / 'SegmentationClass'} has no .png; OSIE-SR keeps one palette picture per photograph there")

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """One region per object number, of the category that most of its pixels have.

        Raises:
            BrokenFile: masks that are no palette pictures, of another size, or of a category that OSIE-SR does not have.
        """
        if stimulus.stem not in self._stems:
            return []
        kinds = read_indices(self._root / "SegmentationClass" / f"{stimulus.stem}.png", stimulus)
        objects = read_indices(self._root / "SegmentationObject" / f"{stimulus.stem}.png", stimulus)
        found = []
        for number in np.setdiff1d(np.unique(objects), (0, VOID)):
            mask = objects == number
            values, counts = np.unique(kinds[mask & (kinds != VOID)], return_counts=True)
            kind = int(values[counts.argmax()]) if len(values) else 0
            if kind == 0:
                continue  # an outline without a category
            if kind not in CATEGORIES:
                raise BrokenFile(
                    f"{self._root / 'SegmentationClass' / stimulus.stem}.png has the category {kind}; OSIE-SR has {sorted(CATEGORIES)}"
                )
            found.append(Region.of_mask([CATEGORIES[kind]], mask))
        return present(found)

    def names(self) -> tuple[str, ...]:
        """Stems of the masks."""
        return self._stems


def read_indices(path: Path, stimulus: Stimulus) -> NDArray[np.uint8]:
    """A palette or grey picture as its numbers, (H, W). Raises BrokenFile: colours, or another size than the picture. DataNotFound: no file."""
    with OpenedPicture(path) as picture:
        mode, values = picture.mode, np.asarray(picture)
    if mode not in ("P", "L", "1") or values.ndim != 2:
        raise BrokenFile(f"{path} is a picture of mode {mode}; masks are palette or grey pictures whose values are numbers of categories")
    if values.shape != stimulus.size:
        raise BrokenFile(
            f"{path} is {values.shape[1]} x {values.shape[0]}, and {stimulus.key} is {stimulus.size[1]} x {stimulus.size[0]}: "
            "take the pictures at the size that the regions were drawn on"
        )
    return values.astype(np.uint8)
