"""Mixture weights: a distribution, never worse from step to step, and right where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from salquest.errors import InputError
from salquest.evaluation import mixture_weights

DRAW = np.random.Generator(np.random.PCG64(11))
LIKELIHOODS = DRAW.gamma(0.5, size=(300, 3)) + 1e-6


def test_weights_are_a_distribution():
    found = mixture_weights(LIKELIHOODS)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_each_step_makes_the_observations_likelier():
    bits = [np.log2(LIKELIHOODS @ mixture_weights(LIKELIHOODS, iterations=steps, tolerance=0)).mean() for steps in range(12)]
    assert (np.diff(bits) > 0).all()


def test_one_step_by_hand():
    # weights 1/2, 1/2; the first observation is three to one for the first density, the second speaks for neither
    np.testing.assert_allclose(mixture_weights([[3.0, 1.0], [2.0, 2.0]], iterations=1), [0.625, 0.375])


def test_the_start_does_not_decide_where_it_ends():
    one, other = (
        mixture_weights(LIKELIHOODS, start=start, iterations=20_000, tolerance=1e-14) for start in ([0.8, 0.1, 0.1], [0.1, 0.1, 0.8])
    )
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_planted_weights_are_found():
    draw = np.random.Generator(np.random.PCG64(2))
    at = np.where(draw.random(40_000) < 0.3, draw.normal(-2, 1, 40_000), draw.normal(2, 1, 40_000))
    found = mixture_weights(np.stack([norm.pdf(at, -2), norm.pdf(at, 2)], axis=1))
    np.testing.assert_allclose(found, [0.3, 0.7], atol=0.01)


@pytest.mark.parametrize("values", [[1.0, 2.0], [[0.0, 0.0]], [[-1.0, 2.0]], [[np.nan, 1.0]], np.zeros((0, 3))])
def test_likelihoods_that_are_none_are_refused(values):
    with pytest.raises(InputError):
        mixture_weights(values)
