"""A table of pairs: by how much two models differ under a metric, how surely, and which one is in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# differences with a corrected p below this are marked
SURE = 0.05


@dataclass(frozen=True)
class PairRow:
    """One pair under one metric: `heading` is the metric with unit and direction, `difference` is first - second with its 95 % interval."""

    heading: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    better: str

    @property
    def is_sure(self) -> bool:
        """Whether the difference stands after Holm's correction."""
        return self.p_holm < SURE

    def cells(self) -> tuple[str, ...]:
        """Metric, pair, difference, interval, both p values, and who is better where that is sure."""
        return (
            self.heading,
            f"{self.first} − {self.second}",
            f"{self.difference:+.3f}",
            f"{self.low:+.3f}..{self.high:+.3f}",
            p_text(self.p),
            p_text(self.p_holm),
            self.better if self.is_sure else "-",
        )


@dataclass(frozen=True)
class PairTable:
    """Rows, and a caption that says how they were tested."""

    rows: Sequence[PairRow]
    caption: str

    titles = ("", "difference of", "mean", "95 % interval", "p", "p (Holm)", "better")

    def to_terminal(self) -> Any:
        """The table for a terminal (something rich prints): sure differences bold."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
        for title in self.titles:
            table.add_column(
                title, justify="left" if title in ("", "difference of", "better") else "right", no_wrap=title != "difference of"
            )
        for row in self.rows:
            table.add_row(*(Text(cell, style="bold" if row.is_sure else "") for cell in row.cells()))
        return Group(table, Text(f"{self.caption}. Bold: p (Holm) below {SURE:g}.", style="dim"))


def p_text(p: float) -> str:
    """A p value as it is printed: three decimals, or that it is smaller."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
