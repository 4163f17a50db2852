"""Write a display benchmark's results into the docs: `python tools/publish_displays.py FOLDER "machine and time, in words"`.

FOLDER is what `salquest displays score --out FOLDER` left. docs/results/displays.md gets the claim, the tables and the figures. The text between
the first heading and the next one is kept where the page is already there: what the numbers mean is a person's to say.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from salquest.runs import write_text

RESULTS = Path(__file__).parents[1] / "docs" / "results"
WIDEST = 800  # pixels of a figure


def main(words: Sequence[str]) -> None:
    """Write the page and its images."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, help="of the benchmark")
    asked.add_argument("machine", help="on which it ran and how long, in words")
    options = asked.parse_args(words)
    root: Path = options.folder
    figures = []
    for figure in sorted((root / "figures").glob("*.png")):
        picture = Image.open(figure).convert("RGB")
        picture.thumbnail((WIDEST, 4 * WIDEST), Image.Resampling.LANCZOS)
        name = f"displays-{figure.name}"
        # 256 colours: half of the bytes, which git keeps for ever
        picture.quantize(256, dither=Image.Dither.NONE).save(RESULTS / "images" / name, optimize=True)
        figures.append(f"![{figure.stem}](images/{name})\n")
    about = json.loads((root / "benchmark.json").read_text(encoding="utf-8"))
    page = RESULTS / "displays.md"
    kept = (
        re.search(r"\A# .*?\n(.*?)(?=^## )", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE) if page.is_file() else None
    )
    tables = (root / "table.md").read_text(encoding="utf-8")
    parts = [
        f"# Search displays: deep networks and classical models\n{kept.group(1) if kept else chr(10)}{tables}",
        "## Figures\n",
        *figures,
        "## What was run\n",
        f"- {about['number']} displays of the set {about['displays']}, edition {about['edition']}.",
        f"- {len(about['models'])} models: {', '.join(about['models'])}.",
        f"- Machine: {options.machine}.",
        "- Then `python tools/publish_displays.py`.\n",
    ]
    write_text(page, "\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
