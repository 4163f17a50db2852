"""Gabor filters by their laws, and the energy against a plain convolution."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from salquest.models.classical.gabor import gabor, gabor_energy

BUNDLE = {"half": 13, "period": np.pi, "deviation": 2.0, "elongation": 2.0}


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
@pytest.mark.parametrize("phase", [0, 90])
def test_a_filter_ignores_brightness_and_has_norm_one(angle, phase):
    kernel = gabor(angle, phase, **BUNDLE)
    assert kernel.shape == (27, 27)
    assert kernel.sum() == pytest.approx(0, abs=1e-12)
    assert (kernel**2).sum() == pytest.approx(1)


def test_even_is_even_and_odd_is_odd():
    even, odd = gabor(45, 0, **BUNDLE), gabor(45, 90, **BUNDLE)
    np.testing.assert_allclose(even[::-1, ::-1], even, atol=1e-15)
    # the odd one but for the mean that was taken away, which is rounding
    np.testing.assert_allclose(odd[::-1, ::-1], -odd, atol=1e-15)


def test_energy_is_that_of_a_plain_convolution_with_repeated_borders():
    maps = np.random.default_rng(0).random((2, 31, 40))
    expected = [
        [
            sum(np.abs(scipy.ndimage.convolve(one, gabor(angle, phase, **BUNDLE), mode="nearest")) for phase in (0, 90))
            for angle in (0, 45, 135)
        ]
        for one in maps
    ]
    np.testing.assert_allclose(gabor_energy(maps, (0, 45, 135)), expected, atol=1e-12)


def test_stripes_answer_to_their_own_orientation():
    x = np.arange(60)
    upright = np.tile(np.cos(2 * x), (60, 1))[None]
    energy = gabor_energy(upright, (0, 45, 90, 135))[0, :, 30, 30]
    # angle 0 waves from top to bottom: its stripes lie
    assert energy.argmax() == 2
    assert energy[2] > 20 * energy[0]
