"""`salquest quest` and `salquest report` as a user calls them: what they print and leave, and their sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from command_line import call

RECIPE = """name = "plain"
data = "tiny"
elsewhere = ["tiny-too"]
split = "distributed"
metrics = ["cc", "kl"]
pictures = 0
[training]
size = [48, 64]
map_size = [12, 16]
epochs = 1
batch = 4
lr = 0.003
[[runs]]
name = "kld"
loss = "kld"
[[runs]]
name = "lost"
loss = "kld"
weights = "missing.safetensors"
"""
CLAIM = '[[claims]]\nname = "c"\ntext = "t"\nkind = "spread"\nmetric = "nss"\n'


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_quest_is_carried_out_and_its_report_made_again(
    here: Path, tiny_set: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = here / "sets"
    sets.mkdir()
    (sets / "tiny-too").symlink_to(tiny_set)
    monkeypatch.setenv("SALQUEST_DATA", str(sets))
    (here / "plain.toml").write_text(RECIPE)
    words = ["quest", "plain.toml", "--data", f"tiny={tiny_set}", "--device", "cpu", "--cache", "features"]
    assert call(*words) == 1, "a run failed"
    told = capsys.readouterr()
    assert "lost: failed, " in told.err
    assert "missing.safetensors" in told.err
    assert "report: quests/plain/report.html; tables: quests/plain/table.md" in told.out
    assert "tiny-too" in told.out, "a set below SALQUEST_DATA is scored on"
    root = here / "quests" / "plain"
    tables = {path.name: path.read_bytes() for path in root.glob("table*")}
    assert set(tables) == {"table.md", "table.csv", "table.json", "table-tiny-too.csv", "table-tiny-too.json"}
    run = (root / "runs" / "kld" / "run.json").read_bytes()
    for name in (*tables, "report.html"):
        (root / name).unlink()

    assert call("report", root, "--data", f"tiny={tiny_set}") == 0
    assert "kld" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in root.glob("table*")} == tables
    assert (root / "report.html").is_file()

    assert call(*words) == 1
    assert (root / "runs" / "kld" / "run.json").read_bytes() == run, "what is finished is never done again"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("quest plan.toml", "no recipe (or TOML file) is called 'plan.toml'; there are: bruckert-table2"),
        ("quest .", "is a folder; a recipe is a TOML file or one of: bruckert-table2"),
        ("quest bruckert-table2", "mit1003 does not travel with salquest: give its folder (mit1003=PATH)"),
        ("quest plain.toml --data tiny=gone", "there is no folder gone; tiny is expected there: check the path"),
        ("quest plain.toml --data tiny={tiny} --data tiny-too=gone", "there is no folder gone; tiny-too is expected there"),
        (
            "quest plain.toml --data tiny={tiny} --data osie={tiny}",
            "the recipe plain uses the data set tiny, and scores on tiny-too; it has no use for osie",
        ),
        (
            "quest bruckert-table2 --data mit1003={tiny} --data osie={tiny}",
            "is carried out on one data set at a time; choose one of mit1003, osie",
        ),
        ("quest plain.toml --data tiny={tiny} --workers 0", "a quest takes at least one worker; found 0"),
        ("quest claim.toml --data tiny={tiny}", "the claim c is about nss, which the recipe plain does not score: cc, kl"),
        ("quest broken.toml", "broken.toml is not TOML"),
        ("quest plain.toml --data tiny={tiny} --engine ray", "Invalid value"),
        ("quest plain.toml --data tiny={tiny} --out plain.toml", "plain.toml"),
        ("report .", "is no quest's folder: it has no recipe.toml"),
        ("report begun", "none of the 2 runs of begun has begun; run the quest first"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_nothing_is_written(
    words: str, sentence: str, here: Path, tiny_set: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SALQUEST_DATA", raising=False)
    (here / "plain.toml").write_text(RECIPE)
    (here / "claim.toml").write_text(RECIPE + CLAIM)
    (here / "broken.toml").write_text("name = ")
    (here / "begun").mkdir()
    (here / "begun" / "recipe.toml").write_text(RECIPE)
    before = sorted(here.rglob("*"))
    assert call(*words.format(tiny=tiny_set).split()) == 2
    told = capsys.readouterr()
    assert sentence in " ".join(told.err.split())
    assert "Traceback" not in told.err
    assert sorted(here.rglob("*")) == before
