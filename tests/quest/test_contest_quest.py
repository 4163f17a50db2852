"""A quest with an adversary from its recipe to its report: claims, measures and figures of the contest."""

from __future__ import annotations

from pathlib import Path

import pytest

from salquest.datasets import DataSet
from salquest.quest import read_recipe, run_quest
from salquest.runs import Columns

RECIPE = """
name = "contest"
data = "tiny"
split = "distributed"
metrics = ["cc"]
measures = ["level_sets", "late_gain"]
pictures = 1

[training]
network = "salgan"
taps = ["features.13", "features.17"]
size = [48, 64]
map_size = [24, 32]
decoder = { width = 0.0625, init = "he" }
epochs = 6
batch = 4
lr = 0.003
optimizer = "adagrad"
schedule = "constant"
keep = "last"

[[runs]]
name = "BCE/4"
loss = "bce(downsample=4)"

[[runs]]
name = "GAN/4"
loss = "0.05*bce(downsample=4)"
adversarial = 1
adversary = { bootstrap = 2, bootstrap_loss = "bce(downsample=4)", width = 0.25 }

[[claims]]
name = "smoother"
text = "adversarial training gives smoother maps"
kind = "better"
metric = "level_sets"
rows = ["GAN/4"]
than = ["BCE/4"]

[[claims]]
name = "goes-on"
text = "it goes on improving"
kind = "better"
metric = "late_gain"
rows = ["GAN/4"]
than = ["BCE/4"]
"""


@pytest.fixture(scope="module")
def folder(tiny: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("contest") / "quest"
    run_quest(read_recipe(RECIPE, where="here"), tiny, out=root, device="cpu")
    return root


def test_both_losses_the_accuracies_and_the_level_sets_are_drawn(folder: Path) -> None:
    assert {"contest.png", "level-sets.png", "learning.png"} <= {path.name for path in (folder / "figures").iterdir()}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Network against discriminator" in page
    assert "Level sets of one test picture" in page


def test_rows_are_measured_and_claims_about_measures_are_judged_or_said_not_to_be(folder: Path) -> None:
    text = (folder / "table.md").read_text(encoding="utf-8")
    assert "late gain of CC" in text.split("## Measures")[1].split("## ")[0]
    tested = text.split("## What the paper says, tested")[1]
    assert "smoother: adversarial training gives smoother maps" in tested
    assert "goes-on: it goes on improving" in tested


def test_the_rows_share_their_bootstrap(folder: Path) -> None:
    logs = [Columns.load(folder / "runs" / row / "log.csv") for row in ("bce-4", "gan-4")]
    assert logs[0].numbers("train_loss")[:2] == logs[1].numbers("train_loss")[:2]
    assert logs[1]["discriminator_loss"][:2] == [None, None]
    validation = Columns.load(folder / "runs" / "gan-4" / "validation.csv")
    assert validation["epoch"] == [1, 2, 3, 4, 5, 6]
    assert len(validation) == 3  # the epoch and two validation pictures
