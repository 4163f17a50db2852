"""Cells, the inside rule, rescaling and mirroring of fixations (DESIGN, coordinates)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salquest.errors import InputError
from salquest.gaze import Fixations
from salquest.gaze.fixations import cell, inside

sides = st.integers(1, 700)
shares = st.floats(0, 1, exclude_max=True)


def placed(share: float, length: int) -> float:
    """A coordinate inside a side of `length` pixels; tenths, as data sets store them, so that cell borders are met."""
    return min(np.floor((share * length - 0.5) * 10) / 10, np.nextafter(length - 0.5, -np.inf))


@pytest.mark.parametrize(
    ("coordinate", "index"), [(-0.5, 0), (-0.1, 0), (0.4999, 0), (0.49999999999999994, 0), (0.5, 1), (1.5, 2), (2.5, 3), (7.0, 7)]
)
def test_the_cell_of_a_coordinate_is_floor_of_x_plus_a_half(coordinate, index):
    assert cell(coordinate) == index


@pytest.mark.parametrize("x", [-0.5, 0.0, 3.4999])
def test_a_picture_of_width_4_holds_minus_a_half_up_to_three_and_a_half(x):
    assert inside(x, 0.0, (1, 4))


@pytest.mark.parametrize(("x", "y"), [(-0.51, 0.0), (3.5, 0.0), (0.0, 0.5), (0.0, -0.6), (np.nan, 0.0), (0.0, np.inf)])
def test_beyond_the_half_open_border_is_outside(x, y):
    assert not inside(x, y, (1, 4))


def test_a_fixation_outside_is_refused_by_number_and_place():
    with pytest.raises(InputError, match=r"2 of 3 fixations lie outside the picture of 4 x 2 px, the first at x=3.5, y=1; drop them first"):
        Fixations([0, 3.5, -1], [0, 1, 0], (2, 4))


def test_columns_of_different_lengths_are_refused_with_their_lengths():
    with pytest.raises(InputError, match=r"must be of one length; found \{'x': 2, 'y': 2, 'observer': 1"):
        Fixations([0, 1], [0, 1], (4, 4), observer=[1])


def test_what_is_not_known_is_filled_in():
    found = Fixations([0, 1], [0, 1], (4, 4))
    assert (found.observer.tolist(), found.order.tolist(), np.isnan(found.duration_ms).all()) == ([1, 1], [1, 2], True)


def test_fixations_cannot_be_changed_in_place():
    found = Fixations([0, 1], [0, 1], (4, 4))
    with pytest.raises(ValueError, match="read-only"):
        found.x[0] = 3


def test_the_caller_s_array_is_not_frozen_along():
    x = np.array([0.0, 1.0])
    Fixations(x, [0, 1], (4, 4))
    x[0] = 2.0
    assert x[0] == 2.0


def test_counts_have_repeats_and_binary_maps_have_not():
    found = Fixations([0, 0.2, 2], [1, 1, 0], (2, 3))
    assert found.count_map().tolist() == [[0, 0, 1], [2, 0, 0]]
    assert found.binary_map().tolist() == [[0, 0, 1], [1, 0, 0]]


def test_distinct_keeps_the_first_fixation_of_each_cell():
    found = Fixations([2, 0, 0.2, 1.9], [0, 1, 1, 0], (2, 3), observer=[1, 1, 2, 2]).distinct()
    assert (found.x.tolist(), found.observer.tolist()) == ([2, 0], [1, 1])


@given(st.lists(st.tuples(shares, shares), max_size=20), sides, sides)
def test_a_count_map_sums_to_the_number_of_fixations(places, height, width):
    found = Fixations([placed(a, width) for a, _ in places], [placed(b, height) for _, b in places], (height, width))
    assert found.count_map().sum() == len(places)


def test_fixations_are_resized_by_pixel_edges_not_by_pixel_centres():
    # x' = (x + 0.5) * W'/W - 0.5: the picture's edges stay its edges
    found = Fixations([-0.5, 0, 1.5, 3], [0, 0, 0, 1], (2, 4)).resized((6, 2))
    assert found.x.tolist() == [-0.5, -0.25, 0.5, 1.25]
    assert found.y.tolist() == [1, 1, 1, 4]
    assert found.size == (6, 2)


@given(shares, sides, sides)
def test_a_resized_fixation_stays_inside(share, width, other):
    found = Fixations([placed(share, width)], [0], (1, width)).resized((1, other))
    assert 0 <= found.columns[0] < other


@pytest.mark.parametrize(("width", "other"), [(448, 9), (1, 1), (448, 336)])
def test_the_last_number_before_the_right_edge_stays_inside_when_it_is_resized(width, other):
    found = Fixations([np.nextafter(width - 0.5, -np.inf)], [0], (1, width)).resized((1, other))
    assert found.columns[0] == other - 1


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=20), st.integers(1, 40), st.integers(1, 40))
def test_fixations_of_a_mirrored_picture_fall_in_the_mirrored_cells(places, height, width):
    found = Fixations([placed(a, width) for a, _ in places], [placed(b, height) for _, b in places], (height, width))
    np.testing.assert_array_equal(found.mirrored().count_map(), found.count_map()[:, ::-1])


def test_a_mirrored_fixation_lies_as_far_from_the_other_side():
    assert Fixations([1.25], [2], (4, 10)).mirrored().x.tolist() == [7.75]


def test_without_first_drops_what_began_a_scan_path_and_not_what_follows_a_gap():
    found = Fixations([0, 1, 2, 3], [0, 0, 0, 0], (1, 4), observer=[1, 1, 2, 2], order=[1, 2, 2, 3]).without_first()
    assert found.x.tolist() == [1, 2, 3]


def test_by_observer_gives_one_s_own_and_everybody_else_s():
    found = Fixations([0, 1, 2], [0, 0, 0], (1, 4), observer=[7, 2, 7])
    assert [(own.x.tolist(), others.x.tolist()) for own, others in found.by_observer()] == [([1], [0, 2]), ([0, 2], [1])]


def test_cropped_fixations_are_those_inside_in_the_part_s_own_pixels():
    looked = Fixations([0.0, 4.4, 4.5, 9.49, 7.0], [0.0, 2.0, 2.49, 5.4, 1.4], (6, 10), observer=[1, 2, 3, 4, 5])
    part = looked.cropped(2, 5, (3, 4))
    assert (part.size, part.observer.tolist()) == ((3, 4), [3])
    assert (part.rows.tolist(), part.columns.tolist()) == ([0], [0])
    whole = looked.cropped(0, 0, (6, 10))
    assert (whole.x.tolist(), whole.y.tolist()) == (looked.x.tolist(), looked.y.tolist())


def test_the_cell_of_a_cropped_fixation_is_its_cell_less_the_corner():
    draw = np.random.default_rng(3)
    looked = Fixations(np.nextafter(draw.integers(0, 59, 500) + 0.5, -1), draw.uniform(0, 39, 500), (40, 60))
    part = looked.cropped(11, 17, (20, 30))
    kept = (looked.rows >= 11) & (looked.rows < 31) & (looked.columns >= 17) & (looked.columns < 47)
    np.testing.assert_array_equal(part.rows, looked.rows[kept] - 11)
    np.testing.assert_array_equal(part.columns, looked.columns[kept] - 17)
