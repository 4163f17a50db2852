"""Peaks of maps with known shares and boxes."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.applications import salient_regions
from salquest.errors import InputError
from salquest.gaze import SaliencyMap, blur


def bumps(size, *places, sigma=4.0):
    """Gaussians (row, column, weight) on nothing, as a density."""
    spots = np.zeros(size)
    for row, column, weight in places:
        spots[row, column] = weight
    return SaliencyMap((values := blur(spots, sigma)) / values.sum(), "density")


def test_two_blobs_are_two_regions_the_greater_share_first():
    first, second = salient_regions(bumps((80, 100), (20, 25, 1.0), (60, 70, 3.0)))
    assert (first.x, first.y, second.x, second.y) == (70, 60, 25, 20)
    # half of a Gaussian's mass lies where it is above half of its height; pixels of whole numbers make it a little more or less
    assert first.share == pytest.approx(0.75 * 0.5, abs=0.02)
    assert second.share == pytest.approx(0.25 * 0.5, abs=0.02)


def test_a_box_encloses_what_lies_above_half_of_the_peak():
    (region,) = salient_regions(bumps((80, 100), (40, 50, 1.0)))
    half_width = int(4 * np.sqrt(2 * np.log(2)))  # of a Gaussian at half its height: 4.7, so 4 whole pixels
    assert (region.left, region.top, region.width, region.height) == (
        50 - half_width,
        40 - half_width,
        2 * half_width + 1,
        2 * half_width + 1,
    )


def test_a_shallow_valley_does_not_part_a_peak():
    assert len(salient_regions(bumps((60, 60), (30, 25, 1.0), (30, 34, 1.0)))) == 1  # 2.25 sigma apart
    assert len(salient_regions(bumps((60, 60), (30, 22, 1.0), (30, 38, 1.0)))) == 2  # 4 sigma


def test_a_large_map_gives_the_regions_of_the_small_one_scaled():
    small = salient_regions(bumps((60, 80), (20, 25, 1.0), (40, 60, 2.0)))
    large = salient_regions(bumps((480, 640), (164, 204, 1.0), (324, 484, 2.0), sigma=32.0))
    for one, other in zip(small, large, strict=True):
        assert other.share == pytest.approx(one.share, abs=0.02)
        assert abs(other.left - 8 * one.left) <= 8
        assert abs(other.width - 8 * one.width) <= 16


def test_values_count_above_their_minimum():
    density = bumps((40, 40), (20, 20, 1.0))
    values = SaliencyMap(density.values * 1000 - 5, "values")
    assert salient_regions(values)[0].share == pytest.approx(salient_regions(density)[0].share, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (20, 30)])
def test_a_map_without_contrast_has_no_region(size):
    assert salient_regions(SaliencyMap(np.full(size, 1 / (size[0] * size[1])), "density")) == []


@pytest.mark.parametrize("size", [(10, 2000), (2000, 10), (1, 2), (3, 1)])
def test_boxes_lie_in_pictures_of_any_shape(size):
    values = np.random.default_rng(0).random(size)
    found = salient_regions(SaliencyMap(values), 50)
    assert found
    assert all(r.left >= 0 and r.left + r.width <= size[1] and r.top >= 0 and r.top + r.height <= size[0] for r in found)
    assert all(r.width >= 1 and r.height >= 1 for r in found)
    assert sum(r.share for r in found) <= 1


def test_at_most_so_many_as_asked_for():
    density = bumps((90, 90), (20, 20, 1.0), (20, 70, 2.0), (70, 20, 3.0), (70, 70, 4.0))
    assert [(r.x, r.y) for r in salient_regions(density, 2)] == [(70, 70), (20, 70)]
    with pytest.raises(InputError, match="the number of regions is 1 or more; found 0"):
        salient_regions(density, 0)
