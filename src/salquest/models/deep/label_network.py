"""A network that names what pictures show: an encoder, the mean of its deepest tap over places, and one linear layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from salquest.encoders import Encoder, rebuild_encoder
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.models.deep.network import build_body
from salquest.models.fitting import Fit
from salquest.runs import RunFolder, RunRecord

KIND = "labels"
# deviation of the new layer's weights: all pictures begin near the labels' frequencies
START = 0.01


class LabelNetwork(nn.Module):
    """An encoder and a pooled linear head.

    Attributes:
        encoder, head: its two parts.
        labels: what the head names, in the order of its outputs.
        size, fit: of the pictures, as for a `SaliencyNetwork`.
    """

    def __init__(self, encoder: Encoder, labels: Sequence[str], *, size: tuple[int, int], fit: Fit = "squash") -> None:
        super().__init__()
        self.encoder, self.labels = encoder, tuple(labels)
        self.head = nn.Linear(encoder.channels[-1], len(self.labels))
        self.size, self.fit = size, fit

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Logits, (B, L), of pictures (B, 3, H, W) in 0..1, or of the encoder's taps, (B, C, h, w) each."""
        taps = self.encoder(inputs) if isinstance(inputs, Tensor) else inputs
        named: Tensor = self.head(taps[-1].mean(dim=(-2, -1)))
        return named


def build_label_network(
    name: str,
    labels: Mapping[str, float],
    *,
    encoder: str | None = None,
    weights: str = "imagenet",
    taps: Sequence[str] | None = None,
    size: tuple[int, int],
    seed: int = 0,
    batch_norm: Any = "eval",
    fit: Fit = "squash",
) -> LabelNetwork:
    """Put a network together on the encoder that a saliency network has, so that both end at the same stage.

    Args:
        name: of the saliency network, in NETWORKS.
        labels: label -> its share of the training pictures, in 0..1 without its ends: where its output starts.
        encoder, weights, taps, size, batch_norm, fit: as in `build_network`.
        seed: of the head, without touching torch's global generator.

    Raises:
        UnknownName: no such network, encoder or tap.
    """
    body = build_body(name, encoder=encoder, weights=weights, taps=taps, seed=seed, batch_norm=batch_norm)
    network = LabelNetwork(body, tuple(labels), size=size, fit=fit)
    with torch.no_grad():
        drawn = torch.randn(network.head.weight.shape, generator=torch.Generator().manual_seed(seed))
        network.head.weight.copy_(drawn * START)
        network.head.bias.copy_(torch.logit(torch.tensor(list(labels.values()), dtype=torch.float64)))
    return network


def label_network_spec(network: LabelNetwork) -> dict[str, Any]:
    """Plain values from which `load_label_network` makes the same network, to be kept beside its weights."""
    return {
        "network": KIND,
        "encoder": network.encoder.spec(),
        "labels": list(network.labels),
        "size": list(network.size),
        **({"fit": network.fit} if network.fit != "squash" else {}),
    }


def names_pictures(folder: RunFolder) -> bool:
    """Whether a folder is the run of such a network."""
    return folder.exists() and _kind(folder.read()) == KIND


def load_label_network(root: str | Path, *, device: str = "cpu") -> LabelNetwork:
    """The network of a run folder.

    Raises:
        DataNotFound: no run, or one without weights yet. BrokenFile: a record or weights that do not fit. InputError: a run of another kind.
    """
    folder = RunFolder(Path(root))
    record = folder.read()
    if _kind(record) != KIND:
        raise InputError(f"{root} is a run that predicts maps; it names no labels")
    if not folder.weights.is_file():
        raise DataNotFound(f"{root} has no weights.safetensors: the run is {record.status} and has finished {record.epochs_done} epochs")
    spec = record.network
    try:
        height, width = spec["size"]
        network = LabelNetwork(rebuild_encoder(spec["encoder"]), spec["labels"], size=(height, width), fit=spec.get("fit", "squash"))
        network.load_state_dict(load_file(folder.weights))
    except (SafetensorError, RuntimeError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BrokenFile(f"{folder.weights} does not fit the network of run.json: {reason}") from error
    return network.eval().to(torch.device(device))


def _kind(record: RunRecord) -> Any:
    return record.network.get("network") if isinstance(record.network, Mapping) else None
