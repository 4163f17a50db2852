"""What trained networks say about a picture, asked once and kept: the target of the `teach` term."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.errors import DataNotFound
from salquest.gaze import Stimulus, as_density, resize_map
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import RunFolder, write_bytes

# maps are kept at this length of their longer side: networks answer in cells of two pixels of some 320
KEPT_LENGTH = 192


class Teachers:
    """Several trained networks as one: the mean of their densities of a picture and of the picture mirrored.

    Args:
        runs: run folders.
        folder: where maps are kept, a file per picture in a folder per ensemble; None asks anew in every process.
        device: where the networks shall lie.

    Raises:
        DataNotFound, BrokenFile: see `TrainedNetwork.load`.
    """

    def __init__(self, runs: Sequence[str | Path], folder: Path | None = None, *, device: str = "cpu") -> None:
        self._models = [TrainedNetwork.load(run, device=device) for run in runs]
        name = hashlib.sha256(" ".join(weights_digests(runs)).encode()).hexdigest()[:16]
        self._folder = None if folder is None else folder / f"teachers-{name}"

    def density(self, stimulus: Stimulus) -> NDArray[np.float32]:
        """The mean density, (h, w), of a longer side of KEPT_LENGTH at most, summing to 1."""
        path = None if self._folder is None else self._folder / f"{stimulus.digest()}.npy"
        if path is not None and path.is_file():
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
        pixels = stimulus.pixels()
        shrink = min(1.0, KEPT_LENGTH / max(stimulus.size))
        size = (max(1, round(stimulus.size[0] * shrink)), max(1, round(stimulus.size[1] * shrink)))
        said = []
        for model in self._models:
            said.append(model.predict_pixels(pixels).values)
            said.append(model.predict_pixels(np.ascontiguousarray(pixels[:, ::-1])).values[:, ::-1])
        found = as_density(resize_map(np.mean(said, axis=0, dtype=np.float64), size)).astype(np.float32)
        if path is not None:
            content = io.BytesIO()
            np.save(content, found)
            write_bytes(path, content.getvalue())
        return found


def weights_digests(runs: Sequence[str | Path]) -> list[str]:
    """SHA-256 of each run's weights, sorted: equal ensembles are equal, whatever folders they lie in and in whatever order.

    Raises:
        DataNotFound: a folder without weights.
    """
    digests = []
    for run in runs:
        weights = RunFolder(Path(run)).weights
        if not weights.is_file():
            raise DataNotFound(f"{run} has no weights.safetensors; a teacher is the folder of a finished run")
        digests.append(hashlib.sha256(weights.read_bytes()).hexdigest())
    return sorted(digests)
