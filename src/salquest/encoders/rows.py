"""Tables of inverted residuals as data, without torch: what a row says, and which taps a table has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from salquest.encoders.cards import Tap


class Row(NamedTuple):
    """`repeat` blocks one after another: the first has the stride and changes the width, the others have stride 1 and a residual."""

    repeat: int
    kernel: int
    stride: int
    expand: int
    channels: int


def taps_of(rows: Sequence[Row], names: Sequence[str], *, stem: int = 32, head: int = 1280) -> tuple[Tap, ...]:
    """One tap after every module of the list that `build_inverted_residuals` makes of the same rows."""
    taps = [Tap(names[0], 0, stem, 2)]
    for row in rows:
        for step in range(row.repeat):
            stride = taps[-1].stride * (row.stride if step == 0 else 1)
            taps.append(Tap(names[len(taps)], len(taps), row.channels, stride))
    return (*taps, Tap(names[len(taps)], len(taps), head, taps[-1].stride))
