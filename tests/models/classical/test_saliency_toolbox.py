"""The SaliencyToolbox form of Itti's model: the toolbox's own maps, its pieces worked out by hand, and what must hold of any picture."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import UnknownName
from salquest.models.classical import SaliencyToolbox
from salquest.models.classical.saliency_toolbox import (
    TAPS,
    by_local_maxima,
    fading,
    gabor,
    gaussian_matrix,
    halved,
    opponent_colours,
    pyramid,
    scaled,
)

# the toolbox was run in Octave, whose rgb2gray has six digits
OCTAVE = (0.298936, 0.587043, 0.114021)


@pytest.mark.parametrize(("normalisation", "key"), [("iterative", "iterative_zeroborder"), ("localmax", "localmax_zeroborder")])
def test_agrees_with_the_toolbox(normalisation, key, photographs, reference):
    model = SaliencyToolbox(longest=None, normalisation=normalisation, grey=OCTAVE)
    expected = reference("saliencytoolbox")[key]
    # stored in float32: half a step is 1.2e-7 at 2.9 and 2.4e-7 at 4.9
    np.testing.assert_allclose(model.native_maps(model.prepared(photographs)), expected, rtol=6e-8, atol=3e-8)


def test_matlab_s_grey_moves_maps_in_the_seventh_digit(photographs, reference):
    model = SaliencyToolbox(longest=None)
    difference = np.abs(model.native_maps(model.prepared(photographs)) - reference("saliencytoolbox")["iterative_zeroborder"])
    assert 1e-7 < difference.max() < 5e-7


def test_agrees_with_the_toolbox_on_each_conspicuity_map(photographs, reference):
    model = SaliencyToolbox(longest=None)
    found = np.moveaxis(model.conspicuity_maps(model.prepared(photographs)), 1, -1)
    np.testing.assert_allclose(found, reference("saliencytoolbox")["conspicuity_zeroborder"], rtol=5e-4, atol=1e-6)  # float16


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 37, 40])
def test_halving_is_the_toolbox_s_convolution_at_every_other_pixel(length):
    values = np.random.default_rng(length).random(length)
    inside = np.convolve(np.ones(length), TAPS)[3 : 3 + length]
    expected = (np.convolve(values, TAPS)[3 : 3 + length] / inside)[::2][: length // 2]
    np.testing.assert_allclose(halved(values[None], -1)[0], expected, atol=1e-14)
    np.testing.assert_allclose(halved(values[:, None], -2)[:, 0], expected, atol=1e-14)


def test_the_last_pixels_are_averaged_by_hand():
    assert halved(np.array([[1.0, 2.0, 5.0]]), -1).tolist() == [[2.5]]
    assert halved(np.array([[1.0, 2.0]]), -1).tolist() == [[1.5]]
    assert halved(np.array([[3.0]]), -1).tolist() == [[3.0]]


def test_levels_have_the_toolbox_s_sizes():
    sizes = [level.shape for level in pyramid(np.zeros((300, 400)), 20)]
    assert sizes == [(300, 400), (150, 200), (75, 100), (37, 50), (18, 25), (9, 12), (4, 6), (2, 3), (1, 1)]


def test_opponent_colours_by_hand():
    picture = np.array([[0.8, 0.05], [0.4, 0.02], [0.2, 0.0]])[None, :, None]  # one bright pixel, one below a tenth
    red_green, blue_yellow = opponent_colours(picture, 0.1)
    np.testing.assert_allclose(red_green, [[[0.5, 0]]])
    np.testing.assert_allclose(blue_yellow, [[[-0.25, 0]]])


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_a_gabor_filter_answers_to_its_own_angle(angle):
    y, x = np.mgrid[-4:5, -4:5]
    along = y * np.cos(np.radians(angle)) - x * np.sin(np.radians(angle))
    answers = [abs((gabor(a, 0, 7, 2.3333, 4) * np.cos(2 * np.pi * along / 7)).sum()) for a in (0, 45, 90, 135)]
    assert np.argmax(answers) == angle // 45


def test_a_gabor_filter_ignores_a_plain_level():
    bank = np.stack([gabor(angle, phase, 7, 2.3333, 4) for angle in (0, 45) for phase in (0, 90)])
    np.testing.assert_allclose(bank.sum(axis=(1, 2)), 0, atol=1e-14)
    np.testing.assert_allclose((bank**2).sum(axis=(1, 2)), 1)


def test_the_rim_fades_by_hand():
    np.testing.assert_allclose(fading(6, 2), [1 / 3, 2 / 3, 1, 1, 2 / 3, 1 / 3])


def test_a_constant_map_is_scaled_to_the_middle():
    maps = np.array([[[2.0, 2.0]], [[-1.0, 3.0]]])
    np.testing.assert_allclose(scaled(maps, 10.0), [[[5, 5]], [[0, 10]]])


def test_local_maxima_by_hand():
    alone, two, none = np.zeros((3, 4, 6))
    alone[1, 1] = 10
    two[1, 1], two[2, 4] = 10, 4
    found = by_local_maxima(np.stack([alone, two, none + 0.5]), 1.0, 10.0)
    assert found[0].max() == 10 * 10**2
    assert found[1].max() == 10 * (10 - 7) ** 2
    assert (found[2] == 0.5).all()


def test_competition_s_filters_keep_their_sum_at_the_border():
    rows = gaussian_matrix(25, 1.5, 6.25, 18).sum(axis=1)
    np.testing.assert_allclose(rows, rows[0])


def test_colour_and_intensity_do_not_prefer_an_axis(photographs):
    # the filter is lopsided, so that a mirrored picture has another map; a transposed one has the transposed map
    model = SaliencyToolbox(longest=None, weights=(1, 1, 0))
    pictures = model.prepared(photographs[:2, :, :300])
    turned = model.native_maps(pictures.swapaxes(-1, -2)).swapaxes(-1, -2)
    np.testing.assert_allclose(turned, model.native_maps(pictures), atol=1e-9)


@pytest.mark.parametrize("normalisation", ["iterative", "localmax", "none"])
def test_a_plain_picture_has_no_colour_and_no_intensity_contrast(normalisation):
    model = SaliencyToolbox(normalisation=normalisation)
    found = model.conspicuity_maps(np.full((1, 3, 240, 320), 0.37))
    assert np.ptp(found[0, :2], axis=(1, 2)).max() < 1e-12


def test_a_small_picture_is_enlarged_until_it_has_a_surround():
    picture = np.random.default_rng(0).random((1, 3, 9, 30))
    assert SaliencyToolbox(longest=None).native_maps(picture).shape == (1, 2, 6)


def test_an_unknown_normalisation_names_those_there_are():
    with pytest.raises(UnknownName, match=r"no normalisation is called 'iterativ'.* there are: iterative, localmax, none"):
        SaliencyToolbox(normalisation="iterativ")


def test_the_odd_one_out_is_found():
    picture = np.full((1, 3, 480, 640), 0.5)
    for row in range(60, 480, 120):
        for column in range(60, 640, 120):
            picture[0, :, row - 12 : row + 12, column - 12 : column + 12] = np.reshape([0.2, 0.6, 0.2], (3, 1, 1))
    picture[0, :, 288:312, 408:432] = np.reshape([0.8, 0.2, 0.2], (3, 1, 1))
    found = SaliencyToolbox().native_maps(picture)[0]
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(16 * row + 8 - 300) < 24
    assert abs(16 * column + 8 - 420) < 24
