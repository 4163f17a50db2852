"""The decoder of the loss paper (Bruckert 2021): one reduction, four dilated branches, one map, a fixed blur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self, get_args

import torch
from torch import Tensor, nn

from salquest.decoders.gaussian import BlurPadding, FixedGaussian
from salquest.decoders.taps import Resize, check_taps, resize_tap
from salquest.errors import InputError

DropoutPlace = Literal["before_last", "features"]
TapNorm = Literal["none", "rms", "l2map"]
Init = Literal["glorot", "torch"]


class BruckertDecoder(nn.Module):
    """Taps to one raw map (Bruckert, Tavakoli, Liu, Christie, Le Meur 2021), with an argument for every place where the paper is silent.

    Taps go to one grid and are concatenated; conv `kernel` x `kernel` to `reduction` maps; parallel 3x3 convs with `dilations` to `branch`
    maps each; concatenated; dropout; conv 1x1 to one map; blur 5x5 with sigma 1. With VGG-16's pool3, pool4 and relu5_3
    (256, 512, 512 channels) 1 622 401 parameters, the paper's "approximately 1,62 millions"; with MobileNetV2's (32, 96, 320) 663 937.
    The activation behind it belongs to the pairing of network and loss, and is applied outside.

    Args:
        channels: of the taps, in the order in which they will come.
        reduction: maps after the first convolution; the paper reduces 1280 "by a factor ten".
        kernel: of the first convolution; 3 follows from the printed parameter count.
        branch: maps of each dilated branch.
        dilations: one branch each; zeros are padded, as many as the dilation.
        dropout: share of values dropped in training, 0 for none; "on top of the network" in the paper.
        dropout_place: "before_last" (before the 1x1 convolution) or "features" (on the concatenated taps, where ML-Net has it).
        dropout_whole_maps: drop whole channels instead of single values.
        grid: whose grid is used: "first" (the paper's pool3), "last", or the number of a tap.
        resize: how the other taps go there.
        tap_norm: "none" for raw taps (the literal reading: VGG's are far above 1, and a sigmoid behind the untrained decoder is
            then saturated); "rms" divides each tap by a fixed number, measured by `measure_tap_rms` and stored with the weights; "l2map"
            scales each tap of each picture to a mean square of 1 (DSCLRCN's norm over the whole map, without its learned scale).
        relu_after_reduction, relu_after_branches: the paper says "the activation function of these layers is a ReLU".
        activation_before_blur: "relu" for the paper's pixel losses (conv, ReLU, blur; a map that is nowhere positive has no gradient);
            None before a sigmoid or softmax, which would only see values from 0 on behind a ReLU.
        blur: False leaves the last step out, for a network that blurs elsewhere.
        blur_padding: at the border of the map.
        biases: of all convolutions; the printed parameter count does not decide.
        init: "glorot" (uniform, biases 0; Keras' default of the time) or "torch" (torch's own default).
        last_bias: where the bias of the 1x1 convolution starts.
        last_scale: what the 1x1 convolution's first weights are multiplied by. Glorot's give an untrained map a deviation above 1 in logits, all
            of it noise; with a sigmoid and MSE the first steps then push the whole map to 0, where the gradient is gone. Small weights (0.1) on
            a bias near the mean level of a density (-3) keep such runs alive.
        seed: of the start; torch's global generator is left as it was.

    Raises:
        InputError: an argument that cannot be meant.
    """

    tap_rms: Tensor

    def __init__(
        self,
        channels: Sequence[int],
        *,
        reduction: int = 128,
        kernel: int = 3,
        branch: int = 32,
        dilations: Sequence[int] = (1, 3, 6, 12),
        dropout: float = 0.25,
        dropout_place: DropoutPlace = "before_last",
        dropout_whole_maps: bool = False,
        grid: Literal["first", "last"] | int = "first",
        resize: Resize = "bilinear",
        tap_norm: TapNorm = "none",
        relu_after_reduction: bool = True,
        relu_after_branches: bool = True,
        activation_before_blur: Literal["relu"] | None = None,
        blur: bool = True,
        blur_padding: BlurPadding = "replicate",
        biases: bool = True,
        init: Init = "glorot",
        last_bias: float = 0.0,
        last_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.resize, self.tap_norm = resize, tap_norm
        _one_of("dropout_place", dropout_place, get_args(DropoutPlace))
        _one_of("resize", resize, get_args(Resize))
        _one_of("tap_norm", tap_norm, get_args(TapNorm))
        _one_of("activation_before_blur", activation_before_blur, ("relu", None))
        _one_of("init", init, get_args(Init))
        _one_of("grid", grid, ("first", "last", *range(len(self.channels))))
        self.grid = {"first": 0, "last": len(self.channels) - 1}[grid] if isinstance(grid, str) else grid
        if last_bias and not biases:
            raise InputError(f"last_bias is {last_bias}, but biases are left out")

        drop: nn.Module = nn.Dropout2d(dropout) if dropout_whole_maps else nn.Dropout(dropout)
        self.drop_features = drop if dropout_place == "features" else nn.Identity()
        self.drop_merged = drop if dropout_place == "before_last" else nn.Identity()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.reduce = nn.Conv2d(sum(self.channels), reduction, kernel, padding=kernel // 2, bias=biases)
            self.branches = nn.ModuleList(
                nn.Conv2d(reduction, branch, 3, padding=dilation, dilation=dilation, bias=biases) for dilation in dilations
            )
            self.last = nn.Conv2d(branch * len(self.branches), 1, 1, bias=biases)
            if init == "glorot":
                for layer in (self.reduce, *self.branches, self.last):
                    nn.init.xavier_uniform_(layer.weight)
                    if layer.bias is not None:
                        nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.last.weight.mul_(last_scale)
        if last_bias and self.last.bias is not None:
            nn.init.constant_(self.last.bias, last_bias)
        self.relu_reduced = nn.ReLU() if relu_after_reduction else nn.Identity()
        self.relu_branches = nn.ReLU() if relu_after_branches else nn.Identity()
        self.relu_map = nn.ReLU() if activation_before_blur == "relu" else nn.Identity()
        self.blur = FixedGaussian(padding=blur_padding) if blur else nn.Identity()
        if tap_norm == "rms":
            # no number until it is measured or loaded: dividing by a made-up 1 would pass unnoticed
            self.register_buffer("tap_rms", torch.full((len(self.channels),), torch.nan))
            self.is_measured = False
            self.register_load_state_dict_post_hook(_note_loaded_rms)  # type: ignore[no-untyped-call]

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Taps, one (B, channels[i], h_i, w_i) each, to a raw map (B, h, w) on the grid of the chosen tap.

        Raises:
            InputError: other taps than it was made for, or `tap_norm="rms"` before anything was measured.
        """
        check_taps(taps, self.channels)
        grid = (taps[self.grid].shape[-2], taps[self.grid].shape[-1])
        merged = torch.cat([resize_tap(tap, grid, self.resize) for tap in self._normalised(taps)], dim=1)
        reduced = self.relu_reduced(self.reduce(self.drop_features(merged)))
        branches = torch.cat([self.relu_branches(convolution(reduced)) for convolution in self.branches], dim=1)
        maps: Tensor = self.last(self.drop_merged(branches))[:, 0]
        blurred: Tensor = self.blur(self.relu_map(maps))
        return blurred

    def measure_tap_rms(self, taps: Sequence[Tensor]) -> Self:
        """Store the root mean square of each tap, (B, C, h, w), over a batch of training pictures; replaces an earlier measurement.

        Raises:
            InputError: other taps than it was made for, a decoder without `tap_norm="rms"`, or a tap that is zero throughout.
        """
        if self.tap_norm != "rms":
            raise InputError(f"this decoder was made with tap_norm={self.tap_norm!r} and has no rms to measure")
        check_taps(taps, self.channels)
        measured = torch.stack([tap.detach().double().square().mean().sqrt() for tap in taps])
        if not bool((measured > 0).all() and measured.isfinite().all()):
            raise InputError(f"the rms of a tap has to be a positive number; measured {measured.tolist()}")
        self.tap_rms.copy_(measured)
        self.is_measured = True
        return self

    def _normalised(self, taps: Sequence[Tensor]) -> Sequence[Tensor]:
        if self.tap_norm == "none":
            return taps
        if self.tap_norm == "l2map":
            return [tap * tap.square().mean(dim=(1, 2, 3), keepdim=True).add(1e-12).rsqrt() for tap in taps]
        if not self.is_measured:
            raise InputError(
                "tap_norm='rms' divides by numbers that were not measured yet; call measure_tap_rms on training features first"
            )
        return [tap / rms for tap, rms in zip(taps, self.tap_rms, strict=True)]


def _note_loaded_rms(decoder: nn.Module, _: object) -> None:
    assert isinstance(decoder, BruckertDecoder)
    decoder.is_measured = bool(decoder.tap_rms.isfinite().all())


def _one_of(argument: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise InputError(f"{argument} is one of {', '.join(map(repr, choices))}; found {value!r}")
