"""The decoder of SalGAN (Pan 2017): the encoder's last three blocks and its first two mirrored, doubling the grid between them, one map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.decoders.taps import check_taps, resize_tap
from salquest.errors import InputError

Upsampling = Literal["nearest", "bilinear"]
Init = Literal["glorot", "he"]

BLOCKS = ((512, 512, 512), (512, 512, 512), (256, 256, 256), (128, 128), (64, 64))
"""Output channels of the 3x3 convolutions, block by block from the deepest grid on: VGG-16's blocks in reverse order."""


class SalganDecoder(nn.Module):
    """Taps to one raw map, 16 times as fine as the first tap (Pan, Canton Ferrer, McGuinness, O'Connor, Torres, Sayrol, Giro 2017).

    Thirteen 3x3 convolutions, each with a ReLU, in five blocks; the grid is doubled before each block but the first; conv 1x1 to one map.
    With VGG-16's relu5_3 (512 channels at stride 16) 17 072 321 parameters and a map of the picture's size. The paper reads the encoder's
    end alone; further taps are brought to the first one's grid and concatenated.
    The activation behind it (a sigmoid there) belongs to the pairing of network and loss, and is applied outside.

    Args:
        channels: of the taps, in the order in which they will come.
        width: share of the printed maps that each convolution has, rounded and at least 1: 0.125 gives 64 to 8 maps for two cores.
        upsampling: "nearest" repeats cells, as released ("upsampling layers" in the paper); "bilinear".
        init: of the weights; biases are 0. "glorot" (uniform): the paper says random, and it is the default of Lasagne, which the released code
            leaves as it is. It halves the variance behind every ReLU, thirteen times in all: features of VGG-16 are large enough to survive
            that, those of other encoders give a map without contrast. "he" (uniform, over a layer's inputs) keeps the variance.
        last_bias: where the bias of the 1x1 convolution starts.
        last_scale: what the 1x1 convolution's first weights are multiplied by; see `BruckertDecoder`.
        seed: of the start; torch's global generator is left as it was.

    Raises:
        InputError: an argument that cannot be meant.
    """

    def __init__(
        self,
        channels: Sequence[int],
        *,
        width: float = 1.0,
        upsampling: Upsampling = "nearest",
        init: Init = "glorot",
        last_bias: float = 0.0,
        last_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0 < width <= 4:
            raise InputError(f"width of the decoder is a share of the printed maps, above 0 and up to 4; found {width}")
        if upsampling not in get_args(Upsampling):
            raise InputError(f"upsampling is one of 'nearest', 'bilinear'; found {upsampling!r}")
        if init not in get_args(Init):
            raise InputError(f"init is one of 'glorot', 'he'; found {init!r}")
        self.channels = tuple(channels)
        self.upsampling = upsampling
        maps = sum(self.channels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.blocks = nn.ModuleList()
            for printed in BLOCKS:
                layers: list[nn.Module] = []
                for number in printed:
                    wide = max(1, round(number * width))
                    # in place: a convolution does not need its own output for its gradient
                    layers += [_drawn(nn.Conv2d(maps, wide, 3, padding=1), init), nn.ReLU(inplace=True)]
                    maps = wide
                self.blocks.append(nn.Sequential(*layers))
            self.last = _drawn(nn.Conv2d(maps, 1, 1), "glorot")
        with torch.no_grad():
            self.last.weight.mul_(last_scale)
        assert self.last.bias is not None
        nn.init.constant_(self.last.bias, last_bias)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Taps, one (B, channels[i], h_i, w_i) each, to a raw map (B, 16 h_0, 16 w_0).

        Raises:
            InputError: other taps than it was made for.
        """
        check_taps(taps, self.channels)
        grid = (taps[0].shape[-2], taps[0].shape[-1])
        features = torch.cat([resize_tap(tap, grid) for tap in taps], dim=1)
        for place, block in enumerate(self.blocks):
            features = block(features if place == 0 else self._doubled(features))
        raw: Tensor = self.last(features)
        return raw[:, 0]

    def _doubled(self, features: Tensor) -> Tensor:
        if self.upsampling == "nearest":
            return F.interpolate(features, scale_factor=2, mode="nearest")
        return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def _drawn(layer: nn.Conv2d, init: Init) -> nn.Conv2d:
    if init == "he":
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
