"""Trained networks written: as an ONNX file, and as a folder with card, weights and ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save

from salquest.datasets.catalogue import DATASETS
from salquest.encoders import ENCODERS
from salquest.encoders.cards import WeightsCard
from salquest.errors import InputError, Refused
from salquest.models.checkpoint_card import CheckpointCard
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.deep.export import export_network, stored_tensors, with_half_weights
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import write_bytes
from salquest.runs.atomic import write_folder, write_text

LIMITS = (
    "It predicts where adults look in a photograph on a screen within the first seconds of free viewing; not in search, reading or video, "
    "and not where one given person looks.",
    "It is a mean over observers: it says nothing of differences between persons, ages or cultures.",
)
# of networks that began from the weights that the package embeds
EMBEDDED_LIMIT = "The batch-norm statistics of its encoder were measured on pictures of OSIE, whatever it was trained on."


def card_of(
    model: TrainedNetwork, *, name: str | None = None, title: str = "", licence: str = "", limits: Sequence[str] = ()
) -> CheckpointCard:
    """The card of a network with what is known about its data and its limits filled in.

    Args:
        model: loaded from a run folder, or from a folder with a card.
        name: another name than the model's.
        title: what it is, in a line.
        licence: of the weights; the licences of the data where it is not given.
        limits: sentences besides those that hold for all networks.

    Raises:
        InputError: a network that was put together by hand, of which nothing is known.
    """
    card = model.card
    if card is None:
        raise InputError(f"{model.name} was not loaded from a run, so that nothing is known about how to rebuild it; load its run folder")
    data = _with_licences(card.data)
    beginning = _beginning(model)
    known = [*card.limits, *LIMITS, *([EMBEDDED_LIMIT] if beginning is not None and beginning.origin == "embedded" else []), *limits]
    return replace(
        card,
        name=name or model.name,
        title=title or card.title,
        licence=licence or card.licence or _licence(data),
        began_from=f"{beginning.file_name} ({beginning.licence})" if beginning is not None else card.began_from,
        data=data,
        limits=tuple(dict.fromkeys(known)),
    )


def save_graph(model: TrainedNetwork, path: str | Path, *, half: bool = False, force: bool = False) -> CheckpointCard:
    """Write a network as an ONNX file, compared with torch before it is written (`export_network`).

    Args:
        model: what is written.
        path: of the file.
        half: round the convolutions' weights to float16 and store them so: half the size.
        force: write over a file that is there.

    Returns:
        The card that stands in the file's metadata.

    Raises:
        Refused: the file is there, or the disk does not take it. MissingExtra, InputError: see `export_network`, `card_of`.
    """
    target = Path(path)
    if target.exists() and not force:
        raise Refused(f"{target} is there already; choose another name, or write over it with --force")
    card = card_of(model)
    network = with_half_weights(model.network) if half else model.network
    write_bytes(target, export_network(network, card.as_metadata()))
    return card


def save_checkpoint(
    model: TrainedNetwork, root: str | Path, *, card: CheckpointCard | None = None, half: bool = False, graph: bool = False
) -> None:
    """Write a network as a folder that `load_model` reads, whole or not at all.

    Args:
        model: what is written.
        root: the folder, which is not there yet.
        card: `card_of` the model where it is not given.
        half: store the convolutions' weights as float16; the ONNX file has the same rounded numbers.
        graph: write model.onnx too.

    Raises:
        Refused: the folder is there, or the disk does not take it. MissingExtra, InputError: see `export_network`, `card_of`.
    """
    if Path(root).exists():
        raise Refused(f"{root} is there already; choose another name")
    told = card or card_of(model)
    network = with_half_weights(model.network) if half else model.network
    content = export_network(network, apart=True) if graph else None
    words = {"name": told.name, "licence": told.licence, "salquest": told.salquest}
    weights = save(stored_tensors(network), metadata=words)

    def fill(place: Path) -> None:
        folder = CheckpointFolder(place)
        write_bytes(folder.weights, weights)
        write_text(folder.card_path, told.as_json())
        if content is not None:
            write_bytes(folder.graph, content)

    write_folder(Path(root), fill)


def _beginning(model: TrainedNetwork) -> WeightsCard | None:
    """The weights that a network's encoder began from; None for those of a file that has no name in the catalogue, and for none."""
    encoder = model.network.encoder
    named = ENCODERS[encoder.name].weights.values() if encoder.name in ENCODERS else ()
    return next((weights for weights in named if encoder.weights_digest.startswith(weights.sha256)), None)


def _with_licences(data: Mapping[str, Any]) -> dict[str, Any]:
    """A run's account of its data with each set's licence and source beside its name."""
    if "sets" in data:
        return {**data, "sets": [_with_licences(one) for one in data["sets"]]}
    known = DATASETS.get(str(data.get("name", "")))
    return {**({"licence": known.licence, "source": known.source} if known else {}), **data}


def _licence(data: Mapping[str, Any]) -> str:
    told = [f"{one.get('name', 'unnamed')}: {one.get('licence') or 'not known'}" for one in data.get("sets", [data])]
    return f"that of the data it was trained on ({'; '.join(told)})"
