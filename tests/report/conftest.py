"""Figures as objects: laid out as they would be written, so that axes, lines and labels can be counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], bytes]], Figure]:
    """A function that draws, and gives the figure that was laid out: whatever cannot be laid out or set warns or raises here."""

    def draw(make: Callable[[], bytes]) -> Figure:
        kept: list[Figure] = []

        def keep(figure: Figure, *_: Any, **__: Any) -> None:
            figure.draw_without_rendering()
            kept.append(figure)

        monkeypatch.setattr(Figure, "savefig", keep)
        make()
        (figure,) = kept
        return figure

    return draw
