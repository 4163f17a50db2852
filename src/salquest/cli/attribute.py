"""`salquest attribute`: which parts of a picture drive what a network predicts at a place."""

from __future__ import annotations

import io
import json as json_text
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from PIL import Image

from salquest.cli.arguments import data_set
from salquest.cli.output import show
from salquest.dissection import Attribution, Place, Region, RegionShare, randomisation_check, read_annotations, region_shares
from salquest.dissection import attribute as attribute_prediction
from salquest.dissection.annotations.reading import OWN
from salquest.dissection.attribution import BATCH, STEPS, Baseline, Method, Quantity
from salquest.errors import InputError
from salquest.gaze import Stimulus
from salquest.gaze.pictures import Pixels, read_picture
from salquest.models.catalogue import DEFAULT
from salquest.report import CellTable, outlined, signed_overlay
from salquest.runs import versions, write_bytes, write_json

# share of the difference of the targets that integrated gradients should not leave open
GREAT_GAP = 0.05


def attribute(
    picture: Path,
    *,
    out: Path,
    at: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    region: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    model: str = DEFAULT,
    method: Method = "integrated-gradients",
    baseline: Baseline = "blurred",
    quantity: Quantity | None = None,
    steps: int = STEPS,
    batch: int = BATCH,
    check: Annotated[bool, Parameter(negative=())] = False,
    regions: str | None = None,
    data: str | None = None,
    device: str = "cpu",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Say which parts of a picture drive what a network predicts at pixels or in a region.

    Args:
        picture: An image file.
        out: The folder for NAME.attribution.npy (signed, picture's pixels), NAME.attribution.png (over the picture) and NAME.attribution.json.
        at: X,Y of a pixel that the prediction is asked about, from 0 at the upper left; may be given several times.
        region: LEFT,TOP,WIDTH,HEIGHT in pixels; may be given several times.
        model: A run folder or a trained network.
        method: integrated-gradients from the baseline to the picture; input-x-gradient; occlusion by squares of the baseline.
        baseline: What the picture is compared with: itself blurred, or the grey that the encoder subtracts.
        quantity: The mean log-density of the place, or its mean z-score; log-density where the network's map has one.
        steps: Of integrated gradients.
        batch: Pictures that go through the network at a time.
        check: Compare with the same network with random weights, too (Adebayo 2018).
        regions: Also say how much of it lies in which annotated region: "own" (what --data alone means), or a file or folder as `salquest
            dissect` takes it. Pixels are then those of the file as stored, not turned by EXIF.
        data: NAME=PATH of the data set that the picture is of, for its own regions.
        device: Where the network runs.
        json: Print the JSON document instead of a sentence.
    """
    place = Place((*(_box("--at", word) for word in at), *(_box("--region", word) for word in region)))
    source = regions or (None if data is None else OWN)
    pixels = read_picture(picture, follow_exif=source is None)
    annotated = None if source is None else _regions(source, data, picture, pixels)
    asked: dict[str, Any] = {"steps": steps, "batch": batch, "device": device}
    found = attribute_prediction(model, pixels, place, method=method, baseline=baseline, quantity=quantity, **asked)
    told = document(found, picture)
    if check:
        told["correlation_with_random_weights"] = randomisation_check(model, pixels, found, **asked)
    shares = None if annotated is None else region_shares(found, annotated)
    if shares is not None:
        told["regions"] = [asdict(share) for share in shares]
    base = out / f"{picture.stem}.attribution"
    content = io.BytesIO()
    np.save(content, found.values)
    write_bytes(base.with_name(f"{base.name}.npy"), content.getvalue())
    write_bytes(base.with_name(f"{base.name}.png"), _drawn(found, pixels))
    write_json(base.with_name(f"{base.name}.json"), told)
    if shares is not None and not json:
        show(_share_cells(shares).to_terminal())
    print(json_text.dumps(told, indent=1, ensure_ascii=False) if json else _sentence(told, base.with_name(f"{base.name}.png")))
    return 0


def _regions(source: str, data: str | None, picture: Path, pixels: Pixels) -> list[Region]:
    known_pictures = None if data is None else data_set(data)
    annotations = read_annotations(source, known_pictures)
    size = (pixels.shape[0], pixels.shape[1])
    if known_pictures is not None and picture.name in known_pictures.keys:
        stored = known_pictures[picture.name].stimulus.size
        if stored != size:
            raise InputError(
                f"{picture} has {size[1]} x {size[0]} pixels and {known_pictures.name}'s picture of that name {stored[1]} x {stored[0]}: its "
                "regions do not fit; name the data set's own file"
            )
    found = annotations.regions(Stimulus(picture.name, picture, size))
    if not found:
        known = ", ".join(annotations.names()[:3])
        raise InputError(f"{annotations.name} has no regions of a picture called {picture.name}; it knows {known}, ...")
    return found


def _share_cells(shares: Sequence[RegionShare]) -> CellTable:
    rows = [
        [
            ", ".join(one.categories) or "outside all regions",
            str(one.pixels),
            f"{one.value:+.3f}",
            f"{one.share:.1%}",
            f"{one.over_area:.2f}",
        ]
        for one in shares
    ]
    return CellTable(
        ["region", "pixels", "sum", "of all", "over its area"],
        rows,
        "Of all: of the absolute values. Over its area: 1 is as much as anywhere.",
    )


def document(found: Attribution, picture: Path) -> dict[str, Any]:
    """Everything but the values, as plain ones."""
    told = {name: value for name, value in asdict(found).items() if name not in ("values", "place")}
    return {
        "picture": str(picture),
        "place": [list(box) for box in found.place.boxes],
        **told,
        "versions": versions("salquest", "captum", "torch"),
    }


def _drawn(found: Attribution, pixels: Pixels) -> bytes:
    """The overlay with the place outlined, as PNG."""
    canvas = signed_overlay(pixels, found.values)
    around = max(2, round(min(found.values.shape) / 100))  # so that a pixel can be seen
    shapes = []
    for left, top, width, height in found.place.boxes:
        x, y, right, bottom = (
            (left - around, top - around, left + 1 + around, top + 1 + around)
            if (width, height) == (1, 1)
            else (left, top, left + width, top + height)
        )
        shapes.append(("", [(x, y), (right, y), (right, bottom), (x, bottom)]))
    content = io.BytesIO()
    Image.fromarray(outlined(canvas, shapes)).save(content, format="PNG")
    return content.getvalue()


def _sentence(told: dict[str, Any], path: Path) -> str:
    words = f"{path}: {told['quantity']} {told['target']:.3f} at the place"
    if told["baseline_target"] is not None:
        words += f", {told['baseline_target']:.3f} for the {told['baseline']} picture"
    if told["gap"] is not None:
        words += f"; the values add up to the difference but for {told['gap']:+.4f}"
        if abs(told["gap"]) > GREAT_GAP * abs(told["target"] - told["baseline_target"]):
            words += " (more --steps bring it down)"
    if "correlation_with_random_weights" in told:
        words += f"; with random weights the attribution is alike by r = {told['correlation_with_random_weights']:.2f}"
    return words


def _box(option: str, word: str) -> tuple[int, int, int, int]:
    """X,Y as a box of one pixel, or a box."""
    form = "X,Y" if option == "--at" else "LEFT,TOP,WIDTH,HEIGHT"
    parts = [part.strip() for part in word.split(",")]
    if len(parts) != len(form.split(",")) or not all(part.isdigit() for part in parts):
        raise InputError(f"{option} takes {form} in whole pixels of the picture; found {word!r}")
    left, top, width, height = [int(part) for part in [*parts, "1", "1"]][:4]
    return left, top, width, height
