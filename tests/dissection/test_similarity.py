"""Representations compared: against written-out formulas, reference numbers (computed apart from this code), and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salquest.dissection.similarity import (
    CrossMoments,
    best_match,
    dissimilarities,
    hsic0,
    hsic1,
    linear_cka,
    minibatch_cka,
    rsa,
    unbiased_cka,
)
from salquest.errors import InputError

THINGS = np.arange(1, 9)[:, None]
X = np.sin(0.7 * THINGS * np.arange(1, 4))
Y = np.cos(0.4 * THINGS * np.arange(1, 5)) + 0.1 * (THINGS - 1)
K, L = X @ X.T, Y @ Y.T


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).normal(size=shape)


def test_biased_criterion_has_the_reference_values():
    assert [hsic0(K, L), hsic0(K, K), hsic0(L, L)] == pytest.approx([0.9235252610, 1.2397671189, 1.8564839522], abs=1e-10)


def test_unbiased_criterion_has_the_reference_values():
    assert [hsic1(K, L), hsic1(K, K), hsic1(L, L)] == pytest.approx([0.3228656540, 0.8396557194, 1.1054006382], abs=1e-10)


def test_similarities_have_the_reference_values():
    found = [linear_cka(X, Y), unbiased_cka(X, Y), rsa(X, Y), rsa(X, Y, method="pearson")]
    # the second one is the quotient of the three values above, known to ten digits each
    assert found == pytest.approx([0.6087417977, 0.3351285035, 0.2764094143, 0.2090735205], abs=5e-10)


def test_two_batches_have_the_reference_value():
    assert minibatch_cka([(X[:4], Y[:4]), (X[4:], Y[4:])]) == pytest.approx(0.6733126119, abs=1e-10)


def test_cka_is_the_written_out_quotient_of_traces():
    n = len(X)
    h = np.eye(n) - 1 / n
    plain = np.trace(K @ h @ L @ h) / np.sqrt(np.trace(K @ h @ K @ h) * np.trace(L @ h @ L @ h))
    assert linear_cka(X, Y) == pytest.approx(plain, abs=1e-12)


def test_cka_of_more_units_than_things_is_the_same_quotient():
    x, y = drawn(1, 6, 20), drawn(2, 6, 30)
    k, kernel = x @ x.T, y @ y.T
    assert linear_cka(x, y) == pytest.approx(hsic0(k, kernel) / np.sqrt(hsic0(k, k) * hsic0(kernel, kernel)), abs=1e-12)


def test_the_unbiased_criterion_is_song_s_sum_over_different_things():
    # eq. 3 of Song 2007 written with loops: means over tuples of different things
    n = 5
    k, kernel = drawn(3, n, 2), drawn(4, n, 3)
    k, kernel = k @ k.T, kernel @ kernel.T
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    first = np.mean([k[i, j] * kernel[i, j] for i, j in pairs])
    four = [(i, j, q, r) for i, j in pairs for q, r in pairs if len({i, j, q, r}) == 4]
    second = np.mean([k[i, j] * kernel[q, r] for i, j, q, r in four])
    third = np.mean([k[i, j] * kernel[i, q] for i, j in pairs for q in range(n) if q not in (i, j)])
    assert hsic1(k, kernel) == pytest.approx(first + second - 2 * third, abs=1e-12)


@given(st.integers(0, 10_000))
def test_cka_ignores_rotation_and_a_common_scale(seed):
    x, y = drawn(seed, 12, 4), drawn(seed + 1, 12, 5)
    turned, _ = np.linalg.qr(drawn(seed + 2, 4, 4))
    for similarity in (linear_cka, unbiased_cka):
        assert similarity(3.7 * x @ turned + 2, y) == pytest.approx(similarity(x, y), abs=1e-9)


def test_cka_sees_a_scale_of_one_unit():
    assert abs(linear_cka(X * [10, 1, 1], Y) - linear_cka(X, Y)) > 0.03


def test_independent_tables_look_alike_only_to_the_biased_estimate():
    x, y = drawn(5, 64, 512), drawn(6, 64, 512)
    assert linear_cka(x, y) == pytest.approx(0.889, abs=0.01)  # reference value for n = 64, p = 512
    assert abs(unbiased_cka(x, y)) < 0.1


def test_one_batch_of_all_is_the_unbiased_estimate():
    assert minibatch_cka([(X, Y)]) == unbiased_cka(X, Y)


@pytest.mark.parametrize("similarity", [linear_cka, unbiased_cka, rsa])
def test_a_table_is_like_itself(similarity):
    assert similarity(X, X) == pytest.approx(1)


def test_a_table_without_spread_has_no_similarity():
    assert np.isnan(linear_cka(np.ones((8, 3)), Y))


def test_dissimilarities_are_one_less_the_correlation_of_rows():
    expected = 1 - np.corrcoef(Y)[np.triu_indices(8, 1)]
    np.testing.assert_allclose(dissimilarities(Y), expected, atol=1e-12)


def test_rsa_ignores_a_shift_and_a_scale_of_each_pattern():
    scale = np.arange(1, 9)[:, None]
    assert rsa(X * scale + scale, Y) == pytest.approx(rsa(X, Y), abs=1e-12)


def test_moments_added_table_by_table_give_the_cka_and_correlations_of_all():
    moments = CrossMoments(3, 4)
    for rows in (slice(0, 3), slice(3, 4), slice(4, 8)):
        moments.add(X[rows], Y[rows])
    assert moments.cka() == pytest.approx(linear_cka(X, Y), abs=1e-12)
    np.testing.assert_allclose(moments.correlations(), np.corrcoef(X.T, Y.T)[:3, 3:], atol=1e-12)


def test_moments_of_single_precision_far_from_zero_keep_their_digits():
    x, y = drawn(7, 400, 3), drawn(8, 400, 2)
    far = CrossMoments(3, 2)
    for rows in np.split(np.arange(400), 4):
        far.add((x[rows] + 1000).astype(np.float32), y[rows].astype(np.float32))
    np.testing.assert_allclose(far.correlations(), np.corrcoef(x.T, y.T)[:3, 3:], atol=1e-4)  # 1000 has steps of 6e-5 there


def test_a_unit_that_never_changes_correlates_with_nothing():
    moments = CrossMoments(2, 1)
    moments.add(np.stack([np.ones(8), X[:, 0]], axis=1), Y[:, :1])
    assert np.isnan(moments.correlations()[0, 0])
    assert not np.isnan(moments.correlations()[1, 0])


def test_units_are_matched_whatever_their_order_and_sign():
    order = np.array([2, 0, 1])
    partner, strength = best_match(np.corrcoef(X.T, -X[:, order].T)[:3, 3:])
    assert partner.tolist() == [1, 2, 0]
    assert strength == pytest.approx(1)


def test_units_left_over_have_no_partner():
    partner, strength = best_match(np.array([[0.2], [0.9]]))
    assert partner.tolist() == [-1, 0]
    assert np.isnan(strength[0])
    assert strength[1] == 0.9


def test_tables_of_different_things_are_told_with_their_shapes():
    with pytest.raises(InputError, match=r"two tables of 2 or more rows.*found \(8, 3\) and \(7, 4\)"):
        linear_cka(X, Y[:7])


def test_three_things_are_too_few_for_the_unbiased_estimate():
    with pytest.raises(InputError, match="two tables of 4 or more rows"):
        unbiased_cka(X[:3], Y[:3])


def test_batches_of_different_sizes_are_refused():
    with pytest.raises(InputError, match=r"batches are of one size.*\[4, 5\]"):
        minibatch_cka([(X[:4], Y[:4]), (X[:5], Y[:5])])
