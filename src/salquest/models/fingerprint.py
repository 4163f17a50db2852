"""What tells whether a model still answers as it did when files were made with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from salquest.errors import DataNotFound, UnknownName
from salquest.models.catalogue import MODELS
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.hub import SCHEME, fetch
from salquest.models.shipped import shipped_networks
from salquest.runs import RunFolder, versions


def fingerprint(name: str | Path) -> str:
    """A name of the catalogue with this version of salquest, or sixteen hexadecimal digits of a trained network's numbers, wherever they lie.

    Args:
        name: whatever `load_model` takes.

    Raises:
        UnknownName, InputError, DataNotFound, BrokenFile: as `load_model`.
    """
    word = str(name)
    shipped = shipped_networks()
    if word in shipped:
        return _of_checkpoint(shipped[word])
    if word in MODELS:
        return f"{name} of salquest {versions('salquest').get('salquest', 'uninstalled')}"
    path = fetch(word) if word.startswith(SCHEME) else Path(name).expanduser()
    if path.is_file():
        return _digest("", path)
    if not path.is_dir():
        raise UnknownName("model or run folder", word, MODELS)
    if CheckpointFolder(path).exists():
        return _of_checkpoint(CheckpointFolder(path))
    folder = RunFolder(path)
    network = folder.read().network
    if not folder.weights.is_file():
        raise DataNotFound(f"{path} has no weights.safetensors: the run has not finished its first epoch")
    return _digest(json.dumps(network, sort_keys=True), folder.weights)


def _of_checkpoint(folder: CheckpointFolder) -> str:
    network = folder.read().network
    if not folder.weights.is_file():
        raise DataNotFound(f"{folder.root} has no weights.safetensors beside its card")
    return _digest(json.dumps(network, sort_keys=True), folder.weights)


def _digest(described: str, numbers: Path) -> str:
    digest = hashlib.sha256(described.encode())
    with numbers.open("rb") as content:
        digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]
