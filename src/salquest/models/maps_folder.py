"""A folder of maps as a model: what any program wrote can be scored like ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from salquest.errors import DataNotFound, InputError
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.map_files import SUFFIXES, has_8_bits, read_map
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model


class MapsFolder(Model):
    """One file per picture, named by the picture's stem: .npy, or a picture of 8 or 16 bits.

    Args:
        root: the folder.
        name: as tables show it; the folder's name where it is not given.

    Raises:
        DataNotFound: no such folder, or nothing in it that could be a map.
    """

    is_cheap = True

    def __init__(self, root: str | Path, *, name: str | None = None) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataNotFound(f"there is no folder of maps at {self.root}")
        self._files: dict[str, Path] = {}
        # of several files for one picture the most exact is taken: .npy before .png before .jpg
        for path in sorted(
            self.root.iterdir(), key=lambda p: (SUFFIXES.index(p.suffix.lower()) if p.suffix.lower() in SUFFIXES else 99, p.name)
        ):
            if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                self._files.setdefault(path.stem, path)
        if not self._files:
            raise DataNotFound(
                f"{self.root} holds no maps: one file per picture, named by its stem and ending in {', '.join(SUFFIXES[:3])} or .jpg"
            )
        self.name = name or self.root.name

    def __len__(self) -> int:
        return len(self._files)

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The map in the file of the stimulus' stem, at its own size.

        Raises:
            DataNotFound: no file for this stimulus. BrokenFile: not a map.
        """
        return SaliencyMap(read_map(self._file(stimulus)).astype(np.float32), "values")

    def has_8_bits(self, stimulus: Stimulus) -> bool:
        """Whether this stimulus' map is kept in 8 bits: zeros where the density was small, and many pixels that tie.

        Raises:
            DataNotFound, BrokenFile: as `predict_stimulus`.
        """
        return has_8_bits(self._file(stimulus))

    def _file(self, stimulus: Stimulus) -> Path:
        path = self._files.get(stimulus.stem)
        if path is None:
            raise DataNotFound(f"{self.root} has no map for {stimulus.key} (looked for {stimulus.stem}.npy, .png and others)")
        return path

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """Never: maps go by the names of pictures."""
        raise InputError(f"{self.name} is a folder of maps; it knows pictures of a data set by their names, not by their pixels")
