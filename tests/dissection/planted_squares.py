"""Squares of known colours, and a network whose units were made by hand to see them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from salquest.encoders import Encoder, Normalisation, Tap
from salquest.losses import Activation
from salquest.models.deep.network import SaliencyNetwork

HEIGHT, WIDTH, SIDE, PICTURES = 24, 32, 6, 8
# what each unit of the planted network sees in red, green and blue
UNITS = {
    "red": (1.0, -0.5, -0.5),
    "blue": (-0.5, -0.5, 1.0),
    "light": (0.3, 0.3, 0.3),
    "not red": (-1.0, 0.5, 0.5),
    "dead": (0.0, 0.0, 0.0),
    "exploding": (2e6, -1e6, -1e6),
    "red again": (3.0, -1.5, -1.5),
}
COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}


def one_stage(*weights: tuple[float, float, float], name: str = "hand-made") -> Encoder:
    """An encoder of one 1x1 convolution."""
    layer = nn.Conv2d(3, len(weights), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weights)[:, :, None, None])
    plain = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    tap = Tap("colours", 0, len(weights), 1)
    return Encoder(nn.Sequential(layer), [tap], ["colours"], name=name, weights_digest="", normalisation=plain, padding=None)


class SumOfUnits(nn.Module):
    """A decoder whose raw map is the rectified units of its one tap, weighed and summed."""

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        return torch.einsum("bchw,c->bhw", taps[0].relu(), self.weights)


def predictor(weights: Sequence[float], *units: tuple[float, float, float], activation: Activation = "relu") -> SaliencyNetwork:
    """A saliency network of one stage whose map is a weighted sum of what its units see, of the size of its pictures."""
    size = (HEIGHT, WIDTH)
    return SaliencyNetwork(one_stage(*units), SumOfUnits(weights), activation=activation, size=size, map_size=size)
