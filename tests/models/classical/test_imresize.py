"""MATLAB's imresize, worked out by hand and by its laws."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.models.classical.imresize import imresize, nearest_indices, resize_matrix


@pytest.mark.parametrize("method", ["bicubic", "bilinear"])
@pytest.mark.parametrize(("length", "wanted"), [(7, 3), (3, 7), (400, 32), (5, 5), (1, 4)])
def test_weights_sum_to_one(length, wanted, method):
    np.testing.assert_allclose(resize_matrix(length, wanted, method=method).sum(axis=1), 1, rtol=1e-12)


def test_halving_four_pixels_by_hand():
    # the first new pixel's centre is at 1.5; pixels at distances .5, 1.5, 2.5, 3.5 on both sides, halved, weigh 111, 29, -9 and -3 of 256;
    # left of the border come pixels 1, 2, 3 again, right of it pixel 4
    expected = np.array([111 + 29, 111 - 9, 29 - 3, -9 - 3]) / 256
    np.testing.assert_allclose(resize_matrix(4, 2)[0], expected, atol=1e-15)


def test_a_mirrored_map_resizes_to_the_mirrored_map():
    maps = np.random.default_rng(0).random((2, 31, 40))
    np.testing.assert_allclose(imresize(maps[..., ::-1], (9, 13)), imresize(maps, (9, 13))[..., ::-1], atol=1e-12)


def test_a_straight_line_stays_straight_inside():
    line = np.arange(20.0)[None]
    found = imresize(line, (1, 40))[0]
    np.testing.assert_allclose(found[6:-6], np.arange(40)[6:-6] / 2 - 0.25, atol=1e-12)


def test_shrinking_averages_and_enlarging_interpolates():
    stripes = np.tile([0.0, 1.0], 32)[None]
    assert abs(imresize(stripes, (1, 8)) - 0.5).max() < 0.05
    assert imresize(stripes, (1, 128)).max() > 1  # bicubic overshoots


def test_nearest_takes_the_pixel_under_the_new_centre():
    assert nearest_indices(6, 3).tolist() == [1, 3, 5]
    assert nearest_indices(3, 6).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_factor_places_pixels_other_than_the_size_it_leads_to():
    assert np.abs(resize_matrix(301, 49, 64 / 400) - resize_matrix(301, 49)).max() > 1e-3


def test_nothing_cannot_be_resized():
    with pytest.raises(InputError, match="a side is at least one pixel long; found 0 to be resized to 3"):
        resize_matrix(0, 3)


def test_torch_gives_the_same():
    torch = pytest.importorskip("torch")
    maps = np.random.default_rng(0).random((2, 31, 40))
    np.testing.assert_allclose(imresize(torch.as_tensor(maps), (9, 13)).numpy(), imresize(maps, (9, 13)), atol=1e-12)
