"""Random numbers that do not depend on machine, numpy or order."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.displays.draws import Draws


def test_the_first_numbers_are_those_of_pcg64_s_raw_bits():
    raw = [int(bits) for bits in np.random.PCG64([7]).random_raw(2)]
    draws = Draws(7)
    assert draws.whole(1000) == raw[0] * 1000 >> 64
    assert draws.uniform() == (raw[1] >> 11) * 2.0**-53


def test_numbers_stay_what_they_were():
    # a change here changes every display that was ever drawn
    draws = Draws(2024, 3)
    assert [draws.whole(1000) for _ in range(4)] == [832, 865, 896, 957]


def test_a_named_stream_does_not_depend_on_what_was_drawn_before():
    drawn = Draws(1)
    drawn.uniform()
    assert drawn.of("places").whole(10**6) == Draws(1).of("places").whole(10**6)
    assert drawn.of("places").whole(10**6) != drawn.of("jitter").whole(10**6)


def test_an_order_holds_every_number_once():
    assert sorted(Draws(3).order(49)) == list(range(49))


def test_every_number_comes_as_often_as_the_others():
    draws = Draws(5)
    counts = np.bincount([draws.whole(6) for _ in range(6000)], minlength=6)
    assert abs(counts - 1000).max() < 4 * np.sqrt(1000 * 5 / 6)


def test_normal_numbers_have_mean_0_and_deviation_1():
    draws = Draws(6)
    found = np.array([draws.normal() for _ in range(4000)])
    assert found.mean() == pytest.approx(0, abs=4 / np.sqrt(4000))
    assert found.std() == pytest.approx(1, abs=0.05)
