"""What the README says is so: its Python runs, its commands exist, and, slowly, its commands run word for word."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from salquest.cli import main
from salquest.datasets import load_dataset

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.removeprefix("$ ").split("  #")[0].strip() for line in README.splitlines() if line.startswith("$ salquest ")]


def test_the_readmes_python_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(load_dataset("osie-mini").samples[0].stimulus.path, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    code = "".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    exec(compile(code, "README.md", "exec"), {})
    assert "'nss': Interval(mean=" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_commands_and_options_that_are_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)[1:3]
    with pytest.raises(SystemExit) as left:
        main([*(words if words[0] in ("data", "displays") else words[:1]), "--help"])
    assert not left.value.code
    options = set(re.findall(r"--[a-z][a-z-]*", command))
    assert options <= set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))


def test_the_readme_shows_the_commands_of_a_first_hour() -> None:
    assert [shlex.split(command)[1] for command in COMMANDS] == [
        *["predict"] * 3,
        "crop",
        "demo",
        "train",
        "predict",
        "export",
        "adapt",
        "score",
        "compare",
        *["quest"] * 3,
        "tune",
        "displays",
        "dissect",
        "data",
    ]


def test_every_page_that_the_readme_links_is_there() -> None:
    linked = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert linked
    assert [target for target in linked if not (ROOT / target).exists()] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_readmes_commands_run_word_for_word(tmp_path: Path) -> None:
    data = load_dataset("osie-mini")
    (tmp_path / "folder").mkdir()
    shutil.copy(data.samples[0].stimulus.path, tmp_path / "photo.jpg")
    shutil.copy(data.samples[1].stimulus.path, tmp_path / "folder")
    (tmp_path / "DIR").mkdir()
    shutil.copy(data.samples[2].stimulus.path, tmp_path / "DIR" / "a.jpg")
    (tmp_path / "gaze.csv").write_text("image,observer,x,y\na.jpg,s1,10,20\na.jpg,s2,30,40\n")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SALQUEST_CACHE": str(tmp_path / "cache")}
    for command in COMMANDS:
        if "PATH" in command or command == "salquest demo":
            continue  # needs a data set that does not travel with the package; serves until it is ended
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert len(list((tmp_path / "maps").glob("*.png"))) == 2
