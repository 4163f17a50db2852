"""Level sets side by side: a panel per map, also where a map has none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from salquest.errors import InputError
from salquest.report import level_set_figure

SHARES = (0.05, 0.2)


def size(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


def test_every_map_has_a_panel_and_a_constant_one_is_no_error() -> None:
    noise = np.random.default_rng(0).random((12, 16))
    one = size(level_set_figure({"BCE": noise}, SHARES))
    two = size(level_set_figure({"BCE": noise, "flat": np.ones((12, 16))}, SHARES))
    assert two[0] > 1.5 * one[0]
    assert two[1] == one[1]


@pytest.mark.parametrize("maps", [{}, {"batch": np.zeros((2, 3, 4))}])
def test_what_is_no_map_is_refused(maps: dict) -> None:
    with pytest.raises(InputError, match=r"level sets are drawn of one or more maps \(H, W\)"):
        level_set_figure(maps, SHARES)
