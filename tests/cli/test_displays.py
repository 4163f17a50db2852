"""`salquest displays`: draw, list and score from the command line."""

from __future__ import annotations

import pytest
from command_line import call

from salquest.displays import FAMILIES


def test_a_set_is_drawn_and_scored(tmp_path, capsys):
    small = ("--size", "192x192", "--per-level", "1", "--families", "hue,orientation")
    assert call("displays", "make", "quick", "--out", tmp_path / "set", *small) == 0
    assert "4 displays of 2 families; checksum" in capsys.readouterr().out
    words = ("--model", "centre-bias", "--model", "uniform", "--workers", "1")
    assert call("displays", "score", "--set", tmp_path / "set", "--out", tmp_path / "b", *words) == 0
    assert "report.html: 4 displays, 2 models" in capsys.readouterr().out
    assert (tmp_path / "b" / "report.html").is_file()


def test_families_are_listed(capsys):
    assert call("displays", "families") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in FAMILIES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("make", "quick", "--out", "x", "--size", "big"), "a size is WIDTHxHEIGHT in pixels, such as 1024x1024; found 'big'"),
        (("make", "quik", "--out", "x"), "no set of displays is called 'quik' (did you mean 'quick'?)"),
        (("score", "--out", "x", "--set", "nowhere"), "there is no folder of displays at nowhere"),
        (("score", "--out", "x", "--model", "nobody"), "no model or run folder is called 'nobody'"),
    ],
)
def test_a_wrong_request_is_one_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("displays", *words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"salquest: {sentence}")
    assert said.count("\n") == 1
    assert not (tmp_path / "x").exists()
