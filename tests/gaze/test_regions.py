"""Labelled pixels and boxes as masks; the stimulus they belong to."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from salquest.errors import BrokenFile, UnknownName
from salquest.gaze import Box, Regions, Stimulus

LABELS = np.array([[0, 1, 1], [2, 2, 0]], np.uint8)


@pytest.fixture
def labelled(tmp_path):
    """Labels as a palette picture of 2 bits, whose colours say nothing about the values."""
    picture = Image.fromarray(LABELS, mode=None).convert("P")
    picture.putpalette([255, 255, 255, 0, 0, 0, 255, 255, 255, 7, 7, 7])
    picture.putdata(LABELS.reshape(-1).tolist())
    picture.save(tmp_path / "labels.png", bits=2)
    return Regions((2, 3), tmp_path / "labels.png", {1: frozenset({"face", "gazed"}), 2: frozenset({"text", "gazed"})})


def test_labels_are_the_palette_s_indices_not_its_colours(labelled):
    assert labelled.labels().tolist() == LABELS.tolist()


def test_a_category_is_every_region_value_that_has_it(labelled):
    assert labelled.mask("gazed").tolist() == [[False, True, True], [True, True, False]]
    assert labelled.mask("text").tolist() == [[False, False, False], [True, True, False]]


def test_categories_are_attributes_labels_and_flags_in_order(labelled):
    with_boxes = Regions((2, 3), attributes=labelled.attributes, boxes=(Box("head", 0, 0, 1, 1, frozenset({"back"})),))
    assert with_boxes.categories == ("back", "face", "gazed", "head", "text")


def test_a_category_that_is_not_there_is_refused_with_the_nearest(labelled):
    with pytest.raises(UnknownName, match=r"no category is called 'faces' \(did you mean 'face'\?\); there are: face, gazed, text"):
        labelled.mask("faces")


@pytest.mark.parametrize(
    ("left", "width", "columns"),
    [
        (1.0, 2.0, [1, 2]),
        (-0.5, 2.0, [0, 1]),
        (0.5, 1.0, [1]),
        (1.5, 1.0, [2]),  # round-half-even would make it no pixel wide
        (-3.0, 4.0, [0]),
        (5.0, 9.0, [5]),
        (-9.0, 2.0, []),
    ],
)
def test_a_box_covers_the_cells_from_its_left_edge_to_its_right_edge(left, width, columns):
    mask = Regions((1, 6), boxes=(Box("face", left, -0.5, width, 1.0),)).mask("face")
    assert np.flatnonzero(mask[0]).tolist() == columns


def test_boxes_that_overlap_make_one_mask():
    boxes = (Box("face", 0, 0, 2, 1), Box("face", 1, 0, 2, 2, frozenset({"back"})))
    assert Regions((2, 3), boxes=boxes).mask("face").tolist() == [[True, True, True], [False, True, True]]


def test_a_flag_picks_the_boxes_that_have_it():
    boxes = (Box("face", 0, 0, 1, 1), Box("face", 2, 0, 1, 1, frozenset({"back"})))
    assert Regions((1, 3), boxes=boxes).mask("back").tolist() == [[False, False, True]]


def test_without_a_label_picture_nothing_is_labelled():
    assert Regions((2, 2)).labels().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
def test_labels_of_another_shape_are_refused(shape, tmp_path):
    Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / "labels.png")
    with pytest.raises(BrokenFile, match=r"labels.png has shape \(.*\); labels of a picture of \(2, 3\) are \(2, 3\)"):
        Regions((2, 3), tmp_path / "labels.png").labels()


def test_a_label_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "labels.png").write_bytes(b"nothing")
    with pytest.raises(BrokenFile, match=r"labels\.png cannot be read as labels"):
        Regions((2, 3), tmp_path / "labels.png").labels()


def test_a_stimulus_is_known_by_stem_and_by_the_bytes_of_its_file(tmp_path):
    Image.new("RGB", (2, 1), (1, 2, 3)).save(tmp_path / "a.b.png")
    stimulus = Stimulus("a.b.png", tmp_path / "a.b.png", (1, 2))
    assert stimulus.stem == "a.b"
    assert stimulus.pixels().tolist() == [[[1, 2, 3]] * 2]
    assert stimulus.digest() == hashlib.sha256((tmp_path / "a.b.png").read_bytes()).hexdigest()
