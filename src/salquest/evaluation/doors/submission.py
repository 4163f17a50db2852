"""Files that benchmarks take: one map per picture, read back and checked before the file gets its name.

MIT/Tübingen   a folder of .npy files, or one HDF5 file (extra [h5py]); natural-log densities where the model predicts densities
SALICON        a .zip of 8-bit PNGs (2017), or a results .json (2015)
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.special import logsumexp

from salquest.datasets import DataSet
from salquest.errors import BrokenFile, InputError, MissingExtra, Refused
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.map_files import encode_map
from salquest.models import Model

MOST_LOGSUMEXP = 0.001  # what the benchmark accepts at submission
HDF5 = (".hdf5", ".h5")
_COCO = re.compile(r"(\d{12})$")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Submission:
    """What was written.

    Attributes:
        path: the file or folder.
        pictures: how many maps it holds.
        content: "log densities", "maps" or "8-bit maps".
        greatest_logsumexp: the worst departure of a log density from a sum of 1; 0 for maps.
    """

    path: Path
    pictures: int
    content: str
    greatest_logsumexp: float = 0.0


def write_tuebingen(
    model: Model, data: DataSet, out: Path, *, force: bool = False, progress: Progress = lambda done, total: None
) -> Submission:
    """Write a submission to the MIT/Tübingen benchmark (saliency.tuebingen.ai): MIT300, CAT2000, COCO-FreeView.

    A model of densities is submitted as natural-log densities, from which the benchmark makes the best map for each metric; any other as plain
    maps. Keys and file names are those of the stimuli, with their sub-folders (CAT2000: Action/001.jpg).

    Args:
        model: what predicts.
        data: the benchmark's pictures; they need no fixations.
        out: a file ending in .hdf5 or .h5, or a folder that is made here.
        force: replace what is there.
        progress: called with (pictures done, pictures).

    Returns:
        What was written, after it was read back: every map there, finite, of its picture's size, and for log densities
        |logsumexp| < 0.001.

    Raises:
        InputError: a density with pixels of probability 0, or a map of another size than its picture. Refused: `out` is there already.
        BrokenFile: what was written does not read back. MissingExtra: HDF5 without h5py.
    """
    maps = ((stimulus, _submitted(model, stimulus)) for stimulus in _stimuli(data, progress))
    with _whole(out, force) as temporary:
        if out.suffix.lower() in HDF5:
            _write_hdf5(temporary, maps)
            read_back: Callable[[Stimulus], NDArray] = _hdf5_reader(temporary)
        else:
            temporary.mkdir()
            for stimulus, values in maps:
                path = temporary / PurePosixPath(stimulus.key).with_suffix(".npy")
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, values)
            read_back = _folder_reader(temporary)
        worst = max(_checked(read_back(sample.stimulus), sample.stimulus, density=model.is_density) for sample in data)
    return Submission(out, len(data), "log densities" if model.is_density else "maps", worst)


def write_salicon(
    model: Model, data: DataSet, out: Path, *, force: bool = False, progress: Progress = lambda done, total: None
) -> Submission:
    """Write a submission to SALICON: a .zip of PNG maps named like the pictures (2017), or the results .json of 2015.

    Maps have 8 bits, 1..255: half a level is added before rounding, because a zero under a fixation ruins KL and information gain.

    Args:
        model: what predicts.
        data: SALICON's pictures, 640 x 480; for a .json their names end in COCO's number of 12 digits.
        out: a file ending in .zip or .json.
        force: replace what is there.
        progress: called with (pictures done, pictures).

    Returns:
        What was written, after it was read back: every map there, of 8 bits, of its picture's size.

    Raises:
        InputError: another ending, names without COCO's number, or a map of another size than its picture. Refused: `out` is there already.
        BrokenFile: what was written does not read back.
    """
    kind = out.suffix.lower()
    if kind not in (".zip", ".json"):
        raise InputError(f"SALICON takes a .zip of maps or a results .json; found {out.name}")
    maps = ((stimulus, encode_map(_map(model, stimulus), "png8")) for stimulus in _stimuli(data, progress))
    with _whole(out, force) as temporary:
        if kind == ".zip":
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                for stimulus, content in maps:
                    archive.writestr(f"{stimulus.stem}.png", content)
        else:
            rows = [{"image_id": _coco_number(stimulus), "saliency_map": base64.b64encode(content).decode()} for stimulus, content in maps]
            temporary.write_text(json.dumps(rows), encoding="utf-8")
        _check_salicon(temporary, kind, data)
    return Submission(out, len(data), "8-bit maps")


def _stimuli(data: DataSet, progress: Progress) -> Iterator[Stimulus]:
    if len(data) == 0:
        raise InputError(f"{data.name} has no picture to predict")
    for number, sample in enumerate(data, start=1):
        yield sample.stimulus
        progress(number, len(data))


def _map(model: Model, stimulus: Stimulus) -> SaliencyMap:
    found = model.predict_stimulus(stimulus)
    if found.size != stimulus.size:
        raise InputError(
            f"the map of {stimulus.key} is {found.size} but the picture is {stimulus.size}; benchmarks want the picture's size"
        )
    return found


def _submitted(model: Model, stimulus: Stimulus) -> NDArray[np.float32]:
    """The log density, or the map, of a picture as it is written, (H, W) float32."""
    values = _map(model, stimulus).values
    if not model.is_density:
        return values
    if empty := int((values <= 0).sum()):
        raise InputError(
            f"the density of {stimulus.key} is 0 at {empty} pixels, where a fixation would cost infinitely much; mix it with a centre bias"
        )
    density = values.astype(np.float64)
    return np.log(density / density.sum()).astype(np.float32)


def _write_hdf5(path: Path, maps: Iterator[tuple[Stimulus, NDArray]]) -> None:
    with _h5py().File(path, "w") as file:
        for stimulus, values in maps:
            file.create_dataset(stimulus.key, data=values, compression=9)


def _hdf5_reader(path: Path) -> Callable[[Stimulus], NDArray]:
    def read(stimulus: Stimulus) -> NDArray:
        with _h5py().File(path, "r") as file:
            if stimulus.key not in file:
                raise BrokenFile(f"{path.name} has no map of {stimulus.key} after writing")
            return np.asarray(file[stimulus.key])

    return read


def _folder_reader(folder: Path) -> Callable[[Stimulus], NDArray]:
    return lambda stimulus: np.load(folder / PurePosixPath(stimulus.key).with_suffix(".npy"), allow_pickle=False)


def _checked(values: NDArray, stimulus: Stimulus, *, density: bool) -> float:
    """|logsumexp| of a log density that was read back, 0 for a map; whatever the benchmark would refuse is an error."""
    if values.shape != stimulus.size or not np.isfinite(values).all():
        raise BrokenFile(f"the map of {stimulus.key} reads back as {values.shape}, or not finite; the picture is {stimulus.size}")
    departure = abs(float(logsumexp(values.astype(np.float64)))) if density else 0.0
    if departure >= MOST_LOGSUMEXP:
        raise BrokenFile(f"the log density of {stimulus.key} has a logsumexp of {departure:.2g}; the benchmark accepts {MOST_LOGSUMEXP}")
    return departure


def _check_salicon(path: Path, kind: str, data: DataSet) -> None:
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive:
            found: dict[object, bytes] = {name: archive.read(name) for name in archive.namelist()}
        wanted: dict[object, Stimulus] = {f"{sample.stimulus.stem}.png": sample.stimulus for sample in data}
    else:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = {row["image_id"]: base64.b64decode(row["saliency_map"], validate=True) for row in rows}
        wanted = {_coco_number(sample.stimulus): sample.stimulus for sample in data}
    if found.keys() != wanted.keys() or len(wanted) != len(data):
        raise BrokenFile(f"{len(data)} pictures were written as {len(found)} maps; two of them have the same name or number")
    for name, content in found.items():
        with Image.open(io.BytesIO(content)) as picture:
            if picture.mode != "L" or (picture.height, picture.width) != wanted[name].size:
                raise BrokenFile(f"the map of {wanted[name].key} reads back as {picture.size} of mode {picture.mode}")


def _coco_number(stimulus: Stimulus) -> int:
    found = _COCO.search(stimulus.stem)
    if found is None:
        raise InputError(f"a results .json numbers pictures as COCO does (COCO_val2014_000000000042.jpg); found {stimulus.key}")
    return int(found.group(1))


@contextmanager
def _whole(out: Path, force: bool) -> Iterator[Path]:
    """A path to write to that gets the name `out` when the block ends well, and is gone otherwise."""
    if out.exists() and not force:
        raise Refused(f"{out} is there already; name another file, or say --force to replace it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        temporary = Path(beside) / out.name
        yield temporary
        if out.is_dir():
            shutil.rmtree(out)
        temporary.replace(out)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("an HDF5 file", "h5py") from error
    return h5py
