from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from salquest.metrics import counting
from salquest.metrics.counting import count_below
from salquest.metrics.maps import open_maps

MAPS = {
    "smooth": lambda draw: np.exp(draw.standard_normal(4000)),
    "peaked": lambda draw: np.exp(30 * draw.standard_normal(4000)),
    "ties": lambda draw: draw.integers(0, 5, 4000).astype(float),
    "narrow": lambda draw: 0.5 + 1e-9 * draw.random(4000),
    "negative": lambda draw: -np.exp(draw.standard_normal(4000)),
    "zeros of both signs": lambda draw: draw.choice([0.0, -0.0, 1.0, -1.0], 4000),
    "wide": lambda draw: draw.choice([-1e300, -1.0, 0.0, 1e-300, 1e300], 4000),
    "constant": lambda draw: np.full(4000, 0.1),
}


def by_comparing(values, thresholds):
    return (values[None] < thresholds[:, None]).sum(axis=1), (values[None] <= thresholds[:, None]).sum(axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("through_numpy", [True, False], ids=["in bins", "by search"])
def test_counts_are_those_of_comparing_every_pixel(name, dtype, through_numpy):
    draw = np.random.default_rng(0)
    with np.errstate(over="ignore"):
        values = np.clip(MAPS[name](draw), -1e30 if dtype == np.float32 else None, 1e30 if dtype == np.float32 else None).astype(dtype)
    taken = values[draw.integers(0, 4000, 50)].astype(np.float64)
    between = np.concatenate(
        [taken * 1.0000001, np.nextafter(taken, np.inf), np.nextafter(taken, -np.inf), [values.min(), values.max(), 0.3]]
    )
    for thresholds in (taken, between):
        maps = open_maps(torch.as_tensor(values[None]), through_numpy=through_numpy)
        assert maps.in_main_memory == through_numpy
        below, at_most = count_below(maps, thresholds[None])
        expected_below, expected_at_most = by_comparing(values.astype(np.float64), thresholds)
        np.testing.assert_array_equal(below[0], expected_below)
        np.testing.assert_array_equal(at_most[0], expected_at_most)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_levels_are_counted_by_level(dtype):
    values = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (20, 30)).astype(dtype)
    thresholds = np.array([0.0, 3.0, 3.5, 200.0, 70000.0, -1.0])
    below, at_most = count_below(open_maps(values), thresholds[None])
    expected = by_comparing(values.reshape(-1).astype(float), thresholds)
    np.testing.assert_array_equal(np.stack([below[0], at_most[0]]), expected)


@settings(max_examples=100)
@given(
    values=hnp.arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e100, 1e100)),
    thresholds=hnp.arrays(np.float64, st.integers(1, 9), elements=st.floats(-1e100, 1e100)),
)
def test_counts_of_any_numbers_against_any_thresholds(values, thresholds):
    below, at_most = count_below(open_maps(values[None]), thresholds[None])
    expected_below, expected_at_most = by_comparing(values, thresholds)
    np.testing.assert_array_equal(below[0], expected_below)
    np.testing.assert_array_equal(at_most[0], expected_at_most)


def test_pixels_are_counted_across_blocks(monkeypatch):
    values = np.random.default_rng(2).random((7, 100))
    whole = count_below(open_maps(values), np.array([[0.1, 0.5]]))
    monkeypatch.setattr(counting, "BLOCK", 33)
    np.testing.assert_array_equal(count_below(open_maps(values), np.array([[0.1, 0.5]])), whole)
