"""A table of words and ready-made numbers, for everything in a report that is not a score with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def to_terminal(self) -> Any:
        """The table for a terminal (something rich prints): the first column to the left, the others to the right."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=self.caption or None, caption_justify="left")
        for number, title in enumerate(self.titles):
            table.add_column(Text(title), justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*(Text(cell) for cell in row))  # Text, because a cell may hold square brackets, which rich would read as style
        return table
