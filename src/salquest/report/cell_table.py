"""A table of words and ready-made numbers, for everything in a report that is not a score with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from salquest.report.table import escaped


@dataclass(frozen=True)
class CellTable:
    """Headings, rows of text and a caption."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def to_markdown(self) -> str:
        """The table in Markdown."""
        lines = ["| " + " | ".join(map(escaped, row)) + " |" for row in (self.titles, *self.rows)]
        lines.insert(1, "|---" * len(self.titles) + "|")
        return "\n".join(lines) + "\n" + (f"\n{self.caption}\n" if self.caption else "")
