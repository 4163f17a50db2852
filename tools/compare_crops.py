"""Whose crops keep what people looked at: `python tools/compare_crops.py MODEL [NAME=PATH]` prints it and writes docs/images/crops.jpg.

Windows of one size are laid by the model, by smartcrop (pip install smartcrop), in the middle, and where people looked; each is scored by
the share of fixations that it keeps, on the test pictures of osie-mini or of another set (all of it where it has no parts).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from salquest.applications import best_crop
from salquest.applications.crop import Crop
from salquest.cli.arguments import data_set
from salquest.datasets import DataSet, Sample, load_dataset
from salquest.evaluation.intervals import bootstrap_mean
from salquest.gaze import SaliencyMap
from salquest.models import load_model
from salquest.report import Tile, outlined, tile_sheet
from salquest.runs import write_bytes

TARGET = Path(__file__).parents[1] / "docs" / "images" / "crops.jpg"
RATIOS = {"1:1": 1.0, "9:16": 9 / 16, "3:1": 3.0}
SHOWN, SHOWN_RATIO = 6, "1:1"


def smart_crop(pixels: np.ndarray, size: tuple[int, int], ratio: float) -> Crop:
    """The window of (height, width) that smartcrop chooses, at its largest scale."""
    from smartcrop import SmartCrop

    found = SmartCrop().crop(Image.fromarray(pixels), size[1], size[0], min_scale=1.0)["top_crop"]
    return Crop(ratio, found["x"], found["y"], found["width"], found["height"], float("nan"))


def kept(sample: Sample, crop: Crop) -> float:
    """Share of the fixations that lie in a window."""
    looked = sample.fixations
    assert looked is not None
    rows, columns = looked.rows - crop.top, looked.columns - crop.left
    return float(((rows >= 0) & (rows < crop.height) & (columns >= 0) & (columns < crop.width)).mean())


def main(model_name: str, spec: str | None = None) -> None:
    """Print the table and write the figure."""
    data: DataSet = load_dataset("osie-mini") if spec is None else data_set(spec)
    data = data.subset(data.parts["test"]) if data.parts.get("test") else data
    model = load_model(model_name)
    shares: dict[str, dict[str, list[float]]] = {label: {} for label in RATIOS}
    tiles = []
    for number, sample in enumerate(data):
        pixels = sample.stimulus.pixels()
        flat = SaliencyMap(np.ones(pixels.shape[:2]))
        looked = SaliencyMap(sample.density(data.sigma_px).astype(np.float32), "density")
        predicted = model.predict_stimulus(sample.stimulus)
        for label, ratio in RATIOS.items():
            ours = best_crop(predicted, ratio)
            size = (ours.height, ours.width)
            crops = {
                model.name: ours,
                "smartcrop": smart_crop(pixels, size, ratio),
                "the middle": best_crop(flat, ratio),
                "where people looked": best_crop(looked, ratio),
            }
            for name, crop in crops.items():
                shares[label].setdefault(name, []).append(kept(sample, crop))
            if label == SHOWN_RATIO and number < SHOWN:
                tiles.append(Tile(sample.stimulus.key, outlined(pixels, [_outline(name, crop) for name, crop in list(crops.items())[:2]])))
    print(f"{data.name}, {len(data)} pictures: share of fixations kept, with 95 % bootstrap intervals over pictures")
    for label, found in shares.items():
        for name, values in found.items():
            mean = bootstrap_mean(values)
            gain = bootstrap_mean(np.subtract(values, found["smartcrop"]))
            over = f"over smartcrop {gain.mean:+.3f} ({gain.low:+.3f}..{gain.high:+.3f})"
            print(f"{label:5} {name:20} {mean.mean:.3f} ({mean.low:.3f}..{mean.high:.3f})  {over}")
    write_bytes(TARGET, tile_sheet(tiles, columns=3))


def _outline(name: str, crop: Crop) -> tuple[str, list[tuple[float, float]]]:
    right, bottom = crop.left + crop.width, crop.top + crop.height
    return name, [(crop.left, crop.top), (right, crop.top), (right, bottom), (crop.left, bottom)]


if __name__ == "__main__":
    main(*sys.argv[1:3])
