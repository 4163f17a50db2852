"""Picture, map and fixations of one stimulus stay together when they are resized: one rule for pixel centres everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.gaze import Fixations, fixation_density, resize_map, resize_picture


def centroid(values: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(values.shape)
    return float((rows * values).sum() / values.sum()), float((columns * values).sum() / values.sum())


@pytest.mark.parametrize("size", [(24, 32), (48, 64), (96, 128), (31, 77)])
def test_a_spot_lies_at_the_same_place_in_picture_map_density_and_fixations(size: tuple[int, int]) -> None:
    looked = Fixations([40.0], [17.0], (48, 64))
    spot = fixation_density(looked, sigma_px=2.0)
    picture = np.repeat(np.rint(spot / spot.max() * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    moved = looked.resized(size)
    expected = (float(moved.y[0]), float(moved.x[0]))
    for found in (resize_picture(picture, size)[:, :, 0].astype(float), resize_map(spot, size)):
        assert centroid(found) == pytest.approx(expected, abs=0.15)
    # a density is made at the cell of the fixation, so it may be off by half a cell
    assert centroid(fixation_density(looked, sigma_px=2.0, size=size)) == pytest.approx(expected, abs=0.5)
