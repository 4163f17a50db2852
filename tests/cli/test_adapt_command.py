"""`salquest adapt`: as a user calls it, with a network that nobody trained and gaze that keeps to one side."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cli.command_line import call
from salquest.errors import InputError
from salquest.gaze.map_files import read_map


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from safetensors.torch import save_file

    from salquest.models.deep.network import build_network, network_spec
    from salquest.runs import RunFolder, RunRecord

    torch.set_num_threads(1)
    options = {"width": 8}
    network = build_network("light", weights="none", activation="softmax", size=(64, 96), map_size=(32, 48), decoder_options=options)
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "light")
    folder.write(RunRecord(plan={}, identity="0", network=network_spec("light", network, options)))
    save_file(network.state_dict(), folder.weights)
    return folder.root


@pytest.fixture
def moved(tiny_set: Path, tmp_path: Path) -> Callable[[Callable[[int, float], float]], Path]:
    """The fabricated set with every x in another place: a function of the picture's number and x."""

    def make(place: Callable[[int, float], float]) -> Path:
        folder = Path(shutil.copytree(tiny_set, tmp_path / "set"))
        table = folder / "fixations.csv.gz"
        rows = list(csv.DictReader(io.StringIO(gzip.decompress(table.read_bytes()).decode())))
        for row in rows:
            row["x"] = str(round(place(int(row["image"][5:7]), float(row["x"])), 1))
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        table.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
        return folder

    return make


def test_a_set_that_looks_left_is_learnt_scored_and_predicted(run, moved, tmp_path, capsys) -> None:
    data, out = moved(lambda number, x: x / 3), tmp_path / "adapted"
    assert call("adapt", "--model", run, "--data", f"tiny={data}", "--out", out, "--images", "8") == 0
    told = capsys.readouterr().out
    assert "14 numbers fitted to 8 pictures: " in told
    assert "2 validation pictures: +" in told
    assert "Centre: against the middle, gaze is " in told
    assert f"{out}: use it as --model {out}" in told
    assert "as it was" in told
    assert "adapted − as it was" in told
    assert all(metric in told for metric in ("CC ↑", "NSS ↑", "IG (bit) ↑", "KL (nat) ↓"))

    assert [path.name for path in out.iterdir()] == ["adapted.json"]
    content = json.loads((out / "adapted.json").read_text())
    assert (content["found"], content["helped"], content["fitted"]["data"], len(content["pictures"])) == ("path", True, "tiny", 8)

    assert call("predict", data / "stimuli" / "blobs11.png", "--model", out, "--out", tmp_path / "maps", "--format", "npy") == 0
    found = read_map(tmp_path / "maps" / "blobs11.npy")
    assert found.shape == (48, 64)
    assert found[:, :32].sum() > 2 * found[:, 32:].sum()

    assert call("score", "--model", out, "--model", run, "--data", f"tiny={data}", "--part", "test", "--no-limits") == 0
    capsys.readouterr()
    assert call("adapt", "--model", run, "--data", f"tiny={data}", "--out", out, "--images", "8") == 2
    assert capsys.readouterr().err == (
        f"salquest: {out} holds an adapted network already; choose another folder, or write over it with --force\n"
    )
    before = (out / "adapted.json").read_bytes()
    assert call("adapt", "--model", run, "--data", f"tiny={data}", "--out", out, "--images", "8", "--force") == 0
    assert (out / "adapted.json").read_bytes() == before  # the same seed, the same numbers

    assert call("adapt", "--model", out, "--data", f"tiny={data}", "--out", tmp_path / "twice") == 2
    assert "is an adapted network already; adapt the network that it adapts" in capsys.readouterr().err
    assert call("export", "--model", out, tmp_path / "out.onnx") == 2
    assert "is an adapted network, which is no single graph; export the network that it adapts" in capsys.readouterr().err


def test_what_does_not_help_is_said_and_left_out(run, moved, tmp_path, capsys) -> None:
    data, out = moved(lambda number, x: x / 3 if number < 8 else 63 - x / 3), tmp_path / "adapted"
    assert call("adapt", "--model", run, "--data", f"tiny={data}", "--out", out) == 0
    told = capsys.readouterr().out
    assert (
        "On pictures that they were not fitted to the numbers do not help; they are left out, and the network predicts as it was." in told
    )
    assert "CC" not in told
    assert json.loads((out / "adapted.json").read_text())["helped"] is False
    picture = data / "stimuli" / "blobs11.png"
    for model, maps in ((run, "a"), (out, "b")):
        assert call("predict", picture, "--model", model, "--out", tmp_path / maps, "--format", "npy") == 0
    assert np.array_equal(*(read_map(tmp_path / maps / "blobs11.npy") for maps in ("a", "b")))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--model", "gbvs"), "no run folder or network that ships is called 'gbvs'"),
        (("--model", "runs/absent"), "runs/absent is no trained network"),
        (("--images", "3"), "an adaptation is fitted to 5 to 500 pictures; found 3"),
        (("--data", "tiny=/nowhere"), "there is no folder /nowhere"),
        (("--split", "absent.csv"), "there is no list of parts at absent.csv"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(words, sentence, run, tiny_set, tmp_path, capsys) -> None:
    usual = {"--model": run, "--data": f"tiny={tiny_set}", "--out": tmp_path / "out"}
    given = {**usual, **dict(zip(words[::2], words[1::2], strict=True))}
    assert call("adapt", *(word for pair in given.items() for word in pair)) == 2
    assert capsys.readouterr().err.startswith(f"salquest: {sentence}")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_left_alone(run, tiny_set, capsys) -> None:
    assert call("adapt", "--model", run, "--data", f"tiny={tiny_set}", "--out", run, "--force") == 2
    assert f"{run} is there already and holds something else; choose another folder" in capsys.readouterr().err


def test_data_alone_are_enough_the_shipped_network_is_adapted_into_a_folder_here(monkeypatch, tmp_path, capsys):
    asked = {}

    def stop(model, data, parts, out, **others):
        asked.update(model=model, out=out)
        raise InputError("enough is known")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("salquest.cli.adapt.adapt_network", stop)
    assert call("adapt", "--data", "osie-mini") == 2
    assert asked == {"model": "mobile", "out": Path("adapted")}
    assert "enough is known" in capsys.readouterr().err
