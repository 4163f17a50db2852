"""Make the README's picture from a run: `python tools/make_readme_picture.py RUN`; the pictures shown are test pictures of osie-mini."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from salquest.datasets import load_dataset
from salquest.gaze import SaliencyMap
from salquest.models import load_model
from salquest.report import contact_sheet, overlay

TARGET = Path(__file__).parents[1] / "docs" / "images" / "predictions.jpg"
SHOWN = (1, 13)


def main(run: str) -> None:
    """Write docs/images/predictions.jpg: stimulus, where people looked, prediction."""
    model, data = load_model(run), load_dataset("osie-mini")
    test = data.subset(data.parts["test"])
    pictures = []
    for number in SHOWN:
        sample = test.samples[number]
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(data.sigma_px).astype(np.float32), "density")
        pictures.append([pixels, overlay(pixels, looked), overlay(pixels, model.predict_stimulus(sample.stimulus))])
    sheet = contact_sheet(pictures, ("picture", "where 15 people looked", "predicted"), width=230)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(sheet)).convert("RGB").save(TARGET, quality=88, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
