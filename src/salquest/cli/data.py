"""`salquest data`: look a data set through, import one's own, find the blur of released maps, list the sets that are known."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from numpy.typing import ArrayLike

from salquest.cli.arguments import split_spec
from salquest.cli.listing import print_cards
from salquest.datasets import Sample, check_dataset, import_table, load_dataset, released_blur
from salquest.datasets.released_maps import RECIPE_FITS
from salquest.models import MapsFolder
from salquest.runs import ProgressDisplay

app = App(name="data", help="Look a data set through, or import one's own.")


@app.command
def check(data: str, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Decode everything once; say in words what is there, what is missing, and what was dropped by which rule.

    Args:
        data: A folder, or NAME=PATH, or the name of an embedded set.
        json: Print one JSON document.
    """
    chosen = load_dataset(Path(data).name, data) if Path(data).expanduser().is_dir() else load_dataset(*split_spec(data))
    with ProgressDisplay() as display:
        report = check_dataset(chosen, progress=lambda done: display.update("looking through", done, len(chosen)))
    print(report.to_json() if json else "\n".join(report.lines()))
    return 0 if report.is_usable else 1


@app.command(name="import")
def import_(
    table: Path,
    *,
    images: Path,
    out: Path | None = None,
    px_per_degree: float | None = None,
    origin: int = 0,
    drop_first: Annotated[bool, Parameter(negative=())] = False,
    columns: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    name: str | None = None,
) -> int:
    """Bring a table of fixations (image, observer, x, y, and where known time and duration) and its pictures into one folder.

    Args:
        table: A CSV file with a header.
        images: The folder of the pictures.
        out: The folder to write; the table's name without its ending, here, where it is not given.
        px_per_degree: Pixels per degree of visual angle, in these pictures.
        origin: The number of the first pixel in the table: 0 or 1.
        drop_first: The first fixation of each scan path was forced to the centre: readers drop it.
        columns: OURS=THEIRS where a column is not recognised by its name, such as x=FPOGX.
        name: Of the set; the folder's name where it is not given.
    """
    given = dict(word.split("=", 1) for word in columns if "=" in word)
    out = out or Path(table.stem)
    problems = import_table(
        table, images, out, pixels_per_degree=px_per_degree, origin=origin, drop_first=drop_first, columns=given, name=name
    )
    for line in check_dataset(load_dataset(name or out.name, out)).lines():
        print(line)
    for problem in problems:
        print(f"{problem.kind}: {problem.key}: {problem.count} {problem.done}", file=sys.stderr)
    if px_per_degree is None:
        print("no pixels per degree were given: densities of this set need their sigma in pixels", file=sys.stderr)
    return 0


@app.command
def sigma(
    data: str,
    *,
    maps: Path | None = None,
    pictures: int = 8,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Recover the width of the Gaussian that released maps were made with, from the maps and the fixations.

    Args:
        data: NAME=PATH, or the name of an embedded set; it has to have fixations.
        maps: The released maps, one per picture, named by its stem; those that came with the set where it is left out.
        pictures: How many to fit, spread over the set.
        json: Print one JSON document.
    """
    chosen = load_dataset(*split_spec(data))
    released = Sample.distributed_map if maps is None else partial(_map_of, MapsFolder(maps))
    fits = released_blur(chosen, released=released, pictures=pictures)
    degrees = None if chosen.pixels_per_degree is None else fits[0].degrees(chosen.pixels_per_degree)
    if json:
        print(dumps({"data": chosen.name, "sigma_px": fits[0].sigma_px, "sigma_degrees": degrees, "fits": [asdict(fit) for fit in fits]}))
        return
    best = fits[0]
    width = f"{best.sigma_px:.2f} px" + (f" = {degrees:.3f} degrees" if degrees is not None else " (the set states no pixels per degree)")
    print(f"sigma {width}; count {best.count}, border {best.border}; correlation {best.correlation:.5f} over {best.pictures} pictures")
    for fit in fits[1:]:
        print(f"  else {fit.sigma_px:.2f} px, count {fit.count}, border {fit.border}: correlation {fit.correlation:.5f}")
    if best.correlation < RECIPE_FITS:
        print(f"a correlation below {RECIPE_FITS} says that these maps are no Gaussian blur of these fixations", file=sys.stderr)


@app.command(name="list")
def list_(*, json: Annotated[bool, Parameter(negative=())] = False) -> None:
    """The data sets that are known by name.

    Args:
        json: Print one JSON document.
    """
    print_cards("datasets", as_json=json)


def _map_of(folder: MapsFolder, sample: Sample) -> ArrayLike:
    return folder.predict_stimulus(sample.stimulus).values
