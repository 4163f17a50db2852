"""eDN against an independent run with the same weights, and its parts by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from salquest.models.classical import EnsembleOfDeepNetworks
from salquest.models.classical.edn import (
    Layer,
    Normalisation,
    clamped_and_pooled,
    distance_to_centre,
    luma_and_chroma,
    normalised,
    random_filters,
    readout,
    resized_for_networks,
    window_sum,
    zoomed,
)

# the scores' range is 4. Both sides sum float32 numbers in another order, take the difference of nearly equal sums, and compare lengths with a
# threshold: 2e-6 was reached on most pictures, 1.2e-4 in 20 cells of one
CLOSE = 2e-4


def test_agrees_with_an_independent_run(photographs, reference):
    model = EnsembleOfDeepNetworks()
    found = model.scores(model.prepared(photographs[:1]))
    np.testing.assert_allclose(found, reference("edn")["edn_score"][:1], atol=CLOSE)


@pytest.mark.slow
def test_agrees_with_an_independent_run_on_all_pictures(photographs, reference):
    model = EnsembleOfDeepNetworks()
    np.testing.assert_allclose(model.scores(model.prepared(photographs)), reference("edn")["edn_score"], atol=CLOSE)


@pytest.mark.slow
def test_agrees_without_the_centre(photographs, reference):
    model = EnsembleOfDeepNetworks(has_centre=False)
    np.testing.assert_allclose(model.scores(model.prepared(photographs[:1]))[0], reference("edn")["edn_score_nocentre_1001"], atol=CLOSE)


def test_the_readout_scores_the_mean_picture_zero():
    # the linear map of the features' means is what is taken off
    for has_centre, count in ((True, 833), (False, 832)):
        weights, offset = readout(has_centre)
        assert weights.shape == (count,)
        assert np.isfinite(weights).all()
        assert np.isfinite(offset)


@pytest.mark.parametrize(
    ("size", "expected"), [((300, 400), (384, 512)), ((480, 640), (384, 512)), ((400, 300), (512, 384)), ((500, 500), (448, 448))]
)
def test_pictures_become_about_512_by_384(size, expected):
    assert resized_for_networks(np.zeros((*size, 3), np.uint8)).shape[:2] == expected


def test_chroma_is_of_the_stretched_picture():
    picture = np.full((2, 2, 3), 50, np.uint8)
    picture[0] = 100
    # 100 becomes 255 and 50 becomes 0
    assert luma_and_chroma(picture)[:, 0].tolist() == [[255, 128, 128], [0, 128, 128]]


def test_filters_are_of_the_seed_without_mean_and_of_length_one():
    filters = random_filters(32, 3, 3)
    drawn = np.random.RandomState(42).uniform(size=[32, 3, 3, 3])[5]
    drawn = (drawn - drawn.mean()) / np.linalg.norm(drawn - drawn.mean())
    np.testing.assert_allclose(filters[5], drawn.transpose(2, 0, 1), rtol=1e-5)


def test_window_sums_of_ones_count_the_pixels_inside():
    found = window_sum(np.ones((1, 4, 5)), 3)
    assert found[0].tolist() == [[4, 6, 6, 6, 4], [6, 9, 9, 9, 6], [6, 9, 9, 9, 6], [4, 6, 6, 6, 4]]
    assert window_sum(np.ones((1, 4, 5)), 3, stride=2)[0].tolist() == [[4, 6, 4], [6, 9, 6]]


def test_pooling_with_a_high_exponent_is_nearly_the_maximum():
    maps = np.zeros((1, 4, 4))
    maps[0, 1, 1], maps[0, 1, 2] = 3.0, 9.0
    layer = Layer(3, 1, None, None, 3, 10, Normalisation(3, 1, 1))
    # pixel (2, 2) sees both: (3^10 + 9^10)^(1/10)
    assert clamped_and_pooled(maps, layer)[0, 1, 1] == pytest.approx((3.0**10 + 9.0**10) ** 0.1)
    clamped = Layer(3, 1, None, 1, 3, 2, Normalisation(3, 1, 1))
    assert clamped_and_pooled(maps, clamped)[0, 1, 1] == pytest.approx(np.sqrt(2))


def test_normalising_by_hand():
    # one pixel of 3 and one of 4: length 5 where a window sees both; 10 + 1e-3 after the stretch of 2
    maps = np.array([[[3.0, 4.0, 0.0]]])
    expected = np.array([3, 4]) * 2 / (2 * (5 + 1e-4))
    np.testing.assert_allclose(normalised(maps, Normalisation(3, 2, 1))[0, 0, :2], expected)


def test_weak_contrast_is_not_divided():
    maps = np.full((1, 1, 1), 0.3)
    np.testing.assert_allclose(normalised(maps, Normalisation(3, 2, 1)), 0.6)


def test_a_window_s_mean_is_taken_away():
    maps = np.full((2, 9, 9), 7.0)
    assert abs(normalised(maps, Normalisation(3, 1, 1, removes_mean=True))[:, 4, 4]).max() < 1e-12


def test_distance_is_in_whole_pixels_from_the_middle():
    assert (distance_to_centre(4, 6) * 3).tolist()[2] == [3, 2, 1, 0, 1, 2]


def test_zoom_is_scipy_s():
    maps = np.random.default_rng(0).random((2, 24, 31))
    expected = [ndimage.zoom(one, (12 * (1 + 1e-5) / 24, 16 * (1 + 1e-5) / 31), order=3) for one in maps]
    np.testing.assert_allclose(zoomed(maps, (12, 16)), expected, atol=1e-12)
