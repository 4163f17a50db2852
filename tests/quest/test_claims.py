"""Claims are judged on planted data whose truth is known: what holds, what is contradicted, what three seeds cannot tell."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from salquest.errors import InputError, UnknownName
from salquest.evaluation.row_spread import noise_floor
from salquest.quest.claims import Claim, judge


def planted(means: dict[str, float], *, seeds: int = 3, pictures: int = 120, noise: float = 0.002) -> dict[str, np.ndarray]:
    """Rows with these means exactly, that share what seeds and pictures do to them and differ by a little noise."""
    random = np.random.default_rng(11)
    shared = random.normal(0, 0.01, (seeds, 1)) + random.normal(0, 0.1, (1, pictures))
    rows = {}
    for name, mean in means.items():
        own = random.normal(0, noise, (seeds, 1)) + random.normal(0, noise, (seeds, pictures))
        rows[name] = shared + own - (shared + own).mean() + mean
    return rows


SCORES = planted({"mse": 0.60, "bce": 0.601, "kld": 0.65, "lc1": 0.70, "lc2": 0.72})
FLOOR = noise_floor(SCORES, ("mse", "bce"))


def claim(**settings: object) -> Claim:
    filled = {
        "name": "c",
        "text": "combinations are better",
        "kind": "better",
        "metric": "cc",
        "rows": ("lc2",),
        "than": ("mse",),
        **settings,
    }
    return msgspec.convert(filled, Claim)


def test_a_planted_lead_holds_with_its_size_and_percent_beside_the_published_one() -> None:
    found = judge(claim(published={"lc2": 0.7291, "mse": 0.6388}), SCORES, FLOOR)
    assert found.verdict == "holds"
    assert found.effect == pytest.approx(0.12)
    assert found.percent == pytest.approx(20.0)
    assert found.low < 0.12 < found.high
    assert found.published == pytest.approx(0.0903)
    assert found.sentence.startswith("lc2 − mse: CC +0.120 (+20.0 %), ")
    assert "over 120 pictures and 3 seeds" in found.sentence
    assert "published +0.090 (+14.1 %)" in found.sentence


def test_the_reverse_is_contradicted() -> None:
    found = judge(claim(rows=("mse",), than=("lc2",)), SCORES, FLOOR)
    assert found.verdict == "contradicted"
    assert found.effect == pytest.approx(-0.12)
    assert found.high < 0


@pytest.mark.parametrize(
    ("differences", "interval", "verdict"),
    [
        ((0.19, 0.20, 0.21), (0.2 - 0.024841, 0.2 + 0.024841), "holds"),
        ((0.10, 0.20, 0.30), (0.2 - 0.248414, 0.2 + 0.248414), "undecided"),
        ((-0.19, -0.20, -0.21), (-0.2 - 0.024841, -0.2 + 0.024841), "contradicted"),
    ],
)
def test_of_three_pictures_the_interval_is_students_and_decides(
    differences: tuple[float, ...], interval: tuple[float, float], verdict: str
) -> None:
    # mean -+ 4.30265 sd / sqrt(3), by hand
    base = np.array([0.3, 0.5, 0.4])
    found = judge(claim(rows=("a",), than=("b",)), {"a": base + differences, "b": base})
    assert (found.low, found.high) == pytest.approx(interval, abs=1e-6)
    assert found.verdict == verdict


def test_a_lead_that_holds_alone_is_open_where_two_were_tried() -> None:
    base = np.array([0.3, 0.5, 0.4])
    step = np.array([-0.01, 0.0, 0.01])
    # t of two degrees of freedom is 5.643 for p = .03 and 4.849 for p = .04
    scores = {"a": base, "b": base - 5.643 * 0.01 / np.sqrt(3) + step, "c": base - 4.849 * 0.01 / np.sqrt(3) - step}
    alone = [judge(claim(rows=("a",), than=(name,)), scores) for name in "bc"]
    assert [found.verdict for found in alone] == ["holds", "holds"]
    assert [found.p for found in alone] == pytest.approx([0.03, 0.04], abs=1e-4)
    both = judge(claim(rows=("a",), than=("b", "c")), scores)
    assert (both.verdict, both.p) == ("undecided", pytest.approx(0.06, abs=1e-4))
    assert "of which 0 hold" in both.sentence


def test_of_several_comparisons_the_worst_is_told_and_all_are_corrected_for() -> None:
    found = judge(claim(rows=("lc1", "lc2"), than=("mse", "kld")), SCORES, FLOOR)
    alone = judge(claim(rows=("lc1",), than=("kld",)), SCORES, FLOOR)
    assert (found.verdict, found.comparisons) == ("holds", 4)
    assert found.effect == alone.effect == pytest.approx(0.05)
    assert found.p >= alone.p
    assert "the worst of 4 comparisons, of which 4 hold" in found.sentence


def test_one_row_that_is_surely_beaten_contradicts_a_claim_of_many() -> None:
    found = judge(claim(rows=("lc2", "kld"), than=("mse", "lc1")), SCORES, FLOOR)
    assert found.verdict == "contradicted"
    assert found.sentence.startswith("kld − lc1: CC -0.050")
    assert "of which 3 hold" in found.sentence


def test_groups_are_compared_by_their_means_where_not_each_is_meant() -> None:
    found = judge(
        claim(rows=("lc1", "kld"), than=("mse", "bce"), each=False, published={"lc1": 0.7, "kld": 0.6, "mse": 0.5, "bce": 0.5}), SCORES
    )
    assert (found.comparisons, found.verdict) == (1, "holds")
    assert found.effect == pytest.approx((0.70 + 0.65) / 2 - (0.60 + 0.601) / 2)
    assert found.published == pytest.approx(0.15)


def test_less_is_better_where_the_metric_says_so() -> None:
    found = judge(claim(metric="kl", rows=("mse",), than=("lc2",), published={"mse": 0.8, "lc2": 1.0}), SCORES)
    assert found.verdict == "holds"
    assert (found.effect, found.published) == (pytest.approx(0.12), pytest.approx(0.2))
    assert found.percent == pytest.approx(100 * 0.12 / 0.72)
    assert found.sentence.startswith("lc2 − mse: KL")


def test_two_rows_alike_are_undecided() -> None:
    found = judge(claim(rows=("bce",), than=("mse",)), SCORES, FLOOR)
    assert found.verdict == "undecided"
    assert found.low < 0 < found.high
    assert "below the noise floor" in found.sentence


def test_a_sure_lead_that_is_smaller_than_the_a_a_difference_decides_nothing() -> None:
    quiet = planted({"mse": 0.60, "bce": 0.63, "kld": 0.62}, noise=0.0005)
    found = judge(claim(rows=("kld",)), quiet, noise_floor(quiet, ("mse", "bce")))
    assert judge(claim(rows=("kld",)), quiet).verdict == "holds"
    assert (found.verdict, found.low > 0) == ("undecided", True)
    assert found.sentence.endswith("below the noise floor of 0.030")


def test_one_seed_is_said_in_the_sentence() -> None:
    found = judge(claim(), {name: values[0] for name, values in SCORES.items()})
    assert "120 pictures of one seed: how far other seeds differ is not in it" in found.sentence


def test_a_planted_spread_holds_and_its_published_size_is_the_deviation_of_the_column() -> None:
    found = judge(claim(kind="spread", rows=(), than=(), published={"mse": 0.6, "lc1": 0.7, "elsewhere": 9.0}), SCORES, FLOOR)
    assert found.verdict == "holds"
    assert found.effect == pytest.approx(np.std([0.60, 0.601, 0.65, 0.70, 0.72], ddof=1), abs=1e-3)
    assert found.published == pytest.approx(0.1 / np.sqrt(2))


def test_rows_without_spread_below_a_wide_floor_contradict_that_the_loss_matters() -> None:
    alike = planted({"a": 0.6, "b": 0.6, "c": 0.6})
    loud = noise_floor(planted({"a": 0.6, "b": 0.65}, noise=0.02), ("a", "b"))
    assert judge(claim(kind="spread", rows=(), than=()), alike, loud).verdict == "contradicted"
    assert judge(claim(kind="spread", rows=(), than=()), alike).verdict == "undecided"


def test_a_spread_is_held_against_the_floor_by_the_difference_that_two_rows_have() -> None:
    spread_claim = claim(kind="spread", rows=(), than=())
    between = judge(spread_claim, SCORES).effect
    # root mean square differences are sqrt(2) standard deviations: above a floor of 1.2 of them, below one of 1.6
    assert judge(spread_claim, SCORES, replace(FLOOR, half_width=1.2 * between)).verdict == "holds"
    assert judge(spread_claim, SCORES, replace(FLOOR, half_width=1.6 * between)).verdict == "undecided"
    alike = planted({"a": 0.6, "b": 0.6, "c": 0.6})
    most = judge(spread_claim, alike).high
    assert judge(spread_claim, alike, replace(FLOOR, half_width=1.2 * most)).verdict == "undecided"
    assert judge(spread_claim, alike, replace(FLOOR, half_width=1.6 * most)).verdict == "contradicted"


def test_one_seed_cannot_tell_a_spread_from_noise_unless_a_floor_lends_it() -> None:
    single = {name: values[0] for name, values in SCORES.items()}
    spread_claim = claim(kind="spread", rows=(), than=())
    assert judge(spread_claim, single).verdict == "undecided"
    assert "one seed cannot tell" in judge(spread_claim, single).sentence
    assert judge(spread_claim, single, noise_floor(single)).verdict == "undecided"
    assert judge(spread_claim, single, FLOOR).verdict == "holds"


def test_an_order_that_agrees_holds_and_its_reverse_is_contradicted() -> None:
    scores = planted({f"loss {i}": 0.5 + 0.03 * i for i in range(7)})
    printed = {name: float(values.mean()) for name, values in scores.items()}
    settings = {"kind": "agreement", "rows": (), "than": ()}
    assert judge(claim(**settings, published=printed), scores).verdict == "holds"
    assert judge(claim(**settings, published={name: -mean for name, mean in printed.items()}), scores).verdict == "contradicted"


def test_three_rows_never_decide_an_order() -> None:
    found = judge(claim(kind="agreement", rows=("mse", "kld", "lc1"), than=(), published={"mse": 1.0, "kld": 2.0, "lc1": 3.0}), SCORES)
    assert (found.effect, found.verdict) == (1.0, "undecided")
    assert found.p == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"than": ()}, "name both: rows and than"),
        ({"rows": ("mse", "lc1"), "than": ("mse",)}, "sets a row against itself: mse"),
        ({"kind": "spread"}, "which has no `than`"),
        ({"kind": "agreement", "than": ()}, "give published"),
    ],
)
def test_a_claim_that_cannot_be_judged_says_why(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        judge(claim(**settings), SCORES)


@pytest.mark.parametrize(("settings", "kind"), [({"metric": "ccc"}, "metric or measure"), ({"rows": ("lc3",)}, "row")])
def test_unknown_names_are_answered_with_those_there_are(settings: dict, kind: str) -> None:
    with pytest.raises(UnknownName, match=f"no {kind} is called"):
        judge(claim(**settings), SCORES)


@pytest.mark.parametrize(
    ("row", "than", "margin", "verdict"),
    [
        ("bce", "mse", 0.01, "holds"),
        ("mse", "bce", 0.01, "holds"),  # 0.001 below, and that is within the margin
        ("lc1", "mse", 0.01, "holds"),  # better is as good
        ("mse", "bce", 0.001, "undecided"),
        ("mse", "kld", 0.01, "contradicted"),
    ],
)
def test_as_good_is_held_against_a_margin(row: str, than: str, margin: float, verdict: str) -> None:
    found = judge(claim(kind="as-good", rows=(row,), than=(than,), margin=margin), SCORES, FLOOR)
    assert found.verdict == verdict
    assert f"the margin is {margin:.3f}" in found.sentence


def test_without_a_margin_the_noise_floor_is_one_and_without_both_nothing_is_decided() -> None:
    asked = claim(kind="as-good", rows=("mse",), than=("kld",))
    assert judge(asked, SCORES, FLOOR).verdict == "contradicted"
    assert f"the noise floor is {FLOOR.size:.3f}" in judge(asked, SCORES, FLOOR).sentence
    alone = judge(asked, SCORES)
    assert (alone.verdict, "no noise floor is known" in alone.sentence) == ("undecided", True)


def test_as_good_of_a_metric_that_falls_is_told_the_right_way_round() -> None:
    lower = judge(claim(kind="as-good", metric="kl", rows=("mse",), than=("kld",), margin=0.01), SCORES, FLOOR)
    assert lower.verdict == "holds"
    assert lower.effect == pytest.approx(0.05)


def test_a_claim_may_be_about_a_measure_of_the_maps() -> None:
    found = judge(claim(metric="level_sets", rows=("mse",), than=("lc2",)), SCORES)
    assert found.verdict == "holds"  # fewer is better
    assert found.sentence.startswith("lc2 − mse: level sets +0.120")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "as-good", "than": ()}, "the claim c says that rows are as good as others; name both: rows and than"),
        ({"margin": 0.1}, "has a margin of 0.1; a margin is above 0 and belongs to the kind as-good"),
        ({"kind": "as-good", "margin": 0.0}, "has a margin of 0.0; a margin is above 0"),
    ],
)
def test_margins_that_cannot_be_meant_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        claim(**settings).check()
