"""Networks made of inverted residuals (Sandler 2018), keyed as torchvision keys MobileNetV2: a stem, rows of blocks, a 1x1 head.

MobileNetV2 and EfficientNet-Lite0 are two tables of rows for the one builder here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.encoders.cards import Padding
from salquest.encoders.rows import Row


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: ceil(n / stride) cells, an odd cell of padding goes to the right and the bottom."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that torch's layer gives it)
        """Features (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        (top, bottom), (left, right) = (
            same_padding(int(size), kernel, stride)
            for size, kernel, stride in zip(input.shape[-2:], self.kernel_size, self.stride, strict=True)
        )
        return super().forward(F.pad(input, (left, right, top, bottom)))


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Cells of zeros before and after a side of `size` cells, as TensorFlow's SAME has them."""
    cells = -(-size // stride)
    total = max((cells - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolution(channels: int, width: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, padding: Padding) -> nn.Conv2d:
    """A convolution without bias that keeps the size (stride 1) or halves it, rounding up (stride 2)."""
    if padding == "same" and stride > 1:
        return SameConv2d(channels, width, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


def convolution_unit(
    channels: int, width: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, padding: Padding, eps: float
) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    layer = convolution(channels, width, kernel, stride=stride, groups=groups, padding=padding)
    # in place: nothing is tapped between a batch norm and its ReLU6, and training keeps one map fewer
    return nn.Sequential(layer, nn.BatchNorm2d(width, eps=eps), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Widen (1x1), filter each channel (depthwise), narrow (1x1, linear); added to its input where shape allows."""

    def __init__(self, channels: int, width: int, *, kernel: int, stride: int, expand: int, padding: Padding, eps: float) -> None:
        super().__init__()
        wide = channels * expand
        layers: list[nn.Module] = [] if expand == 1 else [convolution_unit(channels, wide, padding=padding, eps=eps)]
        layers += [
            convolution_unit(wide, wide, kernel, stride=stride, groups=wide, padding=padding, eps=eps),
            convolution(wide, width, padding=padding),
            nn.BatchNorm2d(width, eps=eps),
        ]
        self.conv = nn.Sequential(*layers)
        self.has_residual = stride == 1 and channels == width

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels, H, W) to (B, width, H / stride, W / stride), rounded up."""
        narrowed: Tensor = self.conv(features)
        return features + narrowed if self.has_residual else narrowed


def build_inverted_residuals(rows: Sequence[Row], *, padding: Padding, eps: float, stem: int = 32, head: int = 1280) -> nn.Sequential:
    """The list of features: stem with stride 2, one module per block, head."""
    layers: list[nn.Module] = [convolution_unit(3, stem, 3, stride=2, padding=padding, eps=eps)]
    channels = stem
    for row in rows:
        for step in range(row.repeat):
            stride = row.stride if step == 0 else 1
            block = InvertedResidual(channels, row.channels, kernel=row.kernel, stride=stride, expand=row.expand, padding=padding, eps=eps)
            layers.append(block)
            channels = row.channels
    return nn.Sequential(*layers, convolution_unit(channels, head, padding=padding, eps=eps))
