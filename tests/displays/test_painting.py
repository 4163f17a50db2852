"""Shapes become pixels: areas, edges, labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from salquest.displays.marks import arc, bar, corner, disc, letter_f, letter_q, letter_t, mirrored, morph, reach, regular, ring
from salquest.displays.painting import Gabor, Ink, Item, coverage, equal_discs, inked, paint
from salquest.errors import InputError

INK = (200, 40, 90)
AREAS = {
    "disc": (disc(75.0), math.pi * 37.5**2),
    "bar": (bar(75.0, 20.0, 31.0), 1500.0),
    "upright square": (bar(50.0, 50.0), 2500.0),
    "triangle": (regular(90.0, 3, 17.0), 3 * math.sqrt(3) / 4 * 45.0**2),
    "morph to a square": (morph(4000.0, 4, 0.5, 10.0), 4000.0),
    "morph to a triangle": (morph(4000.0, 3, 1.0), 4000.0),
    "ring": (ring(75.0, 10.0), math.pi * (37.5**2 - 27.5**2)),
    "open ring": (ring(75.0, 10.0, gap_degrees=90.0, degrees=20.0), 0.75 * math.pi * (37.5**2 - 27.5**2)),
    "L": (letter_t(70.0, 16.0, 0.0, 33.0), 2 * 70 * 16 - 16 * 16),
    "T": (letter_t(70.0, 16.0, 1.0, 33.0), 2 * 70 * 16 - 16 * 16),
    "a bow of 90 degrees": (arc(90.0, 12.0, 90.0, 5.0), 90.0 * 12.0),
}


@pytest.mark.parametrize("name", AREAS)
def test_a_shape_has_its_area_within_one_percent(name):
    shape, area = AREAS[name]
    assert inked(Ink(shape, INK)).sum() == pytest.approx(area, rel=0.01)
    assert coverage(shape).sum() / 16 == pytest.approx(area, rel=0.005)


def test_an_edge_through_pixel_centres_takes_one_of_its_sides():
    # a square of 50 pixels around a pixel's centre: edges through the centres of 51 columns
    assert inked(Ink(bar(50.0, 50.0), INK)).sum() == 2500


def test_a_turn_by_90_degrees_turns_the_coverage():
    np.testing.assert_array_equal(coverage(bar(40.0, 12.0, 120.0)), np.rot90(coverage(bar(40.0, 12.0, 30.0))))


def test_degrees_are_counter_clockwise():
    rows, columns = np.nonzero(inked(Ink(bar(60.0, 6.0, 45.0), INK)))
    assert np.corrcoef(rows, columns)[0, 1] < -0.9  # up on the right


def test_a_mirrored_f_is_not_an_f_and_a_mirrored_lopsided_0_is():
    assert (coverage(letter_f(60.0, 10.0, 1.0)) != coverage(mirrored(letter_f(60.0, 10.0, 1.0)))).any()
    np.testing.assert_array_equal(coverage(letter_f(60.0, 10.0, 0.0)), coverage(mirrored(letter_f(60.0, 10.0, 0.0))))


def test_a_q_without_a_tail_is_an_o_and_a_straight_corner_is_a_bar():
    np.testing.assert_array_equal(coverage(letter_q(60.0, 9.0, 0.0)), coverage(ring(60.0, 9.0)))
    assert inked(Ink(corner(30.0, 8.0, 180.0, 25.0), INK)).sum() == pytest.approx(480, rel=0.01)


def test_items_that_look_alike_are_the_same_pixels_anywhere():
    look = Ink(ring(31.0, 5.0, gap_degrees=40.0, degrees=12.0), INK)
    picture, labels = paint(np.full((90, 160, 3), 128, np.uint8), [Item(31, 30, look, 1), Item(117, 54, look, 2)])
    np.testing.assert_array_equal(picture[10:51, 11:52], picture[34:75, 97:138])
    np.testing.assert_array_equal(labels[10:51, 11:52] == 1, labels[34:75, 97:138] == 2)


def test_half_covered_pixels_are_half_way_between_ground_and_ink():
    picture, _ = paint(np.full((41, 41, 3), 100, np.uint8), [Item(20, 20, Ink(bar(20.0, 9.0), (200, 200, 200)), 1)])
    # its long edges lie 4.5 px off a pixel's centre: on the edge between pixels; its ends 10 px off: in the middle of a pixel
    assert picture[20, [9, 10, 11]].tolist() == [[100] * 3, [150] * 3, [200] * 3]
    assert picture[[15, 16], 20].tolist() == [[100] * 3, [200] * 3]


def test_a_gabor_keeps_the_mean_and_swings_by_its_contrast():
    picture, labels = paint(np.full((121, 121, 3), 128, np.uint8), [Item(60, 60, Gabor(12.0, 10.0, 30.0, 0.0, 0.5), 1)])
    assert int(picture[60, 60, 0]) == 128 + round(127 * 0.5)
    assert picture.mean() == pytest.approx(128, abs=0.05)
    assert int(labels.astype(int).sum()) == pytest.approx(math.pi * 24**2, rel=0.015)


def test_an_item_that_the_border_would_cut_is_refused():
    with pytest.raises(InputError, match="an item of radius 10 px at x=4, y=50 is cut by the border of a picture of 100x100"):
        paint(np.zeros((100, 100, 3), np.uint8), [Item(4, 50, Ink(disc(20.0), INK), 1)])


def test_equal_discs_are_equal_and_cut_by_the_border():
    areas = equal_discs((40, 40), [(1, 20, 20), (2, 0, 39)], 6.0)
    assert (areas == 1).sum() == 113  # whole numbers (x, y) with x² + y² <= 36
    assert areas[39, 0] == 2
    assert 0 < (areas == 2).sum() < 113


def test_the_reach_of_a_shape_holds_its_ink():
    assert reach(bar(80.0, 60.0, 13.0)) == pytest.approx(50.0)
