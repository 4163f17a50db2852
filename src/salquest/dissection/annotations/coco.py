"""COCO's instances (Lin 2014): one JSON file with polygons or run lengths per region, joined to pictures by file name (SALICON's are COCO's)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.dissection.annotations.region import Annotations, Region, present
from salquest.dissection.annotations.run_lengths import mask_of_runs, unpacked
from salquest.errors import BrokenFile, InputError
from salquest.gaze import Stimulus
from salquest.gaze.polygons import polygon_mask

# instances_train2014.json has 450 MB
MAX_BYTES = 2_000_000_000
# of one region, far beyond what annotators draw
MAX_NUMBERS = 1_000_000
MAX_COORDINATE = 1e6


class _Picture(msgspec.Struct):
    id: int
    file_name: str
    height: int
    width: int


class _Category(msgspec.Struct):
    id: int
    name: str


class _Runs(msgspec.Struct):
    size: tuple[int, int]
    counts: list[int] | str


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int
    segmentation: list[list[float]] | _Runs
    iscrowd: int = 0


class _File(msgspec.Struct):
    images: list[_Picture]
    annotations: list[_Annotation]
    categories: list[_Category]


class CocoInstances(Annotations):
    """The regions of an instances file, with COCO's category names; crowds (`iscrowd`) are regions like others.

    Polygons are drawn by the even-odd rule on pixel centres, the parts of one region joined; COCO's own program widens outlines by up to
    half a pixel, so areas differ by about a pixel along the outline.

    Raises:
        BrokenFile: not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"instances of {path}"
        if path.stat().st_size > MAX_BYTES:
            raise BrokenFile(f"{path} is larger than {MAX_BYTES:,} bytes: not a file of COCO's instances")
        try:
            content = msgspec.json.decode(path.read_bytes(), type=_File)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OSError) as error:
            raise BrokenFile(f"{path} is no file of COCO's instances (images, annotations, categories): {error}") from error
        self._categories = {category.id: category.name for category in content.categories}
        self._pictures = {Path(picture.file_name).stem: picture for picture in content.images}
        self._annotations: dict[int, list[_Annotation]] = defaultdict(list)
        for annotation in content.annotations:
            if annotation.category_id not in self._categories:
                raise BrokenFile(f"{path} has a region of category {annotation.category_id}, which it does not name")
            self._annotations[annotation.image_id].append(annotation)

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The picture's instances, in the order of the file.

        Raises:
            BrokenFile: outlines or run lengths that cannot be meant, or a picture of another size.
        """
        picture = self._pictures.get(stimulus.stem)
        if picture is None:
            return []
        if (picture.height, picture.width) != stimulus.size:
            raise BrokenFile(
                f"{self.name} has {picture.file_name} as {picture.width} x {picture.height}, and {stimulus.key} is {stimulus.size[1]} x "
                f"{stimulus.size[0]}: take the pictures at the size that the regions were drawn on"
            )
        found = []
        for number, annotation in enumerate(self._annotations.get(picture.id, ()), start=1):
            try:
                mask = _mask(annotation.segmentation, stimulus.size)
            except InputError as error:
                raise BrokenFile(f"{self.name}: region {number} of {picture.file_name}: {error}") from error
            found.append(Region.of_mask([self._categories[annotation.category_id]], mask))
        return present(found)

    def names(self) -> tuple[str, ...]:
        """Names of the pictures."""
        return tuple(picture.file_name for picture in self._pictures.values())


def _mask(segmentation: list[list[float]] | _Runs, size: tuple[int, int]) -> NDArray[np.bool_]:
    if isinstance(segmentation, _Runs):
        if tuple(segmentation.size) != size:
            raise InputError(f"run lengths for {segmentation.size[1]} x {segmentation.size[0]}")
        counts = unpacked(segmentation.counts) if isinstance(segmentation.counts, str) else segmentation.counts
        return mask_of_runs(counts, size)
    mask = np.zeros(size, dtype=bool)
    for numbers in segmentation:
        if len(numbers) < 6 or len(numbers) % 2 or len(numbers) > MAX_NUMBERS:
            raise InputError(f"a polygon of {len(numbers)} numbers; it is x and y of three or more corners")
        if any(abs(number) > MAX_COORDINATE for number in numbers):
            raise InputError(f"a polygon with coordinates beyond {MAX_COORDINATE:g}")
        mask |= polygon_mask(np.array(numbers).reshape(-1, 2), size)
    return mask
