"""Score every classical model and baseline on photographs with gaze, and write docs/results/classical.md.

    python tools/classical_scores.py --data mit1003=PATH --data osie=PATH --data eyecrowd=PATH --whole osie

Each model's scores on each set lie in a work folder (--out), one table per picture; the same command goes on where it was stopped. A model
whose code has changed is scored anew once its file there is deleted. With --limit, --models or one of --tables the page is written there too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from classical_page import Acceptance, Scored, write_page
from classical_rows import SHEET_METRICS, SHEET_RULES, Entry, sheet_rows
from PIL import Image

from salquest.cli.arguments import names, split_spec
from salquest.datasets import DataSet, load_dataset
from salquest.displays.processes import shared_out
from salquest.errors import InputError, SalquestError, UnknownName
from salquest.evaluation import DEFAULT_METRICS, Scores, evaluate, floor_and_ceiling
from salquest.gaze import Stimulus
from salquest.gaze.pictures import Pixels
from salquest.metrics import METRICS
from salquest.models import MODELS
from salquest.models.fingerprint import fingerprint
from salquest.runs import Columns, ProgressDisplay, write_json
from salquest.runs.cores import available_cores

RESULTS = Path(__file__).parents[1] / "docs" / "results"
# what Bruckert's Table 1 has besides the default ones, and the AUC that a centre bias gains nothing from
SCORED = (*DEFAULT_METRICS, "auc_borji", "auc_shuffled")
# the sheet's pictures of OSIE: every second one up to 1521, at this size
SHEET_OSIE, SHEET_SIZE = range(1001, 1522, 2), (300, 400)

Part = Literal["test", "all", "sheet"]


@dataclass(frozen=True)
class Pictures:
    """Which pictures of a data set: its test part, all, or those of the sheet's measurements as it took them; the first `limit` of them."""

    data: str
    path: str | None
    part: Part
    limit: int | None = None


@dataclass(frozen=True)
class Job:
    """An entry to be scored, or without one the floor and the ceiling, into a table at `path` with a record beside it."""

    path: Path
    pictures: Pictures
    metrics: tuple[str, ...]
    entry: Entry | None = None

    def stamp(self) -> dict[str, Any]:
        """What has to be alike for finished scores to be kept."""
        if self.entry is None:
            return {"metrics": list(self.metrics)}
        model = {"model": fingerprint(self.entry.model), "changes": dict(self.entry.changes)}
        return {"metrics": list(self.metrics), **model, "skips_grey": self.entry.skips_grey, "step": self.entry.step}


@dataclass(frozen=True)
class Reduced(Stimulus):
    """A stimulus that is seen at `size`, reduced with Pillow's LANCZOS."""

    def pixels(self, size: tuple[int, int] | None = None) -> Pixels:
        """(H, W, 3) uint8 RGB at `size`, the stimulus' own where none is given."""
        height, width = size or self.size
        return np.asarray(Image.fromarray(super().pixels()).resize((width, height), Image.Resampling.LANCZOS))


def reduced(data: DataSet, size: tuple[int, int]) -> DataSet:
    """A set whose pictures are of one shape, and its fixations, at (height, width)."""
    samples = []
    for sample in data:
        stimulus = Reduced(sample.stimulus.key, sample.stimulus.path, size)
        samples.append(replace(sample, stimulus=stimulus, fixations=sample.fixations and sample.fixations.resized(size)))
    factor = size[0] / data.samples[0].stimulus.size[0]
    return replace(data, samples=tuple(samples), pixels_per_degree=data.sigma_px * factor)


@lru_cache(maxsize=4)
def chosen(pictures: Pictures) -> DataSet:
    """The pictures as a data set."""
    data = load_dataset(pictures.data, pictures.path)
    if pictures.part == "sheet" and data.name == "osie":
        there = set(data.keys)
        wanted = [key for key in (f"{number}.jpg" for number in SHEET_OSIE) if key in there]
        return reduced(data.subset(wanted[: pictures.limit]), SHEET_SIZE)
    keys = data.keys if pictures.part == "all" else data.parts["test"]
    if pictures.part == "sheet":
        keys = tuple(sorted(keys)[::3])
    return data.subset(keys[: pictures.limit])


def of_entry(data: DataSet, entry: Entry) -> DataSet:
    """The pictures that an entry is scored on."""
    keys = list(data.keys)[:: entry.step]
    if entry.skips_grey:
        keys = [key for key in keys if is_coloured(data[key].stimulus.pixels())]
    return data.subset(keys)


def is_coloured(pixels: Pixels) -> bool:
    """Whether the three channels differ anywhere."""
    return bool((pixels[..., :2] != pixels[..., 1:]).any())


def work(job: Job) -> float:
    """Do a job; seconds that it took."""
    began = time.perf_counter()
    data = chosen(job.pictures)
    if job.entry is None:
        floor, ceiling = floor_and_ceiling(data, metrics=job.metrics)
        limits = {"floor": floor, **({"ceiling": ceiling} if ceiling else {})}
        for which, found in limits.items():
            found.columns.save(job.path.with_name(f"{which}.csv"))
        keep = {which: about(found) for which, found in limits.items()}
    else:
        rules = SHEET_RULES if job.pictures.part == "sheet" else "exact"
        scores = evaluate(job.entry.load(), of_entry(data, job.entry), metrics=job.metrics, convention=rules, workers=1)
        scores.columns.save(job.path)
        keep = about(scores)
    seconds = time.perf_counter() - began
    # last: a table without a record is not finished
    write_json(job.path.with_suffix(".json"), {**job.stamp(), "seconds": seconds, "kept": keep})
    return seconds


def about(scores: Scores) -> dict[str, Any]:
    """What a table of scores has to be read with."""
    return {
        "model": scores.model,
        "metrics": list(scores.metrics),
        "convention": scores.convention,
        "sigma_px": scores.sigma_px,
        "edition": scores.edition,
        "missing": dict(scores.missing),
        "constant": list(scores.constant),
        "seen": len(scores.seen),
    }


def record_of(job: Job) -> dict[str, Any] | None:
    """The record of a finished job; None where it has to be done."""
    try:
        record = json.loads(job.path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    stamp = json.loads(json.dumps(job.stamp()))  # tuples become lists, as in the file
    return record if isinstance(record, dict) and {name: record.get(name) for name in stamp} == stamp else None


def read_scores(path: Path, record: Mapping[str, Any], data: str) -> Scores:
    """Scores as `work` left them."""
    return Scores(
        model=record["model"],
        data=data,
        columns=Columns.load(path),
        metrics=tuple(record["metrics"]),
        convention=record["convention"],
        sigma_px=record["sigma_px"],
        missing=record["missing"],
        constant=tuple(record["constant"]),
        edition=record["edition"],
    )


def read_entry(job: Job) -> Scored:
    """The scores of a finished entry."""
    record = record_of(job)
    assert record is not None
    assert job.entry is not None
    found = read_scores(job.path, record["kept"], job.pictures.data)
    return Scored(found, seen=record["kept"]["seen"])


def read_limits(job: Job) -> tuple[Scores, Scores | None]:
    """The finished floor and ceiling."""
    record = record_of(job)
    assert record is not None
    found = {which: read_scores(job.path.with_name(f"{which}.csv"), kept, job.pictures.data) for which, kept in record["kept"].items()}
    return found["floor"], found.get("ceiling")


def jobs_of(pictures: Pictures, out: Path, entries: Sequence[Entry], metrics: tuple[str, ...], *, limits: bool) -> list[Job]:
    """A job per entry and one for the limits, in the folder of these pictures."""
    data = chosen(pictures)
    folder = out / f"{pictures.data}-{pictures.part}-{data.edition()}"
    jobs = [Job(folder / f"{slug(entry.title)}.csv", pictures, metrics, entry) for entry in entries]
    return [*jobs, Job(folder / "limits.csv", pictures, metrics)] if limits else jobs


def slug(title: str) -> str:
    """A title as a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def do_all(jobs: Sequence[Job], workers: int, say: Callable[[str], None], progress: Callable[[int, int], None]) -> None:
    """Do what is not done yet, in several processes."""
    left = [job for job in jobs if record_of(job) is None]
    say(f"{len(jobs) - len(left)} of {len(jobs)} tables are there")
    done = len(jobs) - len(left)
    progress(done, len(jobs))
    began = time.perf_counter()
    for seconds in shared_out(work, left, workers):
        done += 1
        progress(done, len(jobs))
        say(f"{done} of {len(jobs)} after {time.perf_counter() - began:.0f} s; this one took {seconds:.0f} s")


def chosen_entries(words: Sequence[str]) -> list[Entry]:
    """The models named, or all classical ones and baselines of the catalogue.

    Raises:
        UnknownName: none of these.
    """
    known = [name for name, card in MODELS.items() if card.family in ("classical", "baseline") and card.build is not None]
    for word in words:
        if word not in known:
            raise UnknownName("classical model or baseline", word, known)
    return [Entry(name, name) for name in words or known]


def run(options: argparse.Namespace, display: ProgressDisplay) -> Path:
    """Score what is asked for, write the page; where it lies."""
    specs = dict(split_spec(word) for word in options.data or ("mit1003", "osie", "eyecrowd"))
    for name in options.whole:
        if name not in specs:
            raise UnknownName("data set given with --data", name, specs)
    entries = chosen_entries(names(options.models))
    metrics = names(options.metrics)
    for metric in metrics:
        if metric not in METRICS:
            raise UnknownName("metric", metric, METRICS)
    asked = {entry.model for entry in entries}
    scored, measured = [], []
    if "scores" in options.tables:
        wanted: list[tuple[str, Part]] = [
            (name, "test" if load_dataset(name, path).parts.get("test") else "all") for name, path in specs.items()
        ]
        for name, part in dict.fromkeys([*wanted, *((name, "all") for name in options.whole)]):
            scored.append(jobs_of(Pictures(name, specs[name], part, options.limit), options.out, entries, metrics, limits=True))
    if "acceptance" in options.tables:
        for name, path in specs.items():
            rows = [row for row in sheet_rows(name) if row.entry.model in asked]
            if rows:
                pictures = Pictures(name, path, "sheet", options.limit)
                measured.append((rows, jobs_of(pictures, options.out, [row.entry for row in rows], SHEET_METRICS, limits=False)))
    jobs = [job for group in (*scored, *(group for _, group in measured)) for job in group]
    do_all(jobs, options.workers, display.say, lambda done, total: display.update("scoring", done, total))
    is_whole = options.limit is None and not options.models and options.tables == ["scores", "acceptance"]
    folder = RESULTS if is_whole else options.out
    parts = []
    for group in scored:
        *each, limits = group
        rows = {job.entry.title: read_entry(job) for job in each if job.entry is not None}
        parts.append((group[0].pictures.part, rows, read_limits(limits)))
    acceptances = [Acceptance(group[0].pictures.data, rows, [read_entry(job) for job in group]) for rows, group in measured]
    return write_page(folder, parts, acceptances, limit=options.limit)


def main(words: Sequence[str]) -> int:
    """0 when the page is written, 2 with a sentence when that cannot be done."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", action="append", metavar="NAME[=PATH]", help="a set, scored on its test part, or whole where it has none")
    asked.add_argument("--whole", action="append", default=[], metavar="NAME", help="one of these sets, scored on all its pictures too")
    asked.add_argument("--models", default="", help="comma-separated names; all classical models and baselines where it is left out")
    asked.add_argument("--metrics", default=",".join(SCORED), help="comma-separated names")
    asked.add_argument("--tables", nargs="+", choices=("scores", "acceptance"), default=["scores", "acceptance"])
    asked.add_argument("--limit", type=int, help="only so many pictures of each part: to try it out")
    asked.add_argument("--out", type=Path, default=Path("runs/classical-scores"), help="the work folder")
    asked.add_argument("--workers", type=int, default=available_cores(), help="processes")
    options = asked.parse_args(words)
    try:
        if options.limit is not None and options.limit < 2:
            raise InputError(f"a shuffled score needs two pictures or more; found --limit {options.limit}")
        with ProgressDisplay() as display:
            print(run(options, display))
    except SalquestError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
