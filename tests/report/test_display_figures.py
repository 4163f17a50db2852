"""Figures of displays are drawn from plain values, and say what they lack."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from salquest.errors import InputError
from salquest.report import CurvePanel, Score, contoured, found_figure, psychometric_figure, ringed, two_ranks_figure

KINDS = {"itti": "classical", "net": "deep", "uniform": "baseline"}


def size(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


def test_panels_stand_four_in_a_row():
    scores = [Score(0.2, 0.1, 0.3), None, Score(float("nan"), 0, 0)]
    panel = CurvePanel("hue", "deg", [5.0, 10.0, 20.0], {"itti": scores}, 0.5)
    one, five = (psychometric_figure([panel] * number, KINDS, score="percentile") for number in (1, 5))
    assert size(five)[0] == 1200
    assert size(five)[1] > 1.6 * size(one)[1]
    with pytest.raises(InputError, match="at least one panel"):
        psychometric_figure([], KINDS, score="percentile")


def test_found_targets_and_two_ranks_are_drawn():
    assert size(found_figure({"itti": {1: 0.1, 100: 0.9}, "net": {1: 0.0, 100: 0.9}}, KINDS))[0] == 820
    first = {"itti": Score(1.0, 0.9, 1.1), "net": Score(2.0, 1.9, 2.1)}
    assert size(two_ranks_figure(first, first, KINDS, x_title="NSS", y_title="percentile"))[0] == 740
    with pytest.raises(InputError, match="no model has both scores"):
        two_ranks_figure(first, {}, KINDS, x_title="NSS", y_title="percentile")


def test_a_ring_lies_where_it_is_asked_for_and_leaves_the_picture_alone():
    picture = np.full((220, 220, 3), 128, np.uint8)
    found = ringed(picture, 100, 80, 40, (1, 2, 3))
    assert found[80, 140].tolist() == [1, 2, 3]
    assert found[80, 100].tolist() == picture[80, 100].tolist() == [128, 128, 128]
    assert (picture == 128).all()


def test_an_outline_lies_around_a_mask_and_leaves_it_alone():
    picture, mask = np.full((220, 220, 3), 128, np.uint8), np.zeros((220, 220), bool)
    mask[100:120, 50:150] = True
    found = contoured(picture, mask, (1, 2, 3))
    assert found[98, 100].tolist() == [1, 2, 3]
    assert (found[mask] == 128).all()
    assert (found[:90] == 128).all()
