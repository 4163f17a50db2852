"""A quest whose rows learn from several data sets: one table over all test pictures, and one for each set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import DataSet, join, load_dataset
from salquest.errors import InputError
from salquest.quest import report_quest, run_quest
from salquest.quest.recipe import read_recipe
from salquest.runs import Columns

RECIPE = """
name = "both"
data = "one+two"
also = ["one"]
metrics = ["cc", "nss"]
pictures = 2

[training]
network = "light"
activation = "softmax"
size = [48, 64]
map_size = [24, 32]
epochs = 1
batch = 4

[[runs]]
name = "kld"
loss = "kld"

[[runs]]
name = "half and half"
loss = "kld"
mix = "sets"
"""


@pytest.fixture(scope="module")
def quest(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny = load_dataset("tiny", tiny_set)
    recipe = tmp_path_factory.mktemp("recipes") / "both.toml"
    recipe.write_text(RECIPE)
    sets: dict[str, DataSet] = {"one": tiny, "two": replace(tiny, pixels_per_degree=6.0)}
    return run_quest(recipe, join(sets), out=tmp_path_factory.mktemp("quests") / "both", device="cpu").root


def rows(quest: Path, table: str) -> dict[str, dict]:
    return {row["name"]: row for row in json.loads((quest / f"{table}.json").read_text())["rows"]}


def test_every_set_has_a_table_of_its_own_pictures_with_its_own_floor(quest: Path) -> None:
    scored = Columns.load(quest / "runs" / "kld" / "scores.csv")
    floor = Columns.load(quest / "baselines" / "centre-bias.csv")
    for name in ("one", "two"):
        for row, found in (("kld", scored), ("centre bias", floor)):
            own = [value for value, belongs in zip(found.numbers("cc"), found["data"], strict=True) if belongs == name]
            assert rows(quest, f"table-{name}")[row]["scores"]["cc"][0] == pytest.approx(np.mean(own))
    everything = rows(quest, "table")["kld"]["scores"]["cc"][0]
    assert everything == pytest.approx(np.mean(scored.numbers("cc")))


def test_the_page_says_which_sets_with_which_widths(quest: Path) -> None:
    said = (quest / "table.md").read_text()
    assert "one (edition" in said
    assert "two (edition" in said
    assert "densities of sigma 4, 6 px" in said


def test_the_data_at_hand_say_which_sets_are_meant() -> None:
    recipe = read_recipe(RECIPE, where="here")
    assert recipe.data_given(["one", "two"]) == "one+two"
    assert recipe.data_given(["one"]) == "one"
    assert recipe.data_given([]) == "one+two"
    either = read_recipe(RECIPE.replace('also = ["one"]', 'also = ["two+three"]'), where="here")
    with pytest.raises(InputError, match=r"carried out on one data set at a time; choose one of one\+two, two\+three"):
        either.data_given(["one", "two", "three"])


def test_the_report_asks_for_all_of_the_sets(quest: Path, tiny_set: Path) -> None:
    with pytest.raises(InputError, match=r"was run on edition \w+\+\w+ of one\+two; the data given are edition"):
        report_quest(quest, data=load_dataset("tiny", tiny_set))
