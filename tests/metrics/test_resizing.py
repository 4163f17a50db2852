from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from salquest.errors import InputError
from salquest.metrics import resize


def test_halving_by_hand():
    kernel = lambda t: 1.5 * t**3 - 2.5 * t**2 + 1 if t <= 1 else -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2  # noqa: E731
    # the bright pixel lies 1.5 and 0.5 pixels from the two centres, its mirror images at 3.5 and 2.5; the kernel is widened twice
    first = (kernel(0.75) + kernel(1.75)) / 2
    second = (kernel(0.25) + kernel(1.25)) / 2
    np.testing.assert_allclose(resize(np.array([[0.0, 0, 1, 0]]), (1, 2)), [[first, second]], atol=1e-15)


def test_doubling_by_hand():
    # Keys' kernel with a = -0.5 at 1/4, 3/4, 5/4, 7/4
    expected = np.array([[-0.0703125, 0.2265625, 0.8671875, 0.8671875, 0.2265625, -0.0703125]])
    found = resize(np.array([[0.0, 0, 0, 1, 0, 0, 0]]), (1, 14))
    np.testing.assert_allclose(found[:, 4:10], expected, atol=1e-15)


@pytest.mark.parametrize("size", [(7, 9), (40, 50), (5, 64), (24, 32)])
def test_a_constant_map_stays_constant_and_the_mean_is_kept(size):
    np.testing.assert_allclose(resize(np.full((24, 32), 3.0), size), np.full(size, 3.0), atol=1e-14)


def test_a_mirrored_map_gives_the_mirrored_answer():
    values = np.random.default_rng(0).random((24, 32))
    np.testing.assert_allclose(resize(values[:, ::-1], (10, 13)), resize(values, (10, 13))[:, ::-1], atol=1e-14)


def test_the_same_size_changes_nothing():
    values = np.random.default_rng(1).random((5, 6))
    for rule in ("matlab", "linear", "spline"):
        np.testing.assert_array_equal(resize(values, (5, 6), rule), values)


def test_linear_and_spline_are_scipys_zoom():
    values = np.random.default_rng(2).random((12, 16))
    np.testing.assert_array_equal(resize(values, (24, 40), "linear"), ndimage.zoom(values, (2, 2.5), order=1, mode="nearest"))
    np.testing.assert_array_equal(resize(values, (24, 40), "spline"), ndimage.zoom(values, (2, 2.5), order=3))


@pytest.mark.parametrize("rule", ["matlab", "linear", "spline"])
def test_a_batch_is_resized_one_by_one_and_torch_gives_the_same_bits(rule):
    values = np.random.default_rng(3).random((2, 12, 16))
    together = resize(values, (7, 20), rule)
    np.testing.assert_array_equal(together, np.stack([resize(one, (7, 20), rule) for one in values]))
    tensor = resize(torch.as_tensor(values), (7, 20), rule)
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor.numpy(), together)


@pytest.mark.parametrize(("size", "rule"), [((0, 5), "matlab"), ((5,), "matlab"), ((5, 5), "nearest")])
def test_impossible_requests_are_refused(size, rule):
    with pytest.raises(InputError):
        resize(np.ones((3, 3)), size, rule)
