"""Region: one annotated part of one picture with its categories; Annotations: whatever can say which regions a picture has."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.gaze import Stimulus

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Region:
    """One part of a picture, kept as the smallest rectangle that holds it.

    Attributes:
        categories: the names that hold for it, as the annotation has them; one region may be of several.
        top, left: of the rectangle, in pixels of the picture.
        pixels: which pixels of the rectangle belong to it, (h, w), at least one.
    """

    categories: frozenset[str]
    top: int
    left: int
    pixels: Mask

    @classmethod
    def of_mask(cls, categories: Iterable[str], mask: Mask) -> Region | None:
        """The region of a mask (H, W) of the whole picture; None where nothing is marked."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return None
        inner = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return cls(frozenset(categories), int(rows[0]), int(columns[0]), np.array(inner, dtype=bool))

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the rectangle."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(self.pixels.sum())

    def mask(self, size: tuple[int, int]) -> Mask:
        """The region in a picture of (height, width)."""
        found = np.zeros(size, dtype=bool)
        found[self.window] = self.pixels
        return found

    def digest(self) -> bytes:
        """SHA-256 of everything that it says."""
        said = f"{sorted(self.categories)} {self.top} {self.left} {self.pixels.shape}".encode()
        return hashlib.sha256(said + np.packbits(self.pixels).tobytes()).digest()


class Annotations(ABC):
    """Regions of pictures, from one source.

    Attributes:
        name: for people.
        stimuli: the pictures that came with the regions; empty where they speak of a data set's pictures.
    """

    name: str
    stimuli: tuple[Stimulus, ...] = ()

    @abstractmethod
    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The regions of a picture, in the order of the source; none where it does not know the picture.

        Raises:
            BrokenFile: masks that cannot be read, or of another size than the picture.
        """

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of some pictures that it knows, as the source writes them, for a message."""


def present(regions: Iterable[Region | None]) -> list[Region]:
    """Those that have pixels."""
    return [region for region in regions if region is not None]
