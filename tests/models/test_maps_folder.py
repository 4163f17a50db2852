"""A folder of maps as a model: which file belongs to which picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from salquest.errors import BrokenFile, DataNotFound
from salquest.gaze import Stimulus
from salquest.models import MapsFolder

PICTURE = Stimulus("1001.jpg", None, (4, 6))


def grey(path, level: int) -> None:
    Image.new("L", (6, 4), level).save(path)


def test_a_map_is_found_by_the_stem_of_its_picture(tmp_path):
    grey(tmp_path / "1001.png", 7)
    grey(tmp_path / "1002.png", 9)
    assert MapsFolder(tmp_path).predict_stimulus(PICTURE).values.max() == 7


def test_the_most_exact_of_several_files_is_taken(tmp_path):
    np.save(tmp_path / "1001.npy", np.full((4, 6), 0.25))
    grey(tmp_path / "1001.jpg", 3)
    grey(tmp_path / "1001.png", 5)
    folder = MapsFolder(tmp_path)
    assert (len(folder), folder.predict_stimulus(PICTURE).values.max()) == (1, 0.25)


def test_a_map_keeps_its_own_size(tmp_path):
    np.save(tmp_path / "1001.npy", np.ones((2, 3)))
    assert MapsFolder(tmp_path).predict_stimulus(PICTURE).size == (2, 3)


def test_other_files_and_hidden_ones_are_passed_over(tmp_path):
    grey(tmp_path / "1001.png", 7)
    grey(tmp_path / ".1002.png", 7)
    (tmp_path / "notes.txt").write_text("")
    assert len(MapsFolder(tmp_path)) == 1


def test_a_folder_is_called_by_its_own_name_or_by_the_given_one(tmp_path):
    grey(tmp_path / "1001.png", 7)
    assert (MapsFolder(tmp_path).name, MapsFolder(tmp_path, name="theirs").name) == (tmp_path.name, "theirs")


def test_a_picture_without_a_map_is_named(tmp_path):
    grey(tmp_path / "1002.png", 7)
    with pytest.raises(DataNotFound, match=r"has no map for 1001.jpg \(looked for 1001.npy, .png and others\)"):
        MapsFolder(tmp_path).predict_stimulus(PICTURE)


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_a_broken_map_is_named(content, tmp_path):
    (tmp_path / "1001.png").write_bytes(content)
    with pytest.raises(BrokenFile, match=r"1001\.png is "):
        MapsFolder(tmp_path).predict_stimulus(PICTURE)


def test_a_folder_without_maps_says_what_a_map_is(tmp_path):
    with pytest.raises(
        DataNotFound, match=r"holds no maps: one file per picture, named by its stem and ending in .npy, .png, .tif or .jpg"
    ):
        MapsFolder(tmp_path)


def test_a_folder_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no folder of maps at .*nowhere"):
        MapsFolder(tmp_path / "nowhere")
