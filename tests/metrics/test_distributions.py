from __future__ import annotations

import math

import numpy as np
import pytest
from metric_scenes import make_scene

from salquest.errors import ConstantMapWarning, InputError
from salquest.metrics import kl, sim

P, Q = np.array([[5.0, 3.0]]), np.array([[1.0, 3.0]])  # as shares 5/8, 3/8 and 1/4, 3/4


def test_sim_by_hand():
    assert sim(P, Q) == pytest.approx(1 / 4 + 3 / 8)


def test_sim_scaled_to_the_range_by_hand():
    # the smallest pixel of each map loses all its mass: nothing is left in common
    assert sim(P, Q, scaling="range") == 0.0


def test_sim_is_symmetric_and_one_for_equal_maps():
    scene = make_scene(0)
    assert sim(scene.saliency, scene.target.density) == pytest.approx(sim(scene.target.density, scene.saliency), abs=1e-15)
    assert sim(scene.saliency, 7 * scene.saliency) == pytest.approx(1.0, abs=1e-14)


def test_kl_by_hand():
    assert kl(P, Q) == pytest.approx(0.25 * math.log(2 / 5) + 0.75 * math.log(2))


def test_kl_takes_the_observed_density_first():
    assert kl(Q, P) == pytest.approx(0.625 * math.log(5 / 2) + 0.375 * math.log(1 / 2))


def test_kl_of_a_pixel_without_mass_is_ruled_by_eps():
    predicted, observed = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert kl(predicted, observed) == pytest.approx(0.5 * math.log(0.5) + 0.5 * math.log(0.5 * 2.0**52))
    assert kl(predicted, observed, eps=0.0) == math.inf
    assert kl(predicted, observed, eps=0.0, floor=1e-20) == pytest.approx(0.5 * math.log(0.5) + 0.5 * math.log(0.5e20), rel=1e-12)


def test_kl_of_a_perfect_prediction_is_zero_and_no_prediction_is_better():
    scene = make_scene(1)
    assert kl(scene.target.density, scene.target.density) == pytest.approx(0.0, abs=1e-12)
    assert kl(scene.saliency, scene.target.density) > 0.01


def test_kl_where_the_density_is_empty_adds_nothing():
    assert kl(P, np.array([[0.0, 1.0]])) == pytest.approx(math.log(8 / 3))
    assert kl(P, np.array([[0.0, 1.0]]), eps=0.0) == pytest.approx(math.log(8 / 3))


def test_only_a_negative_minimum_is_subtracted():
    assert sim(P - 3, Q) == pytest.approx(sim(np.array([[2.0, 0.0]]), Q))
    assert sim(P - 4, Q) == pytest.approx(sim(np.array([[2.0, 0.0]]), Q))


@pytest.mark.parametrize("metric", [sim, kl])
@pytest.mark.parametrize("empty", [np.zeros((1, 2)), np.full((1, 2), -3.0)])
def test_a_map_without_mass_is_uniform_and_told(metric, empty):
    with pytest.warns(ConstantMapWarning, match="without mass taken as uniform"):
        found = metric(empty, Q)
    assert found == pytest.approx(metric(np.ones((1, 2)), Q), abs=1e-14)


def test_a_uniform_map_with_mass_is_no_cause_for_a_warning():
    assert sim(np.ones((1, 2)), Q) == 0.75


def test_maps_without_spread_under_the_other_scalings():
    assert np.isnan(sim(np.ones((1, 2)), Q, scaling="range"))
    assert sim(np.zeros((1, 2)), Q, scaling="range") == 0.0
    assert kl(np.zeros((1, 2)), Q, scaling="plain") == pytest.approx(0.25 * math.log(2.0**50) + 0.75 * math.log(0.75 * 2.0**52))


@pytest.mark.parametrize("metric", [sim, kl])
def test_an_empty_density_has_no_score(metric):
    assert np.isnan(metric(P, np.zeros((1, 2))))


def test_a_tiny_total_is_divided_by_without_overflow():
    assert sim(P * 1e-310, Q) == pytest.approx(sim(P, Q), rel=1e-3)


def test_overshoot_below_zero_counts_as_no_mass_where_maps_are_taken_as_they_are():
    # -1/4, 5/4 against halves
    found = kl(np.array([[-1.0, 5.0]]), np.array([[1.0, 1.0]]), scaling="plain")
    assert found == pytest.approx(0.5 * math.log(0.5 * 2.0**52) + 0.5 * math.log(0.5 / 1.25))


def test_unknown_scalings_are_refused():
    with pytest.raises(InputError, match="scaled by"):
        sim(P, Q, scaling="max")
