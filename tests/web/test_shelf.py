"""What is kept in memory, and what makes room."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.gaze import SaliencyMap
from salquest.web.shelf import NotKept, Shelf, harmless_name

PICTURE = np.zeros((10, 10, 3), np.uint8)  # 300 bytes
MAP = SaliencyMap(np.zeros((10, 10)))  # 400 bytes


def test_the_picture_that_was_asked_for_longest_ago_makes_room() -> None:
    shelf = Shelf(900)
    first, second, third = (shelf.put(PICTURE, "a") for _ in range(3))
    shelf.picture(first)
    fourth = shelf.put(PICTURE, "a")
    with pytest.raises(NotKept, match="this picture is not kept any more"):
        shelf.picture(second)
    assert [shelf.picture(key).name for key in (first, third, fourth)] == ["a"] * 3
    assert shelf.nbytes == 900


def test_maps_count_and_the_newest_picture_stays_with_its_newest_map() -> None:
    shelf = Shelf(1000)
    old, new = shelf.put(PICTURE, "a"), shelf.put(PICTURE, "b")
    shelf.put_map(new, "gbvs", MAP)
    assert shelf.nbytes == 1000
    shelf.put_map(new, "itti", MAP)  # 1100 with one picture: its older map goes too
    with pytest.raises(NotKept):
        shelf.picture(old)
    with pytest.raises(NotKept, match="the map of gbvs is not kept any more; predict it again"):
        shelf.picture(new).map_of("gbvs")
    assert shelf.picture(new).map_of("itti") is MAP
    assert shelf.nbytes == 700


def test_what_alone_is_too_much_is_kept_alone() -> None:
    shelf = Shelf(1)
    key = shelf.put(PICTURE, "a")
    shelf.put_map(key, "gbvs", MAP)
    assert shelf.picture(key).map_of("gbvs") is MAP


def test_a_map_of_a_picture_that_has_gone_is_let_go() -> None:
    shelf = Shelf(300)
    gone = shelf.put(PICTURE, "a")
    shelf.put(PICTURE, "b")
    shelf.put_map(gone, "gbvs", MAP)
    assert shelf.nbytes == 300


def test_keys_cannot_be_guessed() -> None:
    keys = {Shelf(10_000).put(PICTURE, "a") for _ in range(50)}
    assert len(keys) == 50
    assert min(map(len, keys)) >= 22


@pytest.mark.parametrize(
    ("given", "name"), [("a b.tar.gz", "a-b-tar"), ("..", "picture"), ("/etc/passwd", "passwd"), ("\0", "picture"), (".png", "png")]
)
def test_names_for_downloads_are_letters_digits_and_dashes(given: str, name: str) -> None:
    assert harmless_name(given) == name
