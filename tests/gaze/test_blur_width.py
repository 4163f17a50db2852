"""The sigma of released maps is recovered from the maps and the fixations."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.gaze import Fixations, fixation_density, recover_blur


def looked(seed: int, size: tuple[int, int] = (60, 80), count: int = 60) -> Fixations:
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(-0.5, size[1] - 0.5, count), draw.uniform(-0.5, size[0] - 0.5, count)
    return Fixations(np.concatenate([x, x[:20]]), np.concatenate([y, y[:20]]), size)  # a third of the cells were looked at twice


def eight_bits(density: np.ndarray) -> np.ndarray:
    return np.rint((density - density.min()) / (density.max() - density.min()) * 255).astype(np.uint8)


@pytest.mark.parametrize("border", ["lost", "reflect", "kernel"])
@pytest.mark.parametrize("count", ["repeats", "distinct"])
def test_a_planted_blur_is_found_with_its_rules_and_sigma_to_one_percent(count, border):
    fixations = [looked(seed) for seed in range(3)]
    released = [eight_bits(fixation_density(one, sigma_px=4.7, count=count, border=border)) for one in fixations]
    best = recover_blur(fixations, released)[0]
    assert (best.count, best.border) == (count, border)
    assert best.sigma_px == pytest.approx(4.7, rel=0.01)
    assert best.correlation > 0.9999
    assert best.degrees(9.4) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("sigma", [1.2, 9.0, 20.0])
def test_narrow_and_wide_blurs_are_found(sigma):
    fixations = looked(7)
    assert recover_blur([fixations], [fixation_density(fixations, sigma_px=sigma)])[0].sigma_px == pytest.approx(sigma, rel=0.01)


def test_a_map_of_half_the_size_gives_sigma_in_pixels_of_the_picture():
    fixations = looked(3)
    half = fixation_density(fixations, sigma_px=6.0, size=(30, 40))
    assert recover_blur([fixations], [half])[0].sigma_px == pytest.approx(6.0, rel=0.01)


def test_maps_of_another_recipe_show_in_the_correlation():
    fixations = looked(5)
    released = np.sqrt(fixation_density(fixations, sigma_px=5.0))
    assert recover_blur([fixations], [released])[0].correlation < 0.995


def test_maps_without_spread_and_lists_of_different_lengths_are_refused():
    fixations = looked(1)
    with pytest.raises(InputError, match="some spread"):
        recover_blur([fixations], [np.ones((60, 80))])
    with pytest.raises(InputError, match="found 0 maps and 1 pictures"):
        recover_blur([fixations], [])
