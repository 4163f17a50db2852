"""AIM: its information by hand, its filters by what they were learnt for."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from salquest.models.classical import InformationMaximisation
from salquest.models.classical.aim import learnt, self_information
from salquest.models.classical.bank import correlate_bank


def test_information_of_one_odd_pixel_in_eight():
    responses = np.zeros((1, 2, 4), np.float32)
    responses[0, 1, 2] = 5
    expected = np.full((2, 4), -log(7 / 8 + 1e-6))
    expected[1, 2] = -log(1 / 8 + 1e-6)
    np.testing.assert_allclose(self_information(responses, 1000), expected)


def test_features_are_summed_as_if_independent():
    responses = np.zeros((2, 1, 4), np.float32)
    responses[0, 0] = [0, 0, 0, 1]
    responses[1, 0] = [0, 7, 0, 7]
    expected = -np.log([3 / 4 + 1e-6, 3 / 4 + 1e-6, 3 / 4 + 1e-6, 1 / 4 + 1e-6]) - log(1 / 2 + 1e-6)
    np.testing.assert_allclose(self_information(responses, 256)[0], expected)


def test_a_shared_range_hides_small_differences():
    responses = np.zeros((2, 1, 4), np.float32)
    responses[0, 0] = [0, 0, 0, 1]
    responses[1, 0] = [0, 0, 0, 1000]
    own, shared = (self_information(responses, 256, shares_range=shares) for shares in (False, True))
    assert own[0, 3] == pytest.approx(-2 * log(1 / 4 + 1e-6))
    assert shared[0, 3] == pytest.approx(-log(1 / 4 + 1e-6) - log(1 + 1e-6))


def test_levels_are_rounded_to_the_nearest_bin():
    # three bins at 0, .5 and 1: .24 goes down, .25 up
    responses = np.array([[[0, 0.24, 0.25, 1]]], np.float32)
    share = np.exp(-self_information(responses, 3)[0])
    np.testing.assert_allclose(share, [1 / 2, 1 / 2, 1 / 4, 1 / 4], atol=1e-5)


def test_the_model_is_its_parts():
    picture = np.random.default_rng(0).random((1, 3, 40, 50))
    model = InformationMaximisation(longest=None)
    expected = self_information(correlate_bank(picture[0], learnt()), 1000)
    np.testing.assert_allclose(model.native_maps(picture)[0, 10:-10, 10:-10], expected, rtol=1e-9)


def test_filters_are_uncorrelated_on_photographs(mini_patches):
    responses = mini_patches(21) @ learnt().reshape(len(learnt()), -1).T
    correlation = np.corrcoef(responses.T) - np.eye(len(learnt()))
    assert np.abs(correlation).mean() < 0.1


def test_every_constant_is_the_caller_s():
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    base = InformationMaximisation().predict(picture).values
    for changed in ({"bins": 256}, {"shares_range": True}, {"sigma": 8.0}, {"sigma": 8.0, "window": 15}, {"longest": 100}):
        assert np.abs(InformationMaximisation(**changed).predict(picture).values - base).max() > 0.01, changed
