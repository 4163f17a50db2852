"""Kendall's tau between tables: by hand, held to scipy, and with intervals that know how noisy an order is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from salquest.errors import InputError
from salquest.evaluation.rank_agreement import rank_agreement


def table(noise: float, *, rows: int = 8, pictures: int = 60, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shared = random.normal(0, 1, pictures)
    return {f"loss {i}": 0.1 * i + shared + random.normal(0, noise, (3, pictures)) for i in range(rows)}


def test_printed_columns_by_hand() -> None:
    # of six pairs a<b a<c a<d b<c b<d c<d only c and d stand the other way round: (5 - 1) / 6
    found = rank_agreement({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 9.0}, {"d": 0.3, "c": 0.4, "b": 0.2, "a": 0.1})
    assert found.tau == pytest.approx(4 / 6)
    assert found.rows == ("a", "b", "c", "d")
    assert np.isnan(found.low)
    assert found.p == pytest.approx(8 / 24)  # 1 + 3 of 24 orders have at most one pair turned, as many at least five


def test_ties_are_tau_b() -> None:
    first, second = {"a": 1.0, "b": 1.0, "c": 2.0}, {"a": 1.0, "b": 2.0, "c": 3.0}
    assert rank_agreement(first, second).tau == pytest.approx(stats.kendalltau([1, 1, 2], [1, 2, 3]).statistic)


def test_a_quiet_order_has_a_narrow_interval_and_a_noisy_one_a_wide_one() -> None:
    printed = {f"loss {i}": float(i) for i in range(8)}
    quiet, noisy = rank_agreement(table(0.1), printed), rank_agreement(table(3.0), printed)
    assert (quiet.tau, quiet.low, quiet.high) == pytest.approx((1.0, 1.0, 1.0))
    assert noisy.high - noisy.low > 0.4
    assert noisy.low <= noisy.tau <= noisy.high


def test_turning_one_table_round_turns_the_sign_and_a_constant_nothing() -> None:
    first, second = table(1.0), table(1.0, seed=1)
    plain = rank_agreement(first, second)
    turned = rank_agreement(first, {name: 5 - values for name, values in second.items()})
    assert (turned.tau, turned.low, turned.high) == pytest.approx((-plain.tau, -plain.high, -plain.low), abs=1e-9)


def test_tables_of_the_same_pictures_are_drawn_together() -> None:
    random = np.random.default_rng(2)
    # pictures decide the order: which loss leads hangs on which pictures are drawn, alike in both tables
    rows = {f"loss {i}": random.normal(0.01 * i, 1, 40) for i in range(6)}
    together, apart = rank_agreement(rows, rows, same_pictures=True), rank_agreement(rows, rows)
    assert (together.low, together.high) == pytest.approx((1.0, 1.0))
    assert apart.low < 0.8


def test_a_picture_without_a_score_is_left_out() -> None:
    rows = table(1.0)
    holed = {name: np.concatenate([values, np.full((3, 1), np.nan if name == "loss 0" else 9.0)], axis=1) for name, values in rows.items()}
    printed = {f"loss {i}": float(i) for i in range(8)}
    assert rank_agreement(holed, printed) == rank_agreement(rows, printed)


@pytest.mark.parametrize(
    ("second", "same", "message"),
    [
        ({"loss 0": 1.0, "loss 1": 2.0}, False, "three rows or more .* in common: loss 0, loss 1"),
        ({f"loss {i}": np.ones(5) for i in range(8)}, True, "as many of them; found 60 and 5"),
        ({f"loss {i}": np.ones(5 + i) for i in range(8)}, False, r"\(seeds, pictures\) of one shape"),
        ({f"loss {i}": np.full(5, np.nan) for i in range(8)}, False, "no scored picture in common"),
    ],
)
def test_tables_that_do_not_fit_are_refused(second: dict, same: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rank_agreement(table(1.0), second, same_pictures=same)
