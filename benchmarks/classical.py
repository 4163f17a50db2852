"""Milliseconds per picture of the classical models: `python benchmarks/classical.py` writes docs/results/classical-speed.md.

Photographs, brought to each size, one at a time and in lists of 16, as `predict` takes them. Beside ours stand
OpenCV's two saliency models, where cv2.saliency can be imported, and the original programs' times as they were measured elsewhere on one thread.
OMP_NUM_THREADS says how many threads numpy may use; it is 2 where it is not set. A run of chosen models, sizes or batches is only printed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")  # before numpy is imported

import argparse
import importlib
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import numpy as np
import scipy

from salquest.datasets import load_dataset
from salquest.errors import DataNotFound, InputError, SalquestError, UnknownName
from salquest.gaze.pictures import Pixels, is_picture, read_picture, resize_picture
from salquest.models import MODELS, Model, load_model
from salquest.report import CellTable
from salquest.runs import write_text

PAGE = Path(__file__).parents[1] / "docs" / "results" / "classical-speed.md"
# (height, width), and the one at which the originals were timed
SIZES = ((480, 640), (768, 1024))
TOLD_AT = (480, 640)
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Original:
    """The original program's CPU milliseconds on one thread, and what it was."""

    milliseconds: float
    what: str


ORIGINALS = {
    "gbvs": Original(408, "Octave, compiled routines"),
    "gbvs-fast": Original(85, "Octave, compiled routines"),
    "itti": Original(155, "GBVS bundle, Octave"),
    "saliency-toolbox": Original(377, "Octave, iterative"),
    "image-signature": Original(18, "Octave"),
    "spectral-residual": Original(9, "Octave"),
    "spectral-residual-opencv": Original(0.9, "OpenCV, C++"),
    "bms": Original(160, "C++"),
    "bms-2013": Original(200, "C++"),
    "sun": Original(7900, "Octave"),
    "aim": Original(3600, "Octave, 25 filters"),
    "edn": Original(1760, "on torch"),
}
# milliseconds per picture at TOLD_AT on two cores; of others that have an original: not to be slower than that
AIMS = {"gbvs": 60.0, "itti": 25.0, "image-signature": 3.0, "bms": 100.0, "edn": 900.0, "sun": 790.0, "aim": 360.0}

Predict = Callable[[list[Pixels]], object]


@dataclass(frozen=True)
class Timed:
    """Median milliseconds per picture of `calls` calls."""

    cpu: float
    wall: float
    calls: int


def timed(predict: Predict, pictures: Sequence[Pixels], batch: int, *, repeats: int, seconds: float) -> Timed:
    """Time calls on `batch` pictures each, which take turns.

    Args:
        predict: what is timed.
        pictures: of one size.
        batch: pictures per call.
        repeats: calls. A first one, which fills caches, is not counted, unless it alone took longer than `seconds`.
        seconds: after so many no further call begins.
    """
    turns = cycle(pictures)
    found: list[tuple[float, float]] = []
    began = time.perf_counter()
    for _ in range(repeats + 1):
        asked = [next(turns) for _ in range(batch)]
        cpu, wall = time.process_time(), time.perf_counter()
        predict(asked)
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
        if time.perf_counter() - began > seconds:
            break
    counted = found[1:] or found
    medians = (1000 * statistics.median(values) / batch for values in zip(*counted, strict=True))
    return Timed(*medians, calls=len(counted))


def verdict(found: Timed, aim: float) -> str:
    """Whether an aim in milliseconds was met. On a busy machine the wall clock counts others' work too: then CPU time may meet it."""
    if found.wall <= aim:
        return "met"
    return "met in CPU time" if found.cpu <= aim else "missed"


def aim_of(name: str) -> float | None:
    """Milliseconds per picture that a model shall stay under at TOLD_AT; None where nothing is known of an original."""
    original = ORIGINALS.get(name)
    return AIMS.get(name, original.milliseconds if original else None)


def as_the_original(models: Mapping[str, Model], size: tuple[int, int]) -> dict[str, Model]:
    """Models that bring pictures of a size to another one, without that: the originals were timed on pictures as they are."""
    resizing = {
        name: model for name, model in models.items() if name in ORIGINALS and getattr(model, "longest", None) not in (None, max(size))
    }
    return {f"{name}, {AS_IT_IS}": replace(model, longest=None) for name, model in resizing.items()}  # type: ignore[type-var]


def opencv_models() -> dict[str, Predict]:
    """OpenCV's saliency models by name; none where cv2.saliency is not there."""
    try:
        cv2 = importlib.import_module("cv2")
        makers = {
            "OpenCV SpectralResidual": cv2.saliency.StaticSaliencySpectralResidual_create,
            "OpenCV FineGrained": cv2.saliency.StaticSaliencyFineGrained_create,
        }
    except (ImportError, AttributeError):
        return {}
    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    return {name: _one_by_one(maker()) for name, maker in makers.items()}


def _one_by_one(model: object) -> Predict:
    return lambda pictures: [model.computeSaliency(picture[:, :, ::-1]) for picture in pictures]  # type: ignore[attr-defined]


def section(size: tuple[int, int], results: dict[str, dict[int, Timed]], inputs: dict[str, str]) -> str:
    """The table of one size: a row per model, two columns per batch, at TOLD_AT the originals and the aims."""
    batches = list(next(iter(results.values())))
    told = size == TOLD_AT
    titles = ["", "input", *(f"{kind}, batch {batch}" for batch in batches for kind in ("CPU ms", "wall ms"))]
    rows = []
    for name, by_batch in results.items():
        row = [name, inputs.get(name, AS_IT_IS), *(number(value) for found in by_batch.values() for value in (found.cpu, found.wall))]
        if told:
            base = name.removesuffix(f", {AS_IT_IS}")
            original, aim = ORIGINALS.get(base), aim_of(base)
            first = by_batch[batches[0]]
            row += (
                [f"{number(original.milliseconds)} ({original.what})", f"{original.milliseconds / first.cpu:.1f}"]
                if original
                else ["-", "-"]
            )
            row += ["-", "-"] if aim is None else [number(aim), verdict(first, aim)]
        rows.append(row)
    table = CellTable([*titles, *(("original, CPU ms", "original / ours", "aim, ms", "") if told else ())], rows)
    return f"## {size[1]} x {size[0]}\n\n{table.to_markdown()}"


def number(value: float) -> str:
    """Milliseconds with three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def photographs(folder: Path | None, count: int) -> list[Pixels]:
    """The first `count` pictures of a folder; of osie-mini where none is given."""
    if folder is None:
        return [sample.stimulus.pixels() for sample in load_dataset("osie-mini")][:count]
    found = sorted(path for path in folder.glob("*") if is_picture(path))[:count]
    if not found:
        raise DataNotFound(f"there is no picture in {folder}; --pictures names a folder of photographs")
    return [read_picture(path) for path in found]


def about(command: str, shown: str, batch: int, repeats: int, fewest: int, has_opencv: bool) -> str:
    """What was run where, and how to read it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor() or platform.machine()
    )
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    load = f"; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    threads = os.environ["OMP_NUM_THREADS"]
    packages = f"numpy {np.__version__}, scipy {scipy.__version__}"
    calls = f"{repeats}" if fewest == repeats else f"{fewest} to {repeats}, fewer for slow models"
    opencv = "OpenCV's models are asked picture by picture." if has_opencv else "OpenCV is absent: cv2.saliency could not be imported."
    return f"""# Speed of the classical models

`{command}`, {time.strftime("%Y-%m-%d")}, commit {commit.stdout.strip()}.
{processor}, {threads} thread{"" if threads == "1" else "s"}{load}; Python {platform.python_version()}, {packages}.

Milliseconds per picture, median of calls ({calls}) on {shown}, from 8-bit pixels to a map of the picture's size;
models as `load_model` gives them. *CPU* adds up all threads; *wall* is what passes, and on a machine with other work more than on a quiet one.
*Input*: the longer side at which a model begins, where it resizes pictures itself; *as it is* is the same without that, which is what the
originals were timed on. *Original*: CPU time on one thread of an EPYC, 640 x 480,
measured for this project before it began. Aims are for two cores, batch {batch}; *met in CPU time*: the wall clock was above the aim, the time
worked was not. {opencv}
"""


def main(words: Sequence[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--models", nargs="+", metavar="NAME", help="of the catalogue; all classical ones where it is left out")
    asked.add_argument("--sizes", nargs="+", metavar="WIDTHxHEIGHT", default=[f"{width}x{height}" for height, width in SIZES])
    asked.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    asked.add_argument("--repeats", type=int, default=9, help="timed calls per model, size and batch")
    asked.add_argument("--seconds", type=float, default=60.0, help="per model, size and batch; then no further call begins")
    asked.add_argument("--pictures", type=Path, metavar="FOLDER", help="of photographs; osie-mini where it is left out")
    options = asked.parse_args(words)
    is_whole = not options.models and all(getattr(options, name) == asked.get_default(name) for name in ("sizes", "batches"))
    try:
        names = options.models or [name for name, card in MODELS.items() if card.family == "classical"]
        sizes = [size_of(word) for word in options.sizes]
        if min(options.batches) < 1 or options.repeats < 1:
            raise InputError(f"batches and repeats are at least 1; found {options.batches} and {options.repeats}")
        for name in names:
            if name not in MODELS:
                raise UnknownName("model", name, MODELS)
        models = {name: load_model(name) for name in names}
        pictures = photographs(options.pictures, max(options.batches))
    except SalquestError as error:
        print(error, file=sys.stderr)
        return 2
    opencv = opencv_models()
    sections, fewest = [], options.repeats
    for size in sizes:
        resized = [resize_picture(picture, size) for picture in pictures]
        shown_models = {**models, **as_the_original(models, size)}
        inputs = {name: str(getattr(model, "longest", None) or AS_IT_IS) for name, model in shown_models.items()}
        predictors: dict[str, Predict] = {**{name: model.predict for name, model in shown_models.items()}, **opencv}
        results: dict[str, dict[int, Timed]] = {}
        for name, predict in predictors.items():
            results[name] = {
                batch: timed(predict, resized, batch, repeats=options.repeats, seconds=options.seconds) for batch in options.batches
            }
            fewest = min(fewest, *(found.calls for found in results[name].values()))
            told = ", ".join(f"batch {batch} {number(found.cpu)} CPU, {number(found.wall)} wall" for batch, found in results[name].items())
            print(f"{size[1]}x{size[0]} {name}: {told} ms", file=sys.stderr, flush=True)
        sections.append(section(size, results, inputs))
    command = " ".join(["python benchmarks/classical.py", *words])
    shown = "photographs" if options.pictures else "photographs of osie-mini, enlarged from 320 x 240"
    page = "\n".join([about(command, shown, options.batches[0], options.repeats, fewest, bool(opencv)), *sections])
    if is_whole:
        write_text(PAGE, page)
    else:
        print(page)
    return 0


def size_of(word: str) -> tuple[int, int]:
    """WIDTHxHEIGHT as (height, width)."""
    width, _, height = word.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise InputError(f"a size is WIDTHxHEIGHT in pixels, such as 640x480; found {word!r}")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
