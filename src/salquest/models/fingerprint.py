"""What tells whether a model still answers as it did when files were made with it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from salquest.errors import UnknownName
from salquest.models.adapted_network import AdaptedFolder
from salquest.models.catalogue import MODELS
from salquest.models.hub import SCHEME, fetch
from salquest.models.network_digest import digest, network_digest
from salquest.models.shipped import shipped_networks
from salquest.runs import versions


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
        return network_digest(shipped[word].root)
    if word in MODELS:
        return f"{name} of salquest {versions('salquest').get('salquest', 'uninstalled')}"
    path = fetch(word) if word.startswith(SCHEME) else Path(name).expanduser()
    if path.is_file():
        return digest("", path)
    if not path.is_dir():
        raise UnknownName("model or run folder", word, MODELS)
    if AdaptedFolder(path).exists():
        record = AdaptedFolder(path).read()
        return digest(record.fingerprint + msgspec.json.encode(record.adaptation).decode())
    return network_digest(path)
