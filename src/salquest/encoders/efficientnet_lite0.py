"""EfficientNet-Lite0 (Google 2020): its table of rows, its taps, and the keys of the file in its wheel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from salquest.encoders.cards import Normalisation, Padding
from salquest.encoders.rows import Row, taps_of

if TYPE_CHECKING:
    from torch import nn

ROWS = (
    Row(1, 3, 1, 1, 16),
    Row(2, 3, 2, 6, 24),
    Row(2, 5, 2, 6, 40),
    Row(3, 3, 2, 6, 80),
    Row(3, 5, 1, 6, 112),
    Row(4, 5, 2, 6, 192),
    Row(1, 3, 1, 6, 320),
)
NAMES = ["stem", *(f"blocks.{index}" for index in range(16)), "head"]
TAPS = taps_of(ROWS, NAMES)
DILATED_STRIDE = 16
"""Where the dilated form stops halving: blocks.11 keeps its grid, blocks.12 to 15 look through dilation 2."""
DILATED_TAPS = taps_of(ROWS, NAMES, end_stride=DILATED_STRIDE)
NORMALISATION = Normalisation((127 / 255,) * 3, (128 / 255,) * 3)  # (x - 127) / 128 of RGB in 0..255

_OUTSIDE = {"_conv_stem": "features.0.0", "_bn0": "features.0.1", "_conv_head": "features.17.0", "_bn1": "features.17.1"}
_INSIDE = {"_expand_conv": "0.0", "_bn0": "0.1", "_depthwise_conv": "1.0", "_bn1": "1.1", "_project_conv": "2", "_bn2": "3"}
_INSIDE_FIRST = {"_depthwise_conv": "0.0", "_bn1": "0.1", "_project_conv": "1", "_bn2": "2"}  # block 0 does not widen


def build_efficientnet_lite0(padding: Padding) -> nn.Sequential:
    """The list of features: stem, 16 blocks, head, with 3 371 008 parameters."""
    from salquest.encoders.inverted_residuals import build_inverted_residuals

    # TensorFlow's batch norm adds 1e-3 where torch's adds 1e-5
    return build_inverted_residuals(ROWS, padding=padding, eps=1e-3)


def build_dilated_efficientnet_lite0(padding: Padding) -> nn.Sequential:
    """The same list with the last stride replaced by dilation."""
    from salquest.encoders.inverted_residuals import build_inverted_residuals

    return build_inverted_residuals(ROWS, padding=padding, eps=1e-3, end_stride=DILATED_STRIDE)


def rename_wheel_keys(key: str) -> str:
    """A key of the wheel's file as ours: `_blocks.1._expand_conv.weight` becomes `features.2.conv.0.0.weight`."""
    inside = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if inside is not None:
        block, layer, tensor = inside.groups()
        nested = (_INSIDE_FIRST if block == "0" else _INSIDE).get(layer)
        return key if nested is None else f"features.{int(block) + 1}.conv.{nested}.{tensor}"
    layer, _, tensor = key.partition(".")
    return f"{_OUTSIDE[layer]}.{tensor}" if layer in _OUTSIDE else key
