"""From a name to an encoder with its weights in it, and from a stored spec to the same encoder without its weights file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from salquest.encoders.cards import EncoderForm, Normalisation, Padding
from salquest.encoders.catalogue import ENCODERS
from salquest.encoders.encoder import BatchNorm, Encoder
from salquest.encoders.timm_encoder import PREFIX, build_timm_encoder, rebuild_timm_encoder
from salquest.encoders.weights import find_weights, load_weights, recognise
from salquest.errors import InputError, UnknownName


def build_encoder(
    name: str,
    *,
    weights: str | os.PathLike[str] = "imagenet",
    taps: Sequence[str] | None = None,
    seed: int = 0,
    batch_norm: BatchNorm = "eval",
    dilated: bool = False,
) -> Encoder:
    """An encoder with weights, in eval mode, trainable throughout (see `Encoder.freeze`).

    Args:
        name: from ENCODERS, or `timm:NAME` for any network of timm.
        weights: "imagenet" (the first weights on the card), a name on the card, the path of a file, or "none" (random, from `seed`).
        taps: names of the places to read; None for the card's default. They come back in the order of the network.
        seed: of random weights; torch's global generator is left as it was.
        batch_norm: see `Encoder`.
        dilated: replace the last strides by dilation, so that the last grid is finer: the weights are the same, the taps' strides and the
            default taps are those of the card's dilated form.

    Raises:
        UnknownName: the encoder, a tap or the weights have no such name.
        InputError: an empty or repeated list of taps, or no dilated form.
        DataNotFound, BrokenFile: see `find_weights`, `recognise`, `load_weights`.
        MissingExtra: `timm:NAME` without timm.
    """
    if name.startswith(PREFIX) and not dilated:
        return build_timm_encoder(name, weights=weights, taps=taps, seed=seed, batch_norm=batch_norm)
    form = _form(name, dilated)
    card = ENCODERS[name]
    chosen = form.choose(taps)
    depth = chosen[-1].index + 1
    if os.fspath(weights) == "none":
        layout = card.layouts[0]
        features = _random_features(form, layout.padding, seed)
        digest, normalisation, padding = f"random-seed-{seed}", layout.normalisation, layout.padding
    else:
        found = recognise(name, find_weights(name, card, weights))
        features = _random_features(form, found.padding, seed)
        load_weights(features, found, encoder=name, depth=depth)
        digest, normalisation, padding = found.digest, found.normalisation, found.padding
    return Encoder(
        features[:depth],
        chosen,
        [tap.name for tap in form.taps[:depth]],
        name=name,
        weights_digest=digest,
        normalisation=normalisation,
        padding=padding,
        batch_norm=batch_norm,
        dilated=dilated,
    )


def rebuild_encoder(spec: Mapping[str, Any]) -> Encoder:
    """The encoder that `Encoder.spec()` described, with random weights: load its state dict next. Needs no weights file and no network.

    Raises as `build_encoder`.
    """
    name, normalisation = spec["name"], Normalisation(tuple(spec["mean"]), tuple(spec["std"]))
    if name.startswith(PREFIX):
        return rebuild_timm_encoder(spec, normalisation)
    dilated = spec.get("dilated", False)  # specs of before there was the choice say nothing
    form = _form(name, dilated)
    chosen = form.choose(spec["taps"])
    depth = chosen[-1].index + 1
    return Encoder(
        _random_features(form, spec["padding"], seed=0)[:depth],
        chosen,
        [tap.name for tap in form.taps[:depth]],
        name=name,
        weights_digest=spec["weights_digest"],
        normalisation=normalisation,
        padding=spec["padding"],
        batch_norm=spec["batch_norm"],
        dilated=dilated,
    )


def _form(name: str, dilated: bool) -> EncoderForm:
    if name not in ENCODERS and not name.startswith(PREFIX):
        raise UnknownName("encoder", name, [*ENCODERS, "timm:NAME"])
    forms = {known: card.dilated if dilated else card for known, card in ENCODERS.items()}
    form = forms.get(name)
    if form is None:
        raise InputError(f"{name} has no dilated form; these have one: {', '.join(known for known, form in forms.items() if form)}")
    return form


def _random_features(form: EncoderForm, padding: Padding, seed: int) -> nn.Sequential:
    """The whole list of features, so that a seed gives the same first stages whatever is tapped."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = form.build(padding)
        for module in features.modules():
            if isinstance(module, nn.Conv2d):
                # over the inputs of one output (He 2015): over the outputs, as torchvision has it, a depthwise layer nearly vanishes
                inputs = module.weight[0].numel()
                nn.init.normal_(module.weight, 0.0, math.sqrt(2 / inputs))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return features
