"""A recipe is read strictly, expands to runs, and its mistakes are told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.quest import find_recipe, packaged_recipes, read_recipe

TEXT = """
name = "small"
data = "osie-mini"
seeds = [0, 1]
[training]
epochs = 2
[[runs]]
name = "MSE (plain)"
loss = "mse"
[[runs]]
name = "KLD"
loss = "kld"
epochs = 5
"""


def test_rows_and_seeds_become_runs_that_differ_in_nothing_else() -> None:
    runs = read_recipe(TEXT, where="here").expanded()
    assert [run.folder for run in runs] == ["mse-plain-seed0", "mse-plain-seed1", "kld-seed0", "kld-seed1"]
    assert [run.plan.epochs for run in runs] == [2, 2, 5, 5]
    assert [run.plan.seed for run in runs] == [0, 1, 0, 1]


@pytest.mark.parametrize("name", sorted(packaged_recipes()))
def test_every_packaged_recipe_can_be_carried_out(name: str) -> None:
    recipe, text = find_recipe(name)
    assert recipe.name == name
    assert recipe.expanded()
    assert text.startswith("#"), "a recipe begins with what it does, its command, its cost and what it reached"


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (("seeds", "seed"), UnknownName, r"no setting of a recipe \(here\) is called 'seed' \(did you mean 'seeds'\?\)"),
        (("epochs = 2", "epoch = 2"), UnknownName, r"no setting of a run \(run 'MSE \(plain\)' of recipe small\) is called 'epoch'"),
        (('loss = "kld"', 'loss = "kdl"'), UnknownName, "no loss is called 'kdl'"),
        (("seeds = [0, 1]", 'seeds = "all"'), InputError, r"here: Expected `array`, got `str` - at `\$.seeds`"),
        (('data = "osie-mini"', ""), InputError, "here: Object missing required field `data`"),
        (('name = "KLD"', 'name = "mse plain"'), InputError, "names give the same folder: mse-plain-seed0"),
        (("[[runs]]", "[[runs"), BrokenFile, "here is not TOML"),
    ],
)
def test_a_mistake_in_a_recipe_is_told_in_a_sentence(change: tuple[str, str], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        read_recipe(TEXT.replace(*change), where="here").expanded()


def test_an_unknown_recipe_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no recipe \(or TOML file\) is called 'dmo' \(did you mean 'demo'\?\)"):
        find_recipe("dmo")
    with pytest.raises(DataNotFound, match="is a folder; a recipe is a TOML file or one of"):
        find_recipe(tmp_path)
