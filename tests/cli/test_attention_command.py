"""`salquest attention` as a user calls it: the table, the sentences beside it, the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import call
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("old.png", "new.png"):
        Image.new("RGB", (80, 60), (10, 90, 200)).save(tmp_path / name)
    regions = [{"name": "logo <b>[x]", "box": [0, 0, 40, 30]}, {"name": "button", "polygon": [[40, 30], [80, 30], [80, 60]]}]
    (tmp_path / "regions.json").write_text(json.dumps({"regions": regions}))
    return tmp_path


def test_shares_are_a_table_with_what_the_model_cannot_know_beside_it(folder, capsys):
    assert call("attention", folder / "old.png", "--regions", folder / "regions.json", "--model", "uniform") == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if "logo <b>[x]" in line).split()
    assert (line[2], line[6], line[7]) == ("25.0%", "25.0%", "1.00")  # a uniform map: as much as its area
    assert "about as exact as counting" in told
    assert "What the model cannot know: what these viewers came to do" in told


def test_two_designs_stand_side_by_side_and_the_page_has_all_of_it(folder, capsys):
    words = ("attention", folder / "old.png", folder / "new.png", "--regions", folder / "regions.json", "--model", "uniform")
    assert call(*words, "--html", folder / "page.html") == 0
    assert "not clear" in capsys.readouterr().out
    page = (folder / "page.html").read_text()
    assert "logo &lt;b&gt;[x]" in page
    assert "<b>[x]" not in page
    assert "What the model cannot know" in page
    assert page.count("data:image/jpeg;base64,") == 6
    assert "http" not in page


def test_json_is_one_document(folder, capsys):
    regions = folder / "regions.json"
    assert (
        call(
            "attention", folder / "old.png", folder / "new.png", "--regions", regions, "--regions", regions, "--model", "uniform", "--json"
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["designs"][0]["regions"]] == ["logo <b>[x]", "button", "(elsewhere)"]
    assert [one["is_clear"] for one in told["differences"]] == [False] * 3
    assert told["precision"]["pictures"] == 40
    assert len(told["notes"]) == 2


def test_intervals_can_be_measured_on_ones_own_data(folder, tiny_set, capsys):
    words = ("attention", folder / "old.png", "--regions", folder / "regions.json", "--model", "uniform", "--data", f"tiny={tiny_set}")
    assert call(*words) == 0
    assert "people's on 12 pictures of tiny" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("old.png --regions nowhere.json", "there is no file of regions at nowhere.json"),
        ("nowhere.png --regions regions.json", "there is no picture at nowhere.png"),
        ("old.png new.png old.png --regions regions.json", "found 3 pictures and 1 files of regions"),
        ("old.png --regions regions.json --model nobody", "no model or run folder is called 'nobody'"),
        ("old.png --regions old.png", "old.png is no file of regions"),
    ],
)
def test_a_wrong_request_is_a_sentence(words, sentence, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert call("attention", *words.split()) == 2
    assert sentence in capsys.readouterr().err
