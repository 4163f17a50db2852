"""Variants of a saliency network: what it predicts when the maps of one layer are changed, many changes at once, run from that layer on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from salquest.dissection.subjects import Subject
from salquest.encoders import Encoder
from salquest.encoders.timm_encoder import TimmEncoder
from salquest.losses import Prediction
from salquest.models.fitting import Size, fitted_map_size

Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Held:
    """One picture on its way through a network, stopped where variants begin to differ.

    Attributes:
        features: what goes on, (1, C, h, w).
        taps: that lie behind it, (1, C, h, w) each.
        map_size: (height, width) of the raw map.
    """

    features: Tensor
    taps: tuple[Tensor, ...]
    map_size: Size


class Variants:
    """A saliency network that is run on from one of its layers.

    What lies before the layer's stage is computed once per picture. A layer inside a stage has its stage run again; one of an encoder whose
    stages need not follow each other (timm) has the whole network run again.

    Args:
        subject: with a saliency network.
        layer: its name.

    Raises:
        InputError: a bare encoder. UnknownName: no such layer.
    """

    def __init__(self, subject: Subject, layer: str) -> None:
        self.network = subject.predictor
        self.module = subject.layers([layer])[layer]
        encoder = self.network.encoder
        self._stages = _stages(encoder)
        self._tapped = {encoder.stages.index(tap) for tap in encoder.taps} if self._stages else set()
        inside = (depth for depth, stage in enumerate(self._stages) if self.module in set(stage.modules()))
        self._start = next(inside, len(self._stages))
        self._is_stage = self._start < len(self._stages) and self._stages[self._start] is self.module

    @torch.inference_mode()
    def hold(self, picture: Tensor) -> Held:
        """Bring a picture (1, 3, H, W) in 0..1 to where variants begin."""
        map_size = fitted_map_size((picture.shape[-2], picture.shape[-1]), self.network.size, self.network.map_size)
        encoder = self.network.encoder
        if not self._stages:
            return Held(picture, (), map_size)
        # a layer of the decoder has all stages before it
        depth = self._start + self._is_stage
        features, taps = (picture - encoder.mean) / encoder.std, []
        for index, stage in enumerate(self._stages[:depth]):
            features = stage(features)
            if index in self._tapped and index < self._start:
                taps.append(features)
        return Held(features, tuple(taps), map_size)

    @torch.inference_mode()
    def densities(self, held: Held, change: Change, copies: int) -> Tensor:
        """The densities (B, h, w) of B copies of a picture whose maps in the layer are what `change` makes of them.

        Args:
            held: of `hold`.
            change: the layer's maps (B, C, h, w) to changed ones; it is called as often as the layer runs.
            copies: B.
        """
        # copies in memory: a stage may write over what it reads (ReLU in place)
        features = held.features.repeat(copies, 1, 1, 1)
        taps = [tap.expand(copies, -1, -1, -1) for tap in held.taps]
        handle = self.module.register_forward_hook(lambda _module, _inputs, answer: change(answer))
        try:
            if self._is_stage:
                features = change(features)
            if not self._stages:
                taps = list(self.network.encoder(features))
            for index in range(self._start, len(self._stages)):
                if index > self._start or not self._is_stage:
                    features = self._stages[index](features)
                if index in self._tapped:
                    taps.append(features)
            raw = self.network.decoded(taps, held.map_size)
        finally:
            handle.remove()
        return Prediction(raw, self.network.activation).density


def without(masks: Tensor, values: Tensor) -> Change:
    """The change that removes units: variant b of a layer has `values` (C,) in place of the units that `masks` (B, C) names.

    Maps of (B, h, w) are one unit.
    """

    def change(maps: Tensor) -> Tensor:
        whole = maps if maps.ndim == 4 else maps[:, None]
        changed = torch.where(masks[:, :, None, None], values.to(maps.dtype)[None, :, None, None], whole)
        return changed if maps.ndim == 4 else changed[:, 0]

    return change


def _stages(encoder: Encoder) -> list[nn.Module]:
    return [] if isinstance(encoder, TimmEncoder) else list(encoder.features.children())
