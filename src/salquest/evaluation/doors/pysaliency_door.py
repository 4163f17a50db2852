"""A salquest model as a pysaliency model, and stimuli and fixations of pysaliency as a salquest data set.

pysaliency 0.2.22 has pixels that begin at whole numbers: it counts a fixation to pixel int(x). Ours have their centres there, so half a pixel is
taken off every coordinate, and every fixation stays in its pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.datasets import DataSet, Problem, Sample
from salquest.errors import InputError, MissingExtra
from salquest.gaze import Fixations, Stimulus
from salquest.gaze.fixations import inside
from salquest.models import Model

try:
    import pysaliency
except ImportError as error:
    raise MissingExtra("salquest.evaluation.doors.pysaliency_door", "pysaliency") from error


class SaliencyMaps(pysaliency.SaliencyMapModel):
    """A salquest model of any kind as pysaliency.SaliencyMapModel.

    Args:
        model: ours.
        others: of pysaliency's class (caching and the like).
    """

    def __init__(self, model: Model, **others: Any) -> None:
        super().__init__(**others)
        self.model = model

    def _saliency_map(self, stimulus: NDArray) -> NDArray[np.float64]:
        return self.model.predict(_pixels(stimulus)).values.astype(np.float64)


class Densities(pysaliency.Model):
    """A salquest model that predicts densities as pysaliency.Model.

    Args:
        model: ours, with `is_density`.
        others: of pysaliency's class.

    Raises:
        InputError: the model predicts values, not densities.
    """

    def __init__(self, model: Model, **others: Any) -> None:
        if not model.is_density:
            raise InputError(f"{model.name} predicts values, not a density; as a pysaliency model it is SaliencyMaps(model)")
        super().__init__(**others)
        self.model = model

    def _log_density(self, stimulus: NDArray) -> NDArray[np.float64]:
        logarithm = self.model.log_density(_pixels(stimulus))
        return logarithm - np.log(np.exp(logarithm).sum())  # a float32 density sums to 1 but for its last digits


def to_pysaliency(model: Model) -> Densities | SaliencyMaps:
    """The model as pysaliency.Model where it predicts densities, as pysaliency.SaliencyMapModel otherwise."""
    return Densities(model) if model.is_density else SaliencyMaps(model)


def from_pysaliency(
    stimuli: Any, fixations: Any, *, name: str = "pysaliency", pixels_per_degree: float | None = None, folder: Path | None = None
) -> DataSet:
    """Stimuli and fixations of pysaliency as a data set.

    Args:
        stimuli: pysaliency.FileStimuli, or Stimuli in memory.
        fixations: pysaliency.Fixations or FixationTrains of these stimuli.
        name: of the set, in tables.
        pixels_per_degree: of visual angle, where it is known.
        folder: where the pictures of stimuli in memory are written (PNG, 0000.png and so on); a salquest stimulus is a file.

    Returns:
        The data set, sorted by its keys; fixations outside their picture are dropped and counted in `problems`.

    Raises:
        InputError: stimuli in memory and no folder, or a folder that already holds something.
    """
    files = _files(stimuli, folder)
    numbers, samples, problems = np.asarray(fixations.n), [], []
    for index, (key, path) in enumerate(files):
        size = (int(stimuli.sizes[index][0]), int(stimuli.sizes[index][1]))
        own = np.flatnonzero(numbers == index)
        x, y = np.asarray(fixations.x, dtype=np.float64)[own] - 0.5, np.asarray(fixations.y, dtype=np.float64)[own] - 0.5
        kept = inside(x, y, size)
        if not kept.all():
            problems.append(Problem("fixations outside the picture", key, "dropped", int((~kept).sum())))
        own = own[kept]
        looked = Fixations(
            x[kept],
            y[kept],
            size,
            observer=np.asarray(fixations.subjects)[own].astype(np.int64) + 1,
            order=np.asarray(fixations.lengths)[own].astype(np.int64) + 1,
        )
        samples.append(Sample(Stimulus(key, path, size), looked))
    return DataSet(
        name,
        tuple(sorted(samples, key=lambda sample: sample.stimulus.key)),
        pixels_per_degree=pixels_per_degree,
        problems=tuple(problems),
        observers=len(np.unique(np.asarray(fixations.subjects))),
        root=folder,
    )


def _files(stimuli: Any, folder: Path | None) -> list[tuple[str, Path]]:
    """(key, file) of each stimulus; pictures in memory are written."""
    if hasattr(stimuli, "filenames"):
        paths = [Path(filename) for filename in stimuli.filenames]
        shared = 1  # the least number of folders that makes the names unique
        while len({path.parts[-shared:] for path in paths}) < len(paths) and shared < max(len(path.parts) for path in paths):
            shared += 1
        return [("/".join(path.parts[-shared:]), path) for path in paths]
    if folder is None:
        raise InputError("these stimuli are arrays in memory; say where their pictures shall be written: folder=DIR")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder for the pictures of these stimuli")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for index in range(len(stimuli)):
        path = folder / f"{index:04d}.png"
        Image.fromarray(_pixels(stimuli.stimuli[index])).save(path)
        written.append((path.name, path))
    return written


def _pixels(stimulus: NDArray) -> NDArray[np.uint8]:
    """What pysaliency hands over as a picture, (H, W) or (H, W, C) of 0..255 in any type, as uint8."""
    return np.clip(np.rint(np.asarray(stimulus, dtype=np.float64)), 0, 255).astype(np.uint8)
