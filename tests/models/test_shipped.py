"""Networks inside the package: a folder with a card is in the catalogue, the preferred one is the default, and the tool puts them there."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.shipped import MAX_BYTES, SHIPPED, shipped_networks

ROOT = Path(__file__).parents[2]
PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)

# the folder that the package looks for shipped networks in, changed before it looks
WITH_SHIPPED = """
import sys
from importlib import resources
from pathlib import Path
found = resources.files
resources.files = lambda room: Path(sys.argv[1]) if room == "salquest.models" else found(room)
"""


def python(code: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", WITH_SHIPPED + code, *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("ship_model", ROOT / "tools" / "ship_model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stocked(small_checkpoint, tmp_path) -> Path:
    """A folder of shipped networks with the preferred one in it."""
    shutil.copytree(small_checkpoint, tmp_path / "shipped" / "mobile")
    return tmp_path / "shipped"


def test_folders_without_a_card_are_no_networks(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.md").write_text("")
    assert shipped_networks(tmp_path) == {}
    assert shipped_networks(tmp_path / "absent") == {}


def test_what_ships_stays_within_its_bytes_and_is_complete() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= MAX_BYTES
    for folder in shipped_networks().values():
        assert folder.weights.is_file()
        assert folder.graph.is_file()
        assert folder.read().name == folder.root.name


def test_the_preferred_one_is_the_default_and_says_nothing(stocked) -> None:
    code = """
import numpy as np
from salquest.models.catalogue import DEFAULT, MODELS
from salquest.models.default import predict
print(DEFAULT, MODELS["mobile"].family, MODELS["mobile"].licence)
print(predict(np.zeros((20, 30, 3), np.uint8)).size, "torch" in sys.modules)
"""
    assert python(code, str(stocked.parent)) == ("mobile deep that of the data it was trained on (osie-mini: MIT)\n(20, 30) False\n")


def test_without_one_the_default_is_the_centre_bias(tmp_path) -> None:
    assert python("from salquest.models.catalogue import DEFAULT; print(DEFAULT)", str(tmp_path)) == "centre-bias\n"


@pytest.mark.slow
def test_the_tool_ships_a_run_in_one_command(tool, small_run, tmp_path, capsys) -> None:
    into, pages = tmp_path / "shipped", tmp_path / "pages"
    told = {"title": "a small one", "licence": "MIT", "limits": ["It never learnt."], "into": into, "pages": pages}
    tool.ship(small_run, "tiny", **told)
    tool.ship(small_run, "tiny", **told)  # a new generation takes the place of the old one
    card = CheckpointFolder(into / "tiny").read()
    assert (card.name, card.title, card.licence, card.limits[-1]) == ("tiny", "a small one", "MIT", "It never learnt.")
    assert "* It never learnt." in (pages / "tiny.md").read_text()
    assert sorted(path.name for path in into.iterdir()) == ["tiny"]
    assert "the two runtimes' maps from each other: within" in capsys.readouterr().out


def test_the_tool_keeps_to_the_bytes_that_all_have_together(tool, small_run, stocked, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tool, "MAX_BYTES", 5_000_000)
    with pytest.raises(InputError, match=r"shipped networks have 5,000,000 bytes together; with tiny there would be"):
        tool.ship(small_run, "tiny", title="", licence="", limits=[], into=stocked, pages=tmp_path)
    assert sorted(path.name for path in stocked.iterdir()) == ["mobile"]


def test_the_tool_refuses_maps_that_moved(tool, small_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tool, "BOUND", 0.0)
    monkeypatch.setattr(tool, "PICTURES", 1)
    with pytest.raises(InputError, match=r"ONNX Runtime's maps from the run folder's differ by .* of the greatest density, more than 0"):
        tool.ship(small_run, "tiny", title="", licence="", limits=[], into=tmp_path / "shipped", pages=tmp_path)
    assert not (tmp_path / "shipped").exists()
