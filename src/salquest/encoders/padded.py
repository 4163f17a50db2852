"""Convolutions and poolings that keep or halve a grid, padded alike on both sides or as TensorFlow's SAME."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.encoders.cards import Padding


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: ceil(n / stride) cells, an odd cell of padding goes to the right and the bottom."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that torch's layer gives it)
        """Features (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        (top, bottom), (left, right) = (
            same_padding(int(size), kernel, stride)
            for size, kernel, stride in zip(input.shape[-2:], self.kernel_size, self.stride, strict=True)
        )
        return super().forward(F.pad(input, (left, right, top, bottom)))


class SameMaxPool2d(nn.Module):
    """Max-pooling padded as TensorFlow's SAME: ceil(n / stride) cells, and no cell beyond the border is ever the largest."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, H, W) to (B, C, ceil(H / stride), ceil(W / stride))."""
        (top, bottom), (left, right) = (same_padding(int(size), self.kernel, self.stride) for size in features.shape[-2:])
        return F.max_pool2d(F.pad(features, (left, right, top, bottom), value=-float("inf")), self.kernel, self.stride)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Cells before and after a side of `size` cells, as TensorFlow's SAME has them."""
    cells = -(-size // stride)
    total = max((cells - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolution(
    channels: int, width: int, kernel: int = 1, *, stride: int = 1, dilation: int = 1, groups: int = 1, padding: Padding
) -> nn.Conv2d:
    """A convolution without bias that keeps the size (stride 1, with any dilation) or halves it, rounding up (stride 2, without)."""
    if padding == "same" and stride > 1:
        return SameConv2d(channels, width, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2 * dilation, dilation=dilation, groups=groups, bias=False)
