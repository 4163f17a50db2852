"""What commands print on stdout: tables as wide as the terminal, or wide enough where there is none."""

from __future__ import annotations

from typing import Any

# columns for files and pipes, where no terminal says how wide it is
PLAIN_WIDTH = 120


def show(table: Any) -> None:
    """Print something rich can draw."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH, highlight=False)
    console.print(table)
