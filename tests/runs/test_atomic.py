"""A file is written whole or not at all: what a failure leaves behind."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from salquest.errors import DataNotFound, Refused
from salquest.runs import write_bytes, write_folder, write_json, write_text


def disk_is_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_with_its_folders(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "ä\n")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"\xc3\xa4\n"


def test_writing_leaves_nothing_but_the_file(tmp_path):
    write_bytes(tmp_path / "a", b"1")
    write_bytes(tmp_path / "a", b"2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"2")]


def test_a_written_file_can_be_read_by_others(tmp_path):
    write_bytes(tmp_path / "a", b"1")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_json_is_utf8_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Tübingen", "split": ["1.jpg"]})
    assert "Tübingen" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "Tübingen", "split": ["1.jpg"]}


@pytest.mark.parametrize(("module", "function"), [(os, "fsync"), (Path, "replace"), (Path, "write_bytes")])
def test_a_full_disk_leaves_the_old_file_and_no_temporary_one(module, function, tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text("old")
    monkeypatch.setattr(module, function, disk_is_full)
    with pytest.raises(Refused, match=r"a.json could not be written: No space left on device; nothing half-written was left"):
        write_text(tmp_path / "a.json", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "old")]


def test_an_interruption_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_a_place_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match=r"file/a.txt could not be written"):
        write_text(tmp_path / "file" / "a.txt", "new")


def test_a_folder_appears_whole(tmp_path):
    write_folder(tmp_path / "deep" / "out", lambda folder: (folder / "a").write_text("1"))
    assert (tmp_path / "deep" / "out" / "a").read_text() == "1"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def fails_halfway(error: BaseException):
    def fill(folder: Path) -> None:
        (folder / "a").write_text("1")
        raise error

    return fill


def test_a_folder_whose_filling_fails_is_not_there_at_all(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "out", fails_halfway(KeyboardInterrupt()))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_a_folder_in_a_sentence(tmp_path):
    with pytest.raises(Refused, match="out could not be written: No space left on device; nothing half-written was left"):
        write_folder(tmp_path / "out", fails_halfway(OSError(errno.ENOSPC, "No space left on device")))
    assert list(tmp_path.iterdir()) == []


def test_what_the_filler_says_is_passed_on(tmp_path):
    with pytest.raises(DataNotFound, match="there is no picture"):
        write_folder(tmp_path / "out", fails_halfway(DataNotFound("there is no picture")))


def test_a_folder_with_content_is_not_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").write_text("1")
    with pytest.raises(Refused, match="out could not be written"):
        write_folder(tmp_path / "out", lambda folder: (folder / "a").write_text("1"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]
