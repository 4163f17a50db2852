"""Spectral models against the originals' maps, against OpenCV's, and worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.models.classical import OpenCVSpectralResidual, PhaseSpectrum, QuaternionPhase, SpectralResidual
from salquest.models.classical.spectral import disc


@pytest.mark.parametrize(("model", "name"), [(SpectralResidual(), "spectral_residual"), (PhaseSpectrum(), "phase_only")])
def test_agrees_with_the_original(model, name, photographs, reference):
    # 2.5e-4 is half a step of the file's float16
    np.testing.assert_allclose(model.native_maps(model.prepared(photographs)), reference("spectral")[name], atol=2.5e-4)


def test_a_disc_of_radius_three_is_matlab_s():
    expected = [0, 0.0003, 0.0110, 0.0172, 0.0110, 0.0003, 0], [0.0003, 0.0245, 0.0354, 0.0354, 0.0354, 0.0245, 0.0003]
    np.testing.assert_allclose(disc(3.0)[:2], expected, atol=5e-5)
    assert disc(3.0).sum() == pytest.approx(1)


def test_a_disc_within_one_pixel_is_that_pixel():
    np.testing.assert_allclose(disc(0.4), [[1]])


def test_a_disc_needs_a_radius():
    with pytest.raises(InputError, match="a disc has a radius above 0; found 0"):
        disc(0)


def test_opencv_s_map_of_a_known_picture():
    # StaticSaliencySpectralResidual of opencv-contrib-python-headless 5.0.0, float32, every sixteenth pixel
    y, x = np.mgrid[:64, :64]
    picture = np.repeat(((x * y // 7 + 3 * x) % 256).astype(np.uint8)[:, :, None], 3, axis=2)
    opencv = [
        [0.09339, 0.16495, 0.00855, 0.06934],
        [0.02178, 0.00124, 0.00420, 0.42669],
        [0.17881, 0.00416, 0.17268, 0.00320],
        [0.04170, 0.00482, 0.00343, 0.01883],
    ]
    model = OpenCVSpectralResidual()
    np.testing.assert_allclose(model.native_maps(model.prepared(picture[None]))[0, ::16, ::16], opencv, atol=5e-5)


def test_every_constant_is_the_caller_s():
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    for base, changed in [
        (SpectralResidual(), SpectralResidual(average=5)),
        (SpectralResidual(), SpectralResidual(width=32)),
        (PhaseSpectrum(), PhaseSpectrum(sigma=1.0)),
        (QuaternionPhase(), QuaternionPhase(radius=2.0)),
    ]:
        assert np.abs(base.predict(picture).values - changed.predict(picture).values).max() > 0.01
