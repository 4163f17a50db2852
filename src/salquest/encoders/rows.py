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


class Block(NamedTuple):
    """One block of a table: its row, and the stride and dilation of its depthwise convolution."""

    row: Row
    stride: int
    dilation: int


def blocks_of(rows: Sequence[Row], *, end_stride: int | None = None) -> tuple[Block, ...]:
    """The blocks of a table behind a stem of stride 2.

    Args:
        rows: the table.
        end_stride: None for the table as it stands; else strides that would go beyond it are left out, and all that follows looks through
            as much dilation instead (Yu 2016). What a unit sees does not change by that, there are only more units.
    """
    blocks: list[Block] = []
    reached, dilation = 2, 1
    for row in rows:
        for step in range(row.repeat):
            stride = row.stride if step == 0 else 1
            is_left_out = end_stride is not None and reached * stride > end_stride
            blocks.append(Block(row, 1 if is_left_out else stride, dilation))
            reached *= blocks[-1].stride
            # only behind it: its own taps lie on the grid that it was trained on
            dilation *= stride if is_left_out else 1
    return tuple(blocks)


def taps_of(
    rows: Sequence[Row], names: Sequence[str], *, stem: int = 32, head: int = 1280, end_stride: int | None = None
) -> tuple[Tap, ...]:
    """One tap after every module of the list that `build_inverted_residuals` makes of the same rows."""
    taps = [Tap(names[0], 0, stem, 2)]
    for row, stride, _ in blocks_of(rows, end_stride=end_stride):
        taps.append(Tap(names[len(taps)], len(taps), row.channels, taps[-1].stride * stride))
    return (*taps, Tap(names[len(taps)], len(taps), head, taps[-1].stride))
