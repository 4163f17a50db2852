"""The bootstrap interval of a mean over pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from salquest.evaluation import Interval, bootstrap_mean


def test_equal_values_have_an_interval_of_no_width():
    assert bootstrap_mean([2.5] * 7) == Interval(2.5, 2.5, 2.5, 7)


def test_two_values_have_both_as_their_bounds():
    # of two draws both are the lower value in a quarter of all cases, and both the upper one in another
    assert bootstrap_mean([0.0, 1.0]) == Interval(0.5, 0.0, 1.0, 2)


def test_a_picture_without_a_score_is_left_out():
    assert bootstrap_mean([1.0, math.nan, 1.0]) == Interval(1.0, 1.0, 1.0, 2)


def test_a_single_picture_has_an_interval_of_no_width():
    assert bootstrap_mean([3.0]) == Interval(3.0, 3.0, 3.0, 1)


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_no_picture_has_no_mean(values):
    found = bootstrap_mean(values)
    assert (math.isnan(found.mean), math.isnan(found.low), math.isnan(found.high), found.number) == (True, True, True, 0)


def test_a_table_prints_alike_each_time_and_otherwise_with_another_seed():
    values = np.random.default_rng(0).normal(size=30)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    assert bootstrap_mean(values, seed=1).low != bootstrap_mean(values).low


def test_the_interval_is_about_two_standard_errors_to_each_side():
    values = np.random.default_rng(0).normal(size=400)
    found, error = bootstrap_mean(values), values.std() / 20
    # 4000 draws place a 2.5 % quantile to about 0.04 standard errors
    assert (found.low, found.high) == (
        pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error),
        pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error),
    )


def test_about_95_of_100_intervals_hold_the_true_mean():
    draw = np.random.default_rng(0)
    found = [bootstrap_mean(draw.exponential(size=60), draws=400, seed=i) for i in range(400)]
    # skewed values and 60 pictures: the percentile interval covers a little less; 400 trials have an error of 1.2 %
    assert 0.89 <= np.mean([interval.low <= 1.0 <= interval.high for interval in found]) <= 0.97
