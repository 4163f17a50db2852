"""Intervals over seeds and pictures: a table worked out by hand, laws that random data with known components must keep, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

from salquest.errors import InputError, UnknownName
from salquest.evaluation.crossed import compare_rows, crossed_difference, crossed_mean, drawn_shares, stacked

# rows 3 and 5, columns 2.5 3.5 6, all 4; residuals -.5 -.5 1 and their negatives: mean squares 6 (1), 6.5 (2), 1.5 (2)
TABLE = np.array([[1.0, 2.0, 6.0], [4.0, 5.0, 6.0]])


def scores(random: np.random.Generator, *, seeds: int, pictures: int, seed_sd: float, picture_sd: float, residual_sd: float) -> np.ndarray:
    """A table with mean 0 and these components."""
    effects = random.normal(0, seed_sd, (seeds, 1)) + random.normal(0, picture_sd, (1, pictures))
    return effects + random.normal(0, residual_sd, (seeds, pictures))


def test_two_seeds_by_three_pictures_by_hand() -> None:
    found = crossed_mean(TABLE)
    assert (found.mean, found.seeds, found.pictures) == (4.0, 2, 3)
    assert (found.seed_sd, found.picture_sd, found.residual_sd) == pytest.approx((np.sqrt(4.5 / 3), np.sqrt(5 / 2), np.sqrt(1.5)))
    assert found.standard_error == pytest.approx(np.sqrt((6 + 6.5 - 1.5) / 6))
    assert found.df == pytest.approx(11**2 / (36 / 1 + 6.5**2 / 2 + 1.5**2 / 2))
    half = stats.t.ppf(0.975, found.df) * found.standard_error
    assert (found.low, found.high) == pytest.approx((4 - half, 4 + half))
    assert found.negative == ()


def test_effects_below_zero_count_as_zero_and_are_named() -> None:
    # both seeds and both pictures have the mean 1.5: mean squares 0 and 0, that of the residual 1
    found = crossed_mean([[1.0, 2.0], [2.0, 1.0]])
    assert found.negative == ("seed", "picture")
    assert (found.seed_sd, found.picture_sd, found.residual_sd) == (0.0, 0.0, 1.0)
    assert (found.standard_error, found.df) == (0.5, 1)


def test_with_no_seed_effect_the_interval_is_that_of_the_pictures_means() -> None:
    # the second seed is the first with its first two pictures' noise exchanged: seeds have one mean, the mean square of seeds is 0
    table = np.array([[1.0, 2.0, 9.0, 5.0], [2.0, 1.0, 9.0, 5.0]])
    found = crossed_mean(table)
    by_picture = table.mean(axis=0)
    assert found.negative == ("seed",)
    assert found.standard_error == pytest.approx(stats.sem(by_picture))
    assert found.df == 3


def test_one_seed_is_students_interval_over_pictures_and_says_what_is_not_in_it() -> None:
    values = [0.3, 0.5, 0.4, 0.9]
    found = crossed_mean(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert np.isnan(found.seed_sd)
    assert found.about() == "95 % interval over 4 pictures of one seed: how far other seeds differ is not in it"
    assert crossed_mean([values]).low == found.low


def test_p_of_one_seed_is_scipys_paired_t_test() -> None:
    random = np.random.default_rng(4)
    first, second = random.normal(0.2, 1, 30), random.normal(0, 1, 30)
    assert crossed_difference(first, second).p == pytest.approx(stats.ttest_rel(first, second).pvalue)


def test_the_same_row_twice_does_not_differ_and_has_p_one() -> None:
    found = crossed_difference(TABLE, TABLE)
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_what_seeds_and_pictures_do_to_both_rows_is_not_in_their_difference() -> None:
    shared = np.random.default_rng(0).normal(0, 5, TABLE.shape)
    ours, plain = crossed_difference(TABLE + shared, shared), crossed_mean(TABLE)
    assert (ours.mean, ours.low, ours.high) == pytest.approx((plain.mean, plain.low, plain.high))


def test_a_constant_moves_the_interval_and_the_order_of_seeds_and_pictures_nothing() -> None:
    plain, moved, turned = crossed_mean(TABLE), crossed_mean(TABLE + 10), crossed_mean(TABLE[::-1, [2, 0, 1]])
    assert (moved.low, moved.high) == pytest.approx((plain.low + 10, plain.high + 10))
    assert (turned.low, turned.high) == pytest.approx((plain.low, plain.high))


def test_a_picture_without_a_score_is_left_out_for_both_rows() -> None:
    holed = np.concatenate([TABLE, [[np.nan], [7.0]]], axis=1)
    whole = np.concatenate([np.zeros((2, 3)), [[5.0], [5.0]]], axis=1)
    assert crossed_difference(holed, whole) == crossed_mean(TABLE)


@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.1])
def test_the_interval_holds_the_truth_about_95_times_in_100(seed_sd: float) -> None:
    random = np.random.default_rng(1)
    tables = [scores(random, seeds=3, pictures=40, seed_sd=seed_sd, picture_sd=0.1, residual_sd=0.05) for _ in range(800)]
    covered = np.mean([found.low <= 0 <= found.high for found in map(crossed_mean, tables)])
    # a coverage of .95 has a standard deviation of .008 here; Satterthwaite's approximation may take two points where both effects matter
    assert 0.91 < covered < 0.98


def test_two_seeds_are_too_few() -> None:
    random = np.random.default_rng(1)
    tables = [scores(random, seeds=2, pictures=40, seed_sd=0.05, picture_sd=0.1, residual_sd=0.05) for _ in range(800)]
    assert 0.8 < np.mean([found.low <= 0 <= found.high for found in map(crossed_mean, tables)]) < 0.9


def test_an_interval_over_pictures_alone_would_hold_it_far_less_often() -> None:
    random = np.random.default_rng(1)
    tables = [scores(random, seeds=3, pictures=40, seed_sd=0.1, picture_sd=0.1, residual_sd=0.05) for _ in range(300)]
    over_pictures = [crossed_mean(table.mean(axis=0)) for table in tables]
    assert np.mean([found.low <= 0 <= found.high for found in over_pictures]) < 0.5


def test_components_are_recovered_from_many_seeds_and_pictures() -> None:
    table = scores(np.random.default_rng(2), seeds=200, pictures=300, seed_sd=0.03, picture_sd=0.2, residual_sd=0.1)
    found = crossed_mean(table)
    assert (found.seed_sd, found.picture_sd, found.residual_sd) == pytest.approx((0.03, 0.2, 0.1), rel=0.12)


def rows_alike(random: np.random.Generator, number: int) -> dict[str, np.ndarray]:
    shared = scores(random, seeds=3, pictures=60, seed_sd=0.01, picture_sd=0.1, residual_sd=0.02)
    return {
        f"loss {i}": shared + scores(random, seeds=3, pictures=60, seed_sd=0.01, picture_sd=0.03, residual_sd=0.03) for i in range(number)
    }


def test_rows_alike_are_told_apart_in_few_tables_although_they_have_many_pairs() -> None:
    random = np.random.default_rng(5)
    wrong = [any(pair.p_holm < 0.05 for pair in compare_rows(rows_alike(random, 8))) for _ in range(120)]
    # expected 6 of 120 at most, with a standard deviation of 2.4; each pair by itself, so corrected, is wrong in one table of five
    assert sum(wrong) <= 12


def test_pairs_lend_each_other_what_they_know_of_seeds() -> None:
    rows = rows_alike(np.random.default_rng(6), 12)
    lent = compare_rows(rows)
    own = [crossed_difference(rows[pair.first], rows[pair.second]) for pair in lent]
    widths = [pair.difference.high - pair.difference.low for pair in lent]
    assert np.median(widths) < np.median([found.high - found.low for found in own])
    assert [pair.difference.mean for pair in lent] == [found.mean for found in own]
    assert max(pair.difference.df for pair in lent) <= max(11 * 2, 59)


def test_what_pairs_lend_each_other_by_hand() -> None:
    # three rows whose means of three seeds lie on a line, 1, 2.2 and 3.2 apart, alike on all pictures: only their mean square is not 0
    direction = np.array([1.0, -1.0, 0.0])
    rows = {name: np.repeat((length * direction)[:, None], 4, axis=1) for name, length in (("a", 0.0), ("b", 1.0), ("c", 3.2))}
    own = 4 * 2 * np.array([1.0, 3.2, 2.2]) ** 2 / 2  # of a - b, a - c, b - c, with two degrees of freedom each
    logs = np.log(own) - special.digamma(1)
    beyond_chance = logs.var(ddof=1) * 4 / 3 - np.pi**2 / 6  # trigamma(1)
    half = optimize.brentq(lambda x: special.polygamma(1, x) - beyond_chance, 0.1, 100)
    common = np.exp(logs.mean() + special.digamma(half) - np.log(half))
    expected = (2 * half * common + 2 * own) / (2 * half + 2)
    found = [pair.difference for pair in compare_rows(rows)]
    assert [one.standard_error for one in found] == pytest.approx(list(np.sqrt(expected / (3 * 4))))
    assert [one.df for one in found] == pytest.approx([4.0] * 3)  # no more than three rows of three seeds have


def test_rows_as_alike_as_chance_lets_them_be_share_one_seed_variance() -> None:
    effects = np.random.default_rng(12).normal(0, 1, (30, 3, 1))
    found = [pair.difference for pair in compare_rows({f"loss {i}": np.repeat(one, 5, axis=1) for i, one in enumerate(effects)})]
    assert [one.standard_error for one in found] == pytest.approx([found[0].standard_error] * len(found), rel=0.02)
    assert found[0].standard_error == pytest.approx(np.sqrt(2 / 3), rel=0.25)
    assert {round(one.df) for one in found} == {29 * 2}


def test_two_rows_or_one_seed_have_nothing_to_lend() -> None:
    rows = rows_alike(np.random.default_rng(7), 3)
    two = {name: rows[name] for name in ("loss 0", "loss 1")}
    assert compare_rows(two)[0].difference == crossed_difference(*two.values())
    single = {name: values[0] for name, values in rows.items()}
    lent, own = compare_rows(single)[0].difference, crossed_difference(single["loss 0"], single["loss 1"])
    assert (lent.low, lent.high, lent.df) == (own.low, own.high, own.df)


def test_the_order_of_rows_changes_signs_and_nothing_else() -> None:
    rows = rows_alike(np.random.default_rng(8), 4)
    there = {(pair.first, pair.second): pair for pair in compare_rows(rows)}
    for back in compare_rows(dict(reversed(rows.items()))):
        pair = there[back.second, back.first]
        assert (pair.difference.mean, pair.difference.low) == pytest.approx((-back.difference.mean, -back.difference.high))
        assert (pair.p, pair.p_holm) == pytest.approx((back.p, back.p_holm))


def test_only_the_pairs_asked_for_are_corrected_for() -> None:
    rows = rows_alike(np.random.default_rng(9), 5)
    [pair] = compare_rows(rows, pairs=[("loss 3", "loss 1")])
    assert (pair.first, pair.second) == ("loss 3", "loss 1")
    assert pair.p_holm == pair.p
    everyone = {(p.first, p.second): p for p in compare_rows(rows)}
    assert everyone["loss 1", "loss 3"].p == pytest.approx(pair.p)


def test_a_row_that_stands_there_twice_has_p_one_and_spoils_nothing() -> None:
    rows = rows_alike(np.random.default_rng(10), 4)
    rows["again"] = rows["loss 0"].copy()
    found = {(pair.first, pair.second): pair for pair in compare_rows(rows)}
    assert found["loss 0", "again"].p == 1.0
    assert all(np.isfinite(pair.difference.high) for pair in found.values())


def test_resampled_means_have_the_variance_of_the_mean_for_three_seeds_too() -> None:
    values = np.array([1.0, 2.0, 6.0])
    drawn = drawn_shares(3, 200_000, np.random.default_rng(0)) @ values
    assert drawn.var() == pytest.approx(values.var(ddof=1) / 3, rel=0.02)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0], [2.0]], "takes two or more that every row has a score for; found 1"),
        ([[1.0, np.nan, 2.0], [np.nan, 1.0, 2.0]], "found 1"),
        ([1.0, np.inf, 2.0], "1 infinite scores"),
        (np.ones((2, 2, 2)), "found shape"),
    ],
)
def test_what_has_no_interval_is_refused(values: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        crossed_mean(values)  # type: ignore[arg-type]


def test_rows_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match=r"mse has \(seeds, pictures\) \(2, 3\), kld has \(1, 3\)"):
        stacked({"mse": TABLE, "bce": TABLE, "kld": TABLE[0]})
    with pytest.raises(InputError, match="two or more are needed, found 1"):
        compare_rows({"mse": TABLE})
    with pytest.raises(UnknownName, match="no row is called 'kdl'"):
        compare_rows({"mse": TABLE, "kld": TABLE}, pairs=[("kdl", "mse")])
