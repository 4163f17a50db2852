"""OSIE as its authors distribute it (Xu et al. 2014): data/stimuli/*.jpg at 800 x 600 and data/eye/fixations.mat, 15 observers, 3 s."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from salquest.datasets.dataset import DataSet, Problem, Sample
from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Fixations, Stimulus
from salquest.gaze.fixations import inside
from salquest.gaze.pictures import is_picture, picture_size

PIXELS_PER_DEGREE = 24.0

# what scipy trips over, besides its own error, in files that are damaged or something else
UNREADABLE = (
    zlib.error,
    OSError,
    EOFError,
    MemoryError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
)


def find_osie(root: Path) -> Path | None:
    """The folder that holds eye/ and stimuli/: the given one or its data/; None when neither does."""
    return next((folder for folder in (root, root / "data") if (folder / "eye" / "fixations.mat").is_file()), None)


def read_osie(root: Path, *, name: str = "osie", drop_first: bool = False, origin: int = 1) -> DataSet:
    """Read OSIE as distributed.

    Args:
        root: the repository's folder, or its data/.
        name: of the set.
        drop_first: the first fixation is free in this set: it is kept by default.
        origin: the pixel number that the source counts from. 1 is the likelier truth (no coordinate lies below 1, and the sister set EyeCrowd
            closes at exactly its width and height); 0 reproduces programs that take the numbers as they are. The two differ by one pixel.

    Raises:
        DataNotFound: eye/fixations.mat or stimuli/ is not there. BrokenFile: not the file that is expected.
    """
    from scipy.io import loadmat  # late, so that predicting does not wait for it
    from scipy.io.matlab import MatReadError

    folder = find_osie(root)
    if folder is None or not (folder / "stimuli").is_dir():
        raise DataNotFound(f"OSIE as distributed has data/eye/fixations.mat and data/stimuli/; {root} lacks them")
    path = folder / "eye" / "fixations.mat"
    try:
        entries = np.atleast_1d(loadmat(path, squeeze_me=True, struct_as_record=False)["fixations"])
        gaze = {str(entry.img): _scanpaths(entry) for entry in entries}
    except (MatReadError, *UNREADABLE) as error:
        raise BrokenFile(f"{path} is not OSIE's table of fixations: {error}") from error
    problems: list[Problem] = []
    samples = []
    for picture in sorted(p for p in (folder / "stimuli").iterdir() if is_picture(p)):
        try:
            stimulus = Stimulus(picture.name, picture, picture_size(picture))
        except BrokenFile:
            problems.append(Problem("picture that cannot be read", picture.name, "picture skipped"))
            continue
        if picture.name not in gaze:
            problems.append(Problem("picture without fixations or map", picture.name, "picture skipped"))
            continue
        values = gaze[picture.name]
        x, y = values[:, 2] - origin, values[:, 3] - origin
        held = inside(x, y, stimulus.size)
        if not held.all():
            problems.append(Problem("fixations outside the picture", picture.name, "dropped", int((~held).sum())))
        empty = len(set(range(1, 1 + int(values[:, 5].max(initial=0)))) - set(values[:, 0].astype(int)))
        if empty:
            problems.append(Problem("observers without fixations", picture.name, "the others are used", empty))
        fixations = Fixations(x[held], y[held], stimulus.size, observer=values[held, 0], order=values[held, 1], duration_ms=values[held, 4])
        fixations = fixations.without_first() if drop_first else fixations
        if len(fixations) == 0:
            problems.append(Problem("picture without fixations or map", picture.name, "picture skipped"))
            continue
        samples.append(Sample(stimulus, fixations))
    return DataSet(
        name=name,
        samples=tuple(samples),
        pixels_per_degree=PIXELS_PER_DEGREE,
        first_fixation="dropped" if drop_first else "kept",
        problems=tuple(problems),
        observers=max((int(values[:, 5].max(initial=0)) for values in gaze.values()), default=0),
        root=root,
    )


def _scanpaths(entry: Any) -> np.ndarray:
    """Rows of observer, order, x, y, duration, number of observers in the file; an empty scan path gives none."""
    subjects = np.atleast_1d(entry.subjects)
    rows = [
        (number, order, x, y, duration, len(subjects))
        for number, subject in enumerate(subjects, start=1)
        for order, (x, y, duration) in enumerate(
            zip(np.atleast_1d(subject.fix_x), np.atleast_1d(subject.fix_y), np.atleast_1d(subject.fix_duration), strict=True), start=1
        )
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 6)
