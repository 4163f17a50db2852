"""The folder that work on many pictures fills: its record says what was asked, and from which picture each file was made."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from salquest.applications.picture_list import PictureFile, printable
from salquest.errors import Refused
from salquest.runs import write_bytes, write_json

RECORD = "made.json"
SCHEMA = 1
# of the record: what a kill may cost is what was made in this time
SECONDS_BETWEEN_SAVES = 5.0


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    schema: int
    request: dict[str, Any]
    files: dict[str, str]


class OutputFolder:
    """Files made from pictures under one request, taken up again where the same request is made again.

    `made.json` beside them holds the request, and per file the SHA-256 of the picture that it was made from ("" until it is made): a file
    is made again when it is missing or its picture has changed. Safe to be used by several threads.

    Args:
        root: the folder.
        request: what decides the content of the files, as plain values. Every key that an earlier request had too has to have its value.
        files: names of the files that will be made, relative to root.
        pictures: what they will be made from, so that none of it is written over, not even by force.
        force: make everything again, whatever is there.

    Raises:
        Refused: the folder holds what another request made, or a file of one of these names that no record speaks of,
            or one of the pictures.
    """

    def __init__(
        self, root: Path, request: Mapping[str, Any], *, files: Sequence[str], pictures: Sequence[PictureFile] = (), force: bool = False
    ) -> None:
        self.root = root
        read = {picture.path.resolve() for picture in pictures}
        for name in files:
            if (root / name).resolve() in read:
                raise Refused(f"{root / name} is one of the pictures that are read, and would be written over; choose another folder")
        self._lock, self._saved = threading.Lock(), time.monotonic()
        earlier = _Record(SCHEMA, {}, {}) if force else self._read()
        for key, value in request.items():
            if key in earlier.request and earlier.request[key] != value:
                raise Refused(
                    f"{root} holds what another request made ({key} was {_told(earlier.request[key])}, and is {_told(value)} now); "
                    "choose another folder, or write over it with --force"
                )
        for name in files:
            if printable(name) not in earlier.files and (root / name).exists() and not force:
                raise Refused(
                    f"{root / name} is already there and was not made by this command; choose another folder, or write over it with --force"
                )
            earlier.files.setdefault(printable(name), "")
        self._record = _Record(SCHEMA, {**earlier.request, **request}, earlier.files)
        self.save()

    def is_current(self, name: str, digest: str) -> bool:
        """Whether a file is there and was made from the picture of this digest."""
        return self.made_from(name) == digest and (self.root / name).is_file()

    def made_from(self, name: str) -> str:
        """The digest of the picture that a file was made from; "" for one that was never made."""
        return self._record.files.get(printable(name), "")

    def write(self, name: str, content: bytes, digest: str) -> None:
        """Write a file whole or not at all, and note which picture it was made from. Raises as `write_bytes`."""
        write_bytes(self.root / name, content)
        with self._lock:
            self._record.files[printable(name)] = digest
            if time.monotonic() - self._saved > SECONDS_BETWEEN_SAVES:
                self._write_record()

    def save(self) -> None:
        """Write the record. Raises as `write_bytes`."""
        with self._lock:
            self._write_record()

    def _write_record(self) -> None:
        files = dict(sorted(self._record.files.items()))
        write_json(self.root / RECORD, {"schema": SCHEMA, "request": self._record.request, "files": files})
        self._saved = time.monotonic()

    def _read(self) -> _Record:
        path = self.root / RECORD
        if not path.is_file():
            return _Record(SCHEMA, {}, {})
        try:
            record = msgspec.json.decode(path.read_bytes(), type=_Record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OSError) as error:
            raise Refused(
                f"{path} is not a record of what was made here ({error}); choose another folder, or delete that file with the others"
            ) from error
        if record.schema > SCHEMA:
            raise Refused(f"{path} has schema {record.schema}; this salquest reads up to {SCHEMA}: install a newer one")
        return record


def _told(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else msgspec.json.encode(value).decode()
