"""Networks made of inverted residuals (Sandler 2018), keyed as torchvision keys MobileNetV2: a stem, rows of blocks, a 1x1 head.

MobileNetV2 and EfficientNet-Lite0 are two tables of rows for the one builder here.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from salquest.encoders.cards import Padding
from salquest.encoders.padded import convolution
from salquest.encoders.rows import Row, blocks_of


def convolution_unit(
    channels: int, width: int, kernel: int = 1, *, stride: int = 1, dilation: int = 1, groups: int = 1, padding: Padding, eps: float
) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    layer = convolution(channels, width, kernel, stride=stride, dilation=dilation, groups=groups, padding=padding)
    # in place: nothing is tapped between a batch norm and its ReLU6, and training keeps one map fewer
    return nn.Sequential(layer, nn.BatchNorm2d(width, eps=eps), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Widen (1x1), filter each channel (depthwise), narrow (1x1, linear); added to its input where shape allows."""

    def __init__(
        self, channels: int, width: int, *, kernel: int, stride: int, dilation: int, expand: int, padding: Padding, eps: float
    ) -> None:
        super().__init__()
        wide = channels * expand
        layers: list[nn.Module] = [] if expand == 1 else [convolution_unit(channels, wide, padding=padding, eps=eps)]
        layers += [
            convolution_unit(wide, wide, kernel, stride=stride, dilation=dilation, groups=wide, padding=padding, eps=eps),
            convolution(wide, width, padding=padding),
            nn.BatchNorm2d(width, eps=eps),
        ]
        self.conv = nn.Sequential(*layers)
        self.has_residual = stride == 1 and channels == width

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels, H, W) to (B, width, H / stride, W / stride), rounded up."""
        narrowed: Tensor = self.conv(features)
        return features + narrowed if self.has_residual else narrowed


def build_inverted_residuals(
    rows: Sequence[Row], *, padding: Padding, eps: float, stem: int = 32, head: int = 1280, end_stride: int | None = None
) -> nn.Sequential:
    """The list of features: stem with stride 2, one module per block, head; `end_stride` as in `blocks_of`."""
    layers: list[nn.Module] = [convolution_unit(3, stem, 3, stride=2, padding=padding, eps=eps)]
    channels = stem
    for row, stride, dilation in blocks_of(rows, end_stride=end_stride):
        layers.append(
            InvertedResidual(
                channels,
                row.channels,
                kernel=row.kernel,
                stride=stride,
                dilation=dilation,
                expand=row.expand,
                padding=padding,
                eps=eps,
            )
        )
        channels = row.channels
    return nn.Sequential(*layers, convolution_unit(channels, head, padding=padding, eps=eps))
