"""`salquest attention`: which share of attention each part of a design gets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from salquest import __version__
from salquest.applications.attention import AttentionStudy, RegionShare, study_attention
from salquest.cli.arguments import data_set
from salquest.cli.output import show
from salquest.models.catalogue import DEFAULT
from salquest.report import CellTable, Gallery, Section, outlined, overlay, report_page
from salquest.runs import ProgressDisplay, write_text


def attention(
    pictures: list[Path],
    *,
    regions: list[Path],
    model: str | None = None,
    data: str | None = None,
    html: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
) -> int:
    """Say which share of attention each named region of a design gets, with 95 % intervals; of two designs, what changes.

    Args:
        pictures: One design, or two.
        regions: A JSON file of named boxes and polygons, {"regions": [{"name": "logo", "box": [left, top, width, height]}]}, in pixels; a
            second one where the second design has its regions elsewhere.
        model: A name from `salquest list models`, or a run folder.
        data: NAME=PATH of pictures with eye movements to measure the intervals on; osie-mini's where it is not given.
        html: Write a page with the table, the regions and the maps.
        json: Print JSON instead of a table.
        device: Where a network runs: cpu, cuda, cuda:1, mps.
    """
    with ProgressDisplay() as display:
        study = study_attention(
            pictures,
            regions,
            model=model or DEFAULT,
            data=None if data is None else data_set(data),
            device=device,
            progress=lambda done, total: display.update("measuring intervals", done, total),
        )
    if html is not None:
        write_text(html, _page(study))
    if json:
        print(msgspec.json.format(msgspec.json.encode(_content(study)), indent=1).decode())
    else:
        show(_table(study).to_terminal())
        print("\n".join(study.notes))
    return 0


def _table(study: AttentionStudy) -> CellTable:
    if len(study.designs) == 1:
        titles = ["region", "share of attention", "95 % interval", "area", "share / area"]
        rows = [[one.name, *_share(one), f"{one.area:.1%}", f"{one.share / one.area:.2f}"] for one in study.designs[0].shares]
        return CellTable(titles, rows)
    first, second = ({one.name: one for one in design.shares} for design in study.designs)
    changes = {one.name: one for one in study.differences}
    rows = []
    for name in dict.fromkeys([*first, *second]):
        cells = [name, *(_share(first[name]) if name in first else ["-", ""]), *(_share(second[name]) if name in second else ["-", ""])]
        change = changes.get(name)
        clear = "" if change is None else "clear" if change.is_clear else "not clear"
        rows.append(
            [*cells, *(["-", "", ""] if change is None else [f"{change.difference:+.1%}", _interval(change.low, change.high), clear])]
        )
    names = [design.path.name for design in study.designs]
    return CellTable(["region", names[0], "95 %", names[1], "95 %", "difference", "95 %", ""], rows)


def _share(one: RegionShare) -> list[str]:
    return [f"{one.share:.1%}", _interval(one.low, one.high)]


def _interval(low: float, high: float) -> str:
    return f"{low:.1%} to {high:.1%}"


def _content(study: AttentionStudy) -> dict[str, Any]:
    return {
        "model": study.model,
        "designs": [{"picture": str(design.path), "regions": [asdict(one) for one in design.shares]} for design in study.designs],
        "differences": [{**asdict(one), "is_clear": one.is_clear} for one in study.differences],
        "precision": asdict(study.precision),
        "notes": study.notes,
    }


def _page(study: AttentionStudy) -> str:
    rows = []
    for design in study.designs:
        shares = {one.name: one.share for one in design.shares}
        shapes = [(f"{region.name} {shares[region.name]:.0%}", region.corners) for region in design.regions]
        rows.append((design.path.name, [design.pixels, outlined(design.pixels, shapes), overlay(design.pixels, design.saliency)]))
    names = " and ".join(design.path.name for design in study.designs)
    return report_page(
        title=f"Share of attention: {names}",
        introduction=f"Predicted by {study.model}.",
        sections=[
            Section("Shares per region", cells=_table(study)),
            Section("How far to trust it", " ".join(study.notes)),
        ],
        gallery=Gallery(["design", "regions", "predicted attention"], rows, "Designs"),
        facts={
            "model": study.model,
            "measured on": f"{study.precision.pictures} pictures of {study.precision.data}",
            "salquest": __version__,
        },
    )
