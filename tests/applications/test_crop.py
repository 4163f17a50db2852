"""The best window against trying every window, and the laws of keeping a share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salquest.applications.crop import best_crop, parse_ratio
from salquest.errors import InputError
from salquest.gaze import SaliencyMap


def density(size, seed=0):
    values = np.random.default_rng(seed).random(size) ** 8
    return SaliencyMap(values / values.sum(), "density")


def share(saliency, crop):
    top, left = max(0, crop.top), max(0, crop.left)
    return saliency.density()[top : crop.top + crop.height, left : crop.left + crop.width].sum()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 25), st.integers(1, 25), st.sampled_from([0.5, 1.0, 16 / 9, 3.0]), st.integers(0, 99))
def test_no_window_of_that_size_holds_more(height, width, ratio, seed):
    saliency = density((height, width), seed)
    crop = best_crop(saliency, ratio)
    tried = [
        saliency.density()[top : top + crop.height, left : left + crop.width].sum()
        for top in range(height - crop.height + 1)
        for left in range(width - crop.width + 1)
    ]
    assert crop.share == pytest.approx(max(tried), abs=1e-6)
    assert crop.share == pytest.approx(share(saliency, crop), abs=1e-6)
    assert 0 <= crop.left <= width - crop.width
    assert 0 <= crop.top <= height - crop.height


def test_the_largest_window_of_a_ratio_touches_two_sides():
    crop = best_crop(density((60, 100)), 1.0)
    assert (crop.height, crop.width) == (60, 60)
    crop = best_crop(density((60, 100)), 4.0)
    assert (crop.height, crop.width) == (25, 100)


def test_a_flat_map_is_cut_in_the_middle():
    crop = best_crop(SaliencyMap(np.ones((60, 100))), 1.0)
    assert (crop.left, crop.top, crop.share) == (20, 0, pytest.approx(0.6))


def test_keep_takes_the_smallest_window_that_keeps_the_share():
    saliency = density((30, 40), 5)
    crop = best_crop(saliency, 1.0, keep=0.5, smallest=0.01)
    assert crop.share >= 0.5
    smaller = crop.width - 1
    tried = [saliency.density()[y : y + smaller, x : x + smaller].sum() for y in range(31 - smaller) for x in range(41 - smaller)]
    assert max(tried) < 0.5


def test_a_peak_alone_is_cut_no_closer_than_the_smallest_window():
    values = np.zeros((40, 40))
    values[5, 30] = 1.0
    crop = best_crop(SaliencyMap(values), 1.0, keep=0.9, smallest=0.25)
    assert (crop.width, crop.height, crop.share) == (10, 10, 1.0)
    assert crop.left <= 30 < crop.left + 10
    assert crop.top <= 5 < crop.top + 10


def test_what_cannot_be_kept_is_told_or_padded():
    values = np.zeros((20, 60))
    values[10, [2, 57]] = 1.0
    saliency = SaliencyMap(values)
    cut = best_crop(saliency, 1.0, keep=0.9)
    assert (cut.width, cut.height, cut.share, cut.is_enough) == (20, 20, 0.5, False)
    padded = best_crop(saliency, 1.0, keep=0.9, pad=True)
    assert (padded.width, padded.height, padded.share, padded.is_enough) == (56, 56, 1.0, True)
    assert (padded.top, padded.left) == (-18, 2)


def test_a_large_map_is_cut_right_to_a_cell():
    values = np.zeros((1000, 2000))
    values[400:600, 1500:1700] = 1.0
    crop = best_crop(SaliencyMap(values), 1.0)
    assert (crop.width, crop.height, crop.share) == (1000, 1000, pytest.approx(1.0, abs=1e-6))
    # of all places that hold it whole, the one nearest to the middle, which would be 500, 0
    assert crop.left == pytest.approx(700, abs=8)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (10, 20_000)])
def test_any_picture_has_a_crop(size):
    for ratio in (1.0, 16 / 9, 0.1):
        crop = best_crop(density(size), ratio)
        assert 1 <= crop.width <= size[1]
        assert 1 <= crop.height <= size[0]


@pytest.mark.parametrize(("text", "ratio"), [("16:9", 16 / 9), ("4x3", 4 / 3), ("2/3", 2 / 3), ("1.5", 1.5)])
def test_ratios_are_read(text, ratio):
    assert parse_ratio(text) == ratio


@pytest.mark.parametrize("text", ["", "wide", "0:1", "1:0", "1:-2", "nan", "1:1000", "1:1:1"])
def test_what_is_no_ratio_is_refused(text):
    with pytest.raises(InputError, match="ratio"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"ratio": 0.0}, "width over its height"),
        ({"ratio": 1.0, "keep": 0.0}, "the share to keep lies above 0 and is at most 1; found 0"),
        ({"ratio": 1.0, "keep": 1.1}, "found 1.1"),
        ({"ratio": 1.0, "smallest": 0.0}, "the smallest window is a fraction of the largest"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings_, sentence):
    with pytest.raises(InputError, match=sentence):
        best_crop(density((4, 4)), **settings_)
