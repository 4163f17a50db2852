"""`salquest tune` as a user calls it: what it prints, what the printed command trains, and what it says of wrong requests."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from command_line import call

from salquest.runs import Columns, RunFolder

SMALL = "--height 48 --width 64 --epochs 1 --set map_size=12,16 --set batch=4 --set decoder.last_bias=-2.5 --device cpu"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def tune(loss: str, data: Path, out: Path, *more: str) -> int:
    words = shlex.split(SMALL)
    return call("tune", loss, "--data", f"tiny={data}", "--out", out, "--cache", out.parent / "features", *words, *more)


def test_the_printed_command_trains_what_the_best_trial_trained(tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    out = tmp_path / "weights of cc"
    assert tune("-12*cc + kld", tiny_set, out, "--trials", "2", "--lr-span", "3", "--split", "distributed") == 0
    told = capsys.readouterr().out
    rows = Columns.load(out / "trials.csv").rows()
    assert rows[0]["loss"] == "-12*cc + kld"
    assert "2 trials: 2 finished." in told
    assert "(as given)" in told
    assert "centre bias (floor)" in told
    (line,) = [line for line in told.splitlines() if line.startswith("salquest train")]
    best = max(rows, key=lambda row: row["cc"])
    assert shlex.split(line)[-1] == str(out / f"best-{best['number']}")
    assert call(*shlex.split(line)[1:], "--device", "cpu", "--cache", tmp_path / "features") == 0
    trained, tried = (RunFolder(folder).read() for folder in (Path(shlex.split(line)[-1]), out / "trials" / f"{best['number']:04d}"))
    assert trained.plan == tried.plan
    assert set(trained.split["train"]) == set(tried.split["train"])
    assert trained.scores


def test_a_front_prints_one_command_per_trial_on_it(tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    assert tune("kld - cc", tiny_set, tmp_path / "s", "--trials", "3", "--metrics", "cc,kl", "--sampler", "random", "--fixed", "none") == 0
    told = capsys.readouterr()
    lines = [line for line in told.out.splitlines() if line.startswith("salquest train")]
    assert 1 <= len(lines) <= 3
    assert "trial 2: finished, cc 0." in told.err
    assert tune("kld - cc", tiny_set, tmp_path / "s", "--trials", "3", "--metrics", "kl") == 2
    assert 'metrics is ["cc", "kl"] there and ["kl"] here' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("10*kld - 2*cc --span 0.5", "a span is a factor"),
        ("10*kld - 2*cc --metrics ncc", "no metric is called 'ncc'"),
        ("10*kld - 2*cc --fixed ccc", "no term of '10*kld - 2*cc' is called 'ccc' (did you mean 'cc'?)"),
        ("kld", "nothing is left to search in 'kld'"),
        ("10*kld + cc", "+cc would push cc down"),
        ("10*kld - 2*cc --trials 0", "a search needs one trial or more"),
        ("10*kld - 2*cc --set epoch=3", "is called 'epoch' (did you mean 'epochs'?)"),
        ("10*kld - 2*cc --sampler tpee", "Invalid value"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_nothing_is_written(
    words: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loss, sign, rest = words.partition(" --")
    assert call("tune", loss, "--data", "osie-mini", "--out", tmp_path / "s", *(sign + rest).split()) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_optuna_it_names_the_part_that_is_missing(tmp_path: Path) -> None:
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "optuna":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from salquest.cli import main
main(sys.argv[1:])
"""
    words = ["tune", "10*kld - cc", "--data", "osie-mini", "--out", str(tmp_path / "s")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "salquest: salquest tune needs a part of salquest that is not installed; install it with: pip install 'salquest[tune]'\n"
    )
    assert list(tmp_path.iterdir()) == []
