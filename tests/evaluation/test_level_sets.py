"""Level sets by hand: squares, discs, several pieces, ragged borders."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.evaluation import level_sets
from salquest.gaze import blur


def squares(*places: tuple[int, int], side: int = 4, size: tuple[int, int] = (20, 20)) -> np.ndarray:
    found = np.zeros(size)
    for row, column in places:
        found[row : row + side, column : column + side] = 1
    return found


def test_one_square_has_a_complexity_of_1() -> None:
    found = level_sets(squares((3, 5)), shares=[16 / 400])
    assert (found.complexity, found.pieces) == (1.0, 1.0)


@pytest.mark.parametrize(("places", "complexity"), [([(0, 0), (8, 8)], np.sqrt(2)), ([(0, 0), (0, 8), (8, 0), (8, 8)], 2.0)])
def test_k_squares_have_the_square_root_of_k(places: list, complexity: float) -> None:
    found = level_sets(squares(*places), shares=[len(places) * 16 / 400])
    assert found.complexity == pytest.approx(complexity)
    assert found.pieces == len(places)


def test_squares_that_touch_at_a_corner_are_one_piece() -> None:
    assert level_sets(squares((0, 0), (4, 4)), shares=[32 / 400]).pieces == 1


def test_a_square_with_a_hole_has_the_borders_of_both() -> None:
    ring = squares((2, 2), side=5)
    ring[4, 4] = 0
    assert level_sets(ring, shares=[24 / 400]).complexity == pytest.approx((20 + 4) / (4 * np.sqrt(24)))


def test_a_large_disc_has_what_its_docstring_says() -> None:
    rows, columns = np.mgrid[-200:201, -200:201]
    disc = -np.hypot(rows, columns)
    assert level_sets(disc, shares=[0.3]).complexity == pytest.approx(1.13, abs=0.01)


def test_the_mean_is_over_all_shares() -> None:
    steps = squares((0, 0), (8, 8)) + squares((0, 0))
    assert level_sets(steps, shares=[16 / 400, 32 / 400]).complexity == pytest.approx((1 + np.sqrt(2)) / 2)


def test_a_rising_function_of_the_values_changes_nothing_and_a_constant_map_is_one_piece() -> None:
    noise = np.random.default_rng(0).normal(size=(30, 40))
    assert level_sets(np.exp(3 * noise)) == level_sets(noise)
    flat = level_sets(np.full((10, 10), 0.3))
    assert (flat.complexity, flat.pieces) == (1.0, 1.0)


def test_blur_makes_level_sets_simpler() -> None:
    noise = np.random.default_rng(0).random((60, 80))
    found = [level_sets(noise if not sigma else blur(noise, sigma)) for sigma in (0, 1, 3)]
    assert found[0].complexity > found[1].complexity > found[2].complexity
    assert found[0].pieces > found[1].pieces > found[2].pieces


@pytest.mark.parametrize(
    ("saliency", "shares", "message"),
    [
        (np.zeros((2, 3, 4)), [0.1], r"of a map \(H, W\) of finite values; found shape \(2, 3, 4\)"),
        (np.full((2, 2), np.nan), [0.1], "finite values"),
        (np.zeros((2, 2)), [0.0], r"above 0 and up to 1; found \[0.0\]"),
        (np.zeros((2, 2)), [], "cover shares of the picture"),
    ],
)
def test_what_cannot_be_meant_is_refused(saliency: np.ndarray, shares: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        level_sets(saliency, shares)
