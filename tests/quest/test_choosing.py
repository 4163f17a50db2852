"""The learning rate of a row is chosen on the validation pictures alone, from the same candidates for all rows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from salquest.quest.choosing import candidates, chosen_runs, rows_of
from salquest.quest.recipe import Recipe
from salquest.runs import Columns, RunFolder, RunRecord

RATES = (0.001, 0.01, 0.1)


def recipe(choose: str = "cc") -> Recipe:
    values = {
        "name": "r",
        "data": "tiny",
        "seeds": [3, 4],
        "runs": [{"name": "kld", "loss": "kld"}, {"name": "mse", "loss": "mse", "lr": 0.5}],
        "ways": [{"name": "tuned", "rates": list(RATES), "choose": choose}],
    }
    return msgspec.convert(values, Recipe)


def tried(root: Path, row: str, rate: float, *, cc: list[float], loss: list[float], best: int = 1, status: str = "finished") -> None:
    """A candidate as it lies in the folder: one value per epoch, and its best epoch by loss."""
    folder = RunFolder(root / "runs" / "tuned" / f"{row}-lr{rate:g}-seed3")
    folder.write(RunRecord(plan={}, identity="x", status=status, best_epoch=best))  # type: ignore[arg-type]
    Columns.of_rows(
        [{"epoch": i + 1, "val_cc_score": c, "val_nss_score": -c, "val_loss": v} for i, (c, v) in enumerate(zip(cc, loss, strict=True))]
    ).save(folder.log)


def test_candidates_are_one_run_per_rate_with_the_first_seed_and_are_not_scored() -> None:
    runs = recipe().expanded()
    assert [(run.name, run.rate, run.seed, run.scored, run.plan.lr) for run in runs] == [
        (row, rate, 3, False, rate) for row in ("kld", "mse") for rate in RATES
    ]
    plans = {(run.plan.epochs, run.plan.batch) for run in runs}
    assert len(plans) == 1, "the same budget for each loss"


@pytest.mark.parametrize(("choose", "rate"), [("cc", 0.01), ("nss", 0.001), ("loss", 0.1)])
def test_the_best_epochs_value_decides_and_the_choice_is_trained_with_every_seed(tmp_path: Path, choose: str, rate: float) -> None:
    # a better value in an epoch whose weights were not kept is none
    tried(tmp_path, "kld", 0.001, cc=[0.2, 0.9], loss=[1.0, 2.0])
    tried(tmp_path, "kld", 0.01, cc=[0.1, 0.5], loss=[1.0, 0.9], best=2)
    tried(tmp_path, "kld", 0.1, cc=[0.3, 0.3], loss=[0.8, 0.9])
    asked = recipe(choose)
    chosen = chosen_runs(tmp_path, asked)
    assert [(run.name, run.rate, run.seed, run.scored) for run in chosen] == [("kld", rate, 3, True), ("kld", rate, 4, True)]
    assert chosen[0].folder == f"tuned/kld-lr{rate:g}-seed3", "the candidate itself"
    assert [run.folder for run in rows_of(tmp_path, asked, asked.ways[0])] == [run.folder for run in chosen]


def test_of_equal_rates_the_lowest_is_taken(tmp_path: Path) -> None:
    for rate in reversed(RATES):
        tried(tmp_path, "kld", rate, cc=[0.4 if rate > 0.001 else 0.3], loss=[1.0])
    assert {run.rate for run in chosen_runs(tmp_path, recipe())} == {0.01}


def test_candidates_that_failed_or_go_on_do_not_compete_and_one_without_a_number_is_last(tmp_path: Path) -> None:
    tried(tmp_path, "kld", 0.001, cc=[0.9], loss=[1.0], status="failed")
    tried(tmp_path, "kld", 0.01, cc=[float("nan")], loss=[1.0])
    tried(tmp_path, "kld", 0.1, cc=[-0.2], loss=[1.0], status="collapsed")
    tried(tmp_path, "mse", 0.1, cc=[0.9], loss=[1.0], status="running")
    asked = recipe()
    assert candidates(tmp_path, asked, asked.ways[0]) == {"kld": {0.01: -float("inf"), 0.1: -0.2}, "mse": {}}
    assert {(run.name, run.rate) for run in chosen_runs(tmp_path, asked)} == {("kld", 0.1)}
