from __future__ import annotations

import math

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.gaze import Fixations
from salquest.metrics import fixation_kl

MAP = np.array([[0.0, 0.2], [0.8, 1.0]])


def at(*cells: int) -> Fixations:
    return Fixations([cell % 2 for cell in cells], [cell // 2 for cell in cells], (2, 2))


def test_two_bins_by_hand():
    # upper half 3 of 4 against 1 of 4
    expected = 0.75 * math.log(3) + 0.25 * math.log(1 / 3)
    assert fixation_kl(MAP, at(3, 3, 2, 0), at(1, 1, 0, 2), bins=2) == pytest.approx(expected)


def test_it_is_one_number_for_a_whole_set_of_any_sizes():
    wide = np.array([[0.0, 0.2, 0.8, 1.0]])
    on_wide = lambda *cells: Fixations(cells, [0] * len(cells), (1, 4))  # noqa: E731
    pooled = fixation_kl([MAP, wide], [at(3, 3), on_wide(2, 0)], [at(1, 1), on_wide(0, 2)], bins=2)
    assert pooled == pytest.approx(fixation_kl(MAP, at(3, 3, 2, 0), at(1, 1, 0, 2), bins=2))
    batch = fixation_kl(np.stack([MAP, MAP]), [at(3, 3), at(2, 0)], [at(1, 1), at(0, 2)], bins=2)
    assert batch == pytest.approx(pooled)


def test_the_same_gaze_on_both_sides_is_zero():
    assert fixation_kl(MAP, at(3, 1), at(3, 3, 1, 1)) == pytest.approx(0.0, abs=1e-15)


def test_an_empty_bin_costs_what_eps_says():
    assert fixation_kl(MAP, at(3), at(0), bins=2) == pytest.approx(math.log(2) + math.log(1e20), rel=1e-3)
    assert fixation_kl(MAP, at(3), at(0), bins=2, eps=0.0) == math.inf


def test_without_fixations_there_is_no_number():
    assert math.isnan(fixation_kl(MAP, at(), at(0)))
    assert math.isnan(fixation_kl(MAP, at(0), at()))


def test_a_constant_set_of_maps_tells_nothing():
    assert fixation_kl(np.ones((2, 2)), at(0), at(3)) == pytest.approx(0.0, abs=1e-15)


def test_lists_come_in_equal_lengths():
    with pytest.raises(InputError, match="each of the same length"):
        fixation_kl([MAP, MAP], [at(0)], [at(1), at(2)])
    with pytest.raises(InputError, match="each of the same length"):
        fixation_kl([MAP], at(0), at(1))
