"""Weights files in: which file a name means, what layout its keys are in, and its tensors into a list of features."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from salquest.encoders.cards import EncoderCard, Layout, Normalisation, Padding, WeightsCard
from salquest.encoders.catalogue import ENCODERS
from salquest.encoders.download import fetch
from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.runs import cache_folder

NOT_FEATURES = ("classifier.", "_fc.", "fc.")  # a classifier may stand in the file; nothing here reads it
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file as it was read: its tensors by the file's own keys, its metadata, its SHA-256."""

    path: Path
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors under our keys, float32, with what they were trained with."""

    path: Path
    state: Mapping[str, Tensor]
    digest: str
    normalisation: Normalisation
    padding: Padding


def find_weights(encoder: str, card: EncoderCard, weights: str | os.PathLike[str]) -> WeightsFile:
    """Read the file that `weights` means: "imagenet", a name on the encoder's card, or a path; downloads where the card has an address.

    Raises:
        UnknownName: neither a name on the card nor like a path.
        DataNotFound: no such file, or it cannot be downloaded; says which file was wanted and where to put it.
        BrokenFile: a file that is not what its name promises, or that cannot be read.
    """
    name = next(iter(card.weights)) if weights == "imagenet" else os.fspath(weights)
    if name not in card.weights:
        path = Path(name).expanduser()
        if not path.is_file() and path.name == name and not path.suffix:
            raise UnknownName(f"weights of {encoder}", name, ["imagenet", "none", *card.weights, "PATH"])
        return read_weights_file(path)
    wanted = card.weights[name]
    if wanted.origin == "embedded":
        with as_file(files("salquest.encoders") / "embedded" / wanted.file_name) as embedded:
            return _checked(read_weights_file(embedded), wanted)
    if wanted.origin.startswith("https://"):
        return _checked(read_weights_file(fetch(wanted.origin, wanted.file_name, wanted.sha256, wanted.size_mb)), wanted)
    by_hand = cache_folder() / wanted.file_name
    if not by_hand.is_file():
        raise DataNotFound(
            f"{encoder} wants {wanted.file_name} (SHA-256 {wanted.sha256[:8]}…), and there is no {by_hand}; {wanted.origin}; "
            f"put it there, or give its path with `--weights PATH`"
        )
    return _checked(read_weights_file(by_hand), wanted)


def _checked(file: WeightsFile, wanted: WeightsCard) -> WeightsFile:
    if not file.digest.startswith(wanted.sha256):
        raise BrokenFile(f"{file.path} should have SHA-256 {wanted.sha256}… and has {file.digest}; delete it and try again")
    return file


def read_weights_file(path: Path) -> WeightsFile:
    """Read a safetensors file or a torch state dict (`torch.load` with weights_only, so that no code in it runs).

    Raises:
        DataNotFound: no such file.
        BrokenFile: neither of the two, or damaged.
    """
    if not path.is_file():
        raise DataNotFound(f"there is no weights file {path}")
    with path.open("rb") as stream:
        start = stream.read(9)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if start.startswith(_HDF5):
        raise BrokenFile(f"{path} is an HDF5 file; salquest reads weights from safetensors and from torch state dicts (.pth, .pt)")
    metadata: Mapping[str, str] = {}
    try:
        if start[8:9] == b"{":
            with safe_open(path, framework="pt") as opened:
                metadata = opened.metadata() or {}
                tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 (not a mapping)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle makes torch raise nearly anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BrokenFile(f"{path} cannot be read as safetensors or as a torch state dict: {reason}") from error
    if not isinstance(tensors, dict) or not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise BrokenFile(f"{path} holds {type(tensors).__name__}, not a state dict of named tensors")
    return WeightsFile(path, tensors, metadata, digest)


def recognise(encoder: str, file: WeightsFile) -> Weights:
    """Bring a file's tensors under our keys; metadata of the file overrides what its layout usually means.

    Raises:
        BrokenFile: the keys are those of another encoder, or of none that is known.
    """
    layout = next((layout for layout in ENCODERS[encoder].layouts if layout.marker in file.tensors), None)
    if layout is None:
        others = [name for name, card in ENCODERS.items() if any(layout.marker in file.tensors for layout in card.layouts)]
        found = f"the keys are those of {others[0]}" if others else f"found {len(file.tensors)} tensors such as {min(file.tensors)!r}"
        expected = " or ".join(repr(layout.marker) for layout in ENCODERS[encoder].layouts)
        raise BrokenFile(f"{file.path} does not hold {encoder}: expected keys such as {expected}; {found}")
    state = {
        layout.rename(key): value.float()
        for key, value in file.tensors.items()
        if not key.startswith(NOT_FEATURES) and not key.endswith("num_batches_tracked")
    }
    return Weights(file.path, state, file.digest, _normalisation(file, layout), _padding(file, layout))


def _normalisation(file: WeightsFile, layout: Layout) -> Normalisation:
    if not file.metadata.get("input", "RGB in 0..1").startswith("RGB in 0..1"):
        raise InputError(f"{file.path} wants its input as {file.metadata['input']!r}; salquest knows 'RGB in 0..1, then (x-mean)/std'")
    return Normalisation(*(_three(file, fact, usual) for fact, usual in zip(("mean", "std"), layout.normalisation, strict=True)))


def _three(file: WeightsFile, fact: str, usual: tuple[float, float, float]) -> tuple[float, float, float]:
    """Three numbers that the file's metadata names, or the usual ones."""
    text = file.metadata.get(fact)
    if text is None:
        return usual
    try:
        red, green, blue = (float(number) for number in text.split(","))
    except ValueError as error:
        raise BrokenFile(f"{file.path} names the {fact} {text!r} in its metadata; expected three numbers such as '0.5,0.5,0.5'") from error
    return red, green, blue


def _padding(file: WeightsFile, layout: Layout) -> Padding:
    text = file.metadata.get("padding")
    if text is None:
        return layout.padding
    return "same" if "same" in text.lower() else "symmetric"


def load_weights(features: nn.Sequential, weights: Weights, *, encoder: str, depth: int) -> None:
    """Copy tensors into the first `depth` stages of a whole list of features; every one of them has to be in the file.

    Raises:
        BrokenFile: a tensor is missing, is left over, or has another shape; names the first such one.
    """
    known = {f"features.{key}": value for key, value in features.state_dict().items() if not key.endswith("num_batches_tracked")}
    needed = {key for key in known if int(key.split(".", 2)[1]) < depth}
    missing, left_over = sorted(needed - weights.state.keys()), sorted(weights.state.keys() - known.keys())
    shapes = [key for key in sorted(known.keys() & weights.state.keys()) if known[key].shape != weights.state[key].shape]
    problem = None
    if missing:
        problem = f"{len(missing)} of {len(needed)} expected tensors are missing, such as {missing[0]!r} {tuple(known[missing[0]].shape)}"
    elif left_over:
        problem = f"{len(left_over)} tensors belong to no layer, such as {left_over[0]!r} {tuple(weights.state[left_over[0]].shape)}"
    elif shapes:
        problem = f"{shapes[0]!r} should be {tuple(known[shapes[0]].shape)} and is {tuple(weights.state[shapes[0]].shape)}"
    if problem is not None:
        raise BrokenFile(f"{weights.path} does not hold {encoder}: {problem}")
    with torch.no_grad():
        for key in needed:
            known[key].copy_(weights.state[key])
