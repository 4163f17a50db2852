"""The block of the deep residual networks (He 2016), keyed as torchvision keys it."""

from __future__ import annotations

from torch import Tensor, nn

from salquest.encoders.cards import Padding
from salquest.encoders.padded import convolution


class Bottleneck(nn.Module):
    """Narrow (1x1), filter (3x3), widen fourfold (1x1), each with batch norm; ReLU after the first two and after the sum with the input.

    Args:
        channels: of the input.
        narrow: maps of the 3x3 convolution; the output has four times as many.
        stride, dilation: of the 3x3 convolution, not both above 1.
        padding: of the 3x3 convolution where it has a stride.
    """

    def __init__(self, channels: int, narrow: int, *, stride: int, dilation: int, padding: Padding) -> None:
        super().__init__()
        wide = 4 * narrow
        self.conv1 = convolution(channels, narrow, padding=padding)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = convolution(narrow, narrow, 3, stride=stride, dilation=dilation, padding=padding)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = convolution(narrow, wide, padding=padding)
        self.bn3 = nn.BatchNorm2d(wide)
        # without a weights file sixteen sums would otherwise double the variance sixteen times (Goyal 2017 starts at 0, where no
        # branch is seen)
        nn.init.constant_(self.bn3.weight, 0.2)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            None
            if stride == 1 and channels == wide
            else nn.Sequential(convolution(channels, wide, stride=stride, padding=padding), nn.BatchNorm2d(wide))
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels, H, W) to (B, 4 * narrow, H / stride, W / stride), rounded up."""
        branch = self.relu(self.bn1(self.conv1(features)))
        branch = self.relu(self.bn2(self.conv2(branch)))
        branch = self.bn3(self.conv3(branch))
        shortcut = features if self.downsample is None else self.downsample(features)
        summed: Tensor = self.relu(branch + shortcut)
        return summed
