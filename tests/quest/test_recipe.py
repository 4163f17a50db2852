"""A recipe is read strictly, expands to runs, and its mistakes are told by name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.quest import default_folder, find_recipe, packaged_recipes, read_recipe
from salquest.quest.recipe import recipe_text

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

WAYS = """
name = "w"
data = "osie-mini"
seeds = [0, 1]
[training]
lr = 0.1
[[ways]]
name = "fixed"
[[ways]]
name = "matched"
training = { scale = "matched", lr = 0.3 }
seeds = [0]
[[ways]]
name = "tuned"
rows = ["kld"]
rates = [0.01, 0.02]
[[runs]]
name = "mse"
loss = "mse"
[[runs]]
name = "kld"
loss = "kld"
lr = 0.2
"""
CLAIM = """
[[claims]]
name = "c"
text = "kld beats mse"
kind = "better"
metric = "cc"
rows = ["kld"]
than = ["mse"]
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
    assert f"salquest quest {name}" in text


@pytest.mark.parametrize("name", sorted(packaged_recipes()))
def test_no_two_rows_of_a_packaged_recipe_are_one_run_under_two_names(name: str) -> None:
    runs = find_recipe(name)[0].expanded()
    plans = [(run.way, run.plan) for run in runs]
    assert [run.folder for i, run in enumerate(runs) if plans[i] in plans[:i]] == []


@pytest.mark.parametrize("name", sorted(packaged_recipes()))
def test_a_recipe_written_from_python_reads_back_to_an_equal_one(name: str) -> None:
    recipe = msgspec.structs.replace(find_recipe(name)[0], extends="")
    text = recipe_text(recipe)
    assert read_recipe(text, where="here") == recipe
    assert "extends" not in text.replace('extends = ""', "")


def test_the_losses_of_table_2_are_all_there() -> None:
    recipe, _ = find_recipe("bruckert-table2")
    assert len(recipe.rows) == 27
    assert len({way.name for way in recipe.ways}) == 3
    assert len({run.plan.loss for run in recipe.expanded()}) == 27
    half, whole = (next(run.plan for run in recipe.expanded() if run.name == row) for row in ("W-BCE .5", "BCE"))
    assert (half.loss, whole.loss) == ("wbce(w=0.5)", "bce")


# what a recipe takes from another one


def test_what_extends_is_merged_setting_by_setting_and_everything_else_is_replaced() -> None:
    base, _ = find_recipe("demo")
    recipe = read_recipe(
        'name = "mine"\nextends = "demo"\nruns = [{ name = "cc", loss = "-cc" }]\nseeds = [4]\n[training]\nlr = 0.5\nsize = [64, 96]\n',
        where="here",
    )
    assert recipe.training == {**base.training, "lr": 0.5, "size": [64, 96]}
    assert recipe.rows == ("cc",)
    assert recipe.seeds == (4,)
    assert (recipe.data, recipe.split, recipe.title) == (base.data, base.split, base.title)
    (run,) = recipe.expanded()
    assert (run.plan.lr, run.plan.size, run.plan.epochs) == (0.5, (64, 96), base.training["epochs"])


def test_a_row_that_is_kept_can_be_changed() -> None:
    recipe = read_recipe('name = "mine"\nextends = "demo"\n[changes]\nkld = { epochs = 9, loss = "2*kld" }\n', where="here")
    plans = {run.name: run.plan for run in recipe.expanded()}
    assert (plans["kld"].epochs, plans["kld"].loss) == (9, "2*kld")
    assert plans["mse"].epochs == 6


def test_table_3_is_table_2_trained_alike_but_for_rows_ways_and_claims() -> None:
    third, second = find_recipe("bruckert-table3")[0], find_recipe("bruckert-table2")[0]
    assert third.training == {**second.training, "scale": "matched", "lr": 0.01}
    assert (third.seeds, third.metrics, third.split) == (second.seeds, second.metrics, second.split)
    assert (third.ways, third.same, third.published) == ((), (), {})
    assert third.elsewhere == ("osie", "eyecrowd", "fiwi_sample")


def test_the_folder_tells_which_of_several_data_sets_it_was() -> None:
    recipe, _ = find_recipe("bruckert-table2")
    assert recipe.also == ("osie",)
    assert default_folder(recipe, "mit1003") == Path("quests/bruckert-table2")
    assert default_folder(recipe, "osie") == Path("quests/bruckert-table2-osie")


# ways


def test_a_way_overrides_rows_which_override_what_all_share() -> None:
    recipe = read_recipe(WAYS, where="here")
    plans = {(run.way, run.name): run.plan for run in recipe.expanded()}
    assert {key: plan.lr for key, plan in plans.items()} == {
        ("fixed", "mse"): 0.1,
        ("fixed", "kld"): 0.2,
        ("matched", "mse"): 0.3,
        ("matched", "kld"): 0.3,
        ("tuned", "kld"): 0.02,  # the last candidate
    }
    assert plans["matched", "kld"].scale == "matched"
    assert [run.folder for run in recipe.expanded()] == [
        "fixed/mse-seed0",
        "fixed/mse-seed1",
        "fixed/kld-seed0",
        "fixed/kld-seed1",
        "matched/mse",
        "matched/kld",
        "tuned/kld-lr0.01-seed0",
        "tuned/kld-lr0.02-seed0",
    ]


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (('"matched"\n', '" "\n'), InputError, "has ways without a name, or with the same: ' '"),
        (('name = "matched"', 'name = "Fixed"'), InputError, "has ways without a name, or with the same: 'fixed'"),
        (("[0.01, 0.02]", "[0.01]"), InputError, r"way 'tuned' chooses from \[0.01\]; give two or more learning rates above 0"),
        (("[0.01, 0.02]", "[0.01, -1.0]"), InputError, "give two or more learning rates above 0"),
        (("[0.01, 0.02]", "[0.01, 0.02, 0.01]"), InputError, "names give the same folder: tuned/kld-lr0.01-seed0"),
        (('rows = ["kld"]', 'rows = ["kdl"]'), UnknownName, r"no row of the recipe w \(way 'tuned'\) is called 'kdl'"),
        (("seeds = [0, 1]", 'seeds = [0, 1]\nsame = ["mse"]'), InputError, "has 1 rows in `same`; the A/A test is a pair of rows"),
        (("seeds = [0, 1]", 'seeds = [0, 1]\nsame = ["mse", "bce"]'), UnknownName, r"\(same\) is called 'bce'"),
        (("seeds = [0, 1]", 'seeds = [0, 1]\nelsewhere = ["Tuned"]'), InputError, "gives two tables one name: Tuned, tuned"),
        (("seeds = [0, 1]", "seeds = [0, 1]\npublished.ccc = {}"), UnknownName, "no metric is called 'ccc'"),
        (("seeds = [0, 1]", "seeds = [0, 1]\npublished.cc = { lc1 = 0.7 }"), UnknownName, r"\(published cc\) is called 'lc1'"),
        (("seeds = [0, 1]", "seeds = [0, 1]\nchanges.lc1 = { lr = 1.0 }"), UnknownName, r"\(changes\) is called 'lc1'"),
        (("seeds = [0, 1]", 'seeds = [0, 1]\nextends = "dmo"'), UnknownName, r"no packaged recipe \(here extends it\) is called 'dmo'"),
        (("[training]\nlr = 0.1", 'extends = "demo"\ntraining = 5'), InputError, r"here: Expected `object`, got `int` - at `\$.training`"),
    ],
)
def test_a_mistake_in_ways_or_pairs_is_told_in_a_sentence(change: tuple[str, str], error: type[Exception], sentence: str) -> None:
    assert change[0] in WAYS
    with pytest.raises(error, match=sentence):
        read_recipe(WAYS.replace(*change, 1), where="here").expanded()


# claims


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (('"cc"', '"nss"'), InputError, "the claim c is about nss, which the recipe w does not score: cc, kl"),
        (('"cc"', '"ccc"'), UnknownName, "no metric or measure is called 'ccc'"),
        (('than = ["mse"]', 'than = ["bce"]'), UnknownName, r"no row of the recipe w \(claim 'c'\) is called 'bce'"),
        (('than = ["mse"]', 'than = ["kld"]'), InputError, "the claim c sets a row against itself: kld"),
        (('than = ["mse"]', ""), InputError, "name both: rows and than"),
        (('than = ["mse"]', 'than = ["mse"]\nway = "osie"'), UnknownName, r"no way of the recipe w \(claim 'c'\) is called 'osie'"),
        (('"better"', '"best"'), InputError, "Invalid enum value 'best'"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_told_before_anything_is_trained(
    change: tuple[str, str], error: type[Exception], sentence: str
) -> None:
    text = WAYS.replace("seeds = [0, 1]", 'seeds = [0, 1]\nmetrics = ["cc", "kl"]') + CLAIM
    assert read_recipe(text, where="here").expanded()
    assert change[0] in CLAIM
    with pytest.raises(error, match=sentence):
        read_recipe(text.replace(CLAIM, CLAIM.replace(*change)), where="here").expanded()


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
