"""The folder that a dissection leaves: its request, four tables, one JSON document, a page; and the cache by which a request goes on.

request.json   what was asked; another request is refused, so that tables and cache never mix
units.csv      one row per network, layer, unit and category
layers.csv     one row per network, layer, category and score, with the controls
health.csv     one row per network and layer: dead, exploding and sparse units
drift.csv      one row per pair of networks and layer, where there are two
split.csv      how much of the change goes with what (`change_split`), where that was asked for
dissection.json   what the tables rest on, and layers, health, drift and split as rows
dissection.html   the page on which they are browsed, where units' strongest pictures were asked for
*.parquet      the tables once more, where that was asked for
cache/         finished work
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from salquest.dissection.change import Change, split_table
from salquest.dissection.reporting import report_dissection
from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection
from salquest.dissection.tables import drift_table, health_table, layer_table, unit_table
from salquest.errors import Refused
from salquest.runs import versions, write_json, write_text

REQUEST, CACHE, PAGE = "request.json", "cache", "dissection.html"


def check_folder(out: Path, request: Mapping[str, Any], command: str = "dissect") -> None:
    """See that a folder may be written into: it is new, holds only kept work, or was made by the same request of the same command.

    Raises:
        Refused: it holds what another request made, or other files.
    """
    others = sorted(path.name for path in out.iterdir() if path.name != CACHE) if out.is_dir() else []
    if not others:
        return
    path = out / REQUEST
    if not path.is_file():
        raise Refused(
            f"{out} holds files that `salquest {command}` did not make ({others[0]}); choose another folder, or write with --force"
        )
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        earlier = None
    known = earlier if isinstance(earlier, dict) else {}
    differing = [name for name, value in json.loads(json.dumps(request)).items() if name not in known or known[name] != value]
    if differing:
        raise Refused(
            f"{out} holds what another request made ({', '.join(differing)} differ); choose another folder, or write over it with --force"
        )


def write_dissection(
    found: Dissection, out: Path, request: Mapping[str, Any], *, changes: Sequence[Change] = (), parquet: bool = False
) -> None:
    """Write the request, the tables, dissection.json and, where units have their strongest pictures, the page; each whole or not at all.

    Args:
        found: what `dissect` answered.
        out: the folder, made where it is missing.
        request: what was asked, as plain values.
        changes: what `change_split` answered, where that was asked for.
        parquet: write the tables as Parquet, too.

    Raises:
        Refused: the folder cannot be written. MissingExtra: Parquet without pyarrow.
    """
    write_json(out / REQUEST, request)
    tables = {"units": unit_table(found), "layers": layer_table(found), "health": health_table(found), "drift": drift_table(found)}
    tables["split"] = split_table(changes)
    for name, table in tables.items():
        if table.height:
            for ending in (".csv", ".parquet") if parquet else (".csv",):
                table.save(out / f"{name}{ending}")
    write_json(out / "dissection.json", document(found, changes))
    if found.strongest:
        write_text(out / PAGE, report_dissection(found, request, changes))


def document(found: Dissection, changes: Sequence[Change] = ()) -> dict[str, Any]:
    """Everything but the units as plain values."""
    table = found.probe.table
    return {
        "models": list(found.models),
        "pictures": len(found.probe),
        "data": found.probe.name,
        "regions": found.probe.annotations.name,
        "categories": {
            name: {"regions": int(table.holds[:, number].sum()), "pictures": len(set(table.picture[table.holds[:, number]].tolist()))}
            for number, name in enumerate(table.categories)
        },
        "regions_without_fixations": int((table.fixations == 0).sum()) if found.probe.has_fixations else None,
        "settings": asdict(found.settings),
        "scores": {name: asdict(SCORES[name]) for name in found.scores},
        "versions": versions("salquest", "torch", "numpy"),
        "health": health_table(found).rows(),
        "layers": layer_table(found).rows(),
        "drift": drift_table(found).rows(),
        "split": split_table(changes).rows(),
    }
