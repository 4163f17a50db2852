"""The discriminator of SalGAN (Pan 2017): sees a picture and a saliency map, and says whether people made the map or a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.errors import InputError

Reading = Literal["printed", "released"]
PictureRange = Literal["unit", "raw255"]

# hidden units of the tanh layers
FC4, FC5 = 100, 2


class Discriminator(nn.Module):
    """Pictures and maps to one logit each: above 0 for "observed" (Pan, Canton Ferrer, McGuinness et al. 2017, Table 1 and released code).

    conv 1x1 to 3 maps, conv 3x3 to 32, pool; twice conv 3x3 to 64, pool; twice conv 3x3 to 64, pool; ReLU after each convolution; fully
    connected to 100 and 2, each with a tanh, and to 1. The sigmoid behind it is part of the losses.

    Paper and code do not describe one network, and the file of weights that was once offered (3.4 MB) fits neither:

                            printed                             released
        first pooling       2x2                                 4x4
        padding of the 1x1  one cell (a border of bias)         none
        last two 3x3        plain                               weights of norm 1 per output map, the norm fixed
        order of channels   red, green, blue, map               map, red, green, blue
        at 192 x 256        5 045 696 parameters                1 359 296

    Args:
        size: (height, width) of the maps and pictures that it will see.
        reading: "printed", the default: the paper defines it, and at the sizes that two cores can train the released first pooling leaves a
            few cells per map (3 x 5 of 60 x 80). "released" for who compares with the code.
        pictures: "unit" shows pictures in 0..1, "raw255" in 0..255 beside maps in 0..1, as the released code does: there the 1x1 convolution has
            to learn a factor of 250 before it sees the map, and nearly all of fc4's tanh are saturated at the start; hence ours is "unit".
        width: share of the printed maps of each 3x3 convolution and of fc4's units.
        seed: of the start (Glorot uniform, biases 0, as Lasagne's default); torch's global generator is left as it was.

    Raises:
        InputError: an argument that cannot be meant, or a size that the poolings leave nothing of.
    """

    def __init__(
        self, size: tuple[int, int], *, reading: Reading = "printed", pictures: PictureRange = "unit", width: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__()
        for name, value, choices in (("reading", reading, get_args(Reading)), ("pictures", pictures, get_args(PictureRange))):
            if value not in choices:
                raise InputError(f"{name} of the discriminator is one of {', '.join(map(repr, choices))}; found {value!r}")
        if not 0 < width <= 4:
            raise InputError(f"width of the discriminator is a share of the printed maps, above 0 and up to 4; found {width}")
        self.size = (size[0], size[1])
        self.map_first = reading == "released"
        self.brightest = 255.0 if pictures == "raw255" else 1.0
        thin, wide, units = (max(1, round(number * width)) for number in (32, 64, FC4))
        first_pool, border = (4, 0) if reading == "released" else (2, 1)
        last = UnitNormConv2d if reading == "released" else nn.Conv2d
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.convolutions = nn.Sequential(
                *_with_relu(nn.Conv2d(4, 3, 1, padding=border)),
                *_with_relu(nn.Conv2d(3, thin, 3, padding=1)),
                nn.MaxPool2d(first_pool),
                *_with_relu(nn.Conv2d(thin, wide, 3, padding=1)),
                *_with_relu(nn.Conv2d(wide, wide, 3, padding=1)),
                nn.MaxPool2d(2),
                *_with_relu(last(wide, wide, 3, padding=1)),
                *_with_relu(last(wide, wide, 3, padding=1)),
                nn.MaxPool2d(2),
            )
            rows, columns = ((side + 2 * border) // first_pool // 2 // 2 for side in self.size)
            if not rows * columns:
                raise InputError(
                    f"the discriminator pools maps by {4 * first_pool}; maps of {size[0]} x {size[1]} (H x W) leave it nothing to see"
                )
            self.verdict = nn.Sequential(
                nn.Linear(rows * columns * wide, units), nn.Tanh(), nn.Linear(units, FC5), nn.Tanh(), nn.Linear(FC5, 1)
            )
            for layer in (*self.convolutions, *self.verdict):
                if isinstance(layer, (nn.Conv2d, nn.Linear)):
                    nn.init.xavier_uniform_(layer.weight)
                    assert layer.bias is not None
                    nn.init.zeros_(layer.bias)

    def forward(self, pictures: Tensor, maps: Tensor) -> Tensor:
        """One logit per pair, (B,): its sigmoid is the probability that people made the map.

        Args:
            pictures: RGB in 0..1, (B, 3, H, W).
            maps: in 0..1, (B, H, W).

        Raises:
            InputError: of another size than it was made for.
        """
        self._check(pictures.shape, maps.shape)
        channels = (pictures * self.brightest, maps[:, None])
        seen = torch.cat(channels[::-1] if self.map_first else channels, dim=1)
        logits: Tensor = self.verdict(self.convolutions(seen).flatten(1))
        return logits[:, 0]

    def _check(self, pictures: Sequence[int], maps: Sequence[int]) -> None:
        if tuple(maps[1:]) != self.size or tuple(pictures) != (maps[0], 3, *self.size):
            height, width = self.size
            raise InputError(
                f"this discriminator was made for pictures (B, 3, {height}, {width}) and maps (B, {height}, {width}); "
                f"found pictures {tuple(pictures)} and maps {tuple(maps)}"
            )


class UnitNormConv2d(nn.Conv2d):
    """A convolution whose weights are divided by their norm per output map, sqrt(1e-6 + sum of squares).

    Weight normalisation (Salimans 2016) with the gain fixed to 1, as SalGAN's released discriminator has it.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that torch's layer gives it)
        """Features (B, C, H, W) to features of the convolution's size."""
        weight = self.weight * (self.weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-6).rsqrt()
        return F.conv2d(input, weight, self.bias, padding=self.padding)


def _with_relu(layer: nn.Conv2d) -> tuple[nn.Module, nn.Module]:
    return layer, nn.ReLU(inplace=True)
