"""One self-contained HTML page: table, figures and pictures inside the file, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from numpy.typing import NDArray

from salquest.report.figures import picture_bytes
from salquest.report.pair_table import PairTable
from salquest.report.table import ScoreTable

PICTURE_WIDTH = 260


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side: one row per stimulus, one column per title; each picture is (H, W, 3) uint8, or None where there is none."""

    titles: Sequence[str]
    rows: Sequence[tuple[str, Sequence[NDArray | None]]]
    heading: str = "Pictures"


def quest_page(
    *,
    title: str,
    introduction: str,
    table: ScoreTable,
    gains: ScoreTable | None,
    figures: Mapping[str, bytes],
    gallery: Gallery,
    runs: Sequence[Mapping[str, Any]],
    facts: Mapping[str, str],
) -> str:
    """The page of a quest.

    Args:
        title, introduction: what was asked.
        table: the scores; `gains` the paired differences to the floor.
        figures: caption -> PNG.
        gallery: stimulus, where people looked, one prediction per run.
        runs: per run its name, loss, status, reason, best epoch, epochs, seconds.
        facts: what a reader needs to repeat it: data, edition, split, versions, command.
    """
    return _render(
        "quest.html",
        title=title,
        introduction=introduction,
        table=table,
        gains=gains,
        shares=None,
        pairs=None,
        figures=figures,
        gallery=gallery,
        runs=runs,
        facts=facts,
    )


def score_page(
    *,
    title: str,
    table: ScoreTable,
    figures: Mapping[str, bytes],
    gallery: Gallery,
    facts: Mapping[str, str],
    pairs: PairTable | None = None,
    shares: ScoreTable | None = None,
    introduction: str = "",
) -> str:
    """The page of `salquest score` and `salquest compare`: a table of means, differences of pairs, shares of the ceiling, figures, pictures."""
    return _render(
        "quest.html",
        title=title,
        introduction=introduction,
        table=table,
        gains=None,
        shares=shares,
        pairs=pairs,
        figures=figures,
        gallery=gallery,
        runs=(),
        facts=facts,
    )


def _render(template: str, **content: Any) -> str:
    return str(_environment().get_template(template).render(**content))


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("salquest.report") / "templates"
    sources = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".html")}
    environment = Environment(loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["png"] = lambda content: "data:image/png;base64," + base64.b64encode(content).decode()
    environment.filters["jpeg"] = lambda pixels: (
        "data:image/jpeg;base64," + base64.b64encode(picture_bytes(pixels, width=PICTURE_WIDTH)).decode()
    )
    return environment
