"""Image Signature against the original's maps, and its transform."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from salquest.models.classical import ImageSignature
from salquest.models.classical.signature import cosines


def test_agrees_with_the_original(photographs, reference):
    model = ImageSignature()
    np.testing.assert_allclose(model.native_maps(model.prepared(photographs)), reference("spectral")["signature_lab_d50"], atol=4e-8)


@pytest.mark.parametrize(("name", "changes"), [("signature_lab_d65_first6", {"white": "d65"}), ("signature_rgb_first6", {"colour": "rgb"})])
def test_agrees_with_the_original_s_other_settings(name, changes, photographs, reference):
    model = ImageSignature(**changes)
    np.testing.assert_allclose(model.native_maps(model.prepared(photographs[:6])), reference("spectral")[name], atol=3e-4)  # float16


def test_the_transform_is_the_orthonormal_cosine_transform():
    values = np.random.default_rng(0).random(48)
    np.testing.assert_allclose(cosines(48) @ values, scipy.fft.dct(values, norm="ortho"), atol=1e-12)
    np.testing.assert_allclose(cosines(48).T @ cosines(48), np.eye(48), atol=1e-12)
