"""`--losses FILE`: a user's own loss is trained with, taken up again from another folder, predicted with, carried through a quest, and listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from command_line import call

from salquest.datasets import DataSet, divide, load_dataset
from salquest.gaze.map_files import read_map
from salquest.runs import RunFolder, RunRecord
from salquest.training import Watcher
from salquest.training import train as train_network
from salquest.training.plan import plan_from

OWN = """
from salquest.losses import LossCard

def peak(values, saliency, *, share: float = 0.5):
    '''Mean squared error where the observed map is above a share of its maximum.'''
    return ((values - saliency).square() * (saliency > share)).mean(dim=(-2, -1))

LOSSES = {"peak": LossCard(peak, "unit", "saliency", "down", "pixel", "0..1", "this test", "error at the peaks")}
"""
RECIPE = """
name = "own"
data = "osie-mini"
split = "{split}"
metrics = ["cc"]
pictures = 1
[training]
size = [48, 64]
map_size = [12, 16]
epochs = 1
batch = 4
mirror = false
[[runs]]
name = "peak"
loss = "peak + mse"
"""
SMALL = "--data osie-mini --split parts.csv --height 48 --width 64 --epochs 2 --batch 4 --set map_size=12,16 --device cpu --cache features"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load_dataset("osie-mini")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, data: DataSet) -> Path:
    """Where a user works: losses of one's own, a division of eight pictures, a run."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "my_losses.py").write_text(OWN)
    parts = ["train"] * 4 + ["val"] * 2 + ["test"] * 2
    rows = [f"{key},{part}" for key, part in zip(data.keys, parts, strict=False)]
    (folder / "parts.csv").write_text("\n".join(["image,split", *rows, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call("train", "--loss", "10*peak(share=0.4) + mse", "--losses", "my_losses.py", "--out", "run", *SMALL.split()) == 0
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun_again(home: Path, data: DataSet, where: Path) -> RunRecord:
    """The run after its first epoch of two, as a power cut leaves it."""

    class PowerCut(Exception):
        pass

    def cut(row: object) -> None:
        raise PowerCut

    record = RunFolder(home / "run").read()
    plan, parts = plan_from(dict(record.plan), where="the first run"), divide(data, str(home / "parts.csv"))
    with pytest.raises(PowerCut):
        train_network(plan, data, parts, where, device="cpu", cache=home / "features", watch=Watcher(epoch=cut))
    return record


def test_the_runs_record_names_the_loss_and_the_whole_path_of_its_file(home: Path) -> None:
    record = RunFolder(home / "run").read()
    assert record.plan["loss"] == "10*peak(share=0.4) + mse"
    assert record.plan["own_losses"] == str(home / "my_losses.py")
    assert record.status in ("finished", "collapsed")


def test_a_run_is_taken_up_again_from_another_folder(home: Path, data: DataSet, elsewhere: Path) -> None:
    record = begun_again(home, data, elsewhere / "cut")
    assert call("train", "--resume", "--out", elsewhere / "cut", "--device", "cpu", "--cache", home / "features") == 0
    again = RunFolder(elsewhere / "cut").read()
    assert (again.identity, again.epochs_done) == (record.identity, 2)
    assert again.scores == record.scores


def test_a_file_that_was_moved_is_named_and_can_be_given_anew(
    home: Path, data: DataSet, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun_again(home, data, elsewhere / "cut")
    shutil.copy(home / "my_losses.py", elsewhere / "moved.py")
    path = elsewhere / "cut" / "run.json"
    path.write_text(path.read_text().replace(str(home / "my_losses.py"), str(elsewhere / "gone.py")))
    resume = ["train", "--resume", "--out", elsewhere / "cut", "--device", "cpu", "--cache", home / "features"]
    assert call(*resume) == 2
    assert "gone.py with losses of your own" in capsys.readouterr().err
    assert call(*resume, "--losses", "moved.py") == 0
    assert RunFolder(elsewhere / "cut").read().plan["own_losses"] == str(elsewhere / "moved.py")


def test_other_losses_in_the_file_are_another_run(home: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "my_losses.py").write_text(OWN.replace("share: float = 0.5", "share: float = 0.6"))
    shutil.copy(home / "parts.csv", elsewhere)
    words = ["--loss", "10*peak(share=0.4) + mse", "--losses", "my_losses.py", "--out", home / "run", *SMALL.split()]
    assert call("train", *words) == 2
    assert "holds another run" in capsys.readouterr().err


def test_what_was_trained_predicts_without_the_file(home: Path, data: DataSet, elsewhere: Path) -> None:
    shutil.copytree(home / "run", elsewhere / "run")
    path = elsewhere / "run" / "run.json"
    path.write_text(path.read_text().replace("my_losses.py", "gone.py"))
    picture = data.samples[6].stimulus.path
    assert call("predict", picture, "--model", elsewhere / "run", "--out", elsewhere / "maps", "--format", "npy", "--device", "cpu") == 0
    assert read_map(elsewhere / "maps" / f"{Path(picture).stem}.npy").sum() == pytest.approx(1, abs=1e-4)


def test_a_quest_with_ones_own_losses_is_reported_from_another_folder(home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    Path("own.toml").write_text(RECIPE.format(split=home / "parts.csv"))
    assert call("quest", "own.toml", "--losses", "my_losses.py", "--out", "quest", "--device", "cpu", "--cache", "features") == 0
    monkeypatch.chdir(elsewhere)
    assert call("report", home / "quest") == 0
    assert "peak" in (home / "quest" / "table.md").read_text()


def test_own_losses_are_listed_with_the_packaged_ones(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "losses", "--losses", home / "my_losses.py", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["peak"]["what"] == "error at the peaks"
    assert "kld" in listed
    assert "lc1" in listed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train --data osie-mini --loss peak --out x", "no loss is called 'peak'"),
        ("train --data osie-mini --loss peak --losses nowhere.py --out x", "there is no file nowhere.py with losses of your own"),
        ("train --data osie-mini --loss kld --losses {home}/parts.csv --out x", "cannot be executed"),
        ("quest demo --losses nowhere.py", "nowhere.py with losses of your own"),
        ("list losses --losses nowhere.py", "there is no file nowhere.py with losses of your own"),
        ("list metrics --losses {home}/my_losses.py", "--losses adds a file's losses to the losses; metrics have no use for it"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    words: str, sentence: str, home: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words.format(home=home).split()) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert list(elsewhere.iterdir()) == []
