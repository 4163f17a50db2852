"""Arrays that were computed once: a file per key on the disk, or in memory; a key names everything that the arrays depend on."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from salquest.runs import versions, write_bytes

# raised whenever the same key would give other numbers than before
FORMAT = 1
Arrays = dict[str, NDArray]


class ArrayCache:
    """Arrays by key.

    The file's name is the SHA-256 of the key and the file holds the key itself, so that another key's numbers are never taken, and a check
    sum, so that a damaged file counts as none. Version of salquest and of the format are part of every key.

    Args:
        root: the folder, made where it is missing; None keeps everything in memory.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._memory: dict[str, Arrays] = {}

    def get(self, key: Mapping[str, Any]) -> Arrays | None:
        """The arrays of a key, or None where there are none; a damaged file is deleted."""
        text = _text(key)
        if self.root is None:
            return self._memory.get(text)
        path = self._path(text)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="np") as opened:
                said = opened.metadata() or {}
                arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (a file, not a mapping)
        except SafetensorError:
            said, arrays = {}, {}
        if (said.get("key"), said.get("crc32")) == (text, str(_checksum(arrays))):
            return arrays
        path.unlink(missing_ok=True)
        return None

    def put(self, key: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> None:
        """Keep arrays, whole or not at all. Raises Refused: the file cannot be written."""
        text = _text(key)
        kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        if self.root is None:
            self._memory[text] = kept
        else:
            write_bytes(self._path(text), save(kept, metadata={"key": text, "crc32": str(_checksum(kept))}))

    def __contains__(self, key: Mapping[str, Any]) -> bool:
        text = _text(key)
        return text in self._memory if self.root is None else self._path(text).is_file()

    def _path(self, text: str) -> Path:
        assert self.root is not None
        return self.root / f"{hashlib.sha256(text.encode()).hexdigest()}.safetensors"


def _text(key: Mapping[str, Any]) -> str:
    edition = {"format": FORMAT, "salquest": versions("salquest").get("salquest", "uninstalled")}
    return json.dumps({**key, **edition}, sort_keys=True, separators=(",", ":"))


def _checksum(arrays: Mapping[str, NDArray]) -> int:
    checksum = 0
    for name in sorted(arrays):
        checksum = zlib.crc32(np.ascontiguousarray(arrays[name]).data, checksum)
    return checksum
