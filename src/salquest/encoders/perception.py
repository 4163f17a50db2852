"""An image network as a judge of saliency maps: where the perceptual losses get their features from."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from salquest.encoders.build import build_encoder
from salquest.encoders.catalogue import ENCODERS
from salquest.encoders.encoder import Encoder
from salquest.errors import InputError, nearest

Input = Literal["unit", "imagenet", "caffe"]

CAFFE_MEAN = (103.939, 116.779, 123.68)  # of blue, green and red in 0..255; a map has all three alike


@lru_cache(maxsize=4)
def perceive(encoder: str, weights: str, stages: str, input: str) -> Callable[[Tensor], tuple[Tensor, ...]]:  # noqa: A002
    """A frozen encoder that looks at maps; built once for the same arguments. It is a `salquest.losses.FeatureSource`.

    Args:
        encoder: a name from ENCODERS, or `timm:NAME`.
        weights: as of `build_encoder`; the losses ask for "imagenet".
        stages: names of taps with commas between them; "" for all those called pool (VGG-16), else for the last tap of each resolution
            (five from half to a thirty-second), and for timm's networks those that timm offers.
        input: what a map in 0..1 becomes on the three channels. "unit": itself, nothing subtracted; "imagenet": normalised as the weights
            expect pictures; "caffe": 0..255, blue, green, red, less their mean over ImageNet.

    Returns:
        A function of maps (B, H, W) in 0..1, on any device, that answers the features of each stage, (B, C, h, w) in float32. Maps whose
        shorter side is less than one cell of the deepest stage are enlarged to it, bilinearly. Gradients reach the maps; the network is in
        eval mode and does not learn.

    Raises:
        InputError: no such input, no encoder, or an empty or repeated list of stages.
        UnknownName, DataNotFound, BrokenFile, MissingExtra: see `build_encoder`.
    """
    if input not in get_args(Input):
        raise InputError(f"maps go into a network as one of {', '.join(get_args(Input))}; found {input!r}{nearest(input, get_args(Input))}")
    if not encoder:
        raise InputError("no encoder is named, and outside of training none goes without saying; name one: df(encoder='vgg16')")
    taps = [stage.strip() for stage in stages.split(",")] if stages else usual_stages(encoder)
    network = build_encoder(encoder, weights=weights, taps=taps).freeze().eval()
    if input != "imagenet":
        # a normalisation is all that tells the three apart; (x - mean / 255) * 255 is 255 x - mean
        mean, std = ((0.0,) * 3, (1.0,) * 3) if input == "unit" else (tuple(value / 255 for value in CAFFE_MEAN), (1 / 255,) * 3)
        network.mean.copy_(torch.tensor(mean).view_as(network.mean))
        network.std.copy_(torch.tensor(std).view_as(network.std))
    return lambda maps: _seen(network, maps)


def usual_stages(encoder: str) -> list[str] | None:
    """The stages that a perceptual loss looks at when none are named; None leaves it to the encoder."""
    if encoder not in ENCODERS:
        return None
    taps = ENCODERS[encoder].taps
    pools = [tap.name for tap in taps if tap.name.startswith("pool")]
    return pools or list({tap.stride: tap.name for tap in taps}.values())


def _seen(network: Encoder, maps: Tensor) -> tuple[Tensor, ...]:
    if network.mean.device != maps.device:
        network.to(maps.device)
    channel = maps.float()[:, None]
    shorter, least = min(channel.shape[-2:]), max(network.strides)
    if shorter < least:
        size = [-(-side * least // shorter) for side in channel.shape[-2:]]
        channel = F.interpolate(channel, size=size, mode="bilinear", align_corners=False)
    return network(channel.expand(-1, 3, -1, -1))
