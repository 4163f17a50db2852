"""The steerable pyramid: its filters leave nothing out, and its bands answer to their own waves."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models.classical.steerable import angular_parts, halved_spectrum, radial_parts, steerable_bands


def wave(angle: float, period: float, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    turned = np.radians(angle)
    return np.cos(2 * np.pi * (x * np.cos(turned) + y * np.sin(turned)) / period)


@pytest.mark.parametrize("edge", [0.5, 0.25])
def test_nothing_is_lost_between_high_and_low(edge):
    high, low = radial_parts((48, 66), edge)
    np.testing.assert_allclose(high**2 + low**2, 1)
    assert (high[0, 0], low[0, 0]) == (0, 1)


def test_nothing_is_lost_between_orientations():
    np.testing.assert_allclose((np.abs(angular_parts((48, 66))) ** 2).sum(axis=0), 1)


def test_there_are_a_residual_and_four_bands_to_a_scale():
    assert [band.shape for band in steerable_bands(np.zeros((2, 200, 200)), 4)] == [
        (2, 200, 200),
        *[(2, 200, 200)] * 4,
        *[(2, 100, 100)] * 4,
        *[(2, 50, 50)] * 4,
        *[(2, 25, 25)] * 4,
    ]


@pytest.mark.parametrize(("angle", "place"), [(0, 0), (45, 1), (90, 2), (135, 3)])
@pytest.mark.parametrize(("period", "scale"), [(4, 0), (8, 1), (16, 2)])
def test_a_wave_is_found_in_its_band(angle, place, period, scale):
    energies = [np.mean(band[band.shape[0] // 4 : -band.shape[0] // 4] ** 2) for band in steerable_bands(wave(angle, period), 3)]
    assert np.argmax(energies) == 1 + 4 * scale + place


def test_a_plain_map_is_in_no_band():
    assert max(np.abs(band).max() for band in steerable_bands(np.full((64, 64), 0.7), 3)) < 1e-14


def test_complex_maps_give_two_pyramids():
    one, other = np.random.default_rng(0).random((2, 64, 64))
    for both, real, imaginary in zip(*(steerable_bands(maps, 3) for maps in (one + 1j * other, one, other)), strict=True):
        np.testing.assert_allclose(both, real + 1j * imaginary, atol=1e-12)


@pytest.mark.parametrize("size", [(64, 64), (66, 132)])
def test_half_a_spectrum_is_that_of_every_other_pixel(size):
    _, low = radial_parts(size, 0.25)
    spectrum = np.fft.fft2(np.random.default_rng(0).random(size)) * low
    np.testing.assert_allclose(np.fft.ifft2(halved_spectrum(spectrum)), np.fft.ifft2(spectrum)[::2, ::2], atol=1e-14)
