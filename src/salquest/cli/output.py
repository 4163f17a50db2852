"""What commands print on stdout: tables as wide as the terminal, or wide enough where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salquest.report import ScoreTable

# columns for files and pipes, where no terminal says how wide it is
PLAIN_WIDTH = 120


def show(table: Any) -> None:
    """Print something rich can draw."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH, highlight=False)
    console.print(table)


def show_tables(tables: Mapping[str, ScoreTable]) -> None:
    """Print the tables of a quest, each under its name where it has one."""
    for name, table in tables.items():
        if name:
            show(f"[bold]{name}[/bold]")
        show(table.to_terminal())
