"""The decoders that have a name. A new one is a file with a module, and one card here. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderCard:
    """One entry of DECODERS.

    Attributes:
        build: `build(channels, **options)` makes the module; it maps taps (B, C_i, h_i, w_i) to a raw map (B, h, w).
        parameters: how many it trains by default, for some channels of taps.
        grid: whose grid the map has, by default.
        reads_strides: `build` wants the `strides` of the taps too.
        finer: how many times as fine as that grid the map is, along each side.
        before_relu: options for a map that a ReLU makes into values: where the paper has that ReLU inside the decoder.
        summary, source: what it is, and whom it follows.
    """

    build: Callable[..., nn.Module]
    parameters: Mapping[tuple[int, ...], int]
    grid: str
    summary: str
    source: str
    reads_strides: bool = False
    before_relu: Mapping[str, Any] = field(default_factory=dict)
    finer: int = 1


def _bruckert(*args: Any, **options: Any) -> nn.Module:
    from salquest.decoders.aspp import BruckertDecoder

    return BruckertDecoder(*args, **options)


def _light(*args: Any, **options: Any) -> nn.Module:
    from salquest.decoders.readout import LightReadout

    return LightReadout(*args, **options)


def _mobile(*args: Any, **options: Any) -> nn.Module:
    from salquest.decoders.mobile import MobileReadout

    return MobileReadout(*args, **options)


def _salgan(*args: Any, **options: Any) -> nn.Module:
    from salquest.decoders.salgan import SalganDecoder

    return SalganDecoder(*args, **options)


def _sam(*args: Any, **options: Any) -> nn.Module:
    from salquest.decoders.sam import SamDecoder

    return SamDecoder(*args, **options)


DECODERS: Mapping[str, DecoderCard] = {
    "bruckert": DecoderCard(
        build=_bruckert,
        parameters={(256, 512, 512): 1_622_401, (32, 96, 320): 663_937},
        grid="first tap",
        summary="3x3 reduction, four dilated branches, 1x1, fixed 5x5 blur",
        source="Bruckert 2021",
        before_relu={"activation_before_blur": "relu"},
    ),
    "light": DecoderCard(
        build=_light,
        parameters={(32, 96, 320): 36_737},
        grid="finest tap",
        summary="1x1 per tap, summed on the finest grid, two depthwise 5x5",
        source="ours",
    ),
    "mobile": DecoderCard(
        build=_mobile,
        parameters={(24, 32, 96, 320): 63_343},
        grid="finest tap",
        summary="1x1 per tap and of the picture's mean, summed; two separable 5x5; learned blur and centre prior",
        source="ours",
        reads_strides=True,
    ),
    "salgan": DecoderCard(
        build=_salgan,
        parameters={(512,): 17_072_321},
        grid="first tap",
        finer=16,
        summary="VGG-16's blocks mirrored: thirteen 3x3, the grid doubled four times, 1x1",
        source="Pan 2017",
    ),
    "sam": DecoderCard(
        build=_sam,
        parameters={(512,): 37_121_153, (2048,): 46_558_849},
        grid="first tap",
        summary="attentive LSTM of four steps, twice 16 learned Gaussians and a dilated 5x5, 1x1",
        source="Cornia 2018",
        before_relu={"activation_before_resize": "relu"},
    ),
}
