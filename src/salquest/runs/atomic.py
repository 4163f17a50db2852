"""Writing that is whole or not at all: into a temporary neighbour first, then renamed; a kill leaves the old file or the new one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from salquest.errors import Refused, SalquestError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its folder is made where it is missing.

    Raises:
        Refused: the disk is full, or the folder may not be written; nothing half-written stays.
    """
    _whole(path, lambda temporary: temporary.write_bytes(content))


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text file whole or not at all. Raises as `write_bytes`."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write one JSON document, readable by people, whole or not at all. Raises as `write_bytes`."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a temporary folder, then give it its name; a folder of that name must not exist yet. Raises as `write_bytes`."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        fill(temporary)
        temporary.chmod(0o755)
        temporary.rename(path)
    except SalquestError:
        raise
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> Refused:
    return Refused(f"{path} could not be written: {error.strerror or error}; nothing half-written was left")
