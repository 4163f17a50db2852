"""`salquest train` with several --data: keys, scores and taking the run up again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import call

from salquest.runs import Columns, RunFolder

SMALL = "--loss kld --network light --activation softmax --height 48 --width 64 --epochs 1 --batch 4 --set map_size=24,32 --device cpu"


@pytest.fixture(scope="module")
def home(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for name in ("one", "two"):
        shutil.copytree(tiny_set, folder / name)
    return folder


def test_several_sets_are_trained_on_scored_and_taken_up_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "run"
    data = f"--data one={home / 'one'} --data two={home / 'two'}"
    words = f"train {data} {SMALL} --unfreeze features.17 --set scales=1.0 --set augment.zoom=0.8,1 --out {out}"
    assert call(*words.split()) == 0
    said = capsys.readouterr().out
    assert "test of one: cc" in said
    assert "test of two: cc" in said
    assert set(Columns.load(out / "scores.csv")["data"]) == {"one", "two"}
    assert RunFolder(out).read().plan["augment"]["zoom"] == [0.8, 1]
    assert call("train", "--resume", "--out", str(out)) == 0


def test_a_name_that_stands_twice_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"train --data one={home / 'one'} --data one={home / 'two'} {SMALL} --out {home / 'no'}"
    assert call(*words.split()) == 2
    assert "every data set has a name of its own; found one, one" in capsys.readouterr().err
