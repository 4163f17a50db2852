from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from metric_scenes import make_scene

from salquest.gaze import Fixations
from salquest.metrics import cc, nss, standard_scores

PEAK = np.array([[0.0, 0.0], [0.0, 4.0]])  # mean 1, deviation sqrt(3)


def at(*cells: int) -> Fixations:
    return Fixations([cell % 2 for cell in cells], [cell // 2 for cell in cells], (2, 2))


def test_nss_by_hand():
    assert nss(PEAK, at(3)) == pytest.approx(math.sqrt(3))
    assert nss(PEAK, at(3, 3, 0)) == pytest.approx((2 * math.sqrt(3) - 1 / math.sqrt(3)) / 3)
    assert nss(PEAK, at(3, 3, 0), repeats=False) == pytest.approx((math.sqrt(3) - 1 / math.sqrt(3)) / 2)


def test_nss_with_matlabs_deviation_is_smaller_by_a_stated_factor():
    assert nss(PEAK, at(3), ddof=1) == pytest.approx(1.5)


def test_nss_of_random_maps_is_zero():
    fixations = make_scene(0).target.fixations
    scores = nss(np.random.default_rng(1).random((400, 24, 32)), [fixations] * 400)
    assert scores.mean() == pytest.approx(0.0, abs=4 * scores.std() / 20)


def test_nss_averages_to_zero_over_all_pixels():
    everywhere = Fixations(np.arange(768) % 32, np.arange(768) // 32, (24, 32))
    assert nss(make_scene(2).saliency, everywhere) == pytest.approx(0.0, abs=1e-12)


def test_cc_by_hand():
    # deviations (-1, -1, -1, 3) and (-1, 0, 0, 1): 4 / sqrt(12 * 2)
    assert cc(PEAK, np.array([[0.0, 1.0], [1.0, 2.0]])) == pytest.approx(4 / math.sqrt(24))


def test_cc_is_numpys_correlation():
    scene = make_scene(3)
    expected = np.corrcoef(scene.saliency.reshape(-1), scene.target.density.reshape(-1))[0, 1]
    assert cc(scene.saliency, scene.target.density) == pytest.approx(expected, abs=1e-13)


def test_cc_is_symmetric():
    scene = make_scene(4)
    assert cc(scene.saliency, scene.target.density) == pytest.approx(cc(scene.target.density, scene.saliency), abs=1e-14)


def test_cc_has_no_value_against_a_density_without_spread():
    assert np.isnan(cc(PEAK, np.ones((2, 2))))


@pytest.mark.parametrize("factor", [1e-300, 1e-160, 1e160, 1e290])
def test_maps_of_extreme_range_keep_their_scores(factor):
    scene = make_scene(5)
    assert cc(factor * scene.saliency, scene.target.density) == pytest.approx(cc(scene.saliency, scene.target.density), abs=1e-9)
    assert nss(factor * scene.saliency, scene.target.fixations) == pytest.approx(nss(scene.saliency, scene.target.fixations), abs=1e-9)


def test_a_level_far_above_the_spread_costs_no_digits():
    # multiples of 2**-40 near 2: exact in float64, so nothing but the arithmetic can lose digits
    steps = np.random.default_rng(6).integers(0, 1000, (24, 32)).astype(float)
    fixations = make_scene(6).target.fixations
    assert nss(2.0 + steps * 2.0**-40, fixations) == pytest.approx(nss(steps, fixations), rel=1e-12)
    assert cc(2.0 + steps * 2.0**-40, steps) == pytest.approx(1.0, abs=1e-14)


def test_the_example_in_the_docstring_runs():
    assert doctest.testmod(standard_scores).failed == 0
