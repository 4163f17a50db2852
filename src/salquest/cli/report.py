"""`salquest report`: a quest's tables and page, made again from its folder."""

from __future__ import annotations

from pathlib import Path

from salquest.cli.arguments import data_set
from salquest.cli.output import show_tables
from salquest.quest import report_quest
from salquest.runs import ProgressDisplay


def report(folder: Path, *, data: str | None = None) -> None:
    """Read every run of a quest's folder and write its tables (table.md, .csv and .json), figures and report.html.

    Args:
        folder: What `salquest quest` wrote.
        data: NAME=PATH where the data set has moved since.
    """
    with ProgressDisplay() as display:
        tables = report_quest(folder, data=data_set(data) if data else None, progress=display.update)
    show_tables(tables)
    print(f"report: {folder / 'report.html'}")
