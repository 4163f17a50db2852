"""`salquest train --network salgan --adversarial 1`: what the issue's command line does and says."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import call

from salquest.runs import RunFolder

SMALL = [
    *("--network", "salgan", "--height", "48", "--width", "64", "--batch", "4", "--optimizer", "adagrad", "--lr", "0.003"),
    *("--set", "decoder.width=0.0625", "--set", "decoder.init=he", "--set", "map_size=24,32", "--set", "keep=last"),
    *("--set", "adversary.width=0.25", "--set", "adversary.bootstrap_loss=bce(downsample=4)"),
]


def test_the_network_learns_alone_then_against_the_discriminator_and_both_are_told(
    tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", "--data", f"tiny={tiny_set}", "--loss", "0.05*bce(downsample=4)", "--adversarial", "1", "--epochs", "3"]
    assert call(*asked, *SMALL, "--out", str(tmp_path / "run"), "--cache", str(tmp_path / "cache"), "--device", "cpu") == 0
    told = capsys.readouterr().err
    assert "against a discriminator (printed, width 0.25), weight 1, after 1 epochs of bce(downsample=4) by adagrad" in told
    lines = {line.split("epoch ")[1][0]: line for line in told.splitlines() if " epoch " in line and ": train " in line}
    assert "discriminator" not in lines["1"]
    assert "% of observed and" in lines["2"]
    assert RunFolder(tmp_path / "run").read().plan["adversary"]["bootstrap"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--adversarial", "-1"], "adversarial must be 0 or more: the weight of the adversary's term; found -1"),
        (["--adversarial", "0"], "says how an adversary plays, but its weight (adversarial) is 0"),
        (["--adversarial", "1", "--set", "adversary.bootstrap=3"], "adversary.bootstrap must be 0 or more epochs and fewer than all 3"),
        (["--adversarial", "1", "--loss", "bce(downsample=99)"], "downsample of bce is 99"),
        (["--adversarial", "1", "--loss", "bce(pool=4)"], "bce has no argument 'pool'; it has: reduce, downsample"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    words: list[str], message: str, tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loss = [] if "--loss" in words else ["--loss", "bce"]
    asked = ["train", "--data", f"tiny={tiny_set}", "--epochs", "3", *loss, *words, *SMALL[:-2]]
    assert call(*asked, "--out", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")) == 2
    assert message in capsys.readouterr().err
