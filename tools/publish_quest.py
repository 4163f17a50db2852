"""Write a quest's results into the docs: `python tools/publish_quest.py QUEST_FOLDER NAME=DATA_FOLDER "machine, in words"`.

docs/results/NAME.md gets the table, the paired differences between rows, what was run and where; images/ gets the figures and a few maps.
The text between the first heading and the first table is kept where the page is already there: what the numbers mean is a person's to say.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from salquest.datasets import load_dataset
from salquest.evaluation import bootstrap_mean
from salquest.gaze import SaliencyMap
from salquest.models import load_model
from salquest.quest import read_recipe
from salquest.report import contact_sheet, overlay
from salquest.runs import Columns, RunFolder

RESULTS = Path(__file__).parents[1] / "docs" / "results"
SHOWN = 4


def main(folder: str, spec: str, machine: str) -> None:
    """Write the page and its images."""
    root = Path(folder)
    recipe = read_recipe((root / "recipe.toml").read_text(), where=folder)
    runs = {run.name: RunFolder(root / "runs" / run.folder) for run in recipe.expanded() if run.seed == recipe.seeds[0]}
    records = {name: run.read() for name, run in runs.items()}
    first = next(iter(records.values()))
    images = RESULTS / "images"
    images.mkdir(parents=True, exist_ok=True)
    for figure in ("scores", "learning"):
        (images / f"{recipe.name}-{figure}.png").write_bytes((root / "figures" / f"{figure}.png").read_bytes())
    (images / f"{recipe.name}-maps.jpg").write_bytes(_sheet(spec, runs, first.split["test"], float(first.data["sigma_px"])))
    page = RESULTS / f"{recipe.name}.md"
    kept = re.search(r"\A# .*?\n(.*?)(?=^\| \|)", page.read_text(), flags=re.DOTALL | re.MULTILINE) if page.is_file() else None
    page.write_text(
        f"# {recipe.title or recipe.name}\n{kept.group(1) if kept else chr(10)}{(root / 'table.md').read_text()}\n"
        f"![Means and intervals](images/{recipe.name}-scores.png)\n\n"
        "## Differences between rows, picture by picture\n\n"
        f"{_differences(runs, recipe.metrics)}\n"
        f"![Stimulus, where people looked, and one prediction per run](images/{recipe.name}-maps.jpg)\n\n"
        f"![Learning curves on the validation pictures](images/{recipe.name}-learning.png)\n\n"
        "## What was run\n\n"
        f"- Command: `salquest quest {recipe.name} --data {recipe.data}=PATH`, then `python tools/publish_quest.py`.\n"
        f"- Machine: {machine}; {', '.join(f'{name} {version}' for name, version in first.versions.items())}.\n"
        f"- Time: {', '.join(f'`{name}` {record.seconds:.0f} s' for name, record in records.items())}.\n"
        f"- Seeds: {', '.join(map(str, recipe.seeds))}. Intervals are over pictures; they do not show how far runs of other seeds would differ.\n"
        f"- Division: {first.split['origin']}, {', '.join(f'{len(first.split[p])} {p}' for p in ('train', 'val', 'test'))}; "
        "the best epoch is that of the lowest validation loss, test pictures were scored once.\n"
        f"- Weights of the encoder: {first.network['encoder']['weights_digest'][:12]}.\n"
    )


def _differences(runs: dict[str, RunFolder], metrics: tuple[str, ...]) -> str:
    names = list(runs)
    lines = ["| | " + " | ".join(metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    tables = {name: Columns.load(run.scores) for name, run in runs.items()}
    for better, base in [(name, names[0]) for name in names[1:]] + list(zip(names[2:], names[1:], strict=False)):
        cells = []
        for metric in metrics:
            found = bootstrap_mean(np.array(tables[better].numbers(metric)) - np.array(tables[base].numbers(metric)))
            cells.append(f"{found.mean:+.3f} <sub>{found.low:+.3f}..{found.high:+.3f}</sub>")
        lines.append(f"| ({better}) − ({base}) | ".replace("*", r"\*") + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _sheet(spec: str, runs: dict[str, RunFolder], test: list[str], sigma: float) -> bytes:
    name, _, path = spec.partition("=")
    data = load_dataset(name, path or None)
    models = [load_model(run.root) for run in runs.values()]
    rows = []
    for number in range(SHOWN):
        sample = data[test[(2 * number + 1) * len(test) // (2 * SHOWN)]]
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(sigma).astype(np.float32), "density")
        maps = [looked, *(model.predict_stimulus(sample.stimulus) for model in models)]
        rows.append([pixels, *(overlay(pixels, one) for one in maps)])
    sheet = contact_sheet(rows, ("stimulus", "where people looked", *runs), width=210)
    content = io.BytesIO()
    Image.open(io.BytesIO(sheet)).convert("RGB").save(content, format="JPEG", quality=85)
    return content.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:4])
