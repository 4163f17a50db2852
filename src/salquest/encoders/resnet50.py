"""ResNet-50 (He 2016) as six stages, stem, pooling and four layers of bottlenecks, and the keys of torchvision's file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from salquest.encoders.cards import Padding, Tap

if TYPE_CHECKING:
    from torch import nn

BLOCKS = (3, 4, 6, 3)
"""Bottlenecks of layer1 to layer4; the 3x3 convolutions have 64, 128, 256, 512 maps and the last ones four times as many."""

STRIDES, DILATIONS = (1, 2, 2, 2), (1, 1, 1, 1)
DILATED_STRIDES, DILATED = (1, 2, 1, 1), (1, 1, 2, 4)

TAPS = (
    Tap("stem", 0, 64, 2),
    Tap("maxpool", 1, 64, 4),
    Tap("layer1", 2, 256, 4),
    Tap("layer2", 3, 512, 8),
    Tap("layer3", 4, 1024, 16),
    Tap("layer4", 5, 2048, 32),
)
DILATED_TAPS = tuple(replace(tap, stride=min(tap.stride, 8)) for tap in TAPS)


def build_resnet50(padding: Padding) -> nn.Sequential:
    """The list of features, with 23 508 032 parameters.

    Where a layer halves its grid the stride is in the 3x3 convolution of its first block, as in torchvision's network and weights; He 2016
    and Keras have it in the 1x1 before.

    Args:
        padding: of the stem, the pooling and the halving convolutions.
    """
    return _build(padding, STRIDES, DILATIONS)


def build_dilated_resnet50(padding: Padding) -> nn.Sequential:
    """DCN-ResNet (Cornia 2018): layer3 and layer4 keep the grid of stride 8, and all their 3x3 convolutions have dilation 2 and 4.

    Cornia's weights had the stride in the 1x1, so that a 3x3 convolution with dilation sees what it was trained on. With torchvision's
    weights this holds but for the first 3x3 of each of the two layers, which was trained on cells half as far apart.
    """
    return _build(padding, DILATED_STRIDES, DILATED)


def _build(padding: Padding, strides: Sequence[int], dilations: Sequence[int]) -> nn.Sequential:
    from torch import nn

    from salquest.encoders.bottlenecks import Bottleneck
    from salquest.encoders.padded import SameMaxPool2d, convolution

    stages: list[nn.Module] = [
        nn.Sequential(convolution(3, 64, 7, stride=2, padding=padding), nn.BatchNorm2d(64), nn.ReLU(inplace=True)),
        SameMaxPool2d(3, 2) if padding == "same" else nn.MaxPool2d(3, 2, padding=1),
    ]
    channels = 64
    for layer, (blocks, stride, dilation) in enumerate(zip(BLOCKS, strides, dilations, strict=True)):
        narrow = 64 * 2**layer
        bottlenecks = []
        for block in range(blocks):
            bottlenecks.append(Bottleneck(channels, narrow, stride=stride if block == 0 else 1, dilation=dilation, padding=padding))
            channels = 4 * narrow
        stages.append(nn.Sequential(*bottlenecks))
    return nn.Sequential(*stages)


def rename_torchvision_keys(key: str) -> str:
    """A key of torchvision's file as ours: `layer1.0.conv1.weight` becomes `features.2.0.conv1.weight`."""
    layer = re.fullmatch(r"layer([1-4])\.(.+)", key)
    if layer is not None:
        return f"features.{int(layer[1]) + 1}.{layer[2]}"
    stem = re.fullmatch(r"(conv1|bn1)\.(\w+)", key)
    return key if stem is None else f"features.0.{'0' if stem[1] == 'conv1' else '1'}.{stem[2]}"
