"""The pages of docs/ are true: links lead somewhere, commands and options exist, Python runs, and, slowly, guides run word for word."""

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
from salquest.cli.app import app
from salquest.datasets import load_dataset

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# pages whose examples run as they stand, from an empty folder with some pictures; the others have tests of their own
GUIDES = ("start.md", "pictures.md", "your-data.md", "quests.md")


def fences(page: str, language: str) -> list[tuple[str, str]]:
    """Title and text of a page's code blocks in a language."""
    return re.findall(rf"^```{language}(?: title=\"([^\"]+)\")?\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    """Every salquest command of a page: lines behind a $, and code spans."""
    plain = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ").split("  #")[0].strip() for line in page.splitlines() if line.startswith("$ salquest ")]
    return lines + [" ".join(span.split()) for span in re.findall(r"(?<!`)`(salquest [^`]+)`(?!`)", plain)]


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """Every command, such as "salquest data check", with the options that its help has."""
    sections = re.split(r"^#+ (salquest\b.*)$", app.generate_docs(), flags=re.MULTILINE)[1:]
    return {name: set(re.findall(r"--[a-z][a-z-]*", text)) for name, text in zip(sections[::2], sections[1::2], strict=True)}


SHOWN = sorted(
    {(path.relative_to(DOCS).as_posix(), command) for path in DOCS.rglob("*.md") for command in commands(path.read_text("utf-8"))}
)


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_a_page_shows_commands_and_options_that_are_there(page: str, command: str, options: dict[str, set[str]]) -> None:
    words = command.split()
    called = next((" ".join(words[:count]) for count in (3, 2) if " ".join(words[:count]) in options), None)
    assert called or words[1].startswith("-"), f"there is no such command: {command}"
    assert set(re.findall(r"(?<![\S])--[a-z][a-z-]*", command)) <= options[called or "salquest"] | {"--help", "--debug", "--version"}


def test_pages_are_looked_through_whole() -> None:
    assert len({page for page, _ in SHOWN}) > 10
    assert ("start.md", "salquest quest demo") in SHOWN


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what readers are supposed to have: a photograph, folders of some, two designs."""
    pictures = [sample.stimulus.path for sample in load_dataset("osie-mini").samples]
    for name, source in {
        "photo.jpg": pictures[0],
        "photos/one.jpg": pictures[1],
        "photos/two.jpg": pictures[2],
        "more/deep/three.jpg": pictures[3],
        "page.png": pictures[4],
        "other.png": pictures[5],
        "pictures/a.jpg": pictures[6],
        "pictures/b.jpg": pictures[7],
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(page: str) -> str:
    """The text of a guide, whose titled blocks are now files of the current folder."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for language in ("json", "toml", "text"):
        for title, content in fences(text, language):
            if title:
                Path(title).write_text(content, encoding="utf-8")
    return text


@pytest.mark.parametrize("page", GUIDES)
def test_the_python_of_a_guide_runs(page: str, folder: Path) -> None:
    text = written(page)
    if page == "your-data.md":  # its Python reads what its first command has made
        (command,) = [command for command in commands(text) if "data import" in command]
        with pytest.raises(SystemExit) as left:
            main(shlex.split(command)[1:])
        assert not left.value.code
    names: dict = {}
    blocks = fences(text, "python")
    assert blocks
    for _, code in blocks:
        exec(compile(code, f"docs/{page}", "exec"), names)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", GUIDES)
def test_the_commands_of_a_guide_run_word_for_word(page: str, folder: Path) -> None:
    text = written(page)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SALQUEST_CACHE": str(folder / "cache")}
    ran = [line.removeprefix("$ ") for _, block in fences(text, "console") for line in block.splitlines() if line.startswith("$ ")]
    assert ran
    for command in ran:
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
