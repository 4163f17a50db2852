"""A quest goes on where it stopped, outlives its failures, and leaves tables that say what they are."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from salquest.datasets import DataSet, load_dataset
from salquest.errors import DataNotFound, InputError, Refused
from salquest.quest import QuestWatcher, report_quest, run_quest
from salquest.runs import Columns
from salquest.training import Watcher

RECIPE = """# small
name = "small"
title = "A <small> quest"
data = "osie-mini"
split = "seed"
pictures = 2
[training]
size = [64, 96]
map_size = [16, 24]
epochs = 2
batch = 4
activation = "sigmoid"
decoder = { last_bias = -3.0, last_scale = 0.1 }
[[runs]]
name = "kld"
loss = "kld"
[[runs]]
name = "broken"
loss = "kld"
optimizer = "sgd"
lr = 1e30
schedule = "constant"
activation = "relu"
decoder = { last_bias = 0.5 }
[[runs]]
name = "mse"
loss = "mse"
"""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data() -> DataSet:
    whole = load_dataset("osie-mini")
    return whole.subset(whole.keys[::6])


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipes") / "small.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def quest(recipe: Path, data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quests") / "small"
    result = run_quest(recipe, data, out=root, device="cpu")
    assert result.failed == ("broken",)
    return root


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_a_failed_run_is_shown_with_its_reason_and_stops_nobody(quest: Path) -> None:
    rows = {row["name"]: row for row in json.loads((quest / "table.json").read_text())["rows"]}
    assert "no finite number" in rows["broken"]["note"]
    assert rows["broken"]["scores"] == {}
    assert rows["mse"]["scores"].keys() == {"cc", "sim", "kl", "nss", "auc_judd", "ig"}


def test_the_table_has_the_floor_and_the_ceiling(quest: Path) -> None:
    kinds = {row["name"]: row["kind"] for row in json.loads((quest / "table.json").read_text())["rows"]}
    assert kinds["centre bias"] == "floor"
    assert kinds["other observers"] == "ceiling"


def test_the_tables_means_are_those_of_the_rows(quest: Path) -> None:
    rows = {row["name"]: row for row in json.loads((quest / "table.json").read_text())["rows"]}
    scores = Columns.load(quest / "runs" / "kld" / "scores.csv").numbers("nss")
    mean, low, high = rows["kld"]["scores"]["nss"]
    assert mean == pytest.approx(sum(scores) / len(scores))
    assert low < mean < high


def test_finished_runs_are_never_done_twice(quest: Path, recipe: Path, data: DataSet) -> None:
    before = {path: path.stat().st_mtime_ns for path in quest.glob("runs/*/weights.safetensors")}
    trained: list[str] = []

    def begin(number: int, total: int, run: object) -> Watcher:
        return Watcher(step=lambda *_: trained.append(run.folder))  # type: ignore[attr-defined]

    run_quest(recipe, data, out=quest, device="cpu", watch=QuestWatcher(begin=begin))
    assert set(trained) <= {"broken"}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_report_is_made_again_from_the_folder_alone(quest: Path, data: DataSet) -> None:
    before = (quest / "table.csv").read_text()
    (quest / "table.csv").unlink()
    (quest / "report.html").unlink()
    report_quest(quest, data=data)
    assert (quest / "table.csv").read_text() == before


def test_the_page_carries_everything_inside_and_escapes_what_it_shows(quest: Path) -> None:
    text = (quest / "report.html").read_text()
    addresses = _Addresses()
    addresses.feed(text)
    assert addresses.found
    assert all(address.startswith("data:image/") for address in addresses.found)
    assert "A &lt;small&gt; quest" in text


def test_the_report_refuses_other_data_than_the_quest_saw(quest: Path) -> None:
    with pytest.raises(InputError, match="the quest was run on edition"):
        report_quest(quest, data=load_dataset("osie-mini"))


def test_another_recipe_is_refused_in_the_same_folder(quest: Path, data: DataSet, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(RECIPE.replace("epochs = 2", "epochs = 3"))
    with pytest.raises(Refused, match="holds the quest of another recipe"):
        run_quest(other, data, out=quest, device="cpu")


def test_a_folder_that_is_no_quest_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"is no quest's folder: it has no recipe.toml"):
        report_quest(tmp_path)
