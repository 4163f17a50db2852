"""Search with inhibition of return, by hand and at chance."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.displays import draw_display, fixations_to_find
from salquest.displays.canvas import Canvas
from salquest.displays.scores import gsi, msr_background_target, msr_target_distractor
from salquest.displays.search import search_disc
from salquest.errors import InputError
from salquest.gaze import blur


def spots(*places: tuple[int, int], size: tuple[int, int] = (40, 40)) -> np.ndarray:
    """A map that falls from place to place."""
    found = np.zeros(size)
    for number, place in enumerate(places):
        found[place] = 1 - 0.1 * number
    return found


def at(row: int, column: int, size: tuple[int, int] = (40, 40)) -> np.ndarray:
    found = np.zeros(size, bool)
    found[row, column] = True
    return found


def test_places_are_visited_in_the_order_of_their_saliency():
    saliency = spots((5, 5), (30, 30), (5, 30))
    assert [fixations_to_find(saliency, at(*place), inhibition_px=7) for place in ((5, 5), (30, 30), (5, 30))] == [1, 2, 3]


def test_a_square_reaches_as_far_as_p3o3_s():
    # [r - h/2, r + h/2): a square of 8 around row 10 ends before row 14, and begins with row 6
    saliency = spots((10, 10), (6, 6), (13, 13), (14, 10))
    assert fixations_to_find(saliency, at(14, 10), inhibition_px=8) == 2
    assert fixations_to_find(saliency, at(6, 6), inhibition_px=8, limit=30) == 31  # inhibited, never found


def test_a_disc_leaves_the_corners_that_a_square_takes():
    saliency = spots((10, 10), (13, 13))
    assert fixations_to_find(saliency, at(13, 13), inhibition_px=8, inhibition="disc") == 2
    assert fixations_to_find(saliency, at(13, 13), inhibition_px=8, limit=5) == 6


def test_a_gaussian_weakens_what_is_near_and_never_looks_twice():
    saliency = spots((10, 10), (10, 12), (30, 30))
    # at 2 px with sigma 2, 1 - exp(-1/2) = 0.39 of 0.9 is left, less than the 0.8 far away
    assert fixations_to_find(saliency, at(10, 12), inhibition_px=2, inhibition="gaussian") == 3
    assert fixations_to_find(spots((10, 10)), at(39, 39), inhibition_px=0.3, inhibition="gaussian", limit=2000) == 1600


def test_a_search_ends_when_nothing_is_left():
    # a square of 2 holds a pixel and those before it, which are gone already: every pixel is looked at once, the last one last
    assert fixations_to_find(np.ones((6, 6)), at(5, 5, (6, 6)), inhibition_px=2, limit=100) == 36
    # all is inhibited at the first look; P3O3's program would look at pixel 0 for ever
    blocked = fixations_to_find(spots((3, 3), size=(6, 6)), at(4, 4, (6, 6)), inhibition_px=20, limit=100)
    assert blocked == 101


def test_negative_maps_are_searched_alike():
    saliency = spots((5, 5), (30, 30)) - 7
    assert fixations_to_find(saliency, at(30, 30), inhibition_px=7) == 2


def test_ties_are_ordered_at_random_when_a_seed_is_given():
    wanted = search_disc((40, 40), 20, 20, 12)
    looks = {fixations_to_find(np.zeros((40, 40)), wanted, inhibition_px=3, limit=1000, seed=seed) for seed in range(4)}
    assert len(looks) > 1


def test_bad_input_is_told():
    with pytest.raises(InputError, match="there is no pixel of the target to be found"):
        fixations_to_find(np.ones((4, 4)), np.zeros((4, 4)), inhibition_px=2)
    with pytest.raises(InputError, match="inhibition takes some pixels"):
        fixations_to_find(np.ones((4, 4)), np.ones((4, 4)), inhibition_px=0)
    with pytest.raises(InputError, match="inhibition is square, disc, gaussian; found 'ring'"):
        fixations_to_find(np.ones((4, 4)), np.ones((4, 4)), inhibition_px=2, inhibition="ring")


@pytest.mark.slow
def test_chance_is_where_200_displays_have_put_it():
    # discs of 75 px on 7 x 7 places of 1024 px, jitter 15: shares found at 1, 5, 15, 25, 50, 100 (percent), and means of the indices
    expected = {"white": (0, 1.5, 5, 7.5, 18.5, 37.5), "smooth": (0.5, 2.5, 4.5, 8.5, 16, 30), "centre": (5.9, 5.9, 5.9, 5.9, 8.9, 21.8)}
    rng = np.random.default_rng(1)
    cells = Canvas().cells(7)
    rows, columns = np.mgrid[:1024, :1024]
    centre = np.exp(-((rows - 511.5) ** 2 + (columns - 511.5) ** 2) / (2 * 256**2))
    number = {"white": 150, "smooth": 100, "centre": 150}
    for kind, shares in expected.items():
        looks = []
        for _ in range(number[kind]):
            x, y = np.array(cells[rng.integers(49)]) + rng.uniform(-15, 15, 2)
            saliency = rng.random((1024, 1024)) if kind == "white" else centre
            saliency = blur(rng.normal(size=(1024, 1024)), 24.0) if kind == "smooth" else saliency
            looks.append(fixations_to_find(saliency, search_disc((1024, 1024), x, y, 75), inhibition_px=75))
        for within, share in zip((1, 5, 15, 25, 50, 100), shares, strict=True):
            error = np.sqrt(max(share, 1) / 100 * (1 - share / 100) * (1 / number[kind] + 1 / 200))  # of both measurements
            assert np.mean(np.array(looks) <= within) == pytest.approx(share / 100, abs=3 * error), (kind, within)


@pytest.mark.slow
def test_indices_of_noise_and_of_the_centre_are_where_200_displays_have_put_them():
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[:1024, :1024]
    centre = np.exp(-((rows - 511.5) ** 2 + (columns - 511.5) ** 2) / (2 * 256**2))
    found = {kind: [] for kind in ("white", "smooth", "centre")}
    for number in range(49):
        display = draw_display("triangle-among-discs", 0.1, seed=3, number=number)
        target, others = display.labels == 1, display.labels > 1
        for kind, scores in found.items():
            saliency = rng.random((1024, 1024)) if kind == "white" else centre
            saliency = blur(rng.normal(size=(1024, 1024)), 24.0) if kind == "smooth" else saliency
            saliency = (saliency - saliency.min()) / np.ptp(saliency)
            scores.append([score(saliency, target, others) for score in (gsi, msr_target_distractor, msr_background_target)])
    means = {kind: np.mean(scores, axis=0) for kind, scores in found.items()}
    # items of 66 px here, of 75 there: means within three standard errors of 49 displays
    assert means["white"] == pytest.approx([0.0, 1.0, 1.0], abs=0.003)
    assert means["smooth"] == pytest.approx([-0.010, 0.716, 1.52], abs=0.13)
    assert means["centre"][:2] == pytest.approx([-0.125, 0.425], abs=0.16)
