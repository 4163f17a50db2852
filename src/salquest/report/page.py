"""One self-contained HTML page: table, figures and pictures inside the file, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from numpy.typing import NDArray

from salquest.report.cell_table import CellTable
from salquest.report.figures import picture_bytes
from salquest.report.pair_table import PairTable
from salquest.report.table import ScoreTable

PICTURE_WIDTH = 260
# a gallery with more columns shows its pictures stimulus by stimulus, in lines that wrap
WIDE = 9
TEMPLATES = (".html", ".css", ".js")


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side: one row per stimulus, one column per title; each picture is (H, W, 3) uint8, or None where there is none."""

    titles: Sequence[str]
    rows: Sequence[tuple[str, Sequence[NDArray | None]]]
    heading: str = "Pictures"


@dataclass(frozen=True)
class Section:
    """A part of a page under its heading: words, then whichever of a table of scores, one of pairs, one of cells and a PNG there is.

    A folded one shows its heading only until it is opened.
    """

    heading: str
    text: str = ""
    scores: ScoreTable | None = None
    pairs: PairTable | None = None
    cells: CellTable | None = None
    picture: bytes | None = None
    folded: bool = False


def report_page(
    *,
    title: str,
    introduction: str = "",
    sections: Sequence[Section],
    gallery: Gallery,
    facts: Mapping[str, str],
    runs: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The page of a quest, of `salquest score` and of `salquest compare`.

    Args:
        title, introduction: what was asked.
        sections: in the order of reading.
        gallery: stimulus, where people looked, one prediction per model.
        facts: what a reader needs to repeat it: data, edition, split, versions, command.
        runs: of a quest, per run its name, loss, status, reason, best epoch, epochs, seconds.
    """
    return str(
        page_templates()
        .get_template("report.html")
        .render(title=title, introduction=introduction, sections=sections, gallery=gallery, facts=facts, runs=runs, wide=WIDE)
    )


@lru_cache(maxsize=1)
def page_templates() -> Any:
    """The templates of all pages: every word that is filled in is escaped, looks and scripts are included as they are."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("salquest.report") / "templates"
    sources = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(TEMPLATES)}
    environment = Environment(loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["png"] = lambda content: "data:image/png;base64," + base64.b64encode(content).decode()
    environment.filters["jpeg"] = lambda pixels: (
        "data:image/jpeg;base64," + base64.b64encode(picture_bytes(pixels, width=PICTURE_WIDTH)).decode()
    )
    return environment
