"""One picture that was shown: its key, its size, and its pixels when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from salquest.gaze.pictures import Pixels, read_picture, resize_picture


@dataclass(frozen=True)
class Stimulus:
    """A picture shown to observers.

    Attributes:
        key: its name in the data set, with the ending ("1001.jpg"); unique there.
        path: the file; pixels are decoded when `pixels` is called and kept nowhere.
        size: (height, width) in pixels.
    """

    key: str
    path: Path
    size: tuple[int, int]

    @property
    def stem(self) -> str:
        """The key without its ending; maps of this stimulus are named so."""
        return Path(self.key).stem

    def pixels(self, size: tuple[int, int] | None = None) -> Pixels:
        """(H, W, 3) uint8 RGB, as stored: gaze was recorded on these, so no EXIF turn; squashed to `size` (height, width) where it is given."""
        stored = read_picture(self.path)
        return stored if size is None else resize_picture(stored, size)

    def digest(self) -> str:
        """SHA-256 of the file's bytes: the same picture has the same digest in every data set."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()
