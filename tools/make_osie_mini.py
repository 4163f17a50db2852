"""Make the embedded data set osie-mini from a generic folder of OSIE: `python tools/make_osie_mini.py OSIE_FOLDER`.

Pictures are taken from the train part only, evenly over the sorted keys, so that nothing that a demo shows is ever a test picture.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path

from PIL import Image

from salquest.datasets import load_dataset
from salquest.datasets.generic import FIXATION_COLUMNS
from salquest.gaze import resize_picture

SIZE = (240, 320)
COUNT = 120
QUALITY = 72
TARGET = Path(__file__).parents[1] / "src" / "salquest" / "datasets" / "embedded" / "osie-mini"


def main(folder: str) -> None:
    """Write the folder anew."""
    data = load_dataset("osie", folder)
    train = sorted(data.parts["train"])
    chosen = [train[i * len(train) // COUNT] for i in range(COUNT)]
    (TARGET / "stimuli").mkdir(parents=True, exist_ok=True)
    table, total = io.StringIO(), 0
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(FIXATION_COLUMNS)
    parts = []
    for position, key in enumerate(chosen):
        sample = data[key]
        picture = Image.fromarray(resize_picture(sample.stimulus.pixels(), SIZE))
        picture.save(TARGET / "stimuli" / key, quality=QUALITY, optimize=True)
        fixations = sample.fixations.resized(SIZE)
        for observer, order, x, y, duration in zip(
            fixations.observer, fixations.order, fixations.x, fixations.y, fixations.duration_ms, strict=True
        ):
            writer.writerow((key, observer, order, f"{x:.1f}", f"{y:.1f}", int(duration)))
        total += len(fixations)
        # of every six pictures four train, one validates, one tests
        parts.append((key, {4: "val", 5: "test"}.get(position % 6, "train")))
    (TARGET / "fixations.csv.gz").write_bytes(gzip.compress(table.getvalue().encode(), 9, mtime=0))
    (TARGET / "split.csv").write_text("image,split\n" + "".join(f"{key},{part}\n" for key, part in parts))
    meta = {
        "name": "osie-mini",
        "images": COUNT,
        "observers": data.observers,
        "fixations": total,
        "width": SIZE[1],
        "height": SIZE[0],
        "pixels_per_degree": round(data.pixels_per_degree * SIZE[1] / 512, 4),
        "coordinates": "x right, y down, 0-based, pixel centres at integers",
        "first_fixation": "free, kept",
        "licence": "MIT",
        "source": "NUS-VIP/predicting-human-gaze-beyond-pixels",
        "citation": "Xu, Jiang, Wang, Kankanhalli, Zhao (2014) Predicting human gaze beyond pixels, Journal of Vision 14(1):28",
    }
    (TARGET / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
