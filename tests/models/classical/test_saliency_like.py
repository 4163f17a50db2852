"""RARE2012-like and AWS-like: nothing of the originals can be compared with, so their pieces by hand, their laws, and their scores."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.datasets import load_dataset
from salquest.metrics import nss
from salquest.models.classical import AwsLike, RareLike
from salquest.models.classical.adaptive_whitening import shared_out
from salquest.models.classical.fourier import energy, spectra
from salquest.models.classical.histograms import self_information
from salquest.models.classical.log_gabor import rings, sectors
from salquest.models.classical.whitening import principal_components, squared_distances

BOTH = pytest.mark.parametrize("kind", [RareLike, AwsLike])


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


@BOTH
def test_a_mirrored_picture_gets_the_mirrored_map(kind, texture):
    found, mirrored = (kind(longest=96).native_maps(one[None]) for one in (texture, texture[..., ::-1]))
    np.testing.assert_allclose(mirrored[..., ::-1], found, atol=1e-6)


@BOTH
def test_a_turned_picture_gets_the_turned_map(kind, texture):
    found, turned = (kind(longest=96).native_maps(one[None]) for one in (texture, texture.swapaxes(-1, -2)))
    np.testing.assert_allclose(turned.swapaxes(-1, -2), found, atol=1e-6)


@pytest.fixture
def texture() -> np.ndarray:
    """A picture (3, 64, 96) with structure at several scales."""
    y, x = np.mgrid[:64, :96]
    base = np.stack([np.sin(x / 5 + y / 9), np.sin(y / 4 - x / 13), np.cos((x - 30) * (y - 20) / 300)])
    return np.clip(0.5 + 0.3 * base + 0.2 * (noise(3, 64, 96) - 0.5), 0, 1)


@BOTH
def test_a_plain_picture_has_a_plain_map(kind):
    assert np.ptp(kind().native_maps(np.full((1, 3, 60, 80), 0.3))) == 0


@BOTH
def test_the_odd_one_out_is_found(kind):
    picture = np.full((1, 3, 120, 160), 0.5)
    for row in range(15, 120, 30):
        for column in range(15, 160, 30):
            picture[0, :, row - 4 : row + 4, column - 4 : column + 4] = np.reshape([0.2, 0.6, 0.2], (3, 1, 1))
    picture[0, :, 71:79, 101:109] = np.reshape([0.8, 0.2, 0.2], (3, 1, 1))
    row, column = np.unravel_index(kind().native_maps(picture)[0].argmax(), (120, 160))
    assert abs(row - 75) < 8
    assert abs(column - 105) < 8


@BOTH
def test_a_grey_picture_has_no_hue_to_divide_by(kind):
    grey = np.repeat(noise(1, 1, 48, 64), 3, axis=1)
    assert np.isfinite(kind().native_maps(grey)).all()


def test_self_information_by_hand():
    values = np.array([[[0.0, 0.0, 0.0, 1.0]], [[3.0, 3.0, 3.0, 3.0]]])
    quarter, rest = np.log(4), np.log(4 / 3)
    np.testing.assert_allclose(self_information(values, 11), [[[rest, rest, rest, quarter]], [[0, 0, 0, 0]]])


def test_principal_components_are_uncorrelated_and_in_order():
    planes = np.einsum("ij,bjhw->bihw", [[3, 1, 0], [1, 2, 1], [0, 0, 1]], noise(2, 3, 20, 30))
    for one in principal_components(planes).reshape(2, 3, -1):
        covariance = np.cov(one)
        np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-12)
        assert (np.diff(np.diag(covariance)) < 0).all()
    for one in principal_components(planes, whiten=True).reshape(2, 3, -1):
        np.testing.assert_allclose(np.cov(one, bias=True), np.eye(3), atol=1e-9)


def test_squared_distances_do_not_depend_on_the_axes():
    planes = noise(1, 3, 20, 30)
    mixed = np.einsum("ij,bjhw->bihw", [[3, 1, 0], [1, 2, 1], [0, 0, 1]], planes)
    np.testing.assert_allclose(squared_distances(mixed), squared_distances(planes))
    assert squared_distances(planes).mean() == pytest.approx(3)  # as many as dimensions


def test_a_log_gabor_pair_answers_to_its_wave():
    wave = np.cos(2 * np.pi * np.arange(128) / 8)[None].repeat(96, axis=0)
    transformed, inside = spectra(wave)
    size = transformed.shape
    bands = [energy(transformed, window, inside)[48, 64] for window in rings(size, (4.0, 8.0, 16.0), 0.65)]
    angles = [energy(transformed, window, inside)[48, 64] for window in sectors(size, 4, 20.0)]
    assert (np.argmax(bands), np.argmax(angles)) == (1, 0)
    # a ring lets both halves of the wave through, a sector one, whose modulus is flat
    assert bands[1] == pytest.approx(1, abs=0.02)
    assert angles[0] == pytest.approx(0.5, abs=0.02)


def test_shares_of_nothing_are_nothing():
    assert shared_out(np.zeros((1, 2, 2))).sum() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "expected"), [(RareLike(), 1.40), (RareLike(bins=256), 1.33), (AwsLike(), 1.495), (AwsLike(longest=200), 1.37)]
)
def test_scores_on_photographs(model, expected, photographs, reference, shared):
    # measured before by another rewrite on all twenty: 1.48, 1.40, 1.59, 1.48; two are not in the set here, without which Image Signature
    # falls from 1.58 to 1.49 as well
    ids = [f"{number}.jpg" for number in reference("saliencytoolbox")["ids"]]
    data = load_dataset("osie", shared / "data" / "osie")
    held = [(picture, data[key].fixations.resized((300, 400))) for key, picture in zip(ids, photographs, strict=True) if key in data.keys]
    found = [nss(model.predict(picture).values, fixations) for picture, fixations in held]
    assert len(found) == 18
    assert np.mean(found) == pytest.approx(expected, abs=0.01)
