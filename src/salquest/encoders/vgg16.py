"""VGG-16's thirteen convolutions (Simonyan 2015) as one list of features, keyed as torchvision keys them."""

from __future__ import annotations

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


def build_vgg16(padding: Padding) -> nn.Sequential:
    """The list of features, with 14 714 688 parameters.

    Args:
        padding: changes nothing here: no convolution has a stride, and SAME is symmetric without one.
    """
    from torch import nn

    layers: list[nn.Module] = []
    channels = 3
    for widths in BLOCKS:
        for width in widths:
            # not in place: a tap before the ReLU must stay what it was
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)
