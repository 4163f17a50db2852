"""The record of what was made: taken up again by the same request, refused to another, whole after a kill."""

from __future__ import annotations

import json

import pytest

from salquest.applications.output_folder import OutputFolder
from salquest.applications.picture_list import PictureFile
from salquest.errors import Refused

REQUEST = {"model": "uniform", "format": "npy"}


def made(root, request=REQUEST, **options):
    return OutputFolder(root, request, files=["a.npy"], **options)


def test_what_was_saved_is_taken_up_again(tmp_path):
    folder = made(tmp_path)
    folder.write("a.npy", b"1", "digest")
    folder.save()
    again = made(tmp_path)
    assert (again.is_current("a.npy", "digest"), again.is_current("a.npy", "other")) == (True, False)
    (tmp_path / "a.npy").unlink()
    assert not again.is_current("a.npy", "digest")


def test_another_request_is_refused_and_told_what_differs(tmp_path):
    made(tmp_path)
    with pytest.raises(Refused, match=r"holds what another request made \(format was npy, and is png16 now\); choose another folder, or"):
        made(tmp_path, {**REQUEST, "format": "png16"})


def test_a_request_may_ask_for_more_and_later_for_less(tmp_path):
    made(tmp_path)
    made(tmp_path, {**REQUEST, "regions": 3})
    made(tmp_path)
    with pytest.raises(Refused, match="regions was 3, and is 5 now"):
        made(tmp_path, {**REQUEST, "regions": 5})


def test_force_makes_everything_again(tmp_path):
    folder = made(tmp_path)
    folder.write("a.npy", b"1", "digest")
    folder.save()
    assert not made(tmp_path, {"model": "other"}, force=True).is_current("a.npy", "digest")
    assert json.loads((tmp_path / "made.json").read_text())["request"] == {"model": "other"}


def test_a_file_that_no_record_speaks_of_is_not_written_over(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"mine")
    with pytest.raises(Refused, match=r"a.npy is already there and was not made by this command"):
        made(tmp_path)
    assert not (tmp_path / "made.json").exists()


def test_a_file_left_by_a_kill_is_ours(tmp_path):
    made(tmp_path).write("a.npy", b"1", "digest")  # never saved again
    assert not made(tmp_path).is_current("a.npy", "digest")


def test_a_picture_that_is_read_is_not_written_over_even_by_force(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"a picture")
    with pytest.raises(Refused, match="is one of the pictures that are read, and would be written over"):
        made(tmp_path, pictures=[PictureFile(tmp_path / "a.npy", "a")], force=True)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": 1, "request": {}, "files": {"a": 1}}', b"\xff", b"[" * 100_000, b'{"schema": 1, "request": {}}'],
    ids=["empty", "cut", "list", "no digest", "no text", "deep", "a part is missing"],
)
def test_a_record_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "made.json").write_bytes(content)
    with pytest.raises(Refused, match=r"made.json is not a record of what was made here"):
        made(tmp_path)


def test_the_record_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "made.json").write_text('{"schema": 2, "request": {}, "files": {}}')
    with pytest.raises(Refused, match="has schema 2; this salquest reads up to 1: install a newer one"):
        made(tmp_path)
