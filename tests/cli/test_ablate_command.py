"""`salquest ablate`: units of a small network removed from the command line, taken up again, and one sentence for what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from command_line import call
from PIL import Image
from safetensors.torch import save_file

from salquest.models.deep.network import build_network, network_spec
from salquest.runs import Columns, RunFolder, RunRecord

LAYER = "features.2"


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """A network with random weights in a run folder."""
    torch.set_num_threads(1)
    options = {"width": 8}
    network = build_network(
        "light", weights="none", taps=("features.2",), activation="softmax", size=(48, 64), map_size=(24, 32), decoder_options=options
    )
    folder = RunFolder(tmp_path_factory.mktemp("ablate") / "small")
    folder.write(RunRecord(plan={}, identity="0", network=network_spec("light", network, options)))
    save_file(network.state_dict(), folder.weights)
    return folder.root


@pytest.fixture(scope="module")
def words(tiny_set, small_run, tmp_path_factory):
    """The command, with masks of two halves of a band on six pictures."""
    root = tmp_path_factory.mktemp("halves") / "masks"
    for category, columns in {"left": slice(4, 32), "right": slice(32, 60)}.items():
        (root / category).mkdir(parents=True)
        for number in range(6):
            mask = np.zeros((48, 64), np.uint8)
            mask[4:44, columns] = 255
            Image.fromarray(mask).save(root / category / f"blobs{number:02d}.png")
    return ["ablate", "--model", small_run, "--data", f"tiny={tiny_set}", "--regions", root, "--layers", LAYER]


def test_the_best_of_each_category_are_removed_against_random_ones(words, small_run, tmp_path, capsys):
    out = tmp_path / "out"
    more = ["--model", small_run, "--top", "3", "--sets", "4", "--out", out]
    assert call(*words, *more) == 0
    assert "chosen on one half of the" in " ".join(capsys.readouterr().out.split())
    table = Columns.load(out / "ablation.csv")
    assert table["model"] == ["small", "small", "small (2)", "small (2)"]
    assert table["category"] == ["left", "right", "left", "right"]
    # the same network beside itself
    assert table.numbers("over_first")[2:] == [0.0, 0.0]
    assert call(*words, *more, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["drop"] for row in rows] == table.numbers("drop")
    assert call(*words, *more, "--seed", "1") == 2
    assert "holds what another request made (seed differ)" in capsys.readouterr().err


def test_units_are_removed_one_by_one(words, tmp_path, capsys):
    assert call(*words, "--units", "1,5", "--out", tmp_path / "out") == 0
    assert "units per category whose removal costs most" in " ".join(capsys.readouterr().out.split())
    table = Columns.load(tmp_path / "out" / "ablation.csv")
    assert set(table.numbers("unit")) == {1, 5}
    assert set(table["category"]) == {"whole picture", "left", "right"}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--units", "1,x"], "--units takes best, all, or comma-separated numbers; found '1,x'"),
        (["--units", "99"], "the layer features.2 of small has the units 0 to 23; found 99"),
        (["--units", "all", "--model", "mobile"], "from one layer of one network; found 2 networks"),
        (["--score", "nss"], "no score is called 'nss'"),
        (["--top", "24"], "live units: with 24 removed there is nothing to compare with"),
        (["--model", "mobilenet_v2"], "mobilenet_v2 is an encoder: it predicts no map"),
    ],
)
def test_what_cannot_be_meant_is_told_and_leaves_no_table(words, tmp_path, capsys, more, sentence):
    assert call(*words, *more, "--out", tmp_path / "out") == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out" / "ablation.csv").exists()
