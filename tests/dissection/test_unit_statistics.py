"""Statistics gathered map by map are those of all maps at once."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.dissection.unit_statistics import UnitTally

DRAW = np.random.Generator(np.random.PCG64(3))
# three units; a share of zeros as behind a ReLU
MAPS = [np.maximum(DRAW.normal(0.3, 1, (3, cells)), 0).astype(np.float32) for cells in (40, 40, 25, 95)]
EVERYTHING = np.concatenate(MAPS, axis=1)


def tallied(maps, quantile=0.05):
    tally = UnitTally(len(maps[0]), sum(one.shape[1] for one in maps), quantile)
    for one in maps:
        tally.add(one)
    return tally.finish()


@pytest.mark.parametrize("quantile", [0.004, 0.05, 0.3, 0.99])
def test_the_threshold_has_exactly_the_share_above_it(quantile):
    found = tallied(MAPS, quantile)
    ordered = -np.sort(-EVERYTHING, axis=1)
    assert found.threshold.tolist() == ordered[:, int(quantile * 200)].tolist()


def test_the_threshold_does_not_depend_on_the_order():
    assert tallied(MAPS).threshold.tolist() == tallied(MAPS[::-1]).threshold.tolist()


def test_moments_and_extremes_are_those_of_all_cells():
    found = tallied(MAPS)
    assert found.positions == 200
    np.testing.assert_allclose(found.mean, EVERYTHING.mean(axis=1, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.deviation, EVERYTHING.std(axis=1, dtype=np.float64), rtol=1e-6)
    assert (found.low.tolist(), found.high.tolist()) == (EVERYTHING.min(axis=1).tolist(), EVERYTHING.max(axis=1).tolist())


def test_small_deviations_of_large_values_keep_their_digits():
    far = tallied([one + np.float32(4096) for one in MAPS])
    expected = (EVERYTHING + np.float32(4096)).std(axis=1, dtype=np.float64)
    np.testing.assert_allclose(far.deviation, expected, rtol=1e-5)


def test_correlations_are_pearson_s():
    np.testing.assert_allclose(tallied(MAPS).correlation, np.corrcoef(EVERYTHING), atol=1e-5)


def test_a_unit_that_never_changes_is_dead_and_correlates_with_nothing():
    found = tallied([np.concatenate([one, np.full((1, one.shape[1]), 2.5, np.float32)]) for one in MAPS])
    assert found.dead.tolist() == [False, False, False, True]
    assert found.scored.tolist() == [True, True, True, False]
    assert found.correlation[3].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -7e4])
def test_a_unit_beyond_half_precision_is_exploding(value):
    maps = [one.copy() for one in MAPS]
    maps[2][1, 3] = value
    found = tallied(maps)
    assert found.exploding.tolist() == [False, True, False]
    assert found.broken.tolist() == [0, int(not np.isfinite(value)), 0]
    assert np.isfinite(found.deviation).all()


def test_a_unit_that_is_rarely_above_its_lowest_is_sparse():
    seldom = np.zeros((1, 200), np.float32)
    seldom[0, :4] = 1
    assert tallied([seldom], 0.05).sparse.tolist() == [True]
    assert tallied([seldom], 0.01).sparse.tolist() == [False]


def test_near_duplicates_share_a_group_and_negatives_do_not():
    twice = [np.concatenate([one, 2 * one[:1] + 1, -one[:1]]) for one in MAPS]
    groups = tallied(twice).groups()
    assert groups[0] == groups[3]
    assert len(set(groups.tolist())) == 4
