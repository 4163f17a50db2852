"""What every decoder does first with an encoder's taps: see that they are the ones it was made for, and bring them to one grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor

from salquest.errors import InputError

Resize = Literal["bilinear", "bilinear_corners", "nearest"]
"""How a tap goes to another grid: bilinear with the outer edges aligned (align_corners False), with the corner centres aligned, nearest."""


def check_taps(taps: Sequence[Tensor], channels: Sequence[int]) -> None:
    """See that the taps are (B, C, h, w) with the channels that the decoder was made for.

    Raises:
        InputError: they are not.
    """
    found = [tuple(tap.shape) for tap in taps]
    if [shape[1] if len(shape) == 4 else None for shape in found] != list(channels):
        raise InputError(f"this decoder reads taps of (B, C, h, w) with {', '.join(map(str, channels))} channels; found shapes {found}")


def resize_tap(tap: Tensor, grid: tuple[int, int], resize: Resize = "bilinear") -> Tensor:
    """A tap (B, C, h, w) on another grid (height, width); untouched where it has it already."""
    if tuple(tap.shape[-2:]) == grid:
        return tap
    if resize == "nearest":
        return F.interpolate(tap, size=grid, mode="nearest")
    return F.interpolate(tap, size=grid, mode="bilinear", align_corners=resize == "bilinear_corners")
