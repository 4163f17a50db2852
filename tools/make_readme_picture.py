"""Make the README's picture: `python tools/make_readme_picture.py OSIE`, the data set's folder; with the network that ships, on test pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from salquest.datasets import load_dataset
from salquest.gaze import SaliencyMap
from salquest.models import load_model
from salquest.models.shipped import PREFERRED
from salquest.report import contact_sheet, overlay

TARGET = Path(__file__).parents[1] / "docs" / "images" / "predictions.jpg"
# test pictures of about the median CC (.86), neither the best nor the worst
SHOWN = ("1041.jpg", "1443.jpg")


def main(folder: str) -> None:
    """Write docs/images/predictions.jpg: stimulus, where people looked, prediction."""
    model, data = load_model(PREFERRED), load_dataset("osie", folder)
    pictures = []
    for key in SHOWN:
        sample = data[key]
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(data.sigma_px).astype(np.float32), "density")
        pictures.append([pixels, overlay(pixels, looked), overlay(pixels, model.predict_stimulus(sample.stimulus))])
    sheet = contact_sheet(pictures, ("picture", "where 15 people looked", "predicted"), width=230)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(sheet)).convert("RGB").save(TARGET, quality=88, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
