"""The order in which peaks are visited, and where inhibition lets it return."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.applications import simulated_scanpath
from salquest.errors import InputError
from salquest.gaze import SaliencyMap


def peaks(size, *places):
    values = np.zeros(size)
    for row, column, height in places:
        values[row, column] = height
    return SaliencyMap(values)


def test_peaks_that_are_far_apart_are_visited_from_the_highest():
    path = simulated_scanpath(peaks((60, 80), (10, 10, 2.0), (50, 70, 3.0), (10, 70, 1.0)), radius=0.05)
    assert [(stop.x, stop.y) for stop in path] == [(70, 50), (10, 10), (70, 10)]
    assert [stop.height for stop in path] == pytest.approx([1, 2 / 3, 1 / 3])


def test_a_neighbour_is_suppressed_by_the_gaussian_of_its_distance():
    # 6 px of 60: sd 6; the neighbour at 6 px keeps 1 - exp(-1/2) = 0.393 of 0.9, less than 0.4 far away
    path = simulated_scanpath(peaks((60, 80), (30, 20, 1.0), (30, 26, 0.9), (30, 70, 0.4)), radius=0.1)
    assert [stop.x for stop in path] == [20, 70, 26]
    assert path[2].remaining == pytest.approx(1 - np.exp(-0.5), abs=1e-6)


def test_a_radius_in_degrees_is_the_same_in_pixels():
    saliency = SaliencyMap(np.random.default_rng(3).random((40, 50)))
    assert simulated_scanpath(saliency, radius_degrees=2.0, pixels_per_degree=4.0) == simulated_scanpath(saliency, radius=8 / 40)


def test_what_is_forgotten_is_looked_at_again():
    saliency = peaks((60, 80), (10, 10, 1.0), (50, 70, 0.9))
    assert [stop.x for stop in simulated_scanpath(saliency, 4, radius=0.05, forgetting=1.0)] == [10, 70, 10, 70]
    assert [stop.x for stop in simulated_scanpath(saliency, 4, radius=0.05)] == [10, 70]  # nothing else rises above the lowest place


def test_a_map_without_contrast_is_not_looked_at():
    assert simulated_scanpath(SaliencyMap(np.ones((5, 5)))) == []
    assert simulated_scanpath(SaliencyMap(np.ones((1, 1)))) == []


def test_places_on_a_large_map_are_those_of_the_picture():
    values = np.zeros((20, 2048))
    values[8:12, 1600:1608] = 1.0
    (stop,) = simulated_scanpath(SaliencyMap(values), 1)
    assert (stop.x, stop.y) == (pytest.approx(1603.5, abs=4), pytest.approx(9.5, abs=4))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"stops": 0}, "a scanpath has 1 stop or more; found 0"),
        ({"radius": 0.0}, "the radius of inhibition is a positive fraction of the smaller side; found 0"),
        ({"radius": float("nan")}, "found nan"),
        ({"radius_degrees": 1.0}, "a radius in degrees needs pixels_per_degree"),
        ({"radius_degrees": -1.0, "pixels_per_degree": 30.0}, "found -1 degrees of 30 pixels"),
        ({"forgetting": 2.0}, r"forgetting is a fraction in 0..1; found 2"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        simulated_scanpath(SaliencyMap(np.eye(4)), **settings)
