"""Outlines hold exactly what is above the level; units' strongest pictures are what a plain sort says; both survive the cache."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salquest.dissection.outlines import area_of, outline, simplified
from salquest.dissection.strongest import LARGEST, STRONGEST, Answer, PeakTally, packed, picture_outline, unpacked
from salquest.gaze.polygons import polygon_mask

fields = arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([-2.0, -0.5, 0.25, 1.0, 3.0]))


@given(fields)
def test_the_pixels_inside_all_polygons_are_those_above_the_level(field):
    """By the even-odd rule of another part of the package; holes take away again, areas at the edge are closed there."""
    inside = np.zeros(field.shape, dtype=bool)
    for polygon in outline(field, 0.1):
        inside ^= polygon_mask(polygon + 0.5, field.shape)
    np.testing.assert_array_equal(inside, field > 0.1)


def test_a_line_stands_where_the_level_would_be():
    (polygon,) = outline(np.array([[0.0, 0, 0], [0, 4, 0], [0, 0, 0]]), 1.0)
    assert sorted(map(tuple, polygon)) == [(0.25, 1), (1, 0.25), (1, 1.75), (1.75, 1)]
    assert area_of(polygon) == pytest.approx(1.5**2 / 2)


def test_an_area_at_the_edge_ends_there():
    (polygon,) = outline(np.ones((2, 3)), 0.0)
    assert (polygon.min(axis=0).tolist(), polygon.max(axis=0).tolist()) == ([-0.5, -0.5], [2.5, 1.5])
    assert outline(np.ones((2, 3)), 1.0) == []


def test_a_hole_runs_the_other_way():
    ring = np.pad(np.pad(np.zeros((1, 1)), 1, constant_values=1.0), 1)
    areas = sorted(area_of(polygon) for polygon in outline(ring, 0.5))
    assert areas[0] < 0 < areas[1]


def test_corners_that_two_areas_share_join_them_where_the_mean_is_above():
    crossed = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(outline(crossed, 0.4)) == 1
    assert len(outline(crossed, 0.6)) == 2


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=30), st.floats(0.1, 5))
def test_no_corner_that_was_left_out_is_farther_than_the_tolerance(corners, tolerance):
    whole = np.array(corners)
    fewer = simplified(whole, tolerance)
    assert set(map(tuple, fewer)) <= set(map(tuple, whole))
    ends = np.roll(fewer, -1, axis=0) - fewer
    length = np.maximum((ends**2).sum(axis=1), 1e-300)
    for corner in whole:
        share = np.clip(((corner - fewer) * ends).sum(axis=1) / length, 0, 1)
        nearest = np.hypot(*(fewer + share[:, None] * ends - corner).T).min()
        # the distance is taken to the line through two corners, which may end before
        assert nearest <= max(tolerance, np.hypot(*(fewer - corner).T).min()) + 1e-9


def test_a_square_needs_four_corners():
    around = np.array(
        [(x, 0) for x in range(5)] + [(4, y) for y in range(1, 5)] + [(x, 4) for x in (3, 2, 1, 0)] + [(0, y) for y in (3, 2, 1)]
    )
    assert sorted(map(tuple, simplified(around.astype(float), 0.5))) == [(0, 0), (0, 4), (4, 0), (4, 4)]


def test_specks_are_left_out_beyond_the_largest():
    field = np.zeros((100, 100))
    field[40:60, 40:60] = 1
    field[::4, 0:40:20] = 1
    found = picture_outline(field, 0.5, step=4, longer=400)
    assert len(found) == LARGEST
    assert abs(area_of(found[0])) == pytest.approx(20 * 20 * 16, rel=0.1)
    # the square's middle in pixels of the picture: cells 40..59 are pixels 162, 166, …, 238
    assert ((found[0].min(axis=0) + found[0].max(axis=0)) / 2).tolist() == [200, 200]


def test_the_strongest_pictures_are_those_of_a_plain_sort():
    draw = np.random.Generator(np.random.PCG64(3))
    maps = draw.integers(0, 6, (40, 5, 12)).astype(np.float32)  # many equal peaks
    tally = PeakTally(5)
    for number, one in enumerate(maps):
        tally.add(number, one)
    pictures, peaks = tally.finish()
    for unit in range(5):
        plain = sorted(range(40), key=lambda n: (-maps[n, unit].max(), -maps[n, unit].mean(), n))[:STRONGEST]
        assert pictures[:, unit].tolist() == plain
        assert peaks[:, unit].tolist() == [maps[n, unit].max() for n in plain]


def test_fewer_pictures_than_are_shown_are_all_told_and_broken_numbers_count_as_none():
    tally = PeakTally(2)
    tally.add(0, np.array([[1, np.nan], [np.inf, 2]], dtype=np.float32))
    tally.add(1, np.array([[3, 0], [1, 1]], dtype=np.float32))
    pictures, peaks = tally.finish()
    assert (pictures.T.tolist(), peaks.T.tolist()) == ([[1, 0], [0, 1]], [[3, 1], [2, 1]])


def test_answers_come_back_from_the_cache_as_they_were():
    triangle = np.array([(0, 0), (1, 0), (0, 1.5)], dtype=np.float32)
    answers = [[Answer(4, 2.5, (triangle, triangle + 1)), Answer(1, 2.0, ())], [], [Answer(0, 1.0, (triangle,))]]
    back = unpacked(packed(answers))
    assert [[(one.picture, one.peak) for one in unit] for unit in back] == [[(4, 2.5), (1, 2.0)], [], [(0, 1.0)]]
    assert [[[polygon.tolist() for polygon in one.outline] for one in unit] for unit in back] == [
        [[polygon.tolist() for polygon in one.outline] for one in unit] for unit in answers
    ]
    assert unpacked(packed([])) == []
