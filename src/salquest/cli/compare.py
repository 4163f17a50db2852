"""`salquest compare`: two or more models on the same pictures, with tests."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.cli.arguments import names
from salquest.cli.output import show
from salquest.cli.scoring import chosen_models, chosen_part, gallery, heading, limits_of, pair_table, score_table, tell
from salquest.errors import InputError
from salquest.evaluation import DEFAULT_METRICS, Comparison, evaluate_all
from salquest.evaluation import compare as compare_scores
from salquest.metrics import METRICS
from salquest.metrics.conventions import convention_named
from salquest.report import (
    PictureScatter,
    RankLine,
    Section,
    critical_difference_figure,
    report_page,
    scatter_figure,
)
from salquest.report.pair_table import p_text
from salquest.runs import ProgressDisplay, write_text

# models that the best one is set against picture by picture; more would make the page long
SCATTERS = 4
# pictures that differ most, shown on the page
PICTURES = 6


def compare(
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
    seed: int = 0,
    csv: Path | None = None,
    html: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    limits: bool = True,
    device: str = "cpu",
    workers: int | None = None,
) -> int:
    """Compare folders of maps, or models, picture by picture: differences with intervals, permutation tests, ranks.

    Args:
        maps: Folders with one map per picture, named by its stem (.npy, 16- or 8-bit pictures); several may be given.
        model: Names from `salquest list models`, or run folders; several may be given.
        metrics: Comma-separated names from `salquest list metrics`; the first one decides which pictures the page shows.
        convention: Whose definitions; see `salquest list metrics`.
        average: What the means count; what the convention says where it is not given.
        floor: Added to 8-bit maps for kl, ig and ll, in their steps: 0.5 says that a stored 0 is not nothing.
        part: all, or train, val or test of the set's own division.
        sigma_px: Of the densities that cc, sim and kl compare with; one degree where it is not given.
        seed: Of the intervals and of the random signs.
        csv: Write one row per metric and pair to this file.
        html: Write a page with tables, figures and the pictures that differ most to this file.
        json: Print one JSON document instead of tables.
        limits: Show the floor (centre bias of the other pictures) and the ceiling (other observers) beside the means.
        device: Where networks run.
        workers: Threads that score; all cores for folders of maps where it is not given.
    """
    if len(maps) + len(model) < 2:
        raise InputError("a comparison takes two or more: give --maps DIR or --model NAME, each as often as you like")
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
        found = compare_scores(results, seed=seed)
        lowest, highest = limits_of(found.results, chosen.subset(found.keys), display) if limits else (None, None)
    table, pairs = score_table(found.results, part, lowest, highest), pair_table(found)
    if csv is not None:
        found.columns().save(csv)
    if html is not None:
        best, second = _by_rank(found)[:2]
        metric = next(iter(found.rankings))
        keys = [key for key, _ in found.differing(metric, best, second, PICTURES)]
        page = report_page(
            title=f"{chosen.name}: {', '.join(found.models)}",
            introduction=_left_out(found),
            sections=[
                Section("Scores", scores=table),
                Section("Differences", pairs=pairs),
                *(Section(heading, picture=picture) for heading, picture in _figures(found).items()),
            ],
            gallery=gallery(
                models,
                chosen,
                keys,
                found.results[0].sigma_px,
                heading=f"Pictures on which {best} and {second} differ most ({METRICS[metric].title})",
            ),
            facts={"data": f"{chosen.name}, edition {chosen.edition()}, {part} pictures", "convention": convention, "seed": str(seed)},
        )
        write_text(html, page)
    if json:
        print(json_text.dumps({"table": table.as_document(), **found.as_document()}, indent=1, ensure_ascii=False))
    else:
        show(table.to_terminal())
        show(pairs.to_terminal())
        for metric, ranking in found.rankings.items():
            ranks = ", ".join(f"{name} {rank:.2f}" for name, rank in sorted(ranking.ranks.items(), key=lambda item: item[1]))
            print(
                f"{METRICS[metric].title}: average ranks {ranks}; critical difference {ranking.critical_difference:.2f}, "
                f"Friedman p {p_text(ranking.friedman_p)}"
            )
    if left_out := _left_out(found):
        print(left_out, file=sys.stderr)
    for result in results:
        tell(result)
    return 1 if any(result.missing for result in results) else 0


def _left_out(found: Comparison) -> str:
    if not found.missing:
        return ""
    named = [f"{key} ({', '.join(models)})" for key, models in list(found.missing.items())[:5]]
    others = " and others" if len(found.missing) > 5 else ""
    return f"{len(found.missing)} pictures were left out for all, because a model has no score for them: {', '.join(named)}{others}"


def _by_rank(found: Comparison) -> list[str]:
    """Models by average rank under the first metric, best first."""
    ranks = next(iter(found.rankings.values())).ranks
    return sorted(found.models, key=lambda name: ranks[name])


def _figures(found: Comparison) -> dict[str, bytes]:
    lines = [
        RankLine(
            title=heading(metric),
            ranks=ranking.ranks,
            critical_difference=ranking.critical_difference,
            groups=ranking.groups(),
            remark=f"Friedman p {p_text(ranking.friedman_p)}, {ranking.number} pictures",
        )
        for metric, ranking in found.rankings.items()
    ]
    caption = "Average ranks: models joined by a bar are not told apart at the 5 % level (Nemenyi)"
    figures = {caption: critical_difference_figure(lines)}
    best, *others = _by_rank(found)
    scores = {result.model: result for result in found.results}
    for other in others[:SCATTERS]:
        panels = [
            PictureScatter(
                title=heading(metric),
                first=other,
                second=best,
                x=list(scores[other].values(metric)),
                y=list(scores[best].values(metric)),
                keys=found.keys,
                up_is_better=METRICS[metric].direction == "up",
            )
            for metric in found.rankings
        ]
        figures[f"{best} against {other}, picture by picture"] = scatter_figure(panels)
    return figures
