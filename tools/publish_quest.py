"""Write a quest's results into the docs: `python tools/publish_quest.py QUEST_FOLDER "machine, in words" --data NAME=PATH [--page PAGE]`.

docs/results/PAGE.md (the recipe's name where it is not given) gets the tables, verdicts and figures of the quest's report, a sheet of maps,
what was run and where. The text between the first heading and the first table is kept where the page is already there: what the numbers
mean is a person's to say.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from salquest.cli.arguments import data_sets
from salquest.datasets import JoinedSets, join
from salquest.evaluation import crossed_mean
from salquest.gaze import SaliencyMap
from salquest.models import load_model
from salquest.quest import Recipe, read_recipe
from salquest.quest.rows import WayRows, read_rows
from salquest.report import contact_sheet, overlay

RESULTS = Path(__file__).parents[1] / "docs" / "results"
# pictures on the sheet of maps, maps side by side, and their width in pixels
SHOWN, ACROSS, WIDTH = 3, 6, 170
# what the kept epoch has, by the plan's `keep`
BEST = {
    "loss": "the lowest validation loss",
    "cc": "the greatest validation CC",
    "nss": "the greatest validation NSS",
    "last": "the end",
}
# tables with more rows have no table of differences: the matrix of pairs shows them
FEW = 6


def main(words: Sequence[str]) -> None:
    """Write the page and its images."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, help="of a finished quest")
    asked.add_argument("machine", help="on which it ran, in words")
    asked.add_argument("--data", action="append", required=True, metavar="NAME=PATH", help="the quest's data; again for further sets")
    asked.add_argument("--page", default="", help="name of the page; the recipe's where it is not given")
    options = asked.parse_args(words)
    write_page(options.folder, join(data_sets(options.data)), options.machine, options.page)


def write_page(root: Path, data: JoinedSets, machine: str, page_name: str) -> None:
    """The page of a quest in folder `root`."""
    recipe = read_recipe((root / "recipe.toml").read_text(), where=str(root))
    ways = [read_rows(root, recipe, way) for way in recipe.all_ways]
    page_name = page_name or recipe.name
    page, images = RESULTS / f"{page_name}.md", RESULTS / "images"
    images.mkdir(parents=True, exist_ok=True)
    text = (root / "table.md").read_text()
    figures = []
    for figure in sorted((root / "figures").glob("*.png")):
        # 256 colours: half of the bytes, which git keeps for ever
        Image.open(figure).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(images / f"{page_name}-{figure.name}", optimize=True)
        figures.append(f"![{figure.stem}](images/{page_name}-{figure.name})\n")
    (images / f"{page_name}-maps.jpg").write_bytes(_sheet(root, data, recipe, ways))
    kept = re.search(r"\A# .*?\n(.*?)(?=^## |^\| \|)", page.read_text(), flags=re.DOTALL | re.MULTILINE) if page.is_file() else None
    differences = [f"## Differences between rows, picture by picture\n\n{_differences(ways[0], recipe)}"] if _is_small(ways, recipe) else []
    parts = [
        f"# {recipe.title or recipe.name}\n{kept.group(1) if kept else chr(10)}{text}",
        *differences,
        "## Figures\n",
        *figures,
        f"![Stimulus, where people looked, and one prediction per row](images/{page_name}-maps.jpg)\n",
        f"## What was run\n\n{_facts(recipe, ways, machine)}",
    ]
    page.write_text("\n".join(parts))


def _is_small(ways: list[WayRows], recipe: Recipe) -> bool:
    return len(ways) == 1 and len(recipe.rows) <= FEW


def _facts(recipe: Recipe, ways: list[WayRows], machine: str) -> str:
    records = [record for rows in ways for found in rows.runs.values() for _, record in found]
    first = records[0]
    seconds = {rows.way.title or "all": sum(r.seconds for found in rows.runs.values() for _, r in found) for rows in ways}
    seeds = "; ".join(
        f"{rows.way.name + ': ' if rows.way.name else ''}{', '.join(map(str, rows.way.seeds or recipe.seeds))}" for rows in ways
    )
    dearest = max(records, key=lambda record: record.seconds)
    sets = [one["name"] for one in first.data.get("sets", [first.data])]
    kept = BEST[first.plan["keep"]]
    return (
        f"- Command: `salquest quest {recipe.name} {' '.join(f'--data {name}=PATH' for name in sets)}`, then `python tools/publish_quest.py`.\n"
        f"- Machine: {machine}; {', '.join(f'{name} {version}' for name, version in first.versions.items())}.\n"
        f"- Time of the runs in the tables: {', '.join(f'{name} {value / 60:.0f} min' for name, value in seconds.items())}; "
        f"the dearest run took {dearest.seconds:.0f} s.\n"
        f"- Seeds: {seeds}.\n"
        f"- Division: {first.split['origin']}, {', '.join(f'{len(first.split[p])} {p}' for p in ('train', 'val', 'test'))}; "
        f"the best epoch is that of {kept}; test pictures were scored once.\n"
        f"- Encoder: {first.network['encoder']['name']}, weights {first.network['encoder']['weights_digest'][:12]}.\n"
    )


def _differences(rows: WayRows, recipe: Recipe) -> str:
    names = [name for name in rows.runs if all(name in rows.scores[metric] for metric in recipe.metrics)]
    lines = ["| | " + " | ".join(recipe.metrics) + " |", "|---" * (len(recipe.metrics) + 1) + "|"]
    for better, base in [(name, names[0]) for name in names[1:]] + list(zip(names[2:], names[1:], strict=False)):
        cells = []
        for metric in recipe.metrics:
            found = crossed_mean(rows.scores[metric][better] - rows.scores[metric][base])
            cells.append(f"{found.mean:+.3f} <sub>{found.low:+.3f}..{found.high:+.3f}</sub>")
        lines.append(f"| ({better}) − ({base}) | ".replace("*", r"\*") + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _sheet(root: Path, sets: JoinedSets, recipe: Recipe, ways: list[WayRows]) -> bytes:
    """Stimulus, where people looked, one prediction per row, in blocks that fit a page."""
    rows = [found for found in ways if len(found.runs) == max(len(each.runs) for each in ways)][-1]
    members = {name: found[0] for name, found in rows.runs.items() if found[0][1].status in ("finished", "collapsed")}
    record = next(iter(members.values()))[1]
    test = record.split["test"]
    sigmas = {one["name"]: float(one["sigma_px"]) for one in record.data.get("sets", [record.data])}
    samples = [sets.everything[test[(2 * number + 1) * len(test) // (2 * SHOWN)]] for number in range(SHOWN)]
    columns: dict[str, list[np.ndarray]] = {"stimulus": [], "where people looked": []}
    for sample in samples:
        pixels = sample.stimulus.pixels()
        columns["stimulus"].append(pixels)
        sigma = sigmas[sets.set_of(sample.stimulus.key)]
        looked = SaliencyMap(sample.density(sigma).astype(np.float32), "density")
        columns["where people looked"].append(overlay(pixels, looked))
    for name, (run, _) in members.items():
        model = load_model(root / "runs" / run.folder)
        columns[name] = [overlay(sample.stimulus.pixels(), model.predict_stimulus(sample.stimulus)) for sample in samples]
    titles = list(columns)
    blocks = []
    for begin in range(0, len(titles), ACROSS):
        shown = titles[begin : begin + ACROSS]
        sheet = contact_sheet([[columns[title][i] for title in shown] for i in range(SHOWN)], shown, width=WIDTH)
        blocks.append(Image.open(io.BytesIO(sheet)).convert("RGB"))
    whole = Image.new("RGB", (max(block.width for block in blocks), sum(block.height for block in blocks)), "white")
    top = 0
    for block in blocks:
        whole.paste(block, (0, top))
        top += block.height
    content = io.BytesIO()
    whole.save(content, format="JPEG", quality=82)
    return content.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
