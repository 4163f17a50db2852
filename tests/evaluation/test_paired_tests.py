"""p values, corrections, ranks and critical differences: worked out by hand, and held to scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from salquest.errors import InputError
from salquest.evaluation.paired_tests import Ranking, critical_difference, holm, rank_models, sign_flip_p


def test_three_differences_of_one_sign_have_p_of_two_in_eight() -> None:
    # sums of +-1 +-2 +-3: only 6 and -6 are as far from 0 as 6
    assert sign_flip_p([1.0, 2.0, 3.0]).tolist() == [0.25]


def test_a_difference_against_the_others_counts_every_pattern_that_is_as_far() -> None:
    # 1 + 2 - 3 + 4 = 4; of 16 sums of +-1 +-2 +-3 +-4: 10 8 6 4 4 2 2 0 and their negatives, 10 are at least 4 away
    assert sign_flip_p([1.0, 2.0, -3.0, 4.0]).tolist() == [10 / 16]


def test_no_difference_at_all_has_p_one() -> None:
    assert sign_flip_p(np.zeros((5, 2))).tolist() == [1.0, 1.0]
    assert sign_flip_p(np.zeros(40)).tolist() == [1.0]


@pytest.mark.parametrize("number", [2, 7, 12])
def test_exact_p_values_are_scipys(number: int) -> None:
    differences = np.random.default_rng(number).normal(0.4, 1, number)
    theirs = stats.permutation_test(
        (differences,), lambda d, axis: d.mean(axis=axis), permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip_p(differences)[0] == pytest.approx(theirs.pvalue, abs=1e-12)


def test_random_signs_come_near_scipys_and_are_the_same_for_a_seed() -> None:
    differences = np.random.default_rng(3).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (differences,), lambda d, axis: d.mean(axis=axis), permutation_type="samples", n_resamples=20_000, vectorized=True, rng=1
    )
    ours = sign_flip_p(differences, seed=5)
    assert ours[0] == pytest.approx(theirs.pvalue, abs=0.01)  # 20,000 draws each: three standard deviations of p = 0.05 are 0.0065
    assert sign_flip_p(differences, seed=5)[0] == ours[0]
    assert sign_flip_p(differences, seed=6)[0] != ours[0]


def test_random_signs_never_give_zero() -> None:
    assert sign_flip_p(np.ones(100), draws=999).tolist() == [1 / 1000]


@pytest.mark.parametrize("wrong", [[], [1.0, float("nan")], [float("inf")], np.ones((2, 2, 2))])
def test_what_cannot_be_tested_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="a paired test takes finite differences"):
        sign_flip_p(wrong)  # type: ignore[arg-type]


def test_holm_by_hand() -> None:
    # sorted 0.01 0.02 0.03 0.4 times 4 3 2 1: 0.04 0.06 0.06 0.4
    assert holm([0.03, 0.01, 0.4, 0.02]) == pytest.approx([0.06, 0.04, 0.4, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]).tolist() == [0.2]


def test_ranks_by_hand_with_a_tie_and_both_directions() -> None:
    scores = [[0.9, 0.5, 0.1], [0.7, 0.7, 0.2], [0.1, 0.3, 0.2]]
    up = rank_models(scores, ["a", "b", "c"], up_is_better=True)
    assert up.ranks == pytest.approx({"a": (1 + 1.5 + 3) / 3, "b": (2 + 1.5 + 1) / 3, "c": (3 + 3 + 2) / 3})
    down = rank_models(scores, ["a", "b", "c"], up_is_better=False)
    assert down.ranks == pytest.approx({name: 4 - rank for name, rank in up.ranks.items()})


def test_critical_difference_of_four_classifiers_on_fourteen_sets_is_demsars() -> None:
    # Demšar 2006, section 3.2.2: q = 2.569, CD = 2.569 sqrt(4 * 5 / (6 * 14)) = 1.25
    assert critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(20 / 84), abs=5e-4)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_values_are_those_of_demsars_table_5(k: int, q: float) -> None:
    assert critical_difference(k, 1) == pytest.approx(q * np.sqrt(k * (k + 1) / 6), rel=3e-4)


@pytest.mark.parametrize("levels", [3, 1000])
def test_friedmans_test_is_scipys_with_and_without_ties(levels: int) -> None:
    scores = np.random.default_rng(levels).integers(0, levels, (25, 4)) + np.array([0, 0, 0, levels // 3])
    ours = rank_models(scores, list("abcd"), up_is_better=True)
    assert ours.friedman_p == pytest.approx(stats.friedmanchisquare(*scores.T).pvalue, rel=1e-9)


def test_models_that_are_all_alike_are_one_group() -> None:
    ranking = rank_models(np.ones((5, 3)), ["a", "b", "c"], up_is_better=True)
    assert ranking.friedman_p == 1.0
    assert ranking.groups() == [("a", "b", "c")]


def test_groups_overlap_where_neighbours_are_near_and_ends_are_far() -> None:
    assert Ranking({"c": 3.0, "a": 1.0, "b": 2.0, "d": 9.0}, 1.5, 0.01, 10).groups() == [("a", "b"), ("b", "c")]
    assert Ranking({"a": 1.0, "b": 2.0}, 0.5, 0.01, 10).groups() == []
