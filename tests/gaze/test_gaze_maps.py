"""What a SaliencyMap accepts, and how one form of map becomes another."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, as_density, pool_counts, resize_map


@pytest.mark.parametrize(
    ("values", "kind", "sentence"),
    [
        (np.zeros((2, 2, 3)), "values", r"a saliency map is \(H, W\) of at least one pixel; found shape \(2, 2, 3\)"),
        (np.zeros((0, 4)), "values", r"a saliency map is \(H, W\) of at least one pixel; found shape \(0, 4\)"),
        (np.array([[0.0, np.nan]]), "values", "holds finite numbers; found NaN or infinity"),
        (np.array([[0.0, -np.inf]]), "values", "holds finite numbers; found NaN or infinity"),
        (np.array([[0.0, 1e39]]), "values", "holds finite numbers; found NaN or infinity, or a number beyond float32"),
        (np.array([[0.5, 0.6]]), "density", "non-negative and sums to 1; found a minimum of 0.5 and a sum of 1.1"),
        (np.array([[1.5, -0.5]]), "density", "non-negative and sums to 1; found a minimum of -0.5"),
        (np.zeros((2, 2)), "saliency", "a saliency map is a 'density' or 'values', not 'saliency'"),
    ],
)
def test_what_is_no_saliency_map_is_refused(values, kind, sentence):
    with pytest.raises(InputError, match=sentence):
        SaliencyMap(values, kind)


def test_a_map_is_stored_as_float32():
    assert SaliencyMap(np.array([[1, 2]])).values.dtype == np.float32


def test_the_peak_is_row_and_column_of_the_greatest_value():
    assert SaliencyMap(np.array([[0, 1, 2], [9, 4, 5]])).peak == (1, 0)


def test_values_become_a_density_from_their_minimum_up():
    np.testing.assert_allclose(SaliencyMap(np.array([[-1.0, 0.0], [1.0, 2.0]])).density(), [[0, 1 / 6], [2 / 6, 3 / 6]])


def test_a_density_is_its_own_density():
    np.testing.assert_array_equal(SaliencyMap(np.array([[0.25, 0.75]]), "density").density(), [[0.25, 0.75]])


def test_display_spans_nought_to_one():
    assert SaliencyMap(np.array([[-2.0, 0.0, 2.0]])).display().tolist() == [[0, 0.5, 1]]


def test_a_constant_map_is_displayed_as_zeros():
    assert SaliencyMap(np.full((2, 2), 7.0)).display().tolist() == [[0, 0], [0, 0]]


def test_a_resized_density_still_sums_to_one():
    resized = SaliencyMap(as_density(np.random.default_rng(0).random((9, 7))).astype(np.float32), "density").resized((20, 31))
    assert (resized.kind, resized.size) == ("density", (20, 31))
    assert resized.values.sum(dtype=float) == pytest.approx(1, abs=1e-5)  # 620 numbers of float32


def test_numpy_reads_a_map_as_its_values():
    assert np.asarray(SaliencyMap(np.array([[1.0, 2.0]]))).tolist() == [[1, 2]]


def test_as_density_divides_by_the_sum():
    assert as_density([[1, 3], [0, 4]]).tolist() == [[0.125, 0.375], [0, 0.5]]


def test_as_density_scales_each_map_of_a_batch_by_itself():
    np.testing.assert_allclose(as_density(np.array([[[1.0, 1.0]], [[30.0, 10.0]]])), [[[0.5, 0.5]], [[0.75, 0.25]]])


def test_a_batch_is_shifted_map_by_map():
    np.testing.assert_allclose(as_density(np.array([[[1.0, 2.0]], [[-3.0, -4.0]]]), shift=True), [[[0, 1]], [[1, 0]]])


def test_an_empty_map_becomes_the_uniform_density():
    assert as_density(np.zeros((2, 4))).tolist() == [[0.125] * 4] * 2


def test_negative_values_are_no_density_unless_they_are_shifted():
    with pytest.raises(InputError, match="a density is made of non-negative values; the smallest found is -1"):
        as_density([[-1.0, 3.0]])
    assert as_density([[-1.0, 3.0]], shift=True).tolist() == [[0, 1]]


def test_a_density_of_no_numbers_is_refused():
    with pytest.raises(InputError, match="a density is made of finite numbers; found NaN or infinity"):
        as_density([[np.nan, 1.0]])


@pytest.mark.parametrize("size", [(40, 50), (5, 60), (3, 4), (1, 1), (17, 23)])
def test_a_resized_map_never_leaves_its_range(size):
    values = np.random.default_rng(1).normal(size=(17, 23)).astype(np.float32)
    resized = resize_map(values, size)
    assert resized.shape == size
    assert values.min() <= resized.min() <= resized.max() <= values.max()


@pytest.mark.parametrize("size", [(40, 50), (5, 60), (1, 1)])
def test_a_constant_map_stays_constant_when_it_is_resized(size):
    assert np.unique(resize_map(np.full((7, 9), 0.3), size)).tolist() == [np.float32(0.3)]


def test_shrinking_averages():
    # Pillow's bilinear filter, widened to twice the step: weights 3, 3, 1 of 7 for the pixels below a half of four
    np.testing.assert_allclose(resize_map([[7.0, 0.0, 0.0, 0.0]], (1, 2)), [[3.0, 0.0]], atol=1e-6)


def test_the_same_size_is_returned_as_it_is():
    values = np.array([[1e-9, 1.0]])
    assert resize_map(values, (1, 2)).tolist() == values.tolist()


def test_pooled_counts_keep_their_total_and_place():
    assert pool_counts([[1, 0, 2, 0], [0, 1, 0, 0]], (1, 2)).tolist() == [[2, 2]]


def test_counts_pool_by_whole_multiples_only():
    with pytest.raises(InputError, match=r"counts of \(3, 4\) do not pool into \(2, 2\): not whole multiples"):
        pool_counts(np.zeros((3, 4)), (2, 2))
