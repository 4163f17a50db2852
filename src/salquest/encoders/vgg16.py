"""VGG-16's thirteen convolutions (Simonyan 2015) as one list of features, keyed as torchvision keys them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from salquest.encoders.cards import Padding, Tap

if TYPE_CHECKING:
    from torch import nn

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Output channels of the 3x3 convolutions, block by block; a 2x2 max-pooling with stride 2 that rounds down ends each block."""


def vgg16_taps() -> tuple[Tap, ...]:
    """All 31 places: convB_K before its ReLU, reluB_K after it, poolB. Papers that say "conv5_3" almost always mean relu5_3."""
    names: list[tuple[str, int, int]] = []
    for block, widths in enumerate(BLOCKS, start=1):
        for layer, width in enumerate(widths, start=1):
            names += [(f"conv{block}_{layer}", width, 2 ** (block - 1)), (f"relu{block}_{layer}", width, 2 ** (block - 1))]
        names.append((f"pool{block}", widths[-1], 2**block))
    return tuple(Tap(name, index, channels, stride) for index, (name, channels, stride) in enumerate(names))


def dilated_vgg16_taps() -> tuple[Tap, ...]:
    """The first 30 of them; from pool4 on at stride 8."""
    return tuple(replace(tap, stride=min(tap.stride, 8)) for tap in vgg16_taps()[:-1])


def build_vgg16(padding: Padding) -> nn.Sequential:
    """The list of features, with 14 714 688 parameters.

    Args:
        padding: changes nothing here: no convolution has a stride, and SAME is symmetric without one.
    """
    from torch import nn

    return nn.Sequential(*_layers(), nn.MaxPool2d(2, 2))


def build_dilated_vgg16(padding: Padding) -> nn.Sequential:
    """DCN-VGG (Cornia 2018): pool4 no longer halves the grid, block 5 looks through dilation 2, and there is no pool5.

    The layers stand where they stand in the plain list and have the same weights.

    Args:
        padding: changes nothing, as above. (Cornia's pool3 rounds up, torchvision's rounds down: the same on sides that 8 divides.)
    """
    from torch import nn

    from salquest.encoders.padded import SameMaxPool2d

    layers = _layers(last_dilation=2)
    (place,) = (tap.index for tap in vgg16_taps() if tap.name == "pool4")
    layers[place] = SameMaxPool2d(2, 1)
    return nn.Sequential(*layers)


def _layers(*, last_dilation: int = 1) -> list[nn.Module]:
    """All layers up to the last ReLU; the last block's convolutions have a dilation."""
    from torch import nn

    layers: list[nn.Module] = []
    channels = 3
    for block, widths in enumerate(BLOCKS, start=1):
        dilation = last_dilation if block == len(BLOCKS) else 1
        for width in widths:
            # not in place: a tap before the ReLU must stay what it was
            layers += [nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation), nn.ReLU()]
            channels = width
        if block < len(BLOCKS):
            layers.append(nn.MaxPool2d(2, 2))
    return layers
