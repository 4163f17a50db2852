"""What units encode before and after training: `python tools/dissection_study.py --data osie=PATH --other eyecrowd=PATH --out WORK`.

Trains the networks that the comparisons need (saliency on two data sets, classification of the first one's attributes, each with four seeds;
four more losses; a fixed encoder), looks into all of them, and writes docs/results/dissection.md (or --page) with the verdicts on the four
findings of He 2019. Everything finished stays in --out, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dissection_networks import (
    AGAIN,
    BASE,
    BEFORE,
    FIXED,
    LABELS,
    LOSSES,
    OTHER,
    Study,
    Told,
    by_loss,
    encoders_of,
    kinds,
    loss_kinds,
    runs_of,
    subject_of,
    train_all,
)
from dissection_results import Results, figures, page_text

from salquest.cli.arguments import data_set
from salquest.dissection import (
    Dissection,
    Settings,
    change_split,
    dissect,
    drift_table,
    layer_table,
    read_annotations,
    remove_best,
    split_table,
)
from salquest.errors import SalquestError
from salquest.runs import Columns, ProgressDisplay, write_bytes, write_text

PAGE = Path(__file__).parents[1] / "docs" / "results" / "dissection.md"
# where units are removed: the decoder reads these
REMOVED = ("features.13", "features.17")


def look(study: Study, told: Told) -> tuple[Dissection, Dissection]:
    """Regions: the networks of findings 1 and 2 on all pictures. Unseen: all networks on pictures that none was fitted to, with their drift."""
    annotations = read_annotations("own", study.data)
    settings = Settings(size=study.size)
    ask: dict[str, Any] = {
        "layers": study.layers,
        "settings": settings,
        "cache": study.out / "cache",
        "device": study.device,
        "progress": told,
    }
    regions = dissect(encoders_of(study, (BEFORE, BASE, AGAIN, OTHER, LABELS)), annotations, study.probe, pairs=(), **ask)
    names = [BEFORE, *runs_of(BASE), *runs_of(OTHER), *runs_of(LABELS), *(by_loss(loss) for loss in LOSSES)]
    wanted = [pair for chosen in (*kinds().values(), *loss_kinds().values()) for pair in chosen]
    pairs = [(names.index(first), names.index(second)) for first, second in dict.fromkeys(wanted)]
    return regions, dissect(encoders_of(study, names), annotations, study.unseen, pairs=pairs, **ask)


def remove_units(study: Study, told: Told) -> Columns:
    """What the maps lose in each category when its ten best units are removed, with the encoder as it was and after training."""
    removed = remove_best(
        [subject_of(study, name) for name in (FIXED, BASE)],
        read_annotations("own", study.data),
        study.unseen,
        layers=[layer for layer in REMOVED if layer in study.layers],
        settings=Settings(size=study.size),
        cache=study.out / "cache",
        device=study.device,
        progress=told,
    )
    return removed.table()


def main(study: Study, page: Path, displays: Path | None, machine: str, told: Told) -> None:
    """Everything, and the page."""
    records = train_all(study, told)
    regions, unseen = look(study, told)
    results = Results(
        study,
        records,
        regions,
        unseen,
        changes=change_split(unseen.drift, kinds()),
        losses=change_split(unseen.drift, loss_kinds()),
        removed=remove_units(study, told),
        displays=displays,
        machine=machine,
    )
    layer_table(regions).save(study.out / "layers.csv")
    layer_table(unseen).save(study.out / "layers-unseen.csv")
    drift_table(unseen).save(study.out / "drift.csv")
    split_table(results.changes).save(study.out / "split.csv")
    split_table(results.losses).save(study.out / "split-losses.csv")
    results.removed.save(study.out / "removed.csv")
    images = page.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, content in figures(results).items():
        write_bytes(images / f"dissection-{name}", content)
    write_text(page, page_text(results, page.read_text() if page.is_file() else "", told))


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="NAME=PATH of the set with regions, such as OSIE")
    parser.add_argument("--other", required=True, help="NAME=PATH of the other domain")
    parser.add_argument("--out", required=True, type=Path, help="the work folder")
    parser.add_argument("--weights", default="imagenet", help="of MobileNetV2 before training")
    parser.add_argument("--size", default="320x240", help="WIDTHxHEIGHT")
    parser.add_argument("--epochs", default=5, type=int)
    parser.add_argument("--pictures", type=int, help="only so many pictures of each set")
    parser.add_argument("--layers", default="", help="comma-separated; features.1 to features.17")
    parser.add_argument("--displays", type=Path, help="folder of a benchmark of displays, for finding 3")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--machine", default="", help="on which it ran, in words")
    parser.add_argument("--page", type=Path, default=PAGE)
    return parser.parse_args(words)


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    asked = _arguments(None)
    across, _, down = asked.size.partition("x")
    try:
        own_layers = {"layers": tuple(asked.layers.split(","))} if asked.layers else {}
        wanted = Study(
            data_set(asked.data),
            data_set(asked.other),
            asked.out,
            weights=asked.weights,
            size=(int(down), int(across)),
            epochs=asked.epochs,
            pictures=asked.pictures,
            device=asked.device,
            **own_layers,
        )
        with ProgressDisplay() as display:
            main(wanted, asked.page, asked.displays, asked.machine, display.update)
    except SalquestError as error:
        sys.exit(f"{error}")
