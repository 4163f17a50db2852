"""Which pictures are meant by files, folders, patterns and lists, and what their maps are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from salquest.applications.picture_list import list_pictures, paths_of_list, printable
from salquest.errors import InputError


@pytest.fixture
def album(tmp_path):
    for name in ("b.jpg", "a.png", "notes.txt", ".hidden.jpg", "summer/a.jpg", "summer/sea/c.JPG", "winter/a.jpg"):
        (tmp_path / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "album" / name).write_bytes(b"x")
    return tmp_path / "album"


def names(*inputs, **options):
    return [picture.name for picture in list_pictures(list(inputs), **options).pictures]


def test_a_folder_gives_its_pictures_in_order_and_nothing_else(album):
    assert names(str(album)) == ["a", "b"]


def test_sub_folders_are_looked_into_on_request_and_kept_in_the_names(album):
    assert names(str(album), recursive=True) == ["a", "b", "summer/a", "summer/sea/c", "winter/a"]


def test_a_pattern_keeps_the_folders_below_its_fixed_part(album):
    assert names(f"{album}/**/*.jpg") == ["b", "summer/a", "winter/a"]


def test_a_pattern_cannot_name_what_is_made_out_of_the_folder(album):
    assert names(f"{album}/summer/*/../../b.jpg") == ["b"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(album):
    (album / "a[1].jpg").write_bytes(b"x")
    assert names(str(album / "a[1].jpg")) == ["a[1]"]


def test_a_path_object_is_never_a_pattern(album):
    assert [picture.path for picture in list_pictures([album / "*.jpg"]).pictures] == [album / "*.jpg"]


def test_a_picture_named_twice_is_taken_once(album):
    assert names(str(album), str(album / "b.jpg")) == ["a", "b"]


def test_two_pictures_of_one_name_are_refused_before_anything_is_done(album):
    with pytest.raises(InputError, match=r"summer/a.jpg and .*winter/a.jpg would have the same name, a; give the folder that holds both"):
        list_pictures([str(album / "summer" / "a.jpg"), str(album / "winter" / "a.jpg")])


def test_what_is_made_in_a_folder_that_is_read_is_left_out(album):
    assert names(str(album), recursive=True, out=album / "summer") == ["a", "b", "winter/a"]


def test_the_folder_that_is_read_is_not_written_into(album):
    with pytest.raises(InputError, match="so what is made goes elsewhere: it would be taken for pictures the next time"):
        list_pictures([str(album)], out=album / "summer" / "..")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("album/winter/*.gif", "no file matches"), ("album/empty", "empty holds no pictures; --recursive looks into its sub-folders too")],
)
def test_what_is_not_there_is_told_and_the_rest_is_listed(word, sentence, album):
    (album / "empty").mkdir()
    found = list_pictures([str(album.parent / word), str(album / "b.jpg")])
    assert [picture.name for picture in found.pictures] == ["b"]
    assert [sentence in failure for failure in found.failures] == [True]


def test_a_folder_that_may_not_be_read_is_named(album, monkeypatch):
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "winter":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = list_pictures([str(album)], recursive=True)
    assert [picture.name for picture in found.pictures] == ["a", "b", "summer/a", "summer/sea/c"]
    assert found.failures == (f"the folder {album}/winter cannot be read: Permission denied",)


def test_no_picture_at_all_is_a_wrong_request():
    with pytest.raises(InputError, match="no pictures were named"):
        list_pictures([])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a.jpg\r\nb c.jpg \n\n", ["a.jpg", "b c.jpg "]),
        (b"with\nbreak.jpg\0b.jpg\0", ["with\nbreak.jpg", "b.jpg"]),
        (b"", []),
    ],
)
def test_a_list_has_a_path_a_line_or_zero_bytes_between(content, expected):
    assert [str(path) for path in paths_of_list(content)] == expected


def test_a_name_that_is_no_text_can_be_written():
    assert printable(os.fsdecode(b"caf\xe9\n.jpg")) == "caf\\udce9\\n.jpg"
