"""Put a trained network into the package: `python tools/ship_model.py RUN --name NAME [--title TEXT] [--licence TEXT] [--limit TEXT]...`.

Writes src/salquest/models/shipped/NAME with card.json, weights.safetensors and model.onnx (convolutions' weights as float16, computed in float32),
and docs/models/NAME.md, the card as a page. Before anything is kept it is measured that maps are those of the run folder, by both runtimes and
within BOUND, and that all shipped networks together stay within their bytes. The one called `mobile` becomes what `salquest predict` uses.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from salquest.datasets import load_dataset
from salquest.errors import InputError, SalquestError
from salquest.gaze.pictures import Pixels
from salquest.metrics import METRICS
from salquest.models.card_page import card_page
from salquest.models.checkpoint_card import CheckpointCard
from salquest.models.contract import Model
from salquest.models.deep.saving import card_of, save_checkpoint
from salquest.models.deep.trained import TrainedNetwork
from salquest.models.loading import load_checkpoint
from salquest.models.shipped import MAX_BYTES, PREFERRED, SHIPPED
from salquest.runs import Columns, RunFolder
from salquest.runs.atomic import write_folder, write_text

PAGES = Path(__file__).parents[1] / "docs" / "models"
# largest difference of the maps' densities from the run folder's, as a share of the greatest density of each: what rounding may do; scores are
# taken of what ships
BOUND = 0.03
# between the two runtimes, which have the same rounded numbers
RUNTIME_BOUND = 1e-3
PICTURES = 12
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def main() -> None:
    """Convert, measure, and only then put in place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder, trained on one data set or on several")
    parser.add_argument("--name", required=True, help=f"that it gets; {PREFERRED} is the one that predicts where none is named")
    parser.add_argument("--title", default="", help="what it is, in a line; made from its network, encoder and data where it is not given")
    parser.add_argument("--licence", default="", help="of the weights; the licences of the data where it is not given")
    parser.add_argument("--limit", action="append", default=[], help="a sentence besides those that hold for all networks")
    parser.add_argument("--into", type=Path, default=SHIPPED, help="the folder of shipped networks")
    parser.add_argument("--pages", type=Path, default=PAGES, help="the folder of their pages")
    given = parser.parse_args()
    try:
        ship(given.run, given.name, title=given.title, licence=given.licence, limits=given.limit, into=given.into, pages=given.pages)
    except SalquestError as error:
        parser.exit(2, f"ship_model: {error}\n")


def ship(run: Path, name: str, *, title: str, licence: str, limits: Sequence[str], into: Path, pages: Path) -> None:
    """Ship one run's network under a name."""
    if not _NAME.fullmatch(name):
        raise InputError(f"a shipped network's name is of small letters, digits and hyphens; found {name!r}")
    record = RunFolder(run).read()
    if record.status != "finished":
        raise InputError(f"only a finished run ships; {run} is {record.status}{f': {record.reason}' if record.reason else ''}")
    model = TrainedNetwork.load(run)
    card = card_of(model, name=name, title=title or _title(model), licence=licence, limits=limits)
    card = replace(card, **_test_scores(RunFolder(run).scores, card))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        save_checkpoint(model, folder, card=card, half=True, graph=True)
        others = sum(_bytes(path) for path in into.glob("*") if path.is_dir() and path.name != name)
        if others + _bytes(folder) > MAX_BYTES:
            raise InputError(f"shipped networks have {MAX_BYTES:,} bytes together; with {name} there would be {others + _bytes(folder):,}")
        _compare(model, folder)
        target = into / name
        shutil.rmtree(target, ignore_errors=True)
        write_folder(target, lambda place: shutil.copytree(folder, place, dirs_exist_ok=True))
    write_text(pages / f"{name}.md", card_page(card))
    print(f"{target}: {_bytes(target) / 1e6:.2f} MB, all shipped ones {(others + _bytes(target)) / 1e6:.2f} of {MAX_BYTES / 1e6:.0f} MB")


def _title(model: TrainedNetwork) -> str:
    network = model.card.network if model.card else {}
    sets = ", ".join(str(one.get("name", "")) for one in model.card.sets) if model.card else ""
    return f"{network['network']} on {network['encoder']['name']}, trained by us on {sets}"


def _test_scores(path: Path, card: CheckpointCard) -> dict[str, Any]:
    """What the card says of the test pictures, from the run's scores.csv: one row per picture, with several sets their name in "data"."""
    if not path.is_file():
        return {}
    table = Columns.load(path)
    by_set: dict[str, list[Mapping[str, Any]]] = {}
    for row in table.rows():
        by_set.setdefault(str(row.get("data") or card.data.get("name", "test")), []).append(row)
    metrics = [name for name in METRICS if name in table]
    means = {
        name: {metric: fmean(row[metric] for row in those if row[metric] is not None) for metric in metrics}
        for name, those in by_set.items()
    }
    joint = {metric: fmean(scores[metric] for scores in means.values()) for metric in metrics}
    scored = {name: len(those) for name, those in by_set.items()}
    return {"scores": joint, "scores_by_set": means if len(means) > 1 else {}, "scored": scored}


def _compare(model: Model, folder: Path) -> None:
    """Measure on photographs that the maps of both runtimes are those of the run folder."""
    pictures = [sample.stimulus.pixels() for sample in list(load_dataset("osie-mini"))[:PICTURES]]
    onnx, torch = (load_checkpoint(folder, runtime=runtime) for runtime in ("onnx", "torch"))
    for one, other, bound, what in (
        (model, onnx, BOUND, "ONNX Runtime's maps from the run folder's"),
        (model, torch, BOUND, "torch's maps from the run folder's"),
        (onnx, torch, RUNTIME_BOUND, "the two runtimes' maps from each other"),
    ):
        apart = max(_difference(one, other, pixels) for pixels in pictures)
        print(f"{what}: within {apart:.1e} of the greatest density (bound {bound:g}), {len(pictures)} photographs")
        if apart > bound:
            raise InputError(f"{what} differ by {apart:.2g} of the greatest density, more than {bound:g}")


def _difference(one: Model, other: Model, pixels: Pixels) -> float:
    first, second = (model.predict_pixels(pixels).values for model in (one, other))
    return float(np.abs(first - second).max() / first.max())


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
