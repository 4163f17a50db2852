"""`salquest dissect`: from the command to tables, taken up again, and one sentence for what is wrong."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from command_line import call
from PIL import Image

from salquest.runs import Columns

LAYERS = "features.1,features.2"


@pytest.fixture(scope="module")
def labelled(tiny_set, tmp_path_factory):
    """Masks for the first four pictures of the tiny set: left and right half of a band."""
    root = tmp_path_factory.mktemp("masks") / "masks"
    for category, columns in {"left": slice(4, 20), "right": slice(40, 60)}.items():
        (root / category).mkdir(parents=True)
        for number in range(4):
            mask = np.zeros((48, 64), np.uint8)
            mask[10 + number : 30, columns] = 255
            Image.fromarray(mask).save(root / category / f"blobs{number:02d}.png")
    return root


def words(tiny_set, labelled, out, *more):
    """The command, in which what comes later replaces what came before."""
    usual = {"--regions": labelled, "--layers": LAYERS, "--data": f"tiny={tiny_set}"}
    return "dissect", "--model", "mobilenet_v2", "--out", out, *more, *(w for pair in usual.items() if pair[0] not in more for w in pair)


@pytest.fixture(scope="module")
def done(tiny_set, labelled, tmp_path_factory):
    out = tmp_path_factory.mktemp("dissected") / "out"
    assert call(*words(tiny_set, labelled, out)) == 0
    return out


def test_the_folder_holds_tables_and_a_document(done):
    assert sorted(path.name for path in done.iterdir()) == [
        "cache", "dissection.html", "dissection.json", "health.csv", "layers.csv", "request.json", "units.csv",
    ]  # fmt: skip
    layers = Columns.load(done / "layers.csv")
    # two networks, two layers, two categories, five scores
    assert layers.height == 2 * 2 * 2 * 5
    assert set(layers["model"]) == {"mobilenet_v2", "mobilenet_v2, random weights"}
    assert Columns.load(done / "units.csv").height == 2 * 2 * (16 + 24)
    content = json.loads((done / "dissection.json").read_text())
    assert content["categories"] == {"left": {"regions": 4, "pictures": 4}, "right": {"regions": 4, "pictures": 4}}
    assert content["pictures"] == 12


def test_the_same_command_goes_on_and_another_is_refused(done, tiny_set, labelled, capsys):
    assert call(*words(tiny_set, labelled, done)) == 0
    printed = capsys.readouterr().out
    assert "relative NSS" in printed
    assert "held out" in printed
    assert call(*words(tiny_set, labelled, done, "--quantile", "0.01")) == 2
    assert "holds what another request made (quantile differ)" in capsys.readouterr().err


def test_json_is_one_document(done, tiny_set, labelled, capsys):
    assert call(*words(tiny_set, labelled, done, "--json")) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((done / "dissection.json").read_text())


def test_two_networks_are_compared(tiny_set, labelled, tmp_path, capsys):
    assert call(*words(tiny_set, labelled, tmp_path / "out", "--model", "mobilenet_v2@none", "--no-control", "--pictures", "8")) == 0
    assert "CKA of cells" in capsys.readouterr().out
    drift = Columns.load(tmp_path / "out" / "drift.csv")
    assert (drift["second"], drift["layer"]) == (["mobilenet_v2@none"] * 2, LAYERS.split(","))


def test_the_page_can_be_left_out_and_tables_be_parquet_too(done, tiny_set, labelled, tmp_path):
    pytest.importorskip("pyarrow", reason="needs salquest[parquet]")
    shutil.copytree(done / "cache", tmp_path / "out" / "cache")
    assert call(*words(tiny_set, labelled, tmp_path / "out", "--no-page", "--parquet")) == 0
    assert not (tmp_path / "out" / "dissection.html").exists()
    for name in ("units", "layers", "health"):
        csv, parquet = (Columns.load(tmp_path / "out" / f"{name}{ending}") for ending in (".csv", ".parquet"))
        assert list(csv) == list(parquet)
        # numbers alike; "best" names units, which CSV reads as a number where there is one
        assert all(csv[column] == parquet[column] for column in csv if column != "best")


def test_parquet_without_pyarrow_is_told_before_the_work(tiny_set, labelled, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert call(*words(tiny_set, labelled, tmp_path / "out", "--parquet")) == 2
    told = capsys.readouterr().err
    assert "a Parquet table needs a part of salquest that is not installed; install it with: pip install 'salquest[parquet]'" in told
    assert not (tmp_path / "out").exists()


def test_change_is_split_into_what_the_networks_differ_in(tiny_set, labelled, tmp_path, capsys):
    models = ("--model", "mobilenet_v2@none", "--model", "mobilenet_v2")
    ask = words(tiny_set, labelled, tmp_path / "out", *models, "--no-control", "--change", "weights=1,2", "--change", "nothing=1,3")
    assert call(*ask) == 0
    assert "weights - nothing" in capsys.readouterr().out
    split = {
        (row["layer"], row["measure"], row["kind"], row["minus"] or ""): row["change"]
        for row in Columns.load(tmp_path / "out" / "split.csv").rows()
    }
    assert float(str(split["features.1", "cells_cka", "weights", ""])) > 0.01
    assert split["features.1", "cells_cka", "nothing", ""] == pytest.approx(0)
    assert split["features.2", "rsa", "weights", "nothing"] == pytest.approx(split["features.2", "rsa", "weights", ""])
    told = json.loads((tmp_path / "out" / "dissection.json").read_text())["split"]
    assert [row["change"] for row in told] == pytest.approx(list(split.values()))
    assert "Change, by what the networks differ in" in (tmp_path / "out" / "dissection.html").read_text()


def test_a_layer_that_is_not_there_leaves_nothing_behind(tiny_set, labelled, tmp_path, capsys):
    assert call(*words(tiny_set, labelled, tmp_path / "out", "--layers", "feature.3")) == 2
    told = capsys.readouterr().err
    assert "mobilenet_v2 has no layer called 'feature.3' (did you mean 'features.3'?)" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_refused(tiny_set, labelled, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert call(*words(tiny_set, labelled, tmp_path)) == 2
    assert "holds files that `salquest dissect` did not make (thesis.txt)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--size", "240"), "a size is WIDTHxHEIGHT"),
        (("--regions", "own"), "tiny came without regions"),
        (("--model", "gbvs"), "gbvs is no network"),
        (
            ("--change", "task=1,2"),
            "--change takes KIND=I,J with two of the numbers 1..1 of the networks, such as task=1,2; found 'task=1,2'",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(tiny_set, labelled, tmp_path, capsys, more, message):
    assert call(*words(tiny_set, labelled, tmp_path / "out", *more)) == 2
    assert message in capsys.readouterr().err
