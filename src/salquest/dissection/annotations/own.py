"""The regions that came with a data set: labelled pixels with attributes, and boxes (the generic layout)."""

from __future__ import annotations

import numpy as np

from salquest.datasets import DataSet
from salquest.dissection.annotations.region import Annotations, Region, present
from salquest.gaze import Box, Regions, Stimulus


class OwnRegions(Annotations):
    """Regions of a data set's own pictures.

    A region is one value of the label picture, with the attributes of its row as categories (two cups of one picture that have the same
    attributes are one region, as the layout stores them), or one box with its label and flags.
    """

    def __init__(self, data: DataSet) -> None:
        self.name = data.name
        self._regions = {sample.stimulus.key: sample.regions for sample in data if sample.regions is not None}

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The picture's labelled values, then its boxes."""
        annotated = self._regions.get(stimulus.key)
        return [] if annotated is None else [*_labelled(annotated), *boxed(annotated.boxes, stimulus.size)]

    def names(self) -> tuple[str, ...]:
        """Keys of the pictures that have regions."""
        return tuple(self._regions)


def _labelled(annotated: Regions) -> list[Region]:
    if annotated.labels_path is None:
        return []
    labels = annotated.labels()
    return present(Region.of_mask(names, labels == value) for value, names in sorted(annotated.attributes.items()) if names)


def boxed(boxes: tuple[Box, ...], size: tuple[int, int]) -> list[Region]:
    """Boxes as regions of a picture of (height, width); what sticks out is cut off."""
    found = []
    for box in boxes:
        rows, columns = box.window()
        height, width = min(rows.stop, size[0]) - rows.start, min(columns.stop, size[1]) - columns.start
        if height > 0 and width > 0:
            found.append(Region(frozenset({box.label, *box.flags}), rows.start, columns.start, np.ones((height, width), dtype=bool)))
    return found
