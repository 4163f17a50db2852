"""Boolean map saliency: the original's maps to the bit, its reconstruction against plain flooding, and small cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from salquest.models.classical import BooleanMaps, BooleanMaps2013
from salquest.models.classical.bms import levels_of, reached_from_border, surrounded
from salquest.models.classical.opencv import as_bytes, resize_area


def block_means(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mean over equal blocks, (B, H, W) to (B, *size), rounded as OpenCV does."""
    rows, columns = maps.shape[1] // size[0], maps.shape[2] // size[1]
    return np.rint(maps.reshape(len(maps), size[0], rows, size[1], columns).mean(axis=(2, 4)))


def test_the_sum_of_2016_is_the_original_s_to_the_bit(photographs, reference):
    model = BooleanMaps()
    bgr = as_bytes(model.prepared(photographs[:1]))[0, ::-1]
    np.testing.assert_array_equal(model.raw_map(bgr), reference("bms")["full2016_raw_1001"])


def test_the_sum_of_2013_is_the_original_s_to_the_bit(photographs, reference):
    model = BooleanMaps2013()
    bgr = resize_area(as_bytes(model.prepared(photographs[:1])), (450, 600))[0, ::-1]
    np.testing.assert_array_equal(model.raw_map(bgr), reference("bms")["full2013_raw_1001"])


@pytest.mark.parametrize(("model", "name", "count"), [(BooleanMaps(), "bms2016", 20), (BooleanMaps2013(), "bms2013", 4)])
def test_final_maps_are_the_original_s_to_the_bit(model, name, count, photographs, reference):
    maps = model.native_maps(model.prepared(photographs[:count]))
    np.testing.assert_array_equal(block_means(maps, (75, 100)), reference("bms")[f"{name}_75x100"][:count])
    if name == "bms2016":
        np.testing.assert_array_equal(maps[0], reference("bms")["full2016_1001"])


def test_a_ring_shields_what_is_inside():
    plane = np.full((7, 9), 5, np.uint8)
    plane[2:5, 3:6] = 1
    plane[3, 4] = 4
    # into the middle the brightest way leads over the ring of 1; the ring itself is reached at its own level
    expected = plane.copy()
    expected[3, 4] = 1
    np.testing.assert_array_equal(reached_from_border(plane[None])[0], expected)


def test_a_gap_at_a_corner_is_a_way_in():
    plane = np.full((7, 9), 5, np.uint8)
    plane[2:5, 3:6] = 1
    plane[3, 4] = 4
    plane[2, 3] = 3
    assert reached_from_border(plane[None])[0, 3, 4] == 3


def test_a_long_winding_way_is_followed_to_its_end():
    # a comb of 40 walls, open at alternate ends: every sweep passes a few turns only
    plane = np.full((81, 30), 9, np.uint8)
    plane[::2] = 0
    plane[:, [0, -1]] = 0
    plane[2::4, 1] = plane[4::4, -2] = 9
    plane[0, :] = 9
    plane[1, 1:-1] = 9
    np.testing.assert_array_equal(reached_from_border(plane[None])[0], plane)


def flooded(plane: np.ndarray, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """The bright and dark regions that touch no border, one threshold at a time, with scipy's labels."""
    left = []
    for region in (plane > threshold, plane <= threshold):
        labels, _ = ndimage.label(region, np.ones((3, 3)))
        at_border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        left.append(region & ~np.isin(labels, at_border))
    return left[0], left[1]


@pytest.mark.parametrize("seed", range(4))
def test_the_reconstruction_leaves_what_a_flood_per_threshold_leaves(seed):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((2, 50, 64)), (0, 1 + seed, 1 + seed))
    planes = np.rint(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)
    for plane, thresholds in zip(planes, surrounded(*levels_of(planes, 8)), strict=True):
        values = range(int(plane.min()), int(plane.max()), 8)
        for threshold, (bright, dark) in zip(values, thresholds, strict=True):
            expected = flooded(plane, threshold)
            np.testing.assert_array_equal(bright, expected[0])
            np.testing.assert_array_equal(dark, expected[1])


def test_thresholds_end_below_the_greatest_level():
    levels, counts = levels_of(np.array([[[3, 10, 11, 12, 19]]], np.uint8), 8)
    # thresholds 3 and 11, as 19 is not below itself
    assert levels.tolist() == [[[0, 1, 1, 2, 2]]]
    assert counts.tolist() == [2]


def test_a_disc_at_the_border_is_not_surrounded():
    picture = np.full((100, 100, 3), 90, np.uint8)
    y, x = np.mgrid[:100, :100]
    picture[(y - 50) ** 2 + (x - 60) ** 2 < 100] = 200
    picture[(y - 50) ** 2 + x**2 < 100] = 200
    found = BooleanMaps().predict(picture).values
    assert found[50, 60] > 0.99
    assert found[50, 2] < 0.05


@pytest.mark.parametrize(("size", "expected"), [((480, 640), (300, 400)), ((333, 500), (266, 400)), ((4000, 32), (400, 3))])
def test_the_longer_side_becomes_400_and_the_other_is_cut(size, expected):
    assert BooleanMaps().small_size(*size) == expected


@pytest.mark.parametrize(("size", "expected"), [((480, 640), (450, 600)), ((4000, 32), (2375, 19))])
def test_the_width_becomes_600_unless_the_picture_is_a_banner(size, expected):
    assert BooleanMaps2013().small_size(*size) == expected


def test_every_constant_is_the_caller_s():
    noise = ndimage.gaussian_filter(np.random.default_rng(0).random((60, 80, 3)), (4, 4, 0))
    picture = (noise - noise.min()) / np.ptp(noise)
    base = BooleanMaps().predict(picture).values
    for changed in ({"side": 200}, {"step": 16}, {"growth": 1}, {"last_growth": 0}, {"sigma": 4.0}, {"is_swapped": False}):
        assert np.abs(BooleanMaps(**changed).predict(picture).values - base).max() > 0.01, changed
