"""Annotated parts of a stimulus: labelled pixels with attributes, or boxes; category names are kept as the data set has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.errors import BrokenFile, UnknownName
from salquest.gaze.fixations import cell


@dataclass(frozen=True)
class Box:
    """A rectangle: `left`, `top` in the frame of the fixations, `width`, `height` in pixels; it may stick out of the picture."""

    label: str
    left: float
    top: float
    width: float
    height: float
    flags: frozenset[str] = frozenset()

    def window(self) -> tuple[slice, slice]:
        """Rows and columns of its pixels: from the cell that holds one edge to the one before the cell that holds the other."""
        edges = cell([self.top, self.top + self.height, self.left, self.left + self.width])
        top, bottom, left, right = np.maximum(edges, 0).tolist()
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True)
class Regions:
    """What is annotated in one stimulus.

    Attributes:
        size: (height, width) of the stimulus.
        labels_path: picture of region values (0 = background), or None.
        attributes: region value -> the categories that hold for it.
        boxes: rectangles, each with its label and flags as categories.
    """

    size: tuple[int, int]
    labels_path: Path | None = None
    attributes: Mapping[int, frozenset[str]] = field(default_factory=dict)
    boxes: tuple[Box, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Names that `mask` knows here, sorted."""
        names = {name for held in self.attributes.values() for name in held}
        return tuple(sorted(names | {box.label for box in self.boxes} | {flag for box in self.boxes for flag in box.flags}))

    def labels(self) -> NDArray[np.uint8]:
        """Region value of every pixel, (H, W); zeros where nothing is labelled.

        Raises:
            BrokenFile: the label picture cannot be read, has another size, or more than one channel.
        """
        if self.labels_path is None:
            return np.zeros(self.size, dtype=np.uint8)
        try:
            with Image.open(self.labels_path) as picture:
                values = np.asarray(picture)  # a palette picture gives its indices, which are the region values
        except (OSError, SyntaxError, ValueError) as error:
            raise BrokenFile(f"{self.labels_path} cannot be read as labels: {error}") from error
        if values.shape != self.size:
            raise BrokenFile(f"{self.labels_path} has shape {values.shape}; labels of a picture of {self.size} are {self.size}")
        return values.astype(np.uint8)

    def mask(self, category: str) -> NDArray[np.bool_]:
        """The pixels that belong to a category, (H, W).

        Raises:
            UnknownName: nothing here is of that category.
        """
        if category not in self.categories:
            raise UnknownName("category", category, self.categories)
        values = [value for value, names in self.attributes.items() if category in names]
        found = np.isin(self.labels(), values) if values else np.zeros(self.size, dtype=bool)
        for box in self.boxes:
            if category == box.label or category in box.flags:
                found[box.window()] = True
        return found
