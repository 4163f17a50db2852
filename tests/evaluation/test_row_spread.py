"""Noise floor, spread beyond noise and what is left of it: on tables whose components are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from salquest.errors import InputError, UnknownName
from salquest.evaluation.crossed import crossed_difference
from salquest.evaluation.row_spread import noise_floor, spread, spread_left


def table(random: np.random.Generator, *, rows: int, sd: float, seeds: int = 3, pictures: int = 80, by_picture: float = 0.03) -> dict:
    """Rows whose true means have this standard deviation exactly; seeds move each by .01, pictures by `by_picture`."""
    means = random.normal(size=rows)
    means = sd * (means - means.mean()) / means.std(ddof=1)
    shared = random.normal(0, 0.05, (seeds, 1)) + random.normal(0, 0.15, (1, pictures))
    return {
        f"loss {i}": 0.6
        + means[i]
        + shared
        + random.normal(0, 0.01, (seeds, 1))
        + random.normal(0, by_picture, (1, pictures))
        + random.normal(0, 0.03, (seeds, pictures))
        for i in range(rows)
    }


def test_the_floor_of_two_rows_by_hand() -> None:
    # means by seed 1, 3 and 2, 2: row x seed is -.5 .5 and .5 -.5, its variance 4 * .25 / 1 = 1
    rows = {"bce": [[0.0, 2.0], [2.0, 4.0]], "wbce": [[1.0, 3.0], [1.0, 3.0]]}
    found = noise_floor(rows, ("bce", "wbce"))
    assert (found.variance, found.df) == (1.0, 1)
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(2 * 1.0 / 2))
    # seeds of the first row vary by (1, 3): variance 2; those of the second do not
    assert found.seed_sd == pytest.approx(1.0)
    assert found.measured == crossed_difference(rows["bce"], rows["wbce"])
    assert found.measured is not None
    assert found.measured.mean == 0.0


def test_differences_of_rows_that_are_equally_good_lie_below_the_floor_95_times_in_100() -> None:
    random = np.random.default_rng(3)
    below = []
    for _ in range(300):
        rows = table(random, rows=8, sd=0.0, by_picture=0.0)
        floor = noise_floor({name: rows[name] for name in list(rows)[2:]})
        below.append(abs((rows["loss 0"] - rows["loss 1"]).mean()) < floor.half_width)
    # a share of .95 has a standard deviation of .013 here
    assert 0.91 < np.mean(below) < 0.985


def test_what_seeds_and_pictures_do_to_all_rows_is_not_in_the_floor() -> None:
    random = np.random.default_rng(4)
    rows = table(random, rows=5, sd=0.02)
    shift = random.normal(0, 1, (3, 80))
    moved = noise_floor({name: values + shift for name, values in rows.items()})
    assert moved.half_width == pytest.approx(noise_floor(rows).half_width)
    assert noise_floor(dict(reversed(rows.items()))).half_width == pytest.approx(noise_floor(rows).half_width)


def test_the_size_is_the_greater_of_half_width_and_a_a_difference() -> None:
    rows = table(np.random.default_rng(5), rows=5, sd=0.0)
    plain = noise_floor(rows, ("loss 0", "loss 1"))
    assert plain.size == max(plain.half_width, abs(plain.measured.mean))  # type: ignore[union-attr]
    rows["loss 1"] = rows["loss 0"] + 0.5
    loud = noise_floor(rows, ("loss 0", "loss 1"))
    assert loud.size == pytest.approx(0.5)
    assert loud.caption().startswith("noise floor 0.0")
    assert "A/A pair loss 0 − loss 1: -0.500 (-0.500..-0.500)" in loud.caption()


def test_one_seed_has_no_floor_unless_it_borrows_one() -> None:
    rows = table(np.random.default_rng(6), rows=6, sd=0.02)
    single = {name: values[0] for name, values in rows.items()}
    alone = noise_floor(single)
    assert np.isnan(alone.half_width)
    assert np.isnan(alone.size)
    assert alone.caption() == "noise floor unknown: one seed cannot tell how far seeds differ"
    lender = noise_floor(rows)
    borrowed = noise_floor(single, borrow=lender)
    assert borrowed.half_width == pytest.approx(lender.half_width * np.sqrt(3))
    assert "borrowed" in borrowed.caption()


def test_a_pair_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownName, match="no row is called 'wbce'"):
        noise_floor(table(np.random.default_rng(0), rows=2, sd=0.0), ("loss 0", "wbce"))


def test_the_spread_of_two_rows_by_hand() -> None:
    # means 2 and 2.5 over seeds and pictures: raw variance .125. Less the rows' mean, the first is half of
    # first - second = -1 -1 0 / 0 -1 0: mean -.5, seeds -2/3 -1/3, pictures -.5 -1 0
    rows = {"a": [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], "b": [[2.0, 3.0, 3.0], [1.0, 3.0, 3.0]]}
    found = spread(rows, draws=50)
    # mean squares of the difference: seed 3 * 2 / 36 = 1/6 (1), picture 2 * .5 / 2 = .5 (2), residual 1/6 (2); half of those for half of it
    assert found.raw_sd**2 == pytest.approx(0.125)
    assert found.noise_sd**2 == pytest.approx(0.5 / 2 / 6)
    assert found.sd**2 == pytest.approx(0.125 - 0.5 / 12)
    assert found.p == pytest.approx(stats.f.sf(3.0, 1, 2))
    # with two rows the F test is the t test of their difference
    assert found.p == pytest.approx(crossed_difference(rows["a"], rows["b"]).p)


@pytest.mark.parametrize("sd", [0.005, 0.02])
def test_a_planted_spread_is_found_without_bias_and_its_interval_holds_it(sd: float) -> None:
    random = np.random.default_rng(7)
    found = [spread(table(random, rows=12, sd=sd), draws=400) for _ in range(100)]
    assert np.mean([one.raw_sd**2 - one.noise_sd**2 for one in found]) == pytest.approx(sd**2, abs=1.5e-5)
    assert np.mean([one.low <= sd <= one.high for one in found]) > 0.9
    assert np.mean([one.raw_sd > sd for one in found]) > 0.5


def test_rows_that_are_equally_good_seldom_seem_to_spread() -> None:
    random = np.random.default_rng(8)
    found = [spread(table(random, rows=12, sd=0.0), draws=400) for _ in range(100)]
    assert sum(one.low > 0 for one in found) <= 8
    assert sum(one.p < 0.05 for one in found) <= 12


def test_a_constant_and_the_order_of_rows_change_no_spread() -> None:
    rows = table(np.random.default_rng(9), rows=6, sd=0.02)
    plain = spread(rows)
    for other in ({name: values + 3 for name, values in rows.items()}, dict(reversed(rows.items()))):
        same = spread(other)
        assert (same.sd, same.low, same.high, same.p) == pytest.approx((plain.sd, plain.low, plain.high, plain.p))


def test_with_one_seed_noise_between_seeds_counts_as_spread_unless_it_is_borrowed() -> None:
    rows = table(np.random.default_rng(10), rows=40, sd=0.0)
    single = {name: values[0] for name, values in rows.items()}
    assert spread(single).sd == pytest.approx(0.01, rel=0.35)
    assert spread(single, borrow=noise_floor(rows)).sd < 0.006


def test_half_the_spread_is_said_to_be_left_where_half_is_left() -> None:
    random = np.random.default_rng(11)
    wide, narrow = table(random, rows=10, sd=0.06), table(random, rows=10, sd=0.03, seeds=2)
    found = spread_left(narrow, {**wide, "only in the reference": wide["loss 0"]})
    assert found.rows == 10
    assert found.ratio == pytest.approx(0.5, abs=0.1)
    assert found.low < 0.5 < found.high
    assert spread_left(wide, wide).ratio == 1.0


def test_nothing_can_be_left_of_no_spread() -> None:
    rows = {"a": np.ones((2, 3)), "b": np.ones((2, 3))}
    assert np.isnan(spread_left(rows, rows).ratio)


def test_spreads_of_other_rows_or_pictures_are_refused() -> None:
    rows = table(np.random.default_rng(0), rows=3, sd=0.0)
    with pytest.raises(InputError, match="in common: loss 0"):
        spread_left({"loss 0": rows["loss 0"]}, rows)
    with pytest.raises(InputError, match="the same pictures; found 79 and 80"):
        spread_left({name: values[:, 1:] for name, values in rows.items()}, rows)
