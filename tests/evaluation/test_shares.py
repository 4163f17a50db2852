"""Shares of the ceiling: by hand, for metrics of either direction, and with an interval over pictures."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.evaluation import Scores, explained_share, share_of_ceiling
from salquest.runs import Columns


def scored(name: str, values: dict[str, float], metric: str = "nss", data: str = "d") -> Scores:
    rows = [{"image": key, metric: value} for key, value in values.items()]
    return Scores(name, data, Columns.of_rows(rows), (metric,), "exact", 1.0)


@pytest.mark.parametrize(
    ("score", "floor", "ceiling", "share"),
    [(1.5, 0.0, 2.0, 0.75), (0.8, 0.7, 0.9, 0.5), (0.6, 1.0, 0.2, 0.5), (1.0, 1.0, 3.0, 0.0), (0.0, 1.0, 2.0, -1.0)],
)
def test_shares_by_hand(score, floor, ceiling, share):
    assert share_of_ceiling(score, floor, ceiling) == pytest.approx(share)


@pytest.mark.parametrize(("floor", "ceiling"), [(1.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_a_ceiling_that_is_none_is_refused(floor, ceiling):
    with pytest.raises(InputError, match="differ"):
        share_of_ceiling(0.5, floor, ceiling)


def test_the_share_is_that_of_the_means_over_common_pictures():
    model = scored("m", {"a": 2.0, "b": 1.0, "c": 9.0})
    floor = scored("f", {"a": 1.0, "b": 0.0, "d": 5.0})
    ceiling = scored("c", {"b": 2.0, "a": 5.0, "c": 1.0})
    found = explained_share(model, floor, ceiling, "nss")
    assert found.number == 2
    assert found.mean == pytest.approx((1.5 - 0.5) / (3.5 - 0.5))
    assert found.low <= found.mean <= found.high


def test_floor_and_ceiling_themselves_stand_at_0_and_1():
    draw = np.random.Generator(np.random.PCG64(0))
    floor = scored("f", {str(i): float(v) for i, v in enumerate(draw.normal(1, 0.1, 30))})
    ceiling = scored("c", {str(i): float(v) for i, v in enumerate(draw.normal(3, 0.1, 30))})
    at_floor, at_ceiling = (explained_share(one, floor, ceiling, "nss") for one in (floor, ceiling))
    assert (at_floor.mean, at_floor.low, at_floor.high) == (0.0, 0.0, 0.0)
    assert (at_ceiling.mean, at_ceiling.low, at_ceiling.high) == (1.0, 1.0, 1.0)


def test_scores_that_do_not_belong_together_are_refused():
    one, other = scored("m", {"a": 1.0}), scored("f", {"b": 0.0})
    with pytest.raises(InputError, match="no picture in common"):
        explained_share(one, other, one, "nss")
    with pytest.raises(InputError, match="one data"):
        explained_share(one, scored("f", {"a": 0.0}, data="elsewhere"), one, "nss")
    with pytest.raises(InputError, match="has no nss"):
        explained_share(one, scored("f", {"a": 0.0}, metric="auc"), one, "nss")
