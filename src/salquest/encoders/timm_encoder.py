"""Any network of timm as an encoder, `timm:NAME`; timm is an optional part of the installation and imported when it is asked for."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from salquest.encoders.cards import Normalisation, Tap, choose_taps
from salquest.encoders.encoder import BatchNorm, Encoder
from salquest.errors import BrokenFile, DataNotFound, MissingExtra, SalquestError, UnknownName

PREFIX = "timm:"
DEFAULT_TAPS = 3  # the deepest of those that timm reads by default


class TimmEncoder(Encoder):
    """An encoder whose features are a timm network built with `features_only`.

    Stages are that network's own children; its padding is its own (`padding` is None). Networks of one picture size (most transformers)
    read only that size.
    """

    def _features_of(self, normalised: Tensor) -> tuple[Tensor, ...]:
        taps = self.features(normalised)
        is_channels_last = getattr(self.features, "output_fmt", "NCHW") == "NHWC"
        return tuple(tap.permute(0, 3, 1, 2) if is_channels_last else tap for tap in taps)


def build_timm_encoder(
    name: str, *, weights: str | os.PathLike[str], taps: Sequence[str] | None, seed: int, batch_norm: BatchNorm
) -> TimmEncoder:
    """See `build_encoder`; "imagenet" is what timm calls pretrained, and timm downloads it.

    The digest of weights that came without a path is that of the tensors.

    Raises:
        MissingExtra: timm is not installed.
        UnknownName: timm has no such network, or the network no such tap.
        DataNotFound: the weights are not there, or cannot be downloaded.
        BrokenFile: the weights are not those of the network.
    """
    timm, network = _timm(name), name.removeprefix(PREFIX)
    if not timm.is_model(network):
        raise UnknownName("network of timm", network, difflib.get_close_matches(network, timm.list_models(), n=8, cutoff=0.3))
    chosen = _choose(timm, network, taps)
    source = os.fspath(weights)
    path = None if source in ("imagenet", "none") else Path(source).expanduser()
    if path is not None and not path.is_file():
        raise DataNotFound(f"there is no weights file {path}; a network of timm takes 'imagenet', 'none' or a path")
    options = {} if path is None else {"pretrained_cfg_overlay": {"file": str(path)}}
    try:
        features = _create(timm, network, chosen, seed=seed, pretrained=source != "none", **options)
    except Exception as error:  # whatever the hub client, torch or timm raise
        reason = " ".join(str(error).split())[:200]
        if path is not None:
            raise BrokenFile(f"{path} does not hold {network}: {reason}") from error
        raise DataNotFound(f"timm could not get the weights of {network} ({reason}); give a file with `--weights PATH`") from error
    digest = f"random-seed-{seed}" if source == "none" else ""
    if path is not None:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    wanted = features.pretrained_cfg
    encoder = _encoder(name, features, chosen, digest, Normalisation(tuple(wanted["mean"]), tuple(wanted["std"])), batch_norm)
    encoder.weights_digest = encoder.weights_digest or encoder.parameters_digest()
    return encoder


def rebuild_timm_encoder(spec: Mapping[str, Any], normalisation: Normalisation) -> TimmEncoder:
    """See `rebuild_encoder`."""
    timm, network = _timm(spec["name"]), spec["name"].removeprefix(PREFIX)
    chosen = _choose(timm, network, spec["taps"])
    features = _create(timm, network, chosen, seed=0, pretrained=False)
    return _encoder(spec["name"], features, chosen, spec["weights_digest"], normalisation, spec["batch_norm"])


def _timm(name: str) -> Any:
    try:
        import timm
    except ImportError as error:
        raise MissingExtra(f"the encoder {name}", "timm") from error
    except RuntimeError as error:  # torchvision, which timm imports, was built for another torch
        reason = str(error).split("\n", 1)[0]
        raise SalquestError(
            f"timm is installed and cannot be imported ({reason}); torch and torchvision have to belong together"
        ) from error
    return timm


def _choose(timm: Any, network: str, names: Sequence[str] | None) -> tuple[Tap, ...]:
    with torch.device("meta"):  # shapes only: no memory, no random numbers
        facts = timm.create_model(network, features_only=True).feature_info
    taps = [Tap(fact["module"], index, fact["num_chs"], fact["reduction"]) for index, fact in enumerate(facts.info)]
    return choose_taps(taps, facts.module_name()[-DEFAULT_TAPS:] if names is None else names)


def _create(timm: Any, network: str, taps: Sequence[Tap], *, seed: int, pretrained: bool, **options: Any) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return timm.create_model(network, features_only=True, out_indices=[tap.index for tap in taps], pretrained=pretrained, **options)


def _encoder(
    name: str, features: nn.Module, taps: Sequence[Tap], digest: str, normalisation: Normalisation, batch_norm: BatchNorm
) -> TimmEncoder:
    return TimmEncoder(
        features,
        taps,
        [stage for stage, _ in features.named_children()],
        name=name,
        weights_digest=digest,
        normalisation=normalisation,
        padding=None,
        batch_norm=batch_norm,
    )
