"""Small maps of the bundle, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models.classical.bundle_centre import inverse_centre_bias, undo_centre_bias
from salquest.models.classical.bundle_maps import attenuate_borders, finish, promote_few_peaks, working_size


def with_peaks(**heights: float) -> np.ndarray:
    """A map (7, 9) of 0 with peaks: `r2c3=1.0` is row 2, column 3."""
    peaks = np.zeros((7, 9))
    for place, height in heights.items():
        peaks[int(place[1]), int(place[3])] = height
    return peaks


@pytest.mark.parametrize(("size", "longest", "expected"), [((300, 400), 32, (24, 32)), ((480, 640), 80, (60, 80)), ((2, 640), 32, (1, 32))])
def test_the_longer_side_decides(size, longest, expected):
    assert working_size(*size, longest) == expected


def test_borders_rise_linearly():
    np.testing.assert_allclose(attenuate_borders(np.ones((20, 20)), 4)[10], [0.2, 0.4, 0.6, 0.8, *[1] * 12, 0.8, 0.6, 0.4, 0.2])
    # a small map has no room: half its shorter side
    np.testing.assert_allclose(attenuate_borders(np.ones((4, 9)), 13)[1], np.array([1, 2, 3, 3, 3, 3, 3, 2, 1]) / 3 * 2 / 3)


def test_one_peak_is_promoted_a_hundredfold():
    assert promote_few_peaks(with_peaks(r3c4=0.5))[3, 4] == pytest.approx(1000)


def test_several_peaks_count_by_how_far_their_mean_is_from_the_largest():
    # heights 10 and 4 of 10: their mean is 7
    found = promote_few_peaks(with_peaks(r2c2=0.5, r4c6=0.2))
    assert found[2, 2] == pytest.approx(10 * 3**2)
    assert found[4, 6] == pytest.approx(4 * 3**2)


def test_maps_without_peaks_inside_keep_their_scale():
    assert promote_few_peaks(with_peaks(r0c4=0.5))[0, 4] == pytest.approx(10)
    assert not promote_few_peaks(np.full((7, 9), 3.0)).any()


def test_peaks_below_a_tenth_are_none():
    # 0.9 of 10 does not count: one peak is left
    assert promote_few_peaks(with_peaks(r2c2=1.0, r4c6=0.09))[2, 2] == pytest.approx(1000)


def test_the_last_blur_has_the_taps_of_the_original():
    point = np.zeros((1, 24, 32))
    point[0, 12, 16] = 1
    np.testing.assert_array_equal(finish(point, 0.0), point)
    # a deviation of .64 pixels, cut off after one: taps .1856 .6288 .1856
    np.testing.assert_allclose(finish(point, 0.02)[0, 12, 14:19], [0, 0.1856 / 0.6288, 1, 0.1856 / 0.6288, 0], atol=2e-4)


def test_the_inverse_centre_bias_is_the_bundle_s(reference):
    np.testing.assert_allclose(inverse_centre_bias(), reference("gbvs_tables")["inv_centre_bias"], atol=6e-8)


def test_undoing_the_centre_bias_halves_the_middle_against_the_corners():
    bias = inverse_centre_bias()
    assert (bias[0, 0], bias[15, 16]) == (1, 0)
    even = np.full((1, 32, 32), 0.8)
    np.testing.assert_allclose(undo_centre_bias(even)[0], bias, atol=1e-12)
