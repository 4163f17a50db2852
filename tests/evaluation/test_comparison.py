"""Models on the same pictures: hand values, refusals in a sentence, pictures that differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from salquest.errors import InputError
from salquest.evaluation import Scores, compare
from salquest.runs import Columns


def scored(model: str, nss: Mapping[str, float], **changed: object) -> Scores:
    """Scores by hand: picture -> NSS, and KL as its negative."""
    rows = [{"image": key, "nss": value, "kl": -value, "num_fixations": 1 + i} for i, (key, value) in enumerate(nss.items())]
    made = Scores(model, "own", Columns.of_rows(rows), ("nss", "kl"), "exact", 5.0, edition="e1", lines={"nss": "exact", "kl": "exact"})
    return replace(made, **changed)  # type: ignore[arg-type]


def named(values: Sequence[float]) -> dict[str, float]:
    return {f"{letter}.jpg": value for letter, value in zip("abcdefgh", values, strict=False)}


LOW, HIGH, MIDDLE = scored("low", named([1, 2, 3])), scored("high", named([2, 4, 6])), scored("middle", named([1.5, 2, 5]))


def test_a_pair_by_hand() -> None:
    pair = compare([LOW, HIGH]).pairs[0]
    assert (pair.metric, pair.first, pair.second, pair.better) == ("nss", "low", "high", "high")
    assert pair.difference.mean == pytest.approx(-2.0)
    assert (pair.difference.low, pair.difference.high) == pytest.approx((-3.0, -1.0))
    assert (pair.p, pair.p_holm) == (0.25, 0.25)  # -1, -2, -3: 2 of 8 sign patterns


def test_where_less_is_better_the_lower_model_is_in_front() -> None:
    pair = compare([LOW, HIGH]).pairs[1]
    assert (pair.metric, pair.better, pair.difference.mean) == ("kl", "high", pytest.approx(2.0))


def test_holm_counts_the_pairs_of_one_metric() -> None:
    found = compare([LOW, HIGH, MIDDLE])
    nss = [pair for pair in found.pairs if pair.metric == "nss"]
    assert [(pair.first, pair.second) for pair in nss] == [("low", "high"), ("low", "middle"), ("high", "middle")]
    # differences (-1 -2 -3), (-.5 0 -2), (.5 2 1): p 2/8, 4/8, 2/8; times 3, 2, 1 of the sorted 2/8 2/8 4/8
    assert [pair.p for pair in nss] == [0.25, 0.5, 0.25]
    assert [pair.p_holm for pair in nss] == pytest.approx([0.75, 0.75, 0.75])
    assert found.rankings["nss"].ranks == pytest.approx({"high": 1.0, "middle": 6.5 / 3, "low": 8.5 / 3})
    assert found.rankings["kl"].ranks == found.rankings["nss"].ranks


def test_models_that_are_equal_have_nobody_in_front() -> None:
    pair = compare([LOW, replace(LOW, model="twin")]).pairs[0]
    assert (pair.difference.mean, pair.p, pair.better) == (0.0, 1.0, "")


def test_a_mean_over_fixations_weighs_the_differences() -> None:
    weighted = compare([replace(LOW, average="fixations"), replace(HIGH, average="fixations")])
    nss, kl = weighted.pairs
    assert nss.difference.mean == pytest.approx(-(1 * 1 + 2 * 2 + 3 * 3) / 6)
    assert kl.difference.mean == pytest.approx(2.0)


def test_only_common_pictures_count_and_the_others_are_named() -> None:
    found = compare([LOW, scored("high", {"b.jpg": 4, "c.jpg": 6, "z.jpg": 9}, missing={"a.jpg": "no map"})])
    assert found.keys == ("b.jpg", "c.jpg")
    assert found.missing == {"a.jpg": ("high",), "z.jpg": ("low",)}
    assert found.pairs[0].difference.mean == pytest.approx(-2.5)
    assert found.results[0].mean("nss") == pytest.approx(2.5)


def test_a_picture_without_this_score_is_left_out_of_this_metric() -> None:
    found = compare([LOW, scored("high", named([2, float("nan"), 6]))])
    assert found.pairs[0].difference.number == 2
    assert [key for key, _ in found.differing("nss", "low", "high")] == ["c.jpg", "a.jpg"]


def test_pictures_that_differ_most_come_first() -> None:
    assert compare([LOW, HIGH, MIDDLE]).differing("nss", "middle", "low", 2) == [("c.jpg", 2.0), ("a.jpg", 0.5)]


def test_columns_carry_convention_and_unit() -> None:
    row = compare([LOW, HIGH]).columns().rows()[1]
    assert (row["metric"], row["unit"], row["convention"], row["num_pictures"]) == ("kl", "nat", "exact", 3)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"edition": "e2"}, "low and high were scored with different editions of the data: e1 and e2; score both alike, then compare"),
        ({"data": "other"}, "different data sets: own and other"),
        ({"convention": "mit"}, "different conventions: exact and mit"),
        ({"sigma_px": 7.0}, "different widths of the densities"),
        ({"average": "fixations"}, "different averages: pictures and fixations"),
        ({"floor": 0.5}, "different floors of 8-bit maps: 0.0 and 0.5"),
        ({"metrics": ("nss",)}, "different metrics: nss, kl and nss"),
        ({"model": "low"}, "need different names; found low, low"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused_in_a_sentence(changed: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        compare([LOW, replace(HIGH, **changed)])  # type: ignore[arg-type]


def test_one_model_is_no_comparison() -> None:
    with pytest.raises(InputError, match="two models or more; found 1"):
        compare([LOW])


def test_models_without_a_common_picture_are_refused() -> None:
    with pytest.raises(InputError, match="low and high have no scored picture in common"):
        compare([LOW, scored("high", {"y.jpg": 1.0})])


def test_infinite_scores_are_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match="NSS of high is infinite on 1 pictures: its map is 0 where people looked; declare a floor"):
        compare([LOW, scored("high", named([1.0, float("-inf"), 2.0]))])
