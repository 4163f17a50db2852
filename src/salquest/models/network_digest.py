"""Sixteen hexadecimal digits of a trained network's numbers: the same for the same network, wherever it lies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from salquest.errors import DataNotFound
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.runs import RunFolder


def network_digest(root: Path) -> str:
    """Of the network in a run folder or in the folder of a checkpoint: of its spec and its weights.

    Raises:
        DataNotFound: no such folder, or no weights in it. BrokenFile: a record or a card that cannot be read.
    """
    checkpoint, run = CheckpointFolder(root), RunFolder(root)
    if checkpoint.exists():
        network = checkpoint.read().network
        if not checkpoint.weights.is_file():
            raise DataNotFound(f"{root} has no weights.safetensors beside its card")
        return digest(json.dumps(network, sort_keys=True), checkpoint.weights)
    network = run.read().network
    if not run.weights.is_file():
        raise DataNotFound(f"{root} has no weights.safetensors: the run has not finished its first epoch")
    return digest(json.dumps(network, sort_keys=True), run.weights)


def digest(described: str, numbers: Path | None = None) -> str:
    """Of a text, and of a file's content where one is given."""
    found = hashlib.sha256(described.encode())
    if numbers is not None:
        with numbers.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()[:16]
