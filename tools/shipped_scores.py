r"""Score the shipped networks, and write docs/results/mobile.md.

    python tools/shipped_scores.py --data osie=PATH --data eyecrowd=PATH --data mit1003=PATH --data siena12=PATH \
        [--held-out osie=RUN]... [--also MODEL]...

Sets with a division of their own are scored on their test parts, others whole. --held-out names a run of the same recipe that never saw that set.
Sets without pixels per degree are scored with densities of 1/32 of the longer side.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from salquest.cli.arguments import split_spec
from salquest.datasets import DataSet, load_dataset
from salquest.errors import SalquestError
from salquest.evaluation import Scores, evaluate, floor_and_ceiling
from salquest.models import Model, load_model
from salquest.models.shipped import PREFERRED, shipped_networks
from salquest.models.views import SeenInViews, Views
from salquest.quest.rows import column_specs
from salquest.report import Row, Score, ScoreTable
from salquest.runs import ProgressDisplay
from salquest.runs.atomic import write_text

PAGE = Path(__file__).parents[1] / "docs" / "results" / "mobile.md"
METRICS = ("cc", "sim", "kl", "nss", "auc_judd", "ig")
# of a set that does not say how many pixels a degree has: this share of the pictures' longer side
UNKNOWN_DEGREE = 1 / 32
# groups of equal predicted mass into which a picture is divided, from the densest to the emptiest
GROUPS = 10
# what the default's options cost and bring
OPTIONS: Mapping[str, Views] = {
    "as it is": Views(),
    "--mirror": Views(mirror=True),
    "--scale 1.5": Views(scales=(1.5,)),
    "--scale 1 --scale 1.5 --mirror": Views(mirror=True, scales=(1.0, 1.5)),
}
ABOUT = """# The shipped networks, scored

Made by `tools/shipped_scores.py`. *centre bias*: a kernel density of the other pictures' fixations. *other observers*: each observer foretold
from the others, the ceiling of [floors and ceilings](floors-and-ceilings.md). Convention exact, densities of 1 degree, fixations as each set's page
says; small: 95 % bootstrap intervals over pictures. Nothing was chosen on these pictures: [how the network was chosen](mobile-choices.md).
"""


@dataclass(frozen=True)
class Part:
    """What is scored of a data set."""

    data: DataSet
    sigma_px: float
    told: str


def part_of(spec: str) -> Part:
    """The test part, or the whole of a set without one."""
    name, path = split_spec(spec)
    data = load_dataset(name, path)
    test = data.parts.get("test")
    chosen = data.subset(test) if test else data
    sigma = data.pixels_per_degree or UNKNOWN_DEGREE * max(chosen.samples[0].stimulus.size)
    return Part(chosen, sigma, f"{len(chosen)} pictures, {'test part' if test else 'all, none of which was learned from'}")


def cells(scores: Scores) -> dict[str, Score]:
    """Means and intervals by metric."""
    return {name: Score(found.mean, found.low, found.high) for name, found in scores.summary().items()}


def table(part: Part, models: Mapping[str, Model], metrics: Sequence[str], *, limits: bool = True) -> str:
    """A score table of models on a part, in Markdown."""
    rows = []
    if limits:
        floor, ceiling = floor_and_ceiling(part.data, metrics=metrics, sigma_px=part.sigma_px)
        rows = [Row("centre bias", cells(floor), "floor"), *([Row("other observers", cells(ceiling), "ceiling")] if ceiling else [])]
    for title, model in models.items():
        rows.append(Row(title, cells(evaluate(model, part.data, metrics=metrics, sigma_px=part.sigma_px, workers=1))))
    note = f"{part.data.name} (edition {part.data.edition()}), {part.told}; densities of sigma {part.sigma_px:.4g} px."
    return ScoreTable(rows, column_specs(metrics), note).to_markdown()


def calibration(model: Model, data: DataSet) -> tuple[NDArray[np.float64], float]:
    """Share of the fixations in each of GROUPS groups of equal predicted mass; and the power of the map that would be likeliest."""
    shares, logs = np.zeros(GROUPS), []
    for sample in data:
        if sample.fixations is None or not len(sample.fixations):
            continue
        density = model.predict_stimulus(sample.stimulus).density()
        rows, columns = sample.fixations.rows, sample.fixations.columns
        order = np.sort(density, axis=None)[::-1]
        above = np.cumsum(order)  # mass at least as dense
        at = above[np.searchsorted(-order, -density[rows, columns], side="right") - 1]
        shares += np.bincount(np.minimum((at * GROUPS * (1 - 1e-9)).astype(int), GROUPS - 1), minlength=GROUPS) / len(rows)
        small = np.log(np.maximum(density, 1e-30))
        logs.append((small, small[rows, columns]))

    def loss(power: float) -> float:
        return -float(np.mean([power * found.mean() - np.log(np.exp(power * whole).sum()) for whole, found in logs]))

    return shares / len(logs), float(minimize_scalar(loss, bounds=(0.5, 2.0), method="bounded").x)


def write(options: argparse.Namespace, display: ProgressDisplay) -> Path:
    """Score everything, write the page; where it lies."""
    parts = [part_of(spec) for spec in options.data]
    shipped = {name: load_model(name) for name in shipped_networks()}
    others = {Path(run).name: load_model(run) for run in options.also}
    text, done, steps = [ABOUT], 0, len(parts) * 2 + len(options.held_out) + 1

    def tick() -> None:
        nonlocal done
        done += 1
        display.update("scoring", done, steps)

    for part in parts:
        metrics = METRICS if any(sample.fixations is not None for sample in part.data) else METRICS[:3]
        text.append(f"## {part.data.name}\n\n{table(part, {**shipped, **others}, metrics)}")
        tick()
    if options.held_out:
        text.append(
            "## Sets that were held out\n\nThe same recipe and network, trained on the other sets alone: how it travels to pictures, people and "
            "screens that it never met.\n"
        )
        for spec in options.held_out:
            name, run = split_spec(spec)
            part = next(part for part in parts if part.data.name == name)
            pair = {f"without {name}": load_model(run or ""), PREFERRED: shipped[PREFERRED]}
            text.append(table(part, pair, METRICS, limits=False))
            tick()
    first = parts[0]
    ways = {f"{title} ({views.cost:.1f} times the time)": SeenInViews(shipped[PREFERRED], views) for title, views in OPTIONS.items()}
    text.append(
        f"## What looking again brings\n\n`salquest predict` looks once, at the network's own size. Its options:\n\n"
        f"{table(first, ways, METRICS, limits=False)}"
    )
    tick()
    rows = []
    for part in parts:
        if all(sample.fixations is None for sample in part.data):
            continue
        shares, power = calibration(shipped[PREFERRED], part.data)
        rows.append(f"| {part.data.name} | {' | '.join(f'{100 * share:.1f}' for share in shares)} | {power:.2f} |")
        tick()
    head = f"| set | {' | '.join(f'{10 * group}-{10 * group + 10} %' for group in range(GROUPS))} | likeliest power |"
    text.append(
        "## Calibration\n\nA picture is divided into ten groups of pixels that should get a tenth of the fixations each, the densest first. What "
        f"they get, in per cent, mean over pictures; and the power to which the map should be raised to make the fixations likeliest (1: none).\n\n"
        f"{head}\n|{'---|' * (GROUPS + 2)}\n" + "\n".join(rows) + "\n"
    )
    write_text(options.page, "\n".join(text))
    return Path(options.page)


def main(words: Sequence[str]) -> int:
    """0 when the page is written, 2 with a sentence when that cannot be done."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", action="append", required=True, metavar="NAME=PATH")
    asked.add_argument("--held-out", action="append", default=[], metavar="NAME=RUN", help="a run that never saw this set")
    asked.add_argument("--also", action="append", default=[], metavar="MODEL", help="further rows: run folders or names")
    asked.add_argument("--page", type=Path, default=PAGE)
    try:
        with ProgressDisplay() as display:
            print(write(asked.parse_args(words), display))
    except SalquestError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
