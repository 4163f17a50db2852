"""The bundle's pyramid and channels: by hand, by law, and against the original's feature maps."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models.classical.bundle_pyramid import CHANNELS, channel_maps, local_variance, pyramid, subsample
from salquest.models.classical.gbvs import Gbvs

SETTINGS = {"angles": (0, 45, 90, 135), "contrast_width": 0.1}


def test_subsampling_by_hand():
    # rows alike, so that only the other axis counts
    row = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], np.float32)
    found = subsample(np.tile(row, (1, 1, 12, 1)))[0, 0]
    assert found.shape == (6, 6)
    # pixel 11 is the sixth tap of output 4 (pixels 6..11) and the fourth of five of the last (8..12, 1 5 10 10 5, sum 31)
    np.testing.assert_allclose(found[3], [0, 0, 0, 0, 1 / 32, 10 / 31], rtol=1e-6)
    even = subsample(np.tile(row[1:], (1, 1, 12, 1)))[0, 0]
    # now it is pixel 10 of 12: the fifth tap of output 4 and the third of four of the last (1 5 10 10, sum 26)
    np.testing.assert_allclose(even[3], [0, 0, 0, 0, 5 / 32, 10 / 26], rtol=1e-6)


def test_constant_planes_stay_constant_and_sizes_are_halved_rounding_down():
    found = subsample(np.full((2, 4, 37, 50), 0.3, np.float32))
    assert found.shape == (2, 4, 18, 25)
    np.testing.assert_allclose(found, 0.3, rtol=1e-6)


@pytest.mark.parametrize("size", [(10, 40), (40, 10), (9, 9)])
def test_planes_with_a_side_of_ten_pixels_stay(size):
    planes = np.random.default_rng(0).random((1, 1, *size), np.float32)
    assert subsample(planes) is planes


def test_intensity_is_the_largest_colour_and_level_one_is_half_size():
    pictures = np.stack([np.full((24, 32), level) for level in (0.2, 0.7, 0.4)])[None]
    levels = pyramid(pictures, 2)
    assert [levels[level].shape for level in (1, 2)] == [(1, 4, 12, 16), (1, 4, 6, 8)]
    np.testing.assert_allclose(levels[2][0, :, 3, 4], [0.2, 0.7, 0.4, 0.7], rtol=1e-6)


def test_opponent_colours_by_hand():
    planes = np.array([0.2, 0.8, 0.6, 0.8], np.float32).reshape(1, 4, 1, 1) * np.ones((1, 1, 30, 40), np.float32)
    np.testing.assert_allclose(channel_maps("C", planes, **SETTINGS)[0, :, 0, 0], [(0.6 - 0.2) / 0.8, (0.8 - 0.2) / 0.8], rtol=1e-6)
    assert not channel_maps("C", 0 * planes, **SETTINGS).any()


@pytest.mark.parametrize(("channel", "count"), list(zip(CHANNELS, (2, 3, 1, 4, 1), strict=True)))
def test_each_channel_has_its_maps(channel, count):
    planes = np.random.default_rng(0).random((2, 4, 30, 41), np.float32)
    found = channel_maps(channel, planes, **SETTINGS)
    assert found.shape == (2, count, 30, 41)
    assert found.dtype == np.float64


def test_variance_is_that_of_the_surrounding_square_clipped_at_the_border():
    maps = np.random.default_rng(0).random((1, 9, 11))
    found = local_variance(maps, 4)[0]
    assert found[4, 5] == pytest.approx(maps[0, 2:7, 3:8].var())
    assert found[0, 0] == pytest.approx(maps[0, :3, :3].var())


@pytest.mark.parametrize(("file", "place"), [("intermediate_1001", 0), ("intermediate_1071", 3)])
def test_feature_maps_agree_with_the_original(file, place, photographs, reference):
    model = Gbvs(longest=None)
    features = model.features(model.prepared(photographs[place : place + 1]))
    found = np.concatenate([features[letter][0] for letter in "DIO"])
    np.testing.assert_allclose(found, reference(file)["feature"], atol=1e-7)
