"""Regions of designs from JSON: masks counted by hand, hostile files refused by a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from salquest.applications import NamedRegion, read_regions
from salquest.errors import BrokenFile, DataNotFound

SIZE = (6, 8)


def read(tmp_path, content, size=SIZE):
    (tmp_path / "regions.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return read_regions(tmp_path / "regions.json", size)


def box(*numbers, name="a"):
    return {"regions": [{"name": name, "box": numbers}]}


def test_a_box_holds_the_pixels_from_its_left_to_before_its_right(tmp_path):
    mask = read(tmp_path, box(2, 1, 3, 4))[0].mask(SIZE)
    expected = np.zeros(SIZE, bool)
    expected[1:5, 2:5] = True
    assert np.array_equal(mask, expected)


def test_a_pixel_belongs_where_its_centre_lies():
    def column(left, right):
        return NamedRegion("a", ((left, 0), (right, 0), (right, 1), (left, 1))).mask((1, 4))[0].tolist()

    assert column(0.5, 1.5) == [True, False, False, False]  # a centre on the left side is in, on the right side out
    assert column(0.6, 1.6) == [False, True, False, False]


def test_boxes_side_by_side_share_no_pixel_and_leave_none_out():
    left = NamedRegion("a", ((0, 0), (3.3, 0), (3.3, 6), (0, 6))).mask(SIZE)
    right = NamedRegion("b", ((3.3, 0), (8, 0), (8, 6), (3.3, 6))).mask(SIZE)
    assert not (left & right).any()
    assert (left | right).all()


def test_a_polygon_is_filled_by_the_even_odd_rule():
    triangle = NamedRegion("a", ((0, 0), (4, 0), (0, 4))).mask((4, 4))
    assert triangle.sum(axis=1).tolist() == [3, 2, 1, 0]  # the sloping side passes through centres, which are out
    bow = NamedRegion("b", ((0, 0), (4, 4), (4, 0), (0, 4))).mask((4, 4))
    assert bow.astype(int).tolist() == [[0, 0, 0, 1], [1, 0, 1, 1], [1, 0, 1, 1], [0, 0, 0, 1]]


def test_coordinates_measured_on_another_size_are_scaled(tmp_path):
    mask = read(tmp_path, {"size": [16, 12], **box(4, 2, 6, 8)})[0].mask(SIZE)
    assert (mask[1:5, 2:5].all(), mask.sum()) == (True, 12)


def test_what_reaches_out_of_the_picture_counts_as_far_as_it_is_in_it(tmp_path):
    assert read(tmp_path, box(-5, -5, 7, 6))[0].mask(SIZE).sum() == 2


def test_regions_keep_their_order_and_names(tmp_path):
    found = read(tmp_path, {"regions": [{"name": " b ", "box": [0, 0, 1, 1]}, {"name": "ä", "polygon": [[0, 0], [8, 0], [0, 6]]}]})
    assert [region.name for region in found] == ["b", "ä"]


HOSTILE = {
    "no JSON": ("{", "is no file of regions"),
    "another form": ("[1, 2]", "Expected `object`, got `array`"),
    "a misspelt key": ('{"regions": [{"name": "a", "bx": [0, 0, 1, 1]}]}', "unknown field `bx`"),
    "NaN": ('{"regions": [{"name": "a", "box": [NaN, 0, 1, 1]}]}', "is no file of regions"),
    "infinite": ('{"regions": [{"name": "a", "box": [1e999, 0, 1, 1]}]}', "is no file of regions"),
    "far away": (box(1e300, 0, 1, 1), "coordinates beyond 1e"),
    "three numbers": ('{"regions": [{"name": "a", "box": [0, 0, 1]}]}', "is no file of regions"),
    "deep": ('{"regions": ' + "[" * 100_000, "is no file of regions"),
    "none": ({"regions": []}, "has 0 regions; 1 to 500 can be asked for"),
    "too many": ({"regions": [{"name": str(i), "box": [0, 0, 1, 1]} for i in range(501)]}, "has 501 regions"),
    "neither": ({"regions": [{"name": "a"}]}, "the region 'a' has to be either a box or a polygon"),
    "both": ({"regions": [{"name": "a", "box": [0, 0, 1, 1], "polygon": []}]}, "has to be either a box or a polygon"),
    "flat": (box(0, 0, 5, 0), "the box of 'a' has a width of 5 and a height of 0; both are above 0"),
    "two corners": ({"regions": [{"name": "a", "polygon": [[0, 0], [1, 1]]}]}, "has 2 corners; 3 to 1000 are possible"),
    "no name": (box(0, 0, 1, 1, name="  "), "a region has a name of 1 to 200 printable letters"),
    "a name that rings": (box(0, 0, 1, 1, name="a\x07"), "printable letters"),
    "twice": ({"regions": [{"name": "a", "box": [0, 0, 1, 1]}] * 2}, "has two regions called 'a'"),
    "outside": (box(8, 0, 5, 5), "no pixel of the picture of 8 x 6 lies in the region 'a'; were its coordinates measured on another size"),
    "no size": ({"size": [0, 5], **box(0, 0, 1, 1)}, "the size that coordinates were measured on is a width and a height"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_is_none_is_refused_by_name_and_reason(what, tmp_path):
    content, sentence = HOSTILE[what]
    with pytest.raises(BrokenFile, match=r"regions.json") as error:
        read(tmp_path, content)
    assert sentence in str(error.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with pytest.raises(BrokenFile, match="is larger than 4,000,000 bytes"):
        read(tmp_path, " " * 4_000_001)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(DataNotFound, match="there is no file of regions at"):
        read_regions(tmp_path / "nowhere.json", SIZE)
