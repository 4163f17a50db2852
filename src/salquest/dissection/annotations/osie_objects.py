"""OSIE's objects as its authors distribute them (Xu 2014): data/attrs.mat, a mask and twelve attributes per object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from salquest.datasets.osie import UNREADABLE
from salquest.dissection.annotations.region import Annotations, Region
from salquest.errors import BrokenFile
from salquest.gaze import Stimulus

OBJECT = "object"
# the authors' order; a file without names of its own is taken so
ATTRIBUTES = (
    "face",
    "emotion",
    "touched",
    "gazed",
    "motion",
    "sound",
    "smell",
    "taste",
    "touch",
    "text",
    "watchability",
    "operability",
)
# 5 551 objects in all, compressed well below this
MAX_BYTES = 1_000_000_000


def find_osie_objects(root: Path) -> Path | None:
    """attrs.mat: the file itself, or in the given folder or its data/; None where it is not there."""
    if root.name == "attrs.mat" and root.is_file():
        return root
    return next((path for path in (root / "attrs.mat", root / "data" / "attrs.mat") if path.is_file()), None)


class OsieObjects(Annotations):
    """All objects of attrs.mat: each is an "object", and has the attributes whose value is above 0.

    The masks are read at once and kept as rectangles; reading takes as much memory as the file unpacked (about 2.7 GB for the whole set).

    Raises:
        BrokenFile: not that file.
    """

    def __init__(self, path: Path) -> None:
        from scipy.io import loadmat  # late, as in the reader of the gaze
        from scipy.io.matlab import MatReadError

        self.name = f"objects of {path}"
        if path.stat().st_size > MAX_BYTES:
            raise BrokenFile(f"{path} is larger than {MAX_BYTES:,} bytes: not OSIE's table of objects")
        try:
            content = loadmat(path, squeeze_me=True, struct_as_record=False)
            entries = np.atleast_1d(content["attrs"])
            names = tuple(str(name) for name in np.atleast_1d(content["attrNames"])) if "attrNames" in content else ATTRIBUTES
            self._found: dict[str, tuple[tuple[int, int], list[Region]]] = {}
            for entry in entries:
                self._found[str(entry.img)] = _objects(np.atleast_1d(entry.objs), names)
        except (MatReadError, *UNREADABLE) as error:
            raise BrokenFile(f"{path} is not OSIE's table of objects: {error}") from error

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The picture's objects, in the order of the file."""
        size, regions = self._found.get(stimulus.key, (stimulus.size, []))
        if regions and size != stimulus.size:
            raise BrokenFile(
                f"{self.name} has masks of {size[1]} x {size[0]} for {stimulus.key}, which is {stimulus.size[1]} x {stimulus.size[0]}: "
                "take the pictures at the size that the regions were drawn on"
            )
        return regions

    def names(self) -> tuple[str, ...]:
        """Keys of the pictures."""
        return tuple(self._found)


def _objects(entries: Any, names: tuple[str, ...]) -> tuple[tuple[int, int], list[Region]]:
    size = (0, 0)
    regions: list[Region] = []
    for entry in entries:
        mask, values = np.asarray(entry.map) > 0, np.atleast_1d(entry.features)
        if mask.ndim != 2 or len(values) != len(names) or (regions and mask.shape != size):
            raise ValueError(f"an object is a mask and {len(names)} values; found a mask of {mask.shape} and {len(values)} values")
        size = (mask.shape[0], mask.shape[1])
        held = [name for name, value in zip(names, values, strict=True) if value > 0]
        region = Region.of_mask([OBJECT, *held], mask)
        if region is not None:
            regions.append(region)
    return size, regions
