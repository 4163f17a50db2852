"""Weights over https, once: into a .part file that a later call goes on with, checked by SHA-256, then renamed into the cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from salquest.errors import BrokenFile, DataNotFound
from salquest.runs import cache_folder

if sys.platform != "win32":
    import fcntl

ATTEMPTS = 3  # a connection that breaks is taken up again where it broke
TIMEOUT_S = 30
CHUNK_BYTES = 1 << 20


def fetch(address: str, file_name: str, sha256: str, size_mb: float) -> Path:
    """The file at an address, from the cache folder if it is there, else downloaded into it.

    Two processes that want the same file wait for each other. What a broken connection left is kept, and gone on with.

    Args:
        sha256: the digest, or its first characters.
        size_mb: roughly, for the sentences.

    Raises:
        DataNotFound: the address cannot be reached, or the connection kept breaking.
        BrokenFile: what arrived has another SHA-256; it is deleted.
    """
    target = cache_folder() / file_name
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{file_name}.part")
    with _alone(target.with_name(f"{file_name}.lock")):
        if target.is_file():  # another process was quicker
            return target
        print(f"downloading {file_name} ({size_mb:g} MB) to {target.parent}", file=sys.stderr)
        wanted = f"{file_name} ({size_mb:g} MB, SHA-256 {sha256[:8]}…) is wanted, and {address}"
        by_hand = f"put it into {target.parent} or give its path with `--weights PATH`"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _append(address, part)
                break
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
                if isinstance(error, urllib.error.URLError):  # nothing was sent: no address, no network, or refused
                    raise DataNotFound(f"{wanted} cannot be reached ({reason}); {by_hand}") from error
                if attempt == ATTEMPTS:
                    have_mb = part.stat().st_size / 1e6 if part.exists() else 0
                    raise DataNotFound(
                        f"{wanted} broke off {ATTEMPTS} times, last at {have_mb:.1f} MB ({reason}); the same command goes on from there, "
                        f"or {by_hand}"
                    ) from error
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if not digest.startswith(sha256):
            part.unlink()
            raise BrokenFile(f"{address} should have SHA-256 {sha256}… and what arrived has {digest}; it was deleted; {by_hand}")
        part.replace(target)
    return target


def _append(address: str, part: Path) -> None:
    """Ask for what is missing of `part` and write it behind what is there; raises an OSError or HTTPException where it breaks."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing; the digest decides whether it is the right file
        raise
    with response, part.open("ab") as stream:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            stream.truncate(0)  # the server sends the whole file again
        expected = response.headers.get("Content-Length")
        received = 0
        while chunk := response.read(CHUNK_BYTES):
            received += stream.write(chunk)
        if expected is not None and received != int(expected):
            raise http.client.IncompleteRead(b"", int(expected) - received)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock that the system lets go when the process ends, however it ends; without one on Windows."""
    with lock.open("wb") as stream:
        if sys.platform != "win32":
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
