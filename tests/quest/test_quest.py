"""A quest compares like with like, outlives its failures, goes on where it stopped, and leaves tables that say what they are."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_quest import RECIPE, TinyQuest

from salquest.datasets import DataSet
from salquest.errors import DataNotFound, InputError, Refused, UnknownName
from salquest.quest import PlannedRun, QuestWatcher, engine, find_recipe, report_quest, run_quest
from salquest.quest.elsewhere import score_elsewhere
from salquest.runs import Columns, RunFolder, RunRecord
from salquest.training import Watcher

ROWS = ("kld", "bce", "half-bce", "numb", "broken")


def table(root: Path, name: str) -> dict[str, dict]:
    return {row["name"]: row for row in json.loads((root / f"table-{name}.json").read_text())["rows"]}


def scores(root: Path, *runs: str, metric: str = "cc", file: str = "scores.csv") -> np.ndarray:
    return np.array([Columns.load(root / "runs" / run / file).numbers(metric) for run in runs])


def contents(folder: Path, *patterns: str) -> dict[str, tuple[int, bytes]]:
    """Of the files: when they were written, and what they hold."""
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    assert found
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


@pytest.fixture
def copy(tiny_quest: TinyQuest, tmp_path: Path) -> Path:
    """The tiny quest's folder, to go on with."""
    return Path(shutil.copytree(tiny_quest.root, tmp_path / "quest"))


# like with like


@pytest.mark.parametrize("seed", [0, 1])
def test_all_rows_of_a_seed_start_alike_and_see_the_same_batches(tiny_quest: TinyQuest, seed: int) -> None:
    runs = [f"fixed/{row}-seed{seed}" for row in ROWS]
    first, *others = runs
    seen = tiny_quest.seen
    whole = [run for run in others if "broken" not in run]  # which asks for another last bias, and stops in its first epoch
    assert all(torch.equal(seen.start[first], seen.start[run]) for run in whole)
    assert len(seen.batches[first]) > 4
    assert all(seen.batches[run] == seen.batches[first] for run in whole)
    assert any(any(mirrored) for _, mirrored in seen.batches[first])
    assert seen.batches[f"fixed/broken-seed{seed}"] == seen.batches[first][: len(seen.batches[f"fixed/broken-seed{seed}"])]


def test_another_seed_is_another_start_and_another_order(tiny_quest: TinyQuest) -> None:
    seen = tiny_quest.seen
    assert not torch.equal(seen.start["fixed/kld-seed0"], seen.start["fixed/kld-seed1"])
    assert seen.batches["fixed/kld-seed0"] != seen.batches["fixed/kld-seed1"]


@pytest.mark.parametrize("seed", [0, 1])
def test_half_a_loss_at_twice_the_rate_is_the_same_run_to_the_last_bit(tiny_quest: TinyQuest, seed: int) -> None:
    whole, half = (tiny_quest.root / "runs" / "fixed" / f"{row}-seed{seed}" / "weights.safetensors" for row in ("bce", "half-bce"))
    assert whole.read_bytes() == half.read_bytes()


# rows that did not learn


def test_rows_that_failed_or_collapsed_are_flagged_and_have_no_rank(tiny_quest: TinyQuest) -> None:
    rows = table(tiny_quest.root, "fixed")
    assert {name: rows[name]["note"] for name in ("kld", "bce", "numb", "broken", "lost")} == {
        "kld": "",
        "bce": "",
        "numb": "no better than the centre bias, 2 of 2 seeds",
        "broken": "failed, 2 of 2 seeds",
        "lost": "failed, 2 of 2 seeds",
    }
    assert rows["numb"]["scores"].keys() == {"cc", "kl"}
    assert rows["broken"]["scores"] == rows["lost"]["scores"] == {}
    assert set(tiny_quest.result.tables["fixed"].ranks("cc")) == {"kld", "bce", "half bce"}


def test_the_reasons_stand_with_the_runs(tiny_quest: TinyQuest) -> None:
    assert set(tiny_quest.result.failed) == {f"fixed/{row}-seed{seed}" for row in ("broken", "lost") for seed in (0, 1)}
    page = (tiny_quest.root / "report.html").read_text()
    for row, reason in (("numb", "does not beat the centre bias"), ("broken", "no finite number"), ("lost", "missing.safetensors")):
        assert reason in tiny_quest.result.runs[f"fixed/{row}-seed0"].reason
        assert reason in page


def test_a_claim_about_a_row_that_did_not_learn_is_not_judged_and_says_why(tiny_quest: TinyQuest) -> None:
    text = (tiny_quest.root / "table.md").read_text()
    (line,) = [line for line in text.splitlines() if "numb-last" in line and "One rate" in line]
    assert "not judged" in line
    assert "numb: no better than the centre bias, 2 of 2 seeds; lost: failed, 2 of 2 seeds" in line
    assert "kld-first: distributions teach better" in text
    assert not [line for line in text.splitlines() if "numb-last" in line and "tuned" in line], "the way has no such rows by design"


# tables


def test_a_rows_mean_is_over_seeds_and_pictures(tiny_quest: TinyQuest) -> None:
    mean, low, high = table(tiny_quest.root, "fixed")["kld"]["scores"]["cc"]
    values = scores(tiny_quest.root, "fixed/kld-seed0", "fixed/kld-seed1")
    assert values.shape == (2, 2)
    assert mean == pytest.approx(values.mean())
    assert low < mean < high


def test_the_a_a_pair_and_the_noise_floor_stand_under_the_table(tiny_quest: TinyQuest) -> None:
    for text in ((tiny_quest.root / "table.md").read_text(), (tiny_quest.root / "table-fixed.json").read_text()):
        assert "Noise floor (differences below it are not told from noise): CC 0." in text
        assert "A/A pair bce − half bce: CC +0.000 (+0.000..+0.000), KL +0.000 (+0.000..+0.000)" in text


def test_the_table_has_a_floor_and_csv_and_json_agree(tiny_quest: TinyQuest) -> None:
    rows = table(tiny_quest.root, "fixed")
    assert rows["centre bias"]["kind"] == "floor"
    read = {row["row"]: row for row in Columns.load(tiny_quest.root / "table-fixed.csv").rows()}
    assert list(read) == list(rows)
    for name in ("kld", "numb", "centre bias"):
        for metric, values in rows[name]["scores"].items():
            assert [float(read[name][f"{metric}{end}"]) for end in ("", "_low", "_high")] == values


def test_rows_are_scored_elsewhere_and_what_is_not_at_hand_is_said(tiny_quest: TinyQuest, away: DataSet) -> None:
    rows = table(tiny_quest.root, "away")
    assert list(rows) == ["kld", "bce", "centre bias"], "the last way's"
    values = scores(tiny_quest.root, "tuned/kld-lr0.003-seed0", file="scores-away.csv")
    assert values.shape == (1, len(away))
    assert rows["kld"]["scores"]["cc"][0] == pytest.approx(values.mean())
    text = (tiny_quest.root / "table.md").read_text()
    assert "## On away" in text
    assert "Not scored: nowhere was not at hand." in text
    assert not (tiny_quest.root / "table-nowhere.csv").exists()


def test_elsewhere_is_scored_again_only_where_the_pictures_are_others(tiny_quest: TinyQuest, away: DataSet, copy: Path) -> None:
    recipe, _ = find_recipe(tiny_quest.recipe)
    run = RunFolder(copy / "runs" / "tuned" / "kld-lr0.003-seed0")
    before = contents(run.root, "scores-away.csv")
    score_elsewhere(run, "away", away, recipe, copy / "features", lambda what, done, total: None)
    assert contents(run.root, "scores-away.csv") == before
    fewer = away.subset(away.keys[1:])
    score_elsewhere(run, "away", fewer, recipe, copy / "features", lambda what, done, total: None)
    assert list(Columns.load(run.root / "scores-away.csv")["image"]) == list(fewer.keys)


def test_data_that_the_recipe_does_not_name_are_refused_before_anything_is_trained(
    tiny: DataSet, tiny_quest: TinyQuest, tmp_path: Path
) -> None:
    with pytest.raises(UnknownName, match=r"no data set that the recipe tiny-quest scores on is called 'awya' .*'away'"):
        run_quest(tiny_quest.recipe, tiny, out=tmp_path / "quest", elsewhere={"awya": tiny}, device="cpu")
    assert not (tmp_path / "quest").exists()


# the rate that is chosen


def test_every_row_has_the_same_candidates_and_they_are_kept_from_the_test_pictures(tiny_quest: TinyQuest) -> None:
    runs = tiny_quest.root / "runs" / "tuned"
    assert {path.name for path in runs.iterdir()} == {f"{row}-lr{rate}-seed0" for row in ("kld", "bce") for rate in ("1e-09", "0.003")}
    assert not (runs / "kld-lr1e-09-seed0" / "scores.csv").exists()
    assert (runs / "kld-lr0.003-seed0" / "scores.csv").exists()


def test_what_was_tried_is_shown_with_the_choice(tiny_quest: TinyQuest) -> None:
    text = (tiny_quest.root / "table.md").read_text()
    log = Columns.load(tiny_quest.root / "runs" / "tuned" / "kld-lr0.003-seed0" / "log.csv").numbers("val_cc_score")
    best = RunFolder(tiny_quest.root / "runs" / "tuned" / "kld-lr0.003-seed0").read().best_epoch
    assert best is not None
    assert "## Rates tried: tuned" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| kld |") and "→" in line]
    assert f"→ {log[best - 1]:.3f}" in line


# going on


def test_a_changed_recipe_with_the_same_plans_repeats_no_run_and_judges_the_new_claim(
    tiny_quest: TinyQuest, tiny: DataSet, copy: Path
) -> None:
    claim = '[[claims]]\nname = "spread"\ntext = "losses matter"\nkind = "spread"\nmetric = "kl"\n'
    changed = copy.parent / "changed.toml"
    changed.write_text(RECIPE.replace("# a quest in tiny", "# with one claim more") + claim)
    patterns = ("runs/*/*/weights.safetensors", "runs/*/*/scores.csv", "runs/*/*/log.csv", "runs/fixed/[!l]*/run.json", "features/*/*")
    before, trained = contents(copy, *patterns), []

    def begin(number: int, total: int, run: PlannedRun) -> Watcher:
        return Watcher(step=lambda *_: trained.append(run.name))

    run_quest(changed, tiny, out=copy, device="cpu", watch=QuestWatcher(begin=begin))
    assert set(trained) <= {"broken"}, "what failed is tried again"
    after = contents(copy, *patterns)
    same = [name for name in before if "broken" not in name]
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert (copy / "recipe.toml").read_text() == changed.read_text()
    assert "spread: losses matter" in (copy / "table.md").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("epochs = 2", "epochs = 3"), r"holds the quest of another recipe \(its recipe.toml plans fixed/kld-seed0 differently\)"),
        (('name = "', 'name = "new '), r"holds the quest of another recipe \(its recipe.toml plans other runs differently\)"),
        (('split = "distributed"', 'split = "seed"'), r"divides the pictures differently \(distributed, seed 0\)"),
    ],
)
def test_another_quest_is_refused_in_the_same_folder_and_changes_nothing(
    tiny_quest: TinyQuest, tiny: DataSet, tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    (tmp_path / "quest").mkdir()
    shutil.copy(tiny_quest.root / "recipe.toml", tmp_path / "quest")
    other = tmp_path / "other.toml"
    changed = RECIPE.replace(*change)
    if "new " in change[1]:  # rows and ways of other names, so that no run is in both
        changed = RECIPE.split("[[ways]]")[0].replace("same =", "# same =") + '[[runs]]\nname = "new"\nloss = "mse"\n'
    other.write_text(changed)
    with pytest.raises(Refused, match=sentence + "; choose another folder with --out"):
        run_quest(other, tiny, out=tmp_path / "quest", device="cpu")
    assert (tmp_path / "quest" / "recipe.toml").read_text() == RECIPE
    assert len(list((tmp_path / "quest").iterdir())) == 1


def test_a_folder_of_something_else_is_refused(tiny_quest: TinyQuest, tiny: DataSet, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match="holds files that are no quest; choose another folder with --out"):
        run_quest(tiny_quest.recipe, tiny, out=tmp_path, device="cpu")


def test_a_killed_quest_ends_where_it_would_have_ended_bit_for_bit(tiny_quest: TinyQuest, tiny: DataSet, copy: Path) -> None:
    shutil.rmtree(copy / "runs" / "fixed" / "kld-seed1")

    def kill(row: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_quest(tiny_quest.recipe, tiny, out=copy, device="cpu", watch=QuestWatcher(begin=lambda number, total, run: Watcher(epoch=kill)))
    begun = RunFolder(copy / "runs" / "fixed" / "kld-seed1").read()
    assert (begun.status, begun.epochs_done) == ("running", 1)
    epochs: list[tuple[str, int]] = []

    def begin(number: int, total: int, run: PlannedRun) -> Watcher:
        return Watcher(epoch=lambda row: epochs.append((run.folder, row["epoch"])))

    run_quest(tiny_quest.recipe, tiny, out=copy, device="cpu", watch=QuestWatcher(begin=begin))
    assert epochs == [("fixed/kld-seed1", 2)]
    for file in ("weights.safetensors", "scores.csv"):
        assert (copy / "runs/fixed/kld-seed1" / file).read_bytes() == (tiny_quest.root / "runs/fixed/kld-seed1" / file).read_bytes()
    assert (copy / "table-fixed.csv").read_bytes() == (tiny_quest.root / "table-fixed.csv").read_bytes()


@pytest.mark.slow
def test_two_workers_give_the_same_numbers_as_one_bit_for_bit(
    tiny_quest: TinyQuest, tiny: DataSet, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "available_cores", lambda: 2)  # a thread for each, as here
    gone = ["fixed/kld-seed0", "fixed/kld-seed1", "fixed/half-bce-seed0"]
    for run in gone:
        shutil.rmtree(copy / "runs" / run)
    shutil.rmtree(copy / "runs" / "tuned")
    begin, end = RECIPE.index('[[ways]]\nname = "tuned"'), RECIPE.index("[[runs]]")
    recipe = copy.parent / "one-way.toml"
    recipe.write_text(RECIPE[:begin] + RECIPE[end:])
    told: dict[str, list[int]] = {}
    ended: dict[str, str] = {}

    def begun(number: int, total: int, run: PlannedRun) -> Watcher:
        return Watcher(epoch=lambda row: told.setdefault(run.folder, []).append(row["epoch"]))

    def finished(run: PlannedRun, record: RunRecord) -> None:
        ended[run.folder] = record.status

    run_quest(recipe, tiny, out=copy, device="cpu", workers=2, watch=QuestWatcher(begin=begun, end=finished))
    assert told == {run: [1, 2] for run in gone}
    assert len(ended) == 12
    assert ended["fixed/lost-seed0"] == "failed"
    for run in gone:
        for file in ("weights.safetensors", "scores.csv"):
            assert (copy / "runs" / run / file).read_bytes() == (tiny_quest.root / "runs" / run / file).read_bytes()


def test_no_worker_is_refused(tiny_quest: TinyQuest, tiny: DataSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a quest takes at least one worker; found 0"):
        run_quest(tiny_quest.recipe, tiny, out=tmp_path / "quest", workers=0)
    assert not (tmp_path / "quest").exists()


def test_where_nothing_could_begin_the_reason_is_told_and_another_try_is_free(tiny: DataSet, tmp_path: Path) -> None:
    recipe = tmp_path / "one.toml"
    recipe.write_text(
        RECIPE.split("same =")[0] + RECIPE[RECIPE.index("[training]") : RECIPE.index("[[ways]]")].replace("epochs = 2", "epochs = 1")
    )
    recipe.write_text(recipe.read_text().replace("seeds = [0, 1]", "seeds = [0]") + '[[runs]]\nname = "kld"\nloss = "kld"\n')
    with pytest.raises(DataNotFound, match=r"none of the 1 runs of .* could begin \(no device is called 'tpu'.*\); run the quest again"):
        run_quest(recipe, tiny, out=tmp_path / "quest", device="tpu")
    result = run_quest(recipe, tiny, out=tmp_path / "quest", device="cpu")
    assert result.runs["kld"].status in ("finished", "collapsed")
    assert list(result.tables) == [""]
    assert (tmp_path / "quest" / "table.csv").is_file()
    assert "## Gain over the centre bias" in (tmp_path / "quest" / "table.md").read_text()


# the report


def test_a_report_is_made_again_from_the_folder_alone(tiny_quest: TinyQuest, copy: Path) -> None:
    names = [path.name for path in copy.glob("table*")]
    assert sorted(names) == [
        "table-away.csv",
        "table-away.json",
        "table-fixed.csv",
        "table-fixed.json",
        "table-tuned.csv",
        "table-tuned.json",
        "table.md",
    ]
    for name in [*names, "report.html"]:
        (copy / name).unlink()
    report_quest(copy)
    for name in names:
        assert (copy / name).read_bytes() == (tiny_quest.root / name).read_bytes(), name
    assert (copy / "report.html").is_file()


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_carries_everything_inside_and_escapes_what_it_shows(tiny_quest: TinyQuest) -> None:
    text = (tiny_quest.root / "report.html").read_text()
    addresses = _Addresses()
    addresses.feed(text)
    assert addresses.found
    assert all(address.startswith("data:image/") for address in addresses.found)
    assert "A &lt;tiny&gt; quest" in text


def test_the_report_refuses_other_data_than_the_quest_saw(tiny_quest: TinyQuest, away: DataSet) -> None:
    with pytest.raises(InputError, match="the quest was run on edition"):
        report_quest(tiny_quest.root, data=away)


def test_a_folder_that_is_no_quest_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"is no quest's folder: it has no recipe.toml"):
        report_quest(tmp_path)


def test_the_recipe_is_kept_as_given(tiny_quest: TinyQuest) -> None:
    assert (tiny_quest.root / "recipe.toml").read_text() == RECIPE
    assert find_recipe(tiny_quest.root / "recipe.toml") == find_recipe(tiny_quest.recipe)
