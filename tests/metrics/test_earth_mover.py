from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from metric_scenes import make_scene
from scipy.optimize import linprog

from salquest.errors import ConstantMapWarning, InputError
from salquest.gaze import blur
from salquest.metrics import emd, resize
from salquest.metrics.earth_mover import euclidean

LEFT, RIGHT = np.array([[1.0, 0, 0], [0, 0, 0]]), np.array([[0, 0, 1.0], [0, 0, 0]])


def by_linear_programme(supply, demand, ground) -> float:
    """The definition: the cheapest plan whose rows sum to the supply and columns to the demand."""
    bins = len(supply)
    rows, columns = np.kron(np.eye(bins), np.ones(bins)), np.kron(np.ones(bins), np.eye(bins))
    return float(linprog(ground.reshape(-1), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([supply, demand])).fun)


def test_moving_everything_by_two_bins_costs_two():
    assert emd(LEFT, RIGHT, downsize=1) == pytest.approx(2.0)


def test_moving_half_across_the_diagonal_costs_half_its_length():
    assert emd(np.array([[1.0, 0], [0, 0]]), np.array([[1.0, 0], [0, 1.0]]), downsize=1) == pytest.approx(np.sqrt(2) / 2)


def test_the_transport_is_that_of_a_linear_programme():
    draw = np.random.default_rng(0)
    predicted, observed = draw.random((3, 4)), draw.random((3, 4))
    expected = by_linear_programme(predicted.reshape(-1) / predicted.sum(), observed.reshape(-1) / observed.sum(), euclidean((3, 4)))
    assert emd(predicted, observed, downsize=1) == pytest.approx(expected, abs=1e-9)


def test_any_metric_can_be_the_ground_distance():
    blocks = np.abs(np.indices((2, 3)).reshape(2, 6, 1) - np.indices((2, 3)).reshape(2, 1, 6)).sum(axis=0).astype(float)
    assert emd(np.array([[1.0, 0, 0], [0, 0, 0]]), np.array([[0, 0, 0], [0, 0, 1.0]]), downsize=1, distance=blocks) == pytest.approx(3.0)
    near = np.minimum(blocks, 1.0)
    assert emd(LEFT, RIGHT, downsize=1, distance=near) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "distance", [np.zeros((5, 5)), -np.ones((6, 6)), np.ones((6, 6)), np.triu(np.ones((6, 6)), 1), np.full((6, 6), np.nan)]
)
def test_a_ground_distance_that_is_no_metric_is_refused(distance):
    with pytest.raises(InputError, match="ground distance"):
        emd(LEFT, RIGHT, downsize=1, distance=distance)


def test_equal_maps_are_no_distance_apart_whatever_their_scale():
    scene = make_scene(1)
    assert emd(scene.saliency, 7 * scene.saliency, downsize=4) == pytest.approx(0.0, abs=1e-12)


def test_a_millionth_of_the_mass_is_still_moved():
    almost = np.array([[1.0 - 1e-6, 1e-6]])
    assert emd(np.array([[1.0, 0.0]]), almost, downsize=1) == pytest.approx(1e-6, rel=1e-9)


def test_a_negative_minimum_is_subtracted_first():
    scene = make_scene(3)
    lowest = scene.saliency - scene.saliency.min()
    assert emd(lowest - 3, scene.target.density, downsize=4) == pytest.approx(emd(lowest, scene.target.density, downsize=4), abs=1e-9)


def test_it_is_symmetric_and_obeys_the_triangle_inequality():
    first, second, third = (np.exp(3 * blur(np.random.default_rng(seed).standard_normal((24, 32)), 2.0)) for seed in range(3))
    assert emd(first, second, downsize=4) == pytest.approx(emd(second, first, downsize=4), abs=1e-12)
    assert emd(first, third, downsize=4) <= emd(first, second, downsize=4) + emd(second, third, downsize=4) + 1e-12


def test_bins_are_those_of_the_bicubic_resize_negative_ones_included():
    predicted, observed = np.zeros((16, 16)), np.zeros((16, 16))
    predicted[2, 2], observed[13, 13] = 1.0, 1.0
    bins = [resize(values, (4, 4)) for values in (predicted, observed)]
    assert min(values.min() for values in bins) < 0
    surplus = bins[0] / bins[0].sum() - bins[1] / bins[1].sum()
    expected = by_linear_programme(np.maximum(surplus, 0).reshape(-1), np.maximum(-surplus, 0).reshape(-1), euclidean((4, 4)))
    assert emd(predicted, observed, downsize=4) == pytest.approx(expected, abs=1e-9)


def test_a_batch_is_scored_side_by_side_as_one_by_one():
    maps = np.stack([make_scene(seed).saliency for seed in range(4)])
    densities = np.stack([make_scene(seed).target.density for seed in range(4)])
    alone = [emd(*pair, downsize=4) for pair in zip(maps, densities, strict=True)]
    np.testing.assert_array_equal(emd(maps, densities, downsize=4), alone)
    np.testing.assert_array_equal(emd(maps, densities, downsize=4, workers=1), alone)


def test_a_map_of_another_size_is_shrunk_straight_to_the_bins():
    scene = make_scene(2)
    small = resize(scene.saliency, (12, 16))
    with pytest.raises(InputError, match="resize"):
        emd(small, scene.target.density, downsize=4)
    expected = emd(resize(small, (6, 8)), resize(scene.target.density, (6, 8)).clip(0), downsize=1)
    assert emd(small, scene.target.density, downsize=4, resize="matlab") == pytest.approx(expected, abs=1e-6)


def test_an_empty_map_is_uniform_and_told_or_has_no_score():
    with pytest.warns(ConstantMapWarning):
        assert emd(np.zeros((1, 2)), np.array([[0.0, 1.0]]), downsize=1) == pytest.approx(0.5)
    assert np.isnan(emd(np.zeros((1, 2)), np.array([[0.0, 1.0]]), downsize=1, scaling="plain"))
    assert np.isnan(emd(np.array([[0.0, 1.0]]), np.zeros((1, 2)), downsize=1))


def test_too_many_bins_are_refused():
    with pytest.raises(InputError, match="at most"):
        emd(np.zeros((200, 200)), np.ones((200, 200)), downsize=1)
    with pytest.raises(InputError, match="at least one pixel"):
        emd(LEFT, RIGHT, downsize=0)


def test_scoring_by_emd_leaves_torch_out_and_the_environment_alone():
    code = (
        "import os, sys, numpy as np; before = dict(os.environ)\n"
        "from salquest.metrics import emd; emd(np.eye(3), np.ones((3, 3)), downsize=1)\n"
        "assert 'ot' in sys.modules and 'torch' not in sys.modules and dict(os.environ) == before"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
