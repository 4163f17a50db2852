"""Which pictures are meant by files, folders, patterns and lists, and what the files made from each are called."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from salquest.errors import InputError
from salquest.gaze.pictures import is_picture


@dataclass(frozen=True)
class PictureFile:
    """A picture that was asked for.

    Attributes:
        path: the file.
        name: what is made from it is named so: relative, "/" between folders, without an ending ("holiday/IMG_1").
    """

    path: Path
    name: str

    @property
    def printable(self) -> str:
        """The file's own name as text that can be written and printed."""
        return printable(self.path.name)


@dataclass(frozen=True)
class PictureList:
    """Pictures with names of their own, in the order given, and what was asked for and is not there, one sentence each."""

    pictures: tuple[PictureFile, ...]
    failures: tuple[str, ...] = ()


def list_pictures(inputs: Sequence[str | Path], *, recursive: bool = False, out: Path | None = None) -> PictureList:
    """Look up what inputs mean.

    A file is named by its stem. A picture of a folder is named by its place in that folder, and one of a pattern ("photos/**/*.jpg") by its
    place in the part of the pattern before the first wildcard, so that sub-folders are kept. A picture that is named twice is taken once.

    Args:
        inputs: files, folders, or patterns with *, ? or [...]; a Path is never a pattern, nor is a name that exists.
        recursive: take the pictures of sub-folders too. Links to folders are not followed.
        out: where what is made will go; it is left out where it lies in a folder that is looked through.

    Raises:
        InputError: two pictures would have the same name, `out` is a folder that pictures are read from, or there is no picture at all.
    """
    failures: list[str] = []
    found: dict[Path, PictureFile] = {}
    for word in inputs:
        for picture in _meant(word, recursive, out, failures):
            found.setdefault(picture.path.absolute(), picture)
    if not found and not failures:
        raise InputError("no pictures were named; give picture files, folders that hold some, or a list of paths")
    _check_names(found.values())
    return PictureList(tuple(found.values()), tuple(failures))


def printable(name: str) -> str:
    """A file's name as text that can be written and printed: what is no UTF-8 or does not print is escaped."""
    written = name.encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in written)


def paths_of_list(content: bytes) -> list[Path]:
    """The paths of a list: one a line, or with a zero byte after each (`find -print0`), for names that hold line breaks."""
    parts = content.split(b"\0") if b"\0" in content else [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return [Path(os.fsdecode(part)) for part in parts if part.strip()]


def _meant(word: str | Path, recursive: bool, out: Path | None, failures: list[str]) -> Iterator[PictureFile]:
    path = Path(word).expanduser()
    if _is_folder(path):
        if out is not None and os.path.realpath(path) == os.path.realpath(out):
            raise InputError(f"pictures are read from {path}, so what is made goes elsewhere: it would be taken for pictures the next time")
        before = len(failures)
        pictures = list(_of_folder(path, recursive, out, failures))
        yield from pictures
        if not pictures and len(failures) == before:
            failures.append(f"{path} holds no pictures" + ("" if recursive else "; --recursive looks into its sub-folders too"))
    elif isinstance(word, str) and glob.has_magic(word) and not os.path.lexists(path):
        fixed = _before_wildcards(path)
        matches = [Path(match) for match in sorted(glob.iglob(str(path), recursive=True)) if not _is_folder(Path(match))]  # noqa: PTH207
        if not matches:
            failures.append(f"no file matches {word}")
        yield from (PictureFile(match, _name_within(match, fixed)) for match in matches)
    else:
        yield PictureFile(path, path.stem)


def _of_folder(root: Path, recursive: bool, out: Path | None, failures: list[str]) -> Iterator[PictureFile]:
    def unreadable(error: OSError) -> None:
        failures.append(f"the folder {error.filename} cannot be read: {error.strerror}")

    for place, folders, files in os.walk(root, onerror=unreadable):
        here = Path(place)
        folders[:] = sorted(name for name in folders if recursive and not name.startswith(".") and not _same(here / name, out))
        yield from (PictureFile(here / name, _name_within(here / name, root)) for name in sorted(files) if is_picture(here / name))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it may not be looked at; reading it says why
        return False


def _same(folder: Path, out: Path | None) -> bool:
    return out is not None and os.path.realpath(folder) == os.path.realpath(out)


def _before_wildcards(pattern: Path) -> Path:
    parts: list[str] = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _name_within(path: Path, root: Path) -> str:
    relative = PurePath(os.path.relpath(path, root)).with_suffix("")
    return path.stem if ".." in relative.parts else relative.as_posix()  # a pattern may climb out of its folder, what is made may not


def _check_names(pictures: Iterable[PictureFile]) -> None:
    by_name: dict[str, PictureFile] = {}
    for picture in pictures:
        other = by_name.setdefault(picture.name, picture)
        if other is not picture:
            raise InputError(
                f"{other.path} and {picture.path} would have the same name, {picture.name}; give the folder that holds both with "
                "--recursive, which keeps sub-folders, or take them one after the other into two folders"
            )
