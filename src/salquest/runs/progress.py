"""What a person sees while work goes on: bars with the time left, on stderr; nothing where there is no terminal and nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressDisplay:
    """Bars by name; each appears when it is first told of and leaves when it is full.

    Where stderr is no terminal only `say` writes, one plain line each.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._quiet = quiet
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._bars: Progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def update(self, name: str, done: int, total: int, *, text: str | None = None) -> None:
        """Move a bar; `text` is what stands before it where it is not the name."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text or name, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total, description=text or name)
        if done >= total:
            self._bars.remove_task(self._tasks.pop(name))

    def say(self, sentence: str) -> None:
        """One line that stays."""
        if not self._quiet:
            self._console.print(sentence, markup=False)
