"""Figures along layers: a panel per measure, a line per name, a band where there is an interval, gaps where nothing can be said."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from salquest.errors import InputError
from salquest.report import LayerPanel, Score, layer_figure

LAYERS = [f"features.{number}" for number in range(20)]


def line(value: float) -> list[Score | None]:
    return [Score(value, value - 0.1, value + 0.1)] * 19 + [None]


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_panels_go_on_in_rows_of_three():
    one, four = (pixels(layer_figure([LayerPanel("CKA", {"a / b": line(0.5)}, (0, 1))] * number, LAYERS)) for number in (1, 4))
    assert four.shape[1] > 2 * one.shape[1]
    assert four.shape[0] > 1.4 * one.shape[0]


def test_a_line_of_another_height_is_another_picture():
    low, high = (pixels(layer_figure([LayerPanel("CKA", {"$a / b": line(value)}, (0, 1))], LAYERS)) for value in (0.2, 0.8))
    assert low.shape == high.shape
    assert (low != high).any()


def test_a_line_that_cannot_be_said_anywhere_leaves_an_empty_panel():
    layer_figure([LayerPanel("weights", {"a / b": [None] * 20})], LAYERS)


def test_a_figure_without_panels_is_refused():
    with pytest.raises(InputError, match="at least one panel"):
        layer_figure([], LAYERS)
