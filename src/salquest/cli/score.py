"""`salquest score`: maps or models against where people looked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.cli.arguments import names
from salquest.cli.output import show
from salquest.cli.scoring import chosen_models, chosen_part, gallery, limits_of, score_table, share_table, tell
from salquest.errors import InputError
from salquest.evaluation import DEFAULT_METRICS, evaluate_all
from salquest.metrics.conventions import convention_named
from salquest.report import Section, report_page, score_figure
from salquest.runs import Columns, ProgressDisplay, write_text

# pictures on the page, evenly over the scored ones
PICTURES = 6


def score(
    *,
    data: Annotated[str, Parameter(help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA.")],
    maps: Annotated[list[Path], Parameter(negative=())] = [],  # noqa: B006
    model: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    metrics: str = ",".join(DEFAULT_METRICS),
    convention: str = "exact",
    average: Literal["pictures", "fixations"] | None = None,
    floor: float = 0.0,
    part: str = "all",
    sigma_px: float | None = None,
    csv: Path | None = None,
    html: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    limits: bool = True,
    device: str = "cpu",
    workers: int | None = None,
) -> int:
    """Score folders of maps, or models, on a data set: means with 95 % intervals over pictures.

    Args:
        maps: Folders with one map per picture, named by its stem (.npy, 16- or 8-bit pictures); several may be given.
        model: Names from `salquest list models`, or run folders; several may be given.
        metrics: Comma-separated names from `salquest list metrics`.
        convention: Whose definitions; see `salquest list metrics`.
        average: What the means count; what the convention says where it is not given.
        floor: Added to 8-bit maps for kl, ig and ll, in their steps: 0.5 says that a stored 0 is not nothing.
        part: all, or train, val or test of the set's own division.
        sigma_px: Of the densities that cc, sim and kl compare with; one degree where it is not given.
        csv: Write one row per model and picture to this file.
        html: Write a page with table, figure and pictures to this file.
        json: Print one JSON document instead of a table.
        limits: Show the floor (centre bias of the other pictures), the ceiling (other observers), and each score's share of the way between.
        device: Where networks run.
        workers: Threads that score; all cores for folders of maps where it is not given.
    """
    if not maps and not model:
        raise InputError("nothing to score: give --maps DIR or --model NAME, each as often as you like")
    convention_named(convention)
    chosen = chosen_part(data, part)
    models = chosen_models(maps, model, device=device)
    with ProgressDisplay() as display:
        results = evaluate_all(
            models,
            chosen,
            metrics=names(metrics),
            convention=convention,
            average=average,
            floor=floor,
            sigma_px=sigma_px,
            workers=workers,
            progress=lambda name, done, total: display.update(f"scoring {name}", done, total),
        )
        lowest, highest = limits_of(results, chosen, display) if limits else (None, None)
    table = score_table(results, part, lowest, highest)
    shares = share_table(results, lowest, highest) if lowest and highest else None
    if csv is not None:
        rows = [{"model": result.model, **row} for result in results for row in result.columns.rows()]
        Columns.of_rows(rows).save(csv)
    if html is not None:
        common = [key for key in results[0].keys if all(key in result.keys for result in results)]
        number = min(PICTURES, len(common))
        page = report_page(
            title=f"{chosen.name}: {', '.join(result.model for result in results)}",
            sections=[
                Section("Scores", scores=table),
                *([Section("Share of the ceiling", scores=shares)] if shares is not None else []),
                Section("Means and intervals", picture=score_figure(table, [column.key for column in table.columns])),
            ],
            gallery=gallery(models, chosen, [common[i * len(common) // number] for i in range(number)], results[0].sigma_px),
            facts={"data": f"{chosen.name}, edition {chosen.edition()}, {part} pictures", "convention": convention},
        )
        write_text(html, page)
    if json:
        print(table.to_json(), end="")
    else:
        show(table.to_terminal())
        if shares is not None:
            show(shares.to_terminal())
    for result in results:
        tell(result)
    return 1 if any(result.missing for result in results) else 0
