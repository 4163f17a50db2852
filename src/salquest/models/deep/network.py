"""A saliency network: pictures, or the cached taps of a frozen encoder, become one raw map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from salquest.decoders import DECODERS
from salquest.encoders import ENCODERS, Encoder, build_encoder, rebuild_encoder
from salquest.encoders.encoder import BatchNorm
from salquest.errors import InputError, UnknownName
from salquest.gaze import SaliencyMap, as_density, resize_map, resize_picture
from salquest.gaze.pictures import Pixels
from salquest.losses import Activation, Prediction
from salquest.models.fitting import Fit, Size, fitted_map_size, fitted_size

# ends of the names of tensors that files may leave out: batch norm counts them while it is trained, and nothing reads them
COUNTED = "num_batches_tracked"


@dataclass(frozen=True)
class NetworkCard:
    """A network by name: which decoder it puts on which encoder, and how much of its paper it follows.

    Attributes:
        decoder: its name in DECODERS.
        encoder: the encoder that is taken where none is asked for.
        title, source: for people.
        dilated: the encoder is taken in its dilated form.
        strides: of the taps that it reads where none are asked for; empty for the encoder's default ones, as for encoders of timm.
        decoder_options: those that differ from the decoder's own defaults.
    """

    decoder: str
    encoder: str
    title: str
    source: str
    dilated: bool = False
    strides: tuple[int, ...] = ()
    decoder_options: Mapping[str, Any] = field(default_factory=dict)


NETWORKS: Mapping[str, NetworkCard] = {
    "bruckert": NetworkCard(
        "bruckert", "vgg16", "the loss paper's network: three taps, 3x3 reduction, ASPP, fixed blur", "Bruckert 2021, section 3.1"
    ),
    "light": NetworkCard("light", "mobilenet_v2", "taps reduced to 64 channels and summed, two separable 5x5 layers", "ours"),
    "mobile": NetworkCard(
        "mobile",
        "mobilenet_v2",
        "four scales and the picture's mean at stride 8, a learned blur and centre prior; the shipped network",
        "ours",
        strides=(4, 8, 16, 32),
        decoder_options={"level": 1, "grow": 4},
    ),
    "salgan": NetworkCard(
        "salgan", "vgg16", "SalGAN's generator: an encoder up to stride 16 and VGG-16 mirrored", "Pan 2017, section 3.1", strides=(16,)
    ),
    "sam-vgg": NetworkCard(
        "sam", "vgg16", "SAM: dilated encoder, attentive LSTM and learned priors on 512 maps", "Cornia 2018, SAM-VGG", dilated=True
    ),
    "sam-resnet": NetworkCard(
        "sam", "resnet50", "SAM with its dilated encoder reduced to 512 maps", "Cornia 2018, SAM-ResNet", dilated=True
    ),
    "sam-mobilenet": NetworkCard(
        "sam",
        "mobilenet_v2",
        "SAM in small, for two cores: 64 maps at stride 16",
        "after Cornia 2018",
        dilated=True,
        decoder_options={"width": 64, "reduction": 1},
    ),
}


class SaliencyNetwork(nn.Module):
    """Encoder, decoder, and the sizes between which they work.

    Attributes:
        encoder, decoder: see their rooms.
        activation: what turns the raw map into values; it belongs to the loss that the network was trained with.
        size: (height, width) that pictures are squashed to, or with fit "aspect" the size whose area they are resized to.
        map_size: (height, width) of the raw map of a picture of that size, where losses are taken; others have maps of the same share.
        fit: how pictures are brought to a size (`fitted_size`).
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: nn.Module,
        *,
        activation: Activation,
        size: tuple[int, int],
        map_size: tuple[int, int],
        fit: Fit = "squash",
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.activation: Activation = activation
        self.size, self.map_size, self.fit = size, map_size, fit

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Raw maps, (B, h, w), of pictures (B, 3, H, W) in 0..1, or of the encoder's taps, (B, C, h, w) each.

        Pictures of `size`, and taps, have maps of `map_size`; pictures of another size have maps of the same share of it.
        """
        if isinstance(inputs, Tensor):
            taps, map_size = self.encoder(inputs), fitted_map_size((inputs.shape[-2], inputs.shape[-1]), self.size, self.map_size)
        else:
            taps, map_size = inputs, self.map_size
        return self.decoded(taps, map_size)

    def decoded(self, taps: Sequence[Tensor], map_size: Size) -> Tensor:
        """Raw maps of `map_size` from the encoder's taps, whatever the size of the pictures that they were taken from."""
        raw = self.decoder(taps)
        return F.interpolate(raw[:, None], map_size, mode="bilinear", align_corners=False)[:, 0]

    def densities(self, pictures: Tensor) -> Tensor:
        """The densities (B, h, w), each summing to 1, of pictures (B, 3, H, W) in 0..1: a batch, with gradients where they are asked for.

        Pictures of the network's `size` are what it was trained on; others are taken as they are (`fitted_size` says which size suits).

        >>> import torch
        >>> network = build_network("light", weights="none", activation="softmax", size=(64, 96))
        >>> pictures = torch.rand(2, 3, 64, 96, requires_grad=True)
        >>> network.densities(pictures)[:, :32].sum().backward()  # what would draw attention to the upper half
        >>> tuple(pictures.grad.shape)
        (2, 3, 64, 96)
        """
        return Prediction(self(pictures), self.activation).density

    @torch.inference_mode()
    def predict_pixels(self, pixels: Pixels, *, scale: float = 1.0, size: Size | None = None) -> SaliencyMap:
        """The density that the network predicts for (H, W, 3) uint8 RGB.

        Args:
            pixels: the picture.
            scale: of the network's size: 1.5 looks at half as many pixels again along each side.
            size: (height, width) of the density; the picture's where it is not given.
        """
        shown = (pixels.shape[0], pixels.shape[1])
        resized = np.array(resize_picture(pixels, fitted_size(self.size, shown, self.fit, scale)))
        picture = torch.from_numpy(resized).permute(2, 0, 1)[None]
        device = next(self.parameters()).device
        raw = self(picture.to(device).float() / 255)
        return self.as_map(raw, size or shown)

    @torch.inference_mode()
    def predict_taps(self, taps: Sequence[Tensor], size: tuple[int, int]) -> SaliencyMap:
        """The density of `size` that the network predicts from one picture's taps, (C, h, w) each."""
        device = next(self.parameters()).device
        return self.as_map(self(tuple(tap[None].to(device) for tap in taps)), size)

    def as_map(self, raw: Tensor, size: tuple[int, int]) -> SaliencyMap:
        """One raw map (1, h, w) as a density of a picture's size: activated, divided by its sum, resized, divided again."""
        density = Prediction(raw.detach().float(), self.activation).density[0].cpu().numpy()
        return SaliencyMap(as_density(resize_map(density, size)).astype(np.float32), "density")


def build_network(
    name: str,
    *,
    encoder: str | None = None,
    weights: str = "imagenet",
    taps: Sequence[str] | None = None,
    activation: Activation,
    size: tuple[int, int],
    map_size: tuple[int, int] | None = None,
    seed: int = 0,
    batch_norm: BatchNorm = "eval",
    decoder_options: Mapping[str, Any] | None = None,
    fit: Fit = "squash",
) -> SaliencyNetwork:
    """Put a network together, its new layers drawn from `seed` without touching torch's global generator.

    Raises:
        UnknownName: no such network, encoder or tap. InputError: an option that the decoder does not have.
    """
    body = build_body(name, encoder=encoder, weights=weights, taps=taps, seed=seed, batch_norm=batch_norm)
    card = NETWORKS[name]
    options = _options(card, activation, decoder_options or {})
    decoder = _build_decoder(card.decoder, body, {**options, "seed": seed})
    return SaliencyNetwork(body, decoder, activation=activation, size=size, map_size=map_size or size, fit=fit)


def build_body(
    name: str,
    *,
    encoder: str | None = None,
    weights: str = "imagenet",
    taps: Sequence[str] | None = None,
    seed: int = 0,
    batch_norm: BatchNorm = "eval",
) -> Encoder:
    """The encoder of a network, cut open where the network reads it.

    Raises:
        UnknownName: no such network, encoder or tap.
    """
    if name not in NETWORKS:
        raise UnknownName("network", name, NETWORKS)
    card = NETWORKS[name]
    chosen = encoder or card.encoder
    if not taps and card.strides and chosen in ENCODERS:
        taps = ENCODERS[chosen].at_strides(card.strides)
    return build_encoder(
        chosen,
        weights=weights,
        taps=tuple(taps) if taps else None,
        seed=seed,
        batch_norm=batch_norm,
        dilated=card.dilated,
    )


def network_spec(name: str, network: SaliencyNetwork, decoder_options: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values from which `rebuild_network` makes the same network, to be kept beside its weights."""
    return {
        "network": name,
        "encoder": network.encoder.spec(),
        "activation": network.activation,
        "size": list(network.size),
        "map_size": list(network.map_size),
        "decoder_options": dict(decoder_options),
        # named only where it is so: older specs say nothing
        **({"fit": network.fit} if network.fit != "squash" else {}),
    }


def rebuild_network(spec: Mapping[str, Any]) -> SaliencyNetwork:
    """The network that `network_spec` describes, its tensors still to be loaded."""
    if spec.get("network") not in NETWORKS:
        raise UnknownName("network", str(spec.get("network")), NETWORKS)
    card = NETWORKS[spec["network"]]
    encoder = rebuild_encoder(spec["encoder"])
    decoder = _build_decoder(card.decoder, encoder, _options(card, spec["activation"], spec["decoder_options"]))
    height, width = spec["size"]
    rows, columns = spec["map_size"]
    return SaliencyNetwork(
        encoder,
        decoder,
        activation=spec["activation"],
        size=(height, width),
        map_size=(rows, columns),
        fit=spec.get("fit", "squash"),
    )


def _build_decoder(name: str, encoder: Encoder, options: Mapping[str, Any]) -> nn.Module:
    strides = {"strides": encoder.strides} if DECODERS[name].reads_strides else {}
    try:
        return DECODERS[name].build(encoder.channels, **strides, **options)
    except TypeError as error:  # an option that the decoder does not have
        raise InputError(f"the decoder {name} cannot be built so: {error}") from error


def _options(card: NetworkCard, activation: Activation, given: Mapping[str, Any]) -> dict[str, Any]:
    """The decoder's options: the network's own, what the activation decides (a rectified map follows its paper's order), what was given."""
    paired = DECODERS[card.decoder].before_relu if activation == "relu" else {}
    return {**card.decoder_options, **paired, **given}
