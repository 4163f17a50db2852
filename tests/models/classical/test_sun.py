"""SUN: its sum by the plain formula, its filters by what they were learnt for."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models.classical import NaturalStatistics
from salquest.models.classical.bank import correlate_bank
from salquest.models.classical.sun import learnt


@pytest.mark.parametrize("convolves", [True, False])
def test_the_model_is_its_formula(convolves):
    picture = np.random.default_rng(0).random((3, 40, 50))
    filters, scales, shapes = learnt()
    turned = filters[:, :, ::-1, ::-1] if convolves else filters
    responses = correlate_bank(picture / picture.std(ddof=1), turned.astype(np.float64))
    expected = ((np.abs(responses) / scales[:, None, None]) ** shapes[:, None, None]).sum(axis=0)
    found = NaturalStatistics(longest=None, convolves=convolves).native_maps(picture[None])[0, 5:-5, 5:-5]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_contrast_of_a_picture_does_not_count():
    picture = np.random.default_rng(0).random((1, 3, 40, 50))
    model = NaturalStatistics(longest=None)
    np.testing.assert_allclose(model.native_maps(0.2 + picture / 4), model.native_maps(picture), rtol=1e-3)


def test_filters_have_no_answer_to_a_plain_colourless_field():
    filters, _, _ = learnt()
    assert np.abs(filters.sum(axis=(1, 2, 3))).max() < 1e-4 * np.abs(filters).sum(axis=(1, 2, 3)).min()


def test_responses_to_photographs_are_sparse_and_uncorrelated(mini_patches):
    filters, _, shapes = learnt()
    patches = mini_patches(11)
    responses = patches @ filters.reshape(len(filters), -1).T
    assert np.abs(np.corrcoef(responses.T) - np.eye(len(filters))).mean() < 0.1
    # 2 would be a Gaussian
    assert shapes.max() < 1.5


def test_turning_the_filters_changes_little():
    picture = np.random.default_rng(0).random((60, 80, 3))
    turned, plain = (NaturalStatistics(convolves=convolves).predict(picture).values for convolves in (True, False))
    assert 0.9 < np.corrcoef(turned.ravel(), plain.ravel())[0, 1] < 1
