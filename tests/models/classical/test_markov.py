"""Chains on lattices against eigenvectors, against the original's loop, and against distances counted pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from salquest.models.classical.arrays import min_max
from salquest.models.classical.markov import _cells, _weights, equilibrium

SIZE = (7, 9)


def maps_of(count: int, seed: int = 0) -> np.ndarray:
    return min_max(np.random.default_rng(seed).random((count, *SIZE)))


def chain(values: np.ndarray, edges: str, sigma: float) -> np.ndarray:
    """The matrix whose column j says where the walker goes from j, (N, N), node by node."""
    places = np.array(list(itertools.product(*map(range, values.shape))))
    squares = ((places[:, None] - places) ** 2).sum(axis=-1)
    near = np.exp(-squares / (2 * (sigma * sum(values.shape) / 2) ** 2))
    flat = values.ravel()
    weights = near * (np.abs(flat[:, None] - flat) if edges == "dissimilarity" else flat[:, None])
    return weights / weights.sum(axis=0)


def walked(matrix: np.ndarray, tolerance: float) -> np.ndarray:
    """The original's loop: from the uniform distribution until a step is short."""
    where = np.full(len(matrix), 1 / len(matrix))
    while True:
        before, where = where, matrix @ where
        if np.linalg.norm(where - before) <= tolerance:
            return where / where.sum()


@pytest.mark.parametrize("edges", ["dissimilarity", "mass"])
def test_the_closed_form_is_the_principal_eigenvector(edges):
    maps = maps_of(3)
    for one, found in zip(maps, equilibrium(maps, edges, sigma=0.15, tolerance=None), strict=True):
        matrix = chain(one, edges, 0.15)
        np.testing.assert_allclose(matrix @ found.ravel(), found.ravel(), atol=1e-8)
        assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("edges", ["dissimilarity", "mass"])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
def test_walking_stops_where_the_original_stops(edges, tolerance):
    maps = maps_of(6)
    found = equilibrium(maps, edges, sigma=0.15, tolerance=tolerance)
    expected = [walked(chain(one, edges, 0.15), tolerance) for one in maps]
    np.testing.assert_allclose(found.reshape(6, -1), expected, rtol=1e-5)


@pytest.mark.parametrize("edges", ["dissimilarity", "mass"])
@pytest.mark.parametrize("tolerance", [1e-4, None])
def test_on_a_constant_map_the_walker_is_wherever_nearness_takes_it(edges, tolerance):
    found = equilibrium(np.full((1, *SIZE), 0.3), edges, sigma=0.15, tolerance=tolerance)[0]
    if edges == "dissimilarity":
        np.testing.assert_allclose(found, 1 / found.size)
    else:
        near = chain(np.ones(SIZE), "mass", 0.15)
        expected = walked(near, 1e-4 if tolerance else 1e-12)
        np.testing.assert_allclose(found.ravel(), expected, rtol=1e-5)


def test_a_walker_to_and_fro_between_two_values_is_given_its_equilibrium():
    maps = np.zeros((1, *SIZE))
    maps[0, 2, 3] = 1
    found = equilibrium(maps, "dissimilarity", sigma=0.15, tolerance=1e-4)[0]
    np.testing.assert_allclose(found, equilibrium(maps, "dissimilarity", sigma=0.15, tolerance=None)[0], atol=1e-8)
    # every way leads through the odd pixel
    assert found[2, 3] == pytest.approx(0.5, abs=1e-6)


def test_maps_do_not_disturb_each_other():
    maps = maps_of(4)
    maps[1] = 0.5
    together = equilibrium(maps, "dissimilarity", sigma=0.15, tolerance=1e-4)
    np.testing.assert_array_equal(together[2:3], equilibrium(maps[2:3], "dissimilarity", sigma=0.15, tolerance=1e-4))


def test_what_does_not_divide_evenly_goes_to_the_first_and_the_last_cell():
    assert _cells(11, 3).tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert _cells(7, 3).tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_distances_between_lattices_are_means_over_the_pixels_of_both_nodes():
    fine, coarse, sigma = (4, 6), (2, 3), 1.5
    found = -np.log(_weights((fine, coarse), sigma)) * 2 * sigma**2
    pixels = np.array(list(itertools.product(range(4), range(6))))
    nodes = [pixels[(pixels // 2 == node).all(axis=1)] for node in itertools.product(range(2), range(3))]
    for p, q in itertools.product(range(24), range(6)):
        assert found[p, 24 + q] == pytest.approx(((pixels[p] - nodes[q]) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(found, found.T)
    # within the coarse one a step counts four, as many as the finest has nodes to one of its own
    assert found[24, 25] == pytest.approx(4)


def test_further_lattices_change_the_answer_and_keep_its_sum():
    maps = min_max(np.random.default_rng(0).random((2, 24, 32)))
    one, two = (equilibrium(maps, "dissimilarity", sigma=0.15, lattices=lattices, tolerance=1e-4) for lattices in ((), (1, 2)))
    np.testing.assert_allclose(two.sum(axis=(1, 2)), 1)
    assert np.abs(one - two).max() > 1e-5
