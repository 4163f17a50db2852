"""A folder of masks: one sub-folder per category, in it a picture per stimulus, CATEGORY/STEM.png, that is above 127 where the category is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import find_objects, label

from salquest.dissection.annotations.region import Annotations, Region
from salquest.errors import BrokenFile
from salquest.gaze import Stimulus
from salquest.gaze.pictures import OpenedPicture, is_picture


def mask_categories(root: Path) -> dict[str, dict[str, Path]]:
    """Category -> stem -> file, of the sub-folders that hold pictures."""
    found = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        masks = {path.stem: path for path in sorted(folder.iterdir()) if is_picture(path)}
        if masks:
            found[folder.name] = masks
    return found


class MaskFolder(Annotations):
    """Each connected part of a mask is a region of its own; parts of different categories may overlap."""

    def __init__(self, root: Path) -> None:
        self.name = f"masks of {root}"
        self._masks = mask_categories(root)

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The parts of the picture's masks, category by category.

        Raises:
            BrokenFile: a mask that cannot be read, or of another size than the picture.
        """
        found = []
        for category, masks in self._masks.items():
            if stimulus.stem not in masks:
                continue
            parts, _ = label(_read_mask(masks[stimulus.stem], stimulus), structure=np.ones((3, 3)))
            for number, window in enumerate(find_objects(parts), start=1):
                found.append(Region(frozenset({category}), window[0].start, window[1].start, parts[window] == number))
        return found

    def names(self) -> tuple[str, ...]:
        """Stems of the masks."""
        return tuple(sorted({stem for masks in self._masks.values() for stem in masks}))


def _read_mask(path: Path, stimulus: Stimulus) -> np.ndarray:
    with OpenedPicture(path) as picture:
        values = np.asarray(picture.convert("L"))
    if values.shape != stimulus.size:
        raise BrokenFile(
            f"{path} is {values.shape[1]} x {values.shape[0]}, and {stimulus.key} is {stimulus.size[1]} x {stimulus.size[0]}: "
            "the mask of a picture has its size"
        )
    return values > 127
