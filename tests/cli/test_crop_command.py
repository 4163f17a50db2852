"""`salquest crop` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from PIL import Image

from salquest.gaze.pictures import picture_size


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 60, 3), dtype=np.uint8)).save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


def test_crops_of_several_ratios_are_written_and_again_only_what_is_missing(picture, tmp_path, capsys):
    words = ("crop", picture, "--ratio", "1:1", "--ratio", "1:2", "--width", "10", "--model", "centre-bias", "--out", tmp_path / "crops")
    assert call(*words) == 0
    assert "1 picture cut into" in capsys.readouterr().out
    assert (picture_size(tmp_path / "crops" / "a.1x1.jpg"), picture_size(tmp_path / "crops" / "a.1x2.jpg")) == ((10, 10), (20, 10))
    assert call(*words) == 0
    assert "0 pictures cut into" in (told := capsys.readouterr().out)
    assert "; 1 were there already" in told


def test_what_keeps_too_little_is_told_with_what_can_be_done(picture, tmp_path, capsys):
    words = ("crop", picture, "--keep", "0.999", "--model", "uniform", "--out")
    assert call(*words, tmp_path / "crops") == 0
    assert "a keeps 50% in its largest window of ratio 1, less than 100%; --pad COLOUR would keep more" in capsys.readouterr().err
    assert call(*words, tmp_path / "padded", "--pad", "white") == 0
    assert capsys.readouterr().err == ""
    (crop,) = json.loads((tmp_path / "padded" / "a.crops.json").read_text())["crops"]
    assert (crop["width"], crop["height"], crop["is_enough"]) == (60, 60, True)


def test_broken_pictures_are_named_at_the_end(picture, tmp_path, capsys):
    (tmp_path / "b.jpg").write_text("no picture")
    assert call("crop", picture, tmp_path / "b.jpg", "--model", "uniform", "--out", tmp_path / "crops") == 1
    assert "failed: " in (told := capsys.readouterr().err)
    assert "b.jpg is not a picture that can be read" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--ratio wide", "a ratio is width:height, such as 16:9; found 'wide'"),
        ("--pad white", "padding is for keeping a share of the attention"),
        ("--workers 0", "found 0 workers"),
    ],
)
def test_a_wrong_request_is_a_sentence(words, sentence, picture, tmp_path, capsys):
    assert call("crop", picture, "--model", "uniform", "--out", tmp_path / "crops", *words.split()) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "crops").exists()
