from __future__ import annotations

import numpy as np
import pytest
from metric_scenes import make_scene

from salquest.errors import InputError
from salquest.gaze import Fixations
from salquest.metrics import information_gain, log_likelihood

MAP = np.array([[1.0, 1.0], [2.0, 4.0]])  # shares 1/8, 1/8, 1/4, 1/2
BASE = np.array([[1.0, 1.0], [1.0, 1.0]])


def at(*cells: int) -> Fixations:
    return Fixations([cell % 2 for cell in cells], [cell // 2 for cell in cells], (2, 2))


def test_information_gain_by_hand():
    # 1/2, 1/2 and 1/8 over 1/4: 1, 1 and -1 bit
    assert information_gain(MAP, at(3, 3, 0), BASE) == pytest.approx(1 / 3, abs=1e-14)
    assert information_gain(MAP, at(3, 3, 0), BASE, repeats=False) == pytest.approx(0.0, abs=1e-14)


def test_log_likelihood_by_hand():
    assert log_likelihood(MAP, at(3, 3, 0)) == pytest.approx(1 / 3, abs=1e-14)
    assert log_likelihood(MAP, at(3, 3, 0), over_uniform=False) == pytest.approx(1 / 3 - 2, abs=1e-14)


def test_gain_is_likelihood_above_the_baselines():
    scene = make_scene(0)
    gain = information_gain(scene.saliency, scene.target.fixations, scene.target.baseline)
    expected = log_likelihood(scene.saliency, scene.target.fixations) - log_likelihood(scene.target.baseline, scene.target.fixations)
    assert gain == pytest.approx(expected, abs=1e-12)


def test_the_baseline_gains_nothing_over_itself_and_the_uniform_map_scores_zero():
    scene = make_scene(1)
    assert information_gain(scene.target.baseline, scene.target.fixations, scene.target.baseline) == 0.0
    assert log_likelihood(np.full((24, 32), 3.0), scene.target.fixations) == pytest.approx(0.0, abs=1e-12)


def test_a_fixation_on_an_empty_pixel_costs_what_eps_says():
    empty = np.array([[0.0, 1.0], [1.0, 2.0]])
    assert log_likelihood(empty, at(0), over_uniform=False) == pytest.approx(-52.0)
    assert log_likelihood(empty, at(0), eps=0.0) == -np.inf
    assert log_likelihood(empty, at(0), eps=0.0, floor=1e-20, over_uniform=False) == pytest.approx(np.log2(1e-20 / 4))


def test_scaling_to_the_range_empties_the_smallest_pixel():
    # (0, 0, 1/4, 3/4) after the smallest value went
    assert information_gain(MAP, at(3), MAP, scaling="range") == 0.0
    assert log_likelihood(MAP, at(2, 3), scaling="range", over_uniform=False) == pytest.approx((np.log2(0.25) + np.log2(0.75)) / 2)
    assert np.isnan(log_likelihood(BASE, at(2), scaling="range"))
    assert np.isnan(log_likelihood(0 * BASE, at(2), scaling="range"))


def test_a_negative_baseline_is_refused():
    with pytest.raises(InputError, match="baseline density is non-negative"):
        information_gain(MAP, at(0), BASE - 2)
