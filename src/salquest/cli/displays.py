"""`salquest displays`: draw sets of synthetic displays, and score models on them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from salquest.errors import InputError
from salquest.runs import ProgressDisplay

app = App(name="displays", help="Search displays with a known target: draw them, score models on them.")


@app.command
def make(
    set_: Annotated[str, Parameter(name="SET")],
    *,
    out: Path,
    seed: int = 0,
    size: str | None = None,
    per_level: int | None = None,
    families: str = "",
    layout: str = "grid",
    background: Path | None = None,
    workers: int = 1,
) -> int:
    """Draw a set of displays into a folder; the same command goes on where it was stopped.

    Args:
        set_: quick, standard, p3like or sid4vamlike.
        out: The folder to write.
        seed: Of everything random.
        size: WIDTHxHEIGHT in pixels; the view stays the same, a smaller picture is coarser.
        per_level: Displays of each family and level.
        families: Only these families, comma-separated; salquest displays families lists them.
        layout: grid, or ring: eight places on a circle, equally far from the middle.
        background: A picture to lay below all items instead of the families' own grounds.
        workers: Processes that draw at the same time.
    """
    from salquest.cli.arguments import names
    from salquest.displays import make_set, plan_set

    plan = plan_set(set_, seed=seed, size=_size(size), per_level=per_level, families=names(families), layout=layout)
    with ProgressDisplay() as display:
        root = make_set(plan, out, backdrop=background, workers=workers, progress=lambda done, all_: display.update("drawing", done, all_))
    print(
        f"{root}: {len(plan.jobs())} displays of {len(plan.levels)} families; checksum {(root / 'checksum.txt').read_text().strip()[:12]}"
    )
    return 0


@app.command
def score(
    *,
    model: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    set_: Annotated[str, Parameter(name="--set")] = "quick",
    out: Path,
    natural: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    with_prior: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
    workers: int | None = None,
) -> int:
    """Score models on displays: tables, curves, hits and misses on one page; the same command goes on where it was stopped.

    Args:
        model: Names from `salquest list models`, or run folders; several may be given. All that need no training where it is left out.
        set_: A set by its name, drawn beside OUT, or a folder: of `salquest displays make`, P3, O3 or SID4VAM.
        out: The folder for scores.csv, table.md, report.html and figures/.
        natural: NAME=PATH of photographs with gaze, or an embedded set's NAME, to score the same models on; several may be given.
        with_prior: Let every model that looks at the picture enter a second time, multiplied by the centre bias.
        device: Where networks run.
        workers: Processes; all cores where it is not given.
    """
    from salquest.cli.arguments import split_spec
    from salquest.displays import SETS, enter, make_set, plan_set, read_displays, report_displays, score_displays
    from salquest.runs.cores import available_cores

    cores = workers or available_cores()
    entrants = enter(model, with_prior=with_prior, device=device)
    data = dict(split_spec(word) for word in natural)
    with ProgressDisplay() as display:
        folder = Path(set_)
        if set_ in SETS and not folder.is_dir():
            folder = out.with_name(f"{out.name}-displays")
            make_set(plan_set(set_), folder, workers=cores, progress=lambda done, all_: display.update("drawing", done, all_))
        shown = read_displays(folder)
        result = score_displays(entrants, shown, out, natural=data, workers=cores, progress=display.update)
        words = [*(f"--model {name}" for name in model), f"--set {set_}", *(f"--natural {word}" for word in natural)]
        conclusion = report_displays(result, command=" ".join(["salquest displays score", *words]), workers=cores, progress=display.update)
    print(f"{out / 'report.html'}: {len(shown)} displays, {len(entrants)} models")
    print(conclusion)
    for name, picture, reason in result.failed[:10]:
        print(f"{name}: {picture} was not scored: {reason}", file=sys.stderr)
    return 1 if result.failed else 0


@app.command(name="families")
def families_() -> None:
    """The families of displays that can be drawn."""
    from rich.table import Table

    from salquest.cli.output import show
    from salquest.displays import FAMILIES

    table = Table(header_style="bold", box=None, pad_edge=False)
    for heading in ("name", "dimension", "what", "levels", "unit"):
        table.add_column(heading, no_wrap=heading == "name")
    for name, card in FAMILIES.items():
        table.add_row(name, card.dimension, card.title, " ".join(f"{level:g}" for level in card.levels), card.unit)
    show(table)


def _size(text: str | None) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as (height, width)."""
    if text is None:
        return None
    width, sign, height = text.lower().partition("x")
    if not sign or not width.isdigit() or not height.isdigit():
        raise InputError(f"a size is WIDTHxHEIGHT in pixels, such as 1024x1024; found {text!r}")
    return int(height), int(width)
