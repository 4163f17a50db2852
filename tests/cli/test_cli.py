"""The command line as a user calls it: what it prints, what it leaves, its exit status and its sentences."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import call

from salquest.datasets import load_dataset
from salquest.gaze.map_files import read_map
from salquest.gaze.pictures import picture_size


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    data = load_dataset("osie-mini")
    for sample in data.samples[:3]:
        shutil.copy(sample.stimulus.path, folder / sample.stimulus.key)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first"
    words = (
        f"train --data osie-mini --loss kld --height 64 --width 96 --epochs 1 --set map_size=16,24 --set decoder.last_scale=0.1 --out {out}"
    )
    assert call(*words.split(), "--cache", out.parent / "features", "--device", "cpu") == 0
    return out


def test_help_and_version_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    told = capsys.readouterr().out
    assert all(
        command in told
        for command in ("predict", "crop", "attention", "train", "quest", "tune", "score", "compare", "data", "list", "report")
    )
    assert call("--version") == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


@pytest.mark.parametrize(
    "command", ["predict", "crop", "attention", "train", "quest", "tune", "score", "compare", "report", "list", "data check", "data import"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*command.split(), "--help") == 0
    assert "Usage: salquest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("predictt x --out y", 'Unknown command "predictt". Did you mean "predict"?'),
        ("list loses", "Invalid value"),
        ("quest dmo", "no recipe (or TOML file) is called 'dmo' (did you mean 'demo'?)"),
        ("quest demo --data osie=x", "the recipe demo uses the data set osie-mini; it has no use for osie"),
        ("train --data osie-mini --loss 10*kdl --out x", "no loss is called 'kdl' (did you mean 'kld'?)"),
        ("train --data osie-mini --loss +cc --out x", "+cc would push cc down"),
        ("train --out x", "a run needs --loss and --data"),
        ("train --resume --out nowhere", "nowhere is no run folder: it has no run.json"),
        ("train --data osie-mini --loss kld --out x --set epoch=3", "is called 'epoch' (did you mean 'epochs'?)"),
        ("train --data osie-mini --loss kld --out x --device tpu", "no device is called 'tpu'"),
        ("score --data osie-mini", "nothing to score"),
        ("score --data osie-mini --model uniform --metrics ncc", "no metric is called 'ncc'"),
        ("score --data osie-mini --model unifrom", "no model or run folder is called 'unifrom' (did you mean 'uniform'?)"),
        ("score --data osie --model uniform", "osie does not travel with salquest: give its folder (osie=PATH)"),
        ("score --data osie=nowhere --model uniform", "there is no folder nowhere"),
        ("predict nowhere.jpg --model bruckert --out x", "bruckert is a network without trained weights"),
        ("report nowhere", "nowhere is no quest's folder"),
        ("data check nowhere", "no data set is called 'nowhere'"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_status_2(
    words: str, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*words.split()) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.count("\n") <= 2
    assert "Traceback" not in told.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["losses", "metrics", "models", "datasets", "encoders", "recipes"])
def test_catalogues_are_listed_for_people_and_for_programs(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", kind, "--json") == 0
    entries = json.loads(capsys.readouterr().out)
    assert call("list", kind) == 0
    told = capsys.readouterr().out
    assert entries
    assert all(name in told for name in entries)


def test_chance_is_shown_and_is_above_a_half_for_judds_auc(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "metrics", "--json") == 0
    entries = json.loads(capsys.readouterr().out)
    assert entries["auc"]["chance"] == "0.5"
    assert entries["auc_judd"]["chance"] == "0.583 with 5 fixations, 0.505 with 100"
    assert entries["kl"]["chance"] == "depends on the data"


def test_predict_writes_one_map_per_picture_of_its_size_and_does_only_what_is_missing(
    photos: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "maps"
    assert call("predict", photos, "--model", run, "--out", out, "--overlay") == 0
    maps = sorted(out.glob("*.png"))
    assert [path.stem for path in maps] == sorted(path.stem for path in photos.iterdir())
    assert all(read_map(path).shape == (240, 320) for path in maps)
    assert all(picture_size(out / f"{path.stem}.overlay.jpg") == (240, 320) for path in maps)
    maps[1].unlink()
    capsys.readouterr()
    assert call("predict", photos, "--model", run, "--out", out, "--overlay") == 0
    assert "1 picture predicted" in capsys.readouterr().out


def test_predict_names_what_failed_and_does_the_rest(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "in"
    shutil.copytree(photos, broken)
    (broken / "broken.jpg").write_text("not a picture")
    assert call("predict", broken, tmp_path / "gone.jpg", "--model", "centre-bias", "--out", tmp_path / "maps", "--format", "npy") == 1
    told = capsys.readouterr()
    assert "3 pictures predicted" in told.out
    assert "broken.jpg is not a picture that can be read" in told.err
    assert "there is no picture at" in told.err
    assert len(list((tmp_path / "maps").glob("*.npy"))) == 3


def test_predict_does_not_mix_maps_of_two_models(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("predict", photos, "--model", "centre-bias", "--out", tmp_path) == 0
    assert call("predict", photos, "--model", "uniform", "--out", tmp_path) == 2
    assert "holds what another request made (model was centre-bias, and is uniform now)" in capsys.readouterr().err
    assert call("predict", photos, "--model", "uniform", "--out", tmp_path, "--force") == 0


def test_maps_that_were_predicted_score_as_the_model_does(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = load_dataset("osie-mini")
    stimuli = [data[key].stimulus.path for key in data.parts["test"]]
    assert call("predict", *stimuli, "--model", run, "--out", tmp_path / "maps", "--format", "npy") == 0
    capsys.readouterr()
    assert (
        call(
            "score",
            "--maps",
            tmp_path / "maps",
            "--model",
            run,
            "--data",
            "osie-mini",
            "--part",
            "test",
            "--json",
            "--csv",
            tmp_path / "s.csv",
        )
        == 0
    )
    rows = json.loads(capsys.readouterr().out)["rows"]
    for metric in ("cc", "nss", "kl", "ig"):
        assert rows[0]["scores"][metric][0] == pytest.approx(rows[1]["scores"][metric][0], abs=1e-5)
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 41


def test_score_names_pictures_without_a_map_and_leaves_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = load_dataset("osie-mini")
    rng = np.random.default_rng(0)
    for key in data.parts["test"][:-1]:
        np.save(tmp_path / f"{Path(key).stem}.npy", rng.random((240, 320)))
    assert call("score", "--maps", tmp_path, "--data", "osie-mini", "--part", "test", "--html", tmp_path / "page.html") == 1
    told = capsys.readouterr()
    assert f"{data.parts['test'][-1]} was not scored" in told.err
    assert "convention exact" in " ".join(told.out.split())
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_resume_takes_the_runs_own_plan(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("train", "--resume", "--out", run) == 0
    assert "best epoch 1 of 1" in capsys.readouterr().out


def test_data_check_tells_what_is_there_in_words_and_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("data", "check", "osie-mini") == 0
    assert "osie-mini: 120 pictures (320 x 240 px), 15 observers, 16787 fixations" in capsys.readouterr().out
    assert call("data", "check", "osie-mini", "--json") == 0
    assert json.loads(capsys.readouterr().out)["usable"] is True


def test_a_table_is_imported_checked_and_trained_on(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["image,participant,x,y,t"]
    rng = np.random.default_rng(1)
    for picture in sorted(photos.iterdir()):
        rows += [f"{picture.name},s{o},{x:.1f},{y:.1f},{t}" for o in range(3) for t, (x, y) in enumerate(rng.uniform(0, 239, (6, 2)))]
    rows.append(f"{picture.name},s1,999,3,9")
    (tmp_path / "gaze.csv").write_text("\n".join(rows) + "\n")
    monkeypatch.chdir(tmp_path)
    words = ("data", "import", "gaze.csv", "--images", photos, "--px-per-degree", "9.6")
    assert call(*words) == 0
    told = capsys.readouterr()
    assert "gaze: 3 pictures (320 x 240 px), 3 observers, 54 fixations" in told.out
    assert "fixations outside the picture" in told.err
    assert call("data", "check", tmp_path / "gaze") == 0
    assert call(*words) == 2
    assert "is already there" in capsys.readouterr().err


def test_importing_salquest_loads_neither_torch_nor_numpy() -> None:
    code = "import salquest, sys; print([m for m in ('torch', 'numpy', 'matplotlib', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_help_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\nfrom salquest.cli import main\ntry: main(['--help'])\n"
        "except SystemExit: print('LOADED', [m for m in ('torch', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip().endswith("LOADED []")


def test_without_torch_training_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nfrom salquest.cli import main\n"
        f"main(['train', '--data', 'osie-mini', '--loss', 'kld', '--out', {str(tmp_path / 'x')!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'salquest[train]'" in done.stderr


def test_score_shows_floor_ceiling_and_shares_unless_told_not_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("score", "--model", "uniform", "--data", "osie-mini", "--part", "val", "--metrics", "nss,cc", "--json")
    assert call(*words) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["kind"] for row in rows] == ["model", "floor", "ceiling"]
    low, high = (row["scores"]["nss"][0] for row in rows[1:])
    assert 0 < low < high
    assert "cc" not in rows[2]["scores"]
    assert call(*words[:-1], "--html", tmp_path / "page.html") == 0
    told = capsys.readouterr().out
    assert "Share of the way from the floor (0) to the ceiling (1)" in told
    assert f"{-low / (high - low):.2f}" in told
    assert "Share of the ceiling" in (tmp_path / "page.html").read_text()
    assert call(*words, "--no-limits") == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 1
