"""docs/adapt.md is true: its commands and its Python run on a small set, and its table has the numbers that there are."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from salquest.cli import main
from salquest.models.adaptation import KNOTS, SCALES, Adaptation
from salquest.models.deep.network import build_network, network_spec
from salquest.runs import RunFolder, RunRecord
from salquest.training.adapting import EVIDENCE, PICTURES

PAGE = (Path(__file__).parents[2] / "docs" / "adapt.md").read_text(encoding="utf-8")
COMMANDS = [line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ salquest ")]


@pytest.fixture
def folder(tiny_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader would stand: a run, a set, a photograph."""
    torch.set_num_threads(1)
    options = {"width": 8}
    network = build_network("light", weights="none", activation="softmax", size=(32, 48), map_size=(16, 24), decoder_options=options)
    run = RunFolder(tmp_path / "runs" / "first")
    run.write(RunRecord(plan={}, identity="0", network=network_spec("light", network, options)))
    save_file(network.state_dict(), run.weights)
    shutil.copytree(tiny_set, tmp_path / "MYDIR")
    shutil.copy(tiny_set / "stimuli" / "blobs00.png", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_and_the_python_of_the_page_run(folder: Path) -> None:
    assert len(COMMANDS) == 3
    for command in COMMANDS:
        with pytest.raises(SystemExit) as left:
            main(shlex.split(command)[1:])
        assert not left.value.code, command
    assert (folder / "maps" / "photo.png").is_file()
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    here: dict = {}
    exec(compile(code, "adapt.md", "exec"), here)
    assert here["density"].kind == "density"


def test_the_table_has_the_numbers_that_there_are() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")][2:]
    named = {row[0]: int(row[1]) for row in rows}
    adaptation = Adaptation(scales=SCALES, weights=(0.0, 0.0, 1.0, 0.0, 0.0))
    assert list(named) == ["weights", *(name for name in Adaptation.__struct_fields__ if name not in ("scales", "weights"))]
    assert sum(named.values()) == adaptation.num_parameters == 14
    assert "fits 14 numbers to some fifty" in PAGE
    assert "at 0.5, 0.7, 1, 1.4 and 2 times its size" in PAGE
    assert (SCALES, KNOTS, EVIDENCE, PICTURES) == ((0.5, 0.7, 1.0, 1.4, 2.0), (-2.0, 0.0, 2.0), 10, 50)
    assert sum(scale**2 for scale in SCALES) == pytest.approx(8, abs=0.5)
