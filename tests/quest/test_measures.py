"""Measures beside scores: taken once per run, told in a table of their own, and what a late gain is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_quest import TinyQuest

from salquest.errors import UnknownName
from salquest.evaluation import level_sets
from salquest.models import load_model
from salquest.quest.measures import MEASURES, column_of, late_gain, measure_path
from salquest.runs import Columns, RunFolder


def test_the_late_gain_is_the_slope_over_the_last_half_per_ten_epochs() -> None:
    epochs = list(range(1, 9))
    table = Columns(
        {
            "epoch": epochs,
            "rising": [0.0, 0.9, 0.1, 0.2, 0.50, 0.51, 0.52, 0.53],
            "still": [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5],
            "falling": [0.5, 0.5, 0.5, 0.5, 0.5, 0.4, 0.3, 0.2],
        }
    )
    assert late_gain(table) == pytest.approx({"rising": 0.1, "still": 0.0, "falling": -1.0})


def test_few_epochs_have_no_late_gain() -> None:
    assert math.isnan(late_gain(Columns({"epoch": [1, 2, 3, 4], "a": [0.1, 0.2, 0.3, 0.4]}))["a"])


def test_a_run_that_was_scored_has_the_measure_of_each_test_picture(tiny_quest: TinyQuest, tiny) -> None:
    run = RunFolder(tiny_quest.root / "runs" / "fixed" / "kld-seed0")
    found = Columns.load(measure_path(run, "level_sets"))
    test = run.read().split["test"]
    assert found["image"] == list(test)
    ours = level_sets(load_model(run.root).predict_stimulus(tiny[test[0]].stimulus).values).complexity
    assert found["level_sets"][0] == pytest.approx(ours)
    assert not measure_path(RunFolder(tiny_quest.root / "runs" / "tuned" / "kld-lr1e-09-seed0"), "level_sets").is_file()


def test_the_report_has_a_table_of_measures_and_leaves_out_what_no_run_has(tiny_quest: TinyQuest) -> None:
    text = (tiny_quest.root / "table.md").read_text(encoding="utf-8")
    section = text.split("## Measures: One rate")[1].split("\n## ")[0]
    assert "level sets" in section
    assert "late gain" not in section  # two epochs
    assert "border of the level sets over that of a square of their area" in section
    assert not np.isnan(float(section.split("| kld |")[1].split("|")[0].split()[0].strip("*_")))


def test_a_column_is_a_metric_or_a_measure() -> None:
    assert (column_of("cc").direction, column_of("level_sets").direction) == ("up", "down")
    with pytest.raises(UnknownName, match=r"no metric or measure is called 'level_set' \(did you mean 'level_sets'\?\)"):
        column_of("level_set")


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_a_measure_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    card = MEASURES[name]
    assert card.title
    assert card.summary
    assert card.source
    assert card.direction in ("up", "down")
