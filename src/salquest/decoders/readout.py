"""A light decoder that reads several scales: every tap to a common width, summed on the finest grid, smoothed by two depthwise layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from salquest.decoders.taps import check_taps, resize_tap
from salquest.errors import InputError

Norm = Literal["batch", "none"]


class LightReadout(nn.Module):
    """Taps to one raw map on the grid of the finest tap.

    Each tap: conv 1x1 to `width`, bilinear to the finest grid; their sum, norm, ReLU; depthwise 5x5, norm, ReLU; conv 1x1, norm, ReLU;
    depthwise 5x5, norm, ReLU; conv 1x1 to one map. With MobileNetV2's taps (32, 96, 320) 36 737 parameters at width 64. Source: our own
    first tries on OSIE, after the readouts of MSI-Net and UNISAL.

    Args:
        channels: of the taps, in the order in which they will come.
        width: maps in between.
        norm: "batch", or "none" for batches of one (the depthwise and pointwise convolutions then get biases).
        last_bias: where the bias of the last convolution starts.
        seed: of the start (torch's own initialisation); torch's global generator is left as it was.

    Raises:
        InputError: a norm that there is not.
    """

    def __init__(self, channels: Sequence[int], width: int = 64, *, norm: Norm = "batch", last_bias: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        if norm not in get_args(Norm):
            raise InputError(f"norm is one of 'batch', 'none'; found {norm!r}")
        self.channels = tuple(channels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.laterals = nn.ModuleList(nn.Conv2d(tap, width, 1) for tap in self.channels)
            self.smooth = nn.Sequential(
                *_norm_and_relu(width, norm),
                nn.Conv2d(width, width, 5, padding=2, groups=width, bias=norm == "none"),
                *_norm_and_relu(width, norm),
                nn.Conv2d(width, width, 1, bias=norm == "none"),
                *_norm_and_relu(width, norm),
                nn.Conv2d(width, width, 5, padding=2, groups=width, bias=norm == "none"),
                *_norm_and_relu(width, norm),
            )
            self.last = nn.Conv2d(width, 1, 1)
            self.last.bias = nn.Parameter(torch.tensor([float(last_bias)]))

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Taps, one (B, channels[i], h_i, w_i) each, to a raw map (B, h, w) on the largest of their grids.

        Raises:
            InputError: other taps than it was made for.
        """
        check_taps(taps, self.channels)
        grid = max(((tap.shape[-2], tap.shape[-1]) for tap in taps), key=lambda size: size[0] * size[1])
        merged = torch.stack([resize_tap(lateral(tap), grid) for lateral, tap in zip(self.laterals, taps, strict=True)]).sum(dim=0)
        maps: Tensor = self.last(self.smooth(merged))
        return maps[:, 0]


def _norm_and_relu(width: int, norm: Norm) -> list[nn.Module]:
    return [nn.BatchNorm2d(width), nn.ReLU()] if norm == "batch" else [nn.ReLU()]
