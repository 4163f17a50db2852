"""A table of scores: rows are models or losses, columns are metrics; the best three of each column are marked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

RowKind = Literal["model", "floor", "ceiling"]


@dataclass(frozen=True)
class Score:
    """A mean with the 95 % interval of that mean."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class ColumnSpec:
    """One metric: its key in the data, its title and unit for people, and which direction is better."""

    key: str
    title: str
    direction: Literal["up", "down"]
    unit: str = ""
    decimals: int = 3

    @property
    def heading(self) -> str:
        """Title, unit and an arrow to the better side: `KL (nat) ↓`."""
        return f"{self.title}{f' ({self.unit})' if self.unit else ''} {'↑' if self.direction == 'up' else '↓'}"


@dataclass(frozen=True)
class Row:
    """One line: a model that competes, a floor or a ceiling that does not; `note` says what a reader must know (failed, collapsed)."""

    name: str
    cells: Mapping[str, Score]
    kind: RowKind = "model"
    note: str = ""


@dataclass(frozen=True)
class ScoreTable:
    """Rows and columns, and a caption that says what the numbers are: data, pictures, convention, interval."""

    rows: Sequence[Row]
    columns: Sequence[ColumnSpec]
    caption: str

    def ranks(self, key: str) -> dict[str, int]:
        """Row name -> 1, 2 or 3 for the best three models of a column; failed and collapsed rows are not ranked."""
        spec = next(column for column in self.columns if column.key == key)
        valid = [
            row
            for row in self.rows
            if row.kind == "model" and not row.note and key in row.cells and row.cells[key].mean == row.cells[key].mean
        ]
        ordered = sorted(valid, key=lambda row: row.cells[key].mean, reverse=spec.direction == "up")
        return {row.name: place for place, row in enumerate(ordered[:3], start=1)}

    def text(self, row: Row, column: ColumnSpec) -> tuple[str, str]:
        """(mean, interval) of a cell as text; both empty where there is none."""
        score = row.cells.get(column.key)
        if score is None or score.mean != score.mean:
            return "", ""
        d = column.decimals
        return f"{score.mean:.{d}f}", f"{score.low:.{d}f}..{score.high:.{d}f}"

    def to_markdown(self) -> str:
        """The table in Markdown: best bold, second and third italic."""
        ranks = {column.key: self.ranks(column.key) for column in self.columns}
        lines = ["| | " + " | ".join(column.heading for column in self.columns) + " |", "|---" * (len(self.columns) + 1) + "|"]
        for row in self.rows:
            cells = []
            for column in self.columns:
                mean, interval = self.text(row, column)
                mark = {1: "**", 2: "*", 3: "*"}.get(ranks[column.key].get(row.name, 0), "")
                cells.append(f"{mark}{mean}{mark} <sub>{interval}</sub>" if mean else "")
            name = escaped(row.name + (f" ({row.note})" if row.note else ""))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return "\n".join(lines) + f"\n\n{self.caption}\n"

    def to_csv(self) -> str:
        """One line per row; a metric has the columns key, key_low and key_high."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["row", "kind", "note", *(f"{c.key}{end}" for c in self.columns for end in ("", "_low", "_high"))])
        for row in self.rows:
            cells: list[Any] = []
            for column in self.columns:
                score = row.cells.get(column.key)
                cells += [repr(score.mean), repr(score.low), repr(score.high)] if score else ["", "", ""]
            writer.writerow([row.name, row.kind, row.note, *cells])
        return text.getvalue()

    def as_document(self) -> dict[str, Any]:
        """Plain values for JSON; a score that is no number is null."""
        return {
            "caption": self.caption,
            "columns": [{"key": c.key, "title": c.title, "unit": c.unit, "direction": c.direction} for c in self.columns],
            "rows": [
                {
                    "name": row.name,
                    "kind": row.kind,
                    "note": row.note,
                    "scores": {key: [v if v == v else None for v in (s.mean, s.low, s.high)] for key, s in row.cells.items()},
                }
                for row in self.rows
            ],
        }

    def to_json(self) -> str:
        """The table as one JSON document."""
        return json.dumps(self.as_document(), indent=1, ensure_ascii=False) + "\n"

    def to_terminal(self) -> Any:
        """The table for a terminal (something rich prints): best bold, second and third italic, half the interval's width below the mean."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        ranks = {column.key: self.ranks(column.key) for column in self.columns}
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))
        table.add_column("", min_width=min(24, max((len(row.name) for row in self.rows), default=0)))
        for column in self.columns:
            table.add_column(column.heading, justify="right", no_wrap=True)
        for row in self.rows:
            cells = []
            for column in self.columns:
                mean, _ = self.text(row, column)
                style = {1: "bold", 2: "italic", 3: "italic"}.get(ranks[column.key].get(row.name, 0), "")
                score = row.cells.get(column.key)
                half = f"±{(score.high - score.low) / 2:.{column.decimals}f}" if mean and score is not None else ""
                cells.append(Text.assemble((mean, style), ("\n" + half, "dim")))
            name = Text.assemble((row.name, "" if row.kind == "model" else "dim"), (f"\n{row.note}" if row.note else "", "red"))
            table.add_row(name, *cells)
        return Group(table, Text(self.caption + " ± is half the width of the interval.", style="dim"))


def escaped(text: str) -> str:
    """Text that stays in its cell and that Markdown prints as it is: losses are full of asterisks, reasons may have several lines."""
    return " ".join(text.split()).replace("*", "\\*").replace("|", "\\|").replace("<", "&lt;")
