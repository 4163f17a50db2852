"""Curves, thresholds, slopes and asymmetries, by hand."""

from __future__ import annotations

import math

import pytest

from salquest.displays.psychometrics import asymmetry, correct_signs, curve, monotony, set_size_slope, threshold
from salquest.errors import InputError
from salquest.evaluation import Interval


def test_a_curve_has_the_mean_of_each_level_in_ascending_order():
    found = curve({20.0: [1, 1, 0], 5.0: [0, 0, 0]})
    assert [(level, one.mean) for level, one in found.items()] == [(5.0, 0), (20.0, pytest.approx(2 / 3))]
    assert (found[5.0].low, found[5.0].high) == (0, 0)


def test_a_threshold_lies_on_the_line_between_two_levels():
    found = threshold({10.0: [0.0, 0.0], 20.0: [0.2, 0.2], 40.0: [1.0, 1.0]}, 0.5)
    assert found.level == pytest.approx(20 + 20 * (0.5 - 0.2) / 0.8)
    assert (found.low, found.high) == (found.level, found.level)  # displays agree, so resampling changes nothing


def test_a_curve_that_falls_between_is_made_monotone_first():
    # 0.8 and 0.4 are pooled to 0.6, which is above the mark
    assert threshold({1.0: [0.0], 2.0: [0.8], 3.0: [0.4], 4.0: [1.0]}, 0.5).level == pytest.approx(1 + 0.5 / 0.6)


def test_a_threshold_may_lie_the_other_way():
    assert threshold({0.0: [1.0], 10.0: [0.5], 20.0: [0.0]}, 0.75, easier="down").level == pytest.approx(5.0)


def test_what_is_never_found_has_no_finite_threshold_and_what_always_is_the_hardest_level():
    assert threshold({5.0: [0.0], 90.0: [0.3]}, 0.5).level == math.inf
    assert threshold({5.0: [0.9], 90.0: [1.0]}, 0.5).level == 5.0
    assert threshold({5.0: [1.0], 90.0: [0.9]}, 0.5, easier="down").level == 90.0


def test_a_noisy_threshold_has_an_interval_around_it():
    found = threshold({1.0: [0, 0, 0, 1], 2.0: [0, 1, 0, 1], 3.0: [1, 1, 1, 1]}, 0.6)
    assert found.low < found.level < found.high <= 3.0


def test_monotony_is_kendall_s_tau_towards_the_easy_end():
    values = {1.0: [0.1], 2.0: [0.5], 3.0: [0.4], 4.0: [0.9]}
    assert monotony(values) == pytest.approx(4 / 6)  # five pairs in order, one not
    assert monotony(values, easier="down") == pytest.approx(-4 / 6)
    assert monotony({1.0: [0.5], 2.0: [0.5]}) == 0


def test_a_slope_is_per_doubling_of_the_set():
    found = set_size_slope({2.0: [1.0, 1.0], 4.0: [4.0, 4.0], 8.0: [7.0, 7.0]})
    assert (found.mean, found.low, found.high, found.number) == (pytest.approx(3), pytest.approx(3), pytest.approx(3), 6)


def test_an_asymmetry_pairs_displays():
    found = asymmetry([1.0, 0.8], [0.5, 0.7])
    assert (found.mean, found.number) == (pytest.approx(0.3), 2)
    with pytest.raises(InputError, match="an asymmetry pairs displays of both roles; found 2 and 1"):
        asymmetry([1.0, 0.8], [0.5])


def test_the_share_of_correct_signs_counts_a_tie_one_half():
    signs = [Interval(mean, mean, mean, 4) for mean in (0.2, 0.0, -0.1, 0.4)]
    assert correct_signs(signs).mean == pytest.approx((1 + 0.5 + 0 + 1) / 4)


def test_too_little_is_told():
    with pytest.raises(InputError, match="a threshold lies between two or more levels"):
        threshold({1.0: [0.5]}, 0.5)
    with pytest.raises(InputError, match="a level without displays"):
        threshold({1.0: [0.5], 2.0: []}, 0.5)
    with pytest.raises(InputError, match="a slope takes two or more set sizes"):
        set_size_slope({4.0: [1.0]})
