"""Networks inside the package: a folder with a card is in the catalogue, the preferred one is the default, and the tool puts them there."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import load_dataset
from salquest.errors import InputError
from salquest.evaluation import evaluate
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT
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


def copied_run(run: Path, root: Path, **words: object) -> Path:
    """The run once more, its record changed."""
    shutil.copytree(run, root)
    record = json.loads((root / "run.json").read_text())
    (root / "run.json").write_text(json.dumps({**record, **words}))
    return root


@pytest.fixture
def joined_run(small_run, tmp_path) -> Path:
    """The run as if it had learnt from two sets, with the scores of three test pictures."""
    sets = [{"name": "eyecrowd", "edition": "1f"}, {"name": "mit1003", "edition": "d7"}]
    data = {"name": "eyecrowd+mit1003", "edition": "1f+d7", "sets": sets, "roots": {"eyecrowd": "/private/eyecrowd"}}
    seen = {"name": data["name"], "pictures": {"eyecrowd/1.jpg": "ab", "eyecrowd/2.jpg": "cd", "mit1003/1.jpeg": "ef"}}
    root = copied_run(small_run, tmp_path / "joined", data=data, trained_on=seen, scores={}, scores_by_set={})
    rows = ["data,image,cc,nss,num_fixations", "eyecrowd,3,0.25,1,9", "eyecrowd,4,0.75,2,9", "mit1003,5,0.75,4,9"]
    (root / "scores.csv").write_text("\n".join(rows) + "\n")
    return root


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


def test_the_preferred_one_is_the_default_and_says_nothing(stocked, tmp_path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    code = """
import salquest
from salquest.models import MODELS
print(salquest.load_model().name, MODELS["mobile"].family, MODELS["mobile"].licence)
print(salquest.predict(sys.argv[2]).size, "torch" in sys.modules)
"""
    told = python(code, str(stocked.parent), str(tmp_path / "photo.png"))
    assert told == ("mobile deep that of the data it was trained on (osie-mini: MIT)\n(60, 80) False\n")


def test_the_command_predicts_with_it_where_no_model_is_named(stocked, tmp_path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    command = "from salquest.cli import main; main(['predict', sys.argv[2], '--out', sys.argv[3], '--format', 'npy'])"
    told = python(command, str(stocked.parent), str(tmp_path / "photo.png"), str(tmp_path / "maps"))
    assert "centre-bias" not in told
    expected = load_model(stocked / "mobile").predict(tmp_path / "photo.png")
    np.testing.assert_allclose(np.load(tmp_path / "maps" / "photo.npy"), expected.values, rtol=1e-5)


def test_the_networks_that_travel_are_small_and_the_default_is_one_of_them() -> None:
    assert set(shipped_networks()) == {"mobile", "mobile-clean"}
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < MAX_BYTES
    assert load_model().name == DEFAULT == "mobile"


@pytest.mark.parametrize("name", ["mobile", "mobile-clean"])
def test_a_shipped_network_says_the_same_by_both_runtimes(name) -> None:
    by_onnx, by_torch = (load_model(name, runtime=runtime).log_density(PIXELS) for runtime in ("onnx", "torch"))
    np.testing.assert_allclose(by_onnx, by_torch, atol=1e-4)


@pytest.mark.parametrize(("name", "least"), [("mobile", {"cc": 0.825, "nss": 3.3}), ("mobile-clean", {"cc": 0.82, "nss": 3.3})])
def test_a_shipped_network_reaches_on_pictures_kept_apart_what_its_card_says(name, least, shared) -> None:
    data = load_dataset("osie", shared / "data" / "osie")
    found = evaluate(load_model(name), data.subset(data.parts["test"]), metrics=("cc", "nss"))
    assert not found.seen
    card = shipped_networks()[name].read()
    for metric, floor in least.items():
        assert found.mean(metric) > floor
        assert found.mean(metric) == pytest.approx(card.scores_by_set["osie"][metric], abs=0.005)


def test_a_network_of_several_sets_names_their_licences_and_the_scores_of_each(tool, joined_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tool, "PICTURES", 1)
    tool.ship(joined_run, "both", title="", licence="", limits=[], into=tmp_path / "shipped", pages=tmp_path)
    card = CheckpointFolder(tmp_path / "shipped" / "both").read()
    assert card.title == "mobile on mobilenet_v2, trained by us on eyecrowd, mit1003"
    assert card.licence == ("that of the data it was trained on (eyecrowd: MIT; mit1003: for research, no explicit licence found)")
    assert card.scores_by_set == {"eyecrowd": {"nss": 1.5, "cc": 0.5}, "mit1003": {"nss": 4.0, "cc": 0.75}}
    assert (card.scores, card.scored) == ({"nss": 2.75, "cc": 0.625}, {"eyecrowd": 2, "mit1003": 1})
    page = (tmp_path / "both.md").read_text()
    assert "| eyecrowd | 1f | MIT | NUS-VIP/saliency-in-crowd | 2 |" in page
    assert "| set | pictures | nss | cc |" in page
    assert "| eyecrowd | 2 | 1.500 | 0.500 |\n| mit1003 | 1 | 4.000 | 0.750 |\n| mean of the sets |  | 2.750 | 0.625 |" in page
    assert "private" not in (tmp_path / "shipped" / "both" / "card.json").read_text()


@pytest.mark.parametrize("name", ["", "Mobile", "../mobile", "a/b", ".", "mobile\n"])
def test_the_tool_wants_a_plain_name(tool, small_run, tmp_path, name) -> None:
    with pytest.raises(InputError, match=r"a shipped network's name is of small letters, digits and hyphens"):
        tool.ship(small_run, name, title="", licence="", limits=[], into=tmp_path, pages=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_tool_ships_finished_runs_only(tool, small_run, tmp_path) -> None:
    run = copied_run(small_run, tmp_path / "run", status="collapsed", reason="its maps are flat")
    with pytest.raises(InputError, match=r"only a finished run ships; .*run is collapsed: its maps are flat"):
        tool.ship(run, "tiny", title="", licence="", limits=[], into=tmp_path / "shipped", pages=tmp_path)


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
