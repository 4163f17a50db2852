"""The decoder of the Saliency Attentive Model (Cornia 2018): an attentive LSTM, twice learned priors and a dilated convolution, one map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.decoders.attentive_lstm import AttentiveConvLSTM
from salquest.decoders.priors import LearnedPriors
from salquest.decoders.taps import check_taps, resize_tap
from salquest.errors import InputError


class SamDecoder(nn.Module):
    """Taps to one raw map (Cornia, Baraldi, Serra, Cucchiara 2018, as released).

    Taps, on the grid of the first, are reduced to `width` maps by a convolution and a ReLU unless they have as many; attentive LSTM; twice:
    maps of learned Gaussians are appended, conv `prior_kernel` with `prior_dilation`, ReLU; conv 1x1 to one map. With 512 channels (a
    dilated VGG-16) 37 121 153 parameters; with 2048 (a dilated ResNet-50), reduced, 46 558 849.
    The activation behind it belongs to the pairing of network and loss, and is applied outside.

    Args:
        channels: of the taps, in the order in which they will come; the published networks read one.
        width: maps from the reduction to the last convolution.
        reduction: kernel of the reduction, odd; there is none where the taps have `width` channels together.
        steps, kernel: of the attentive LSTM.
        gaussians: of each of the two sets of priors.
        prior_kernel, prior_dilation: of the two convolutions behind priors.
        activation_before_resize: "relu" as published, where the map is rectified on its own grid; None before a sigmoid or softmax.
        last_bias, last_scale: where the bias of the 1x1 convolution starts, and what its first weights are multiplied by; see
            `BruckertDecoder`.
        seed: of the start (Glorot uniform and biases 0 outside the LSTM and the priors); torch's global generator is left as it was.

    Raises:
        InputError: an argument that cannot be meant.
    """

    def __init__(
        self,
        channels: Sequence[int],
        *,
        width: int = 512,
        reduction: int = 3,
        steps: int = 4,
        kernel: int = 3,
        gaussians: int = 16,
        prior_kernel: int = 5,
        prior_dilation: int = 4,
        activation_before_resize: Literal["relu"] | None = None,
        last_bias: float = 0.0,
        last_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, size in (("reduction", reduction), ("prior_kernel", prior_kernel)):
            if size < 1 or size % 2 == 0:
                raise InputError(f"{name} is an odd number of cells; found {size}")
        if activation_before_resize not in ("relu", None):
            raise InputError(f"activation_before_resize is one of 'relu', None; found {activation_before_resize!r}")
        self.channels = tuple(channels)
        self.rectifies = activation_before_resize == "relu"
        merged = sum(self.channels)
        # each part draws from a seed of its own, so that the options of one do not move the start of another
        seeds = range(4 * seed, 4 * seed + 4)
        self.lstm = AttentiveConvLSTM(width, steps=steps, kernel=kernel, seed=seeds[0])
        self.priors = nn.ModuleList(LearnedPriors(gaussians, seed=own) for own in seeds[1:3])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds[3])
            self.reduce = None if merged == width else nn.Conv2d(merged, width, reduction, padding=reduction // 2)
            reach = prior_kernel // 2 * prior_dilation
            self.prior_convolutions = nn.ModuleList(
                nn.Conv2d(width + gaussians, width, prior_kernel, padding=reach, dilation=prior_dilation) for _ in self.priors
            )
            self.last = nn.Conv2d(width, 1, 1)
            for layer in (self.reduce, *self.prior_convolutions, self.last):
                if isinstance(layer, nn.Conv2d):
                    nn.init.xavier_uniform_(layer.weight)
                    assert layer.bias is not None
                    nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.last.weight.mul_(last_scale)
        assert self.last.bias is not None
        nn.init.constant_(self.last.bias, last_bias)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Taps, one (B, channels[i], h_i, w_i) each, to a raw map (B, h, w) on the grid of the first.

        Raises:
            InputError: other taps than it was made for.
        """
        features = self.lstm(self.reduced(taps))
        for priors, convolution in zip(self.priors, self.prior_convolutions, strict=True):
            maps = priors((features.shape[-2], features.shape[-1])).expand(features.shape[0], -1, -1, -1)
            features = F.relu(convolution(torch.cat([features, maps], dim=1)))
        raw: Tensor = self.last(features)[:, 0]
        return F.relu(raw) if self.rectifies else raw

    def reduced(self, taps: Sequence[Tensor]) -> Tensor:
        """What the attentive LSTM looks at, (B, width, h, w).

        Raises:
            InputError: other taps than it was made for.
        """
        check_taps(taps, self.channels)
        grid = (taps[0].shape[-2], taps[0].shape[-1])
        merged = torch.cat([resize_tap(tap, grid) for tap in taps], dim=1)
        return merged if self.reduce is None else F.relu(self.reduce(merged))
