"""What a quest concludes, on scores made by hand: floors, what is borrowed, what is not judged, and why."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from salquest.quest.claims import Claim
from salquest.quest.recipe import PlannedRun, Recipe, Way
from salquest.quest.rows import WayRows
from salquest.quest.verdicts import beside_the_paper, floors_line, noise_floors, spreads, verdict_table, verdicts
from salquest.runs import RunRecord
from salquest.training import TrainingPlan

PLAN = TrainingPlan(loss="kld")
BASE = np.array([[0.30, 0.50, 0.40, 0.70], [0.32, 0.50, 0.44, 0.70]])
NOISE = np.array([[0.001, -0.001, 0.002, 0.0], [0.0, 0.002, -0.001, 0.001]])
SCORES = {"a": BASE, "half a": BASE + 0.01, "b": BASE + 0.2 + NOISE, "c": BASE + 0.1 - NOISE}


def recipe(**settings: object) -> Recipe:
    values = {"name": "r", "data": "tiny", "runs": [{"name": row, "loss": "kld"} for row in SCORES], "metrics": ["cc"], **settings}
    return msgspec.convert(values, Recipe)


def way(name: str, scores: dict[str, np.ndarray], *, odd: dict[str, list[str]] | None = None, rows: tuple[str, ...] = ()) -> WayRows:
    """A way whose rows have these scores; `odd` are the statuses of the runs of some rows."""
    seeds = max((len(values) for values in scores.values()), default=2)
    runs = {}
    for row in [*scores, *(row for row in odd or {} if row not in scores)]:
        statuses = (odd or {}).get(row, ["finished"] * seeds)
        runs[row] = [
            (PlannedRun(row, f"{row}-seed{seed}", seed, PLAN), RunRecord(plan={}, identity="x", status=status))  # type: ignore[arg-type]
            for seed, status in enumerate(statuses)
        ]
    return WayRows(Way(name=name, rows=rows), runs, {"cc": scores} if scores else {}, seeds)


def claim(**settings: object) -> Claim:
    values = {"name": "c1", "text": "b is better", "kind": "better", "metric": "cc", "rows": ["b"], "than": ["a"], **settings}
    return msgspec.convert(values, Claim)


def test_a_row_that_is_not_whole_is_flagged_and_not_compared() -> None:
    rows = way(
        "w",
        SCORES,
        odd={"b": ["finished", "collapsed"], "lost": ["failed", "failed"], "late": ["finished"], "now": ["running", "finished"]},
    )
    assert {row: rows.note(row) for row in rows.runs} == {
        "a": "",
        "half a": "",
        "b": "collapsed, 1 of 2 seeds",
        "c": "",
        "lost": "failed, 2 of 2 seeds",
        "late": "1 of 2 seeds not begun",
        "now": "running, 1 of 2 seeds",
    }
    assert set(rows.valid("cc")) == {"a", "half a", "c"}


def test_of_one_seed_the_reason_itself_is_the_note() -> None:
    rows = way("w", {}, odd={})
    run = (PlannedRun("a", "a", 0, PLAN), RunRecord(plan={}, identity="x", status="failed", reason="no memory"))
    assert WayRows(rows.way, {"a": [run]}).note("a") == "failed: no memory"


def test_the_line_under_a_table_prints_the_floor_and_the_a_a_difference() -> None:
    asked = recipe(same=["a", "half a"])
    floors = noise_floors([way("w", {"a": BASE, "half a": BASE + 0.01})], asked)
    # the two rows differ by .01 on every picture of every seed: that is the floor, and its interval is that one value
    assert floors_line(floors["w"], asked) == (
        "Noise floor (differences below it are not told from noise): CC 0.010. A/A pair a − half a: CC -0.010 (-0.010..-0.010)"
    )


def test_a_pair_one_of_which_collapsed_measures_nothing() -> None:
    floors = noise_floors([way("w", SCORES, odd={"half a": ["finished", "collapsed"]})], recipe(same=["a", "half a"]))
    assert floors["w"]["cc"].measured is None
    assert floors["w"]["cc"].rows == 3


def test_a_way_of_one_seed_borrows_the_noise_of_the_last_way_of_several() -> None:
    one = {row: values[:1] for row, values in SCORES.items()}
    quiet, loud = way("quiet", SCORES), way("loud", {row: values + 9 * np.roll(NOISE, i) for i, (row, values) in enumerate(SCORES.items())})
    floors = noise_floors([way("single", one), quiet, loud], recipe())
    assert floors["single"]["cc"].is_borrowed
    assert floors["single"]["cc"].variance == floors["loud"]["cc"].variance > floors["quiet"]["cc"].variance
    alone = noise_floors([way("single", one)], recipe())["single"]["cc"]
    assert np.isnan(alone.size)
    assert floors_line({"cc": alone}, recipe()) == ""


def test_a_claim_is_judged_in_each_way_or_in_the_one_that_it_names() -> None:
    ways = [way("fixed", SCORES), way("tuned", SCORES)]
    asked = recipe(claims=[msgspec.to_builtins(claim()), msgspec.to_builtins(claim(name="c2", way="tuned", rows=["a"], than=["b"]))])
    found = verdicts(asked, ways, noise_floors(ways, asked))
    assert [(one.claim, one.way, one.judgement.verdict) for one in found if one.judgement] == [
        ("c1", "fixed", "holds"),
        ("c1", "tuned", "holds"),
        ("c2", "tuned", "contradicted"),
    ]
    assert found[0].judgement is not None
    assert found[0].judgement.effect == pytest.approx(0.2 + NOISE.mean())


def test_printed_scores_of_the_recipe_serve_claims_that_bring_none() -> None:
    asked = recipe(claims=[msgspec.to_builtins(claim())], published={"cc": {"a": 0.5, "b": 0.6}})
    rows = way("w", SCORES)
    (found,) = verdicts(asked, [rows], noise_floors([rows], asked))
    assert found.judgement is not None
    assert found.judgement.published == pytest.approx(0.1)


def test_rows_that_cannot_be_judged_are_named_with_what_became_of_them() -> None:
    rows = way("w", {"a": BASE, "c": BASE + 0.1}, odd={"a": ["finished", "collapsed"], "b": ["failed", "finished"]})
    asked = recipe(claims=[msgspec.to_builtins(claim(rows=["b"], than=["a", "half a"]))])
    (found,) = verdicts(asked, [rows], noise_floors([rows], asked))
    assert found.judgement is None
    assert found.why_not == "b: failed, 1 of 2 seeds; a: collapsed, 1 of 2 seeds; half a: not begun"
    assert verdict_table([found]).rows[0][2:] == ("not judged", found.why_not)


def test_a_way_that_lacks_the_rows_by_design_is_silent() -> None:
    rows = way("w", {"a": BASE, "c": BASE + 0.1}, rows=("a", "c"))
    asked = recipe(claims=[msgspec.to_builtins(claim())])
    assert verdicts(asked, [rows], noise_floors([rows], asked)) == []


def test_a_row_that_failed_to_learn_counts_in_the_spread_and_is_said_to() -> None:
    ways = [way("fixed", SCORES), way("tuned", SCORES, odd={"b": ["collapsed", "finished"]})]
    found = spreads(ways, noise_floors(ways, recipe()))
    assert found is not None
    assert [line[0] for line in found.rows] == [
        "fixed: 4 rows",
        "tuned: 4 rows, 1 of them failed to learn",
        "— left of the first way's, over 4 rows",
    ]
    assert found.rows[0][1] == found.rows[1][1]
    assert found.rows[2][1].startswith("100 % (")


def test_printed_and_measured_scores_stand_side_by_side() -> None:
    asked = recipe(published={"cc": {"a": 0.5, "b": 0.6}})
    found = beside_the_paper(asked, [way("fixed", {"a": BASE, "c": BASE + 0.1})])
    assert found is not None
    mean = BASE.mean()
    assert [tuple(line) for line in found.rows] == [
        ("a", f"0.500 / {mean:.3f}"),
        ("half a", "- / -"),
        ("b", "0.600 / -"),
        ("c", f"- / {mean + 0.1:.3f}"),
    ]
    assert beside_the_paper(recipe(), [way("fixed", SCORES)]) is None
