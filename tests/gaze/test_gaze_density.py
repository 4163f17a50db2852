"""Blurs against scipy, what each border rule keeps, and sigma in pixels, in degrees and along a resize."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from salquest.errors import InputError
from salquest.gaze import Fixations, blur, fixation_density, gaussian_operator, mean_density

SIZE = (30, 41)


@pytest.fixture
def counts():
    found = np.random.default_rng(3).poisson(0.05, SIZE).astype(float)
    found[0, 0] = found[-1, 7] = 2.0
    return found


@pytest.fixture
def looked():
    draw = np.random.default_rng(5)
    return Fixations(draw.uniform(-0.5, 40.5, 60), draw.uniform(-0.5, 29.5, 60), SIZE)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 3.3])
@pytest.mark.parametrize(("border", "mode"), [("lost", "constant"), ("reflect", "reflect")])
def test_a_blur_is_scipy_s_gaussian_filter(counts, sigma, border, mode):
    # 1e-12: scipy cuts the Gaussian at 10 sigma, where it is exp(-50)
    np.testing.assert_allclose(
        blur(counts, sigma, border=border), gaussian_filter(counts, sigma, mode=mode, truncate=10), rtol=0, atol=1e-12
    )


def test_a_reflecting_border_is_scipy_s_when_the_gaussian_is_wider_than_the_picture():
    counts = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(blur(counts, 6.0, border="reflect"), gaussian_filter(counts, 6.0, mode="reflect", truncate=10), atol=1e-12)


def test_a_batch_is_blurred_map_by_map(counts):
    np.testing.assert_allclose(blur(np.stack([counts, 2 * counts]), 2.0)[1], blur(2 * counts, 2.0), rtol=1e-12)


def test_sigma_0_leaves_the_counts_alone(counts):
    np.testing.assert_array_equal(blur(counts, 0.0), counts)


@pytest.mark.parametrize("border", ["reflect", "kernel"])
def test_reflect_and_kernel_keep_all_gaze(counts, border):
    assert blur(counts, 4.0, border=border).sum() == pytest.approx(counts.sum(), rel=1e-12)


def test_lost_keeps_about_a_quarter_of_a_fixation_in_the_corner():
    counts = np.zeros((60, 60))
    counts[0, 0] = 1.0
    at_centre = 1.0 / sum(exp(-0.5 * (d / 3.0) ** 2) for d in range(-40, 41))
    # half of the bell lies inside, plus half of its middle pixel; once for each axis
    assert blur(counts, 3.0, border="lost").sum() == pytest.approx((0.5 + at_centre / 2) ** 2, rel=1e-12)


def test_kernel_gives_a_fixation_in_the_corner_the_weight_of_one_in_the_middle():
    found = fixation_density(Fixations([0, 30], [0, 30], (61, 61)), sigma_px=2.0, border="kernel")
    assert found[:15, :15].sum() == pytest.approx(0.5, abs=1e-6)  # 15 px are 7 sigma from the one, 8 from the other


def test_three_pixels_by_hand():
    # one fixation on the middle of three pixels, sigma 1: exp(-1/2), 1, exp(-1/2), scaled to sum to 1
    side = exp(-0.5)
    assert fixation_density(Fixations([1], [0], (1, 3)), sigma_px=1.0)[0].tolist() == pytest.approx(
        [side / (1 + 2 * side), 1 / (1 + 2 * side), side / (1 + 2 * side)], rel=1e-12
    )


def test_a_density_of_fixations_is_their_blurred_count_map(looked):
    expected = gaussian_filter(looked.count_map(), 2.5, mode="constant", truncate=10)
    np.testing.assert_allclose(fixation_density(looked, sigma_px=2.5), expected / expected.sum(), atol=1e-12)


def test_distinct_counts_every_cell_once():
    twice = Fixations([1, 1, 3], [0, 0, 0], (1, 5))
    np.testing.assert_allclose(fixation_density(twice, sigma_px=0, count="distinct"), [[0, 0.5, 0, 0.5, 0]])
    np.testing.assert_allclose(fixation_density(twice, sigma_px=0), [[0, 2 / 3, 0, 1 / 3, 0]])


def test_sigma_in_degrees_is_sigma_in_pixels_times_pixels_per_degree(looked):
    np.testing.assert_array_equal(
        fixation_density(looked, sigma_degrees=1.5, pixels_per_degree=4.0), fixation_density(looked, sigma_px=6.0)
    )


def test_a_smaller_density_is_made_of_smaller_fixations_with_a_smaller_sigma(looked):
    np.testing.assert_allclose(
        fixation_density(looked, sigma_px=4.0, size=(15, 41)),
        blurred_along_each_axis(looked.resized((15, 41)), sigma_rows=2.0, sigma_columns=4.0),
        atol=1e-12,
    )


def blurred_along_each_axis(fixations: Fixations, *, sigma_rows: float, sigma_columns: float) -> np.ndarray:
    found = gaussian_filter(fixations.count_map(), (sigma_rows, sigma_columns), mode="constant", truncate=10)
    return found / found.sum()


def test_a_mean_density_weighs_pictures_alike_whatever_their_size_and_scale():
    found = mean_density([np.array([[1.0, 0.0], [0.0, 0.0]]), np.full((8, 8), 7.0)], (2, 2))
    np.testing.assert_allclose(found, [[0.625, 0.125], [0.125, 0.125]], atol=1e-7)  # float32 inside the resize


def test_a_mean_density_of_nothing_is_refused():
    with pytest.raises(InputError, match="a mean density needs at least one density; found none"):
        mean_density([], (2, 2))


def test_a_density_of_no_fixations_is_refused():
    with pytest.raises(InputError, match="a density needs at least one fixation; found none"):
        fixation_density(Fixations([], [], (4, 4)), sigma_px=1.0)


@pytest.mark.parametrize("given", [{}, {"sigma_px": 1.0, "sigma_degrees": 1.0, "pixels_per_degree": 2.0}])
def test_sigma_is_given_once(looked, given):
    with pytest.raises(InputError, match="give the width of the Gaussian once: as sigma_px, or as sigma_degrees with pixels_per_degree"):
        fixation_density(looked, **given)


def test_degrees_without_a_resolution_are_refused(looked):
    with pytest.raises(InputError, match="sigma in degrees needs pixels_per_degree, which this data set does not state"):
        fixation_density(looked, sigma_degrees=1.0)


@pytest.mark.parametrize("sigma", [-1.0, float("nan"), float("inf")])
def test_a_sigma_that_is_no_width_is_refused(sigma):
    with pytest.raises(InputError, match=r"sigma must be 0 or more pixels; found (-1.0|nan|inf)"):
        gaussian_operator(5, sigma)


def test_an_unknown_border_rule_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="no border rule is called 'wrap'; there are: lost, reflect, kernel"):
        gaussian_operator(5, 1.0, "wrap")


@pytest.mark.parametrize("sigma", [0.0, 1.0])
def test_the_cached_operator_cannot_be_spoilt_by_a_caller(sigma):
    with pytest.raises(ValueError, match="read-only"):
        gaussian_operator(5, sigma)[0, 0] = 9.0
