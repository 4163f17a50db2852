"""The folder that a dissection leaves: its request, four tables, one JSON document; and the cache by which the same request goes on.

request.json   what was asked; another request is refused, so that tables and cache never mix
units.csv      one row per network, layer, unit and category
layers.csv     one row per network, layer, category and score, with the controls
health.csv     one row per network and layer: dead, exploding and sparse units
drift.csv      one row per pair of networks and layer, where there are two
dissection.json   what the tables rest on, and layers, health and drift as rows
cache/         finished work
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from salquest.dissection.scores import SCORES
from salquest.dissection.study import Dissection
from salquest.dissection.tables import drift_table, health_table, layer_table, unit_table
from salquest.errors import Refused
from salquest.runs import versions, write_json

REQUEST, CACHE = "request.json", "cache"


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


def write_dissection(found: Dissection, out: Path, request: Mapping[str, Any]) -> None:
    """Write the request, the tables and dissection.json, each whole or not at all."""
    write_json(out / REQUEST, request)
    layers, health, drift = layer_table(found), health_table(found), drift_table(found)
    unit_table(found).save(out / "units.csv")
    layers.save(out / "layers.csv")
    health.save(out / "health.csv")
    if drift.height:
        drift.save(out / "drift.csv")
    write_json(out / "dissection.json", document(found))


def document(found: Dissection) -> dict[str, Any]:
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
    }
