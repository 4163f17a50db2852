"""Trials that processes share: none is done twice, none is lost with its process, and what is tried does not depend on who tries it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("optuna")

from salquest.errors import Refused
from salquest.quest.study import Outcome, Range, Sampler, Study, Trial

RANGES = {"cc": Range(0.2, 2.0, 20.0), "nss": Range(0.1, 1.0, 10.0)}
# the planted optimum
BEST = {"cc": 6.0, "nss": 0.3}

WORKER = """
import os, sys, time
from pathlib import Path
from salquest.quest.study import Outcome, Range, Study

def carry_out(trial):
    with open(sys.argv[1] + "/../done.txt", "a") as done:
        done.write(f"{trial.number}\\n")
    if sys.argv[3] == "dies" and trial.number == 2:
        os._exit(9)
    time.sleep(0.01)
    return Outcome("finished", (trial.params["cc"],))

study = Study(Path(sys.argv[1]), request={"a": 1}, ranges={"cc": Range(0.2, 2.0, 20.0), "nss": Range(0.1, 1.0, 10.0)}, directions=["up"])
study.work(int(sys.argv[2]), carry_out)
"""


def worker(root: Path, total: int, *, dies: bool = False) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(root), str(total), "dies" if dies else "lives"])


def opened(root: Path, *, sampler: Sampler = "tpe", directions: tuple[str, ...] = ("up",), seed: int = 0, **request: int) -> Study:
    return Study(root, request=request or {"a": 1}, ranges=RANGES, directions=directions, sampler=sampler, seed=seed)


def miss(trial: Trial) -> float:
    return sum(math.log(trial.params[name] / BEST[name]) ** 2 for name in BEST)


def planted(trial: Trial) -> Outcome:
    return Outcome("finished", (-miss(trial),))


def tried(study: Study) -> list[dict[str, float]]:
    return [dict(trial.params) for trial in study.trials]


def test_the_first_trial_is_what_was_given(tmp_path: Path) -> None:
    study = opened(tmp_path / "s")
    study.work(1, planted)
    assert tried(study) == [{"cc": 2.0, "nss": 1.0}]


@pytest.mark.parametrize("sampler", ["tpe", "nsga", "random"])
def test_every_trial_stays_in_its_range(sampler: Sampler, tmp_path: Path) -> None:
    study = opened(tmp_path / "s", sampler=sampler)
    study.work(30, planted)
    assert len(study.trials) == 30
    assert all(RANGES[name].low <= value <= RANGES[name].high for params in tried(study) for name, value in params.items())
    assert len({(params["cc"], params["nss"]) for params in tried(study)}) >= 28  # twice would be the same run again


@pytest.mark.parametrize("direction", ["up", "down"])
def test_tpe_finds_a_planted_optimum_and_comes_nearer_than_chance(direction: str, tmp_path: Path) -> None:
    sign = 1 if direction == "up" else -1
    nearest = {}
    for sampler in ("tpe", "random"):
        study = opened(tmp_path / sampler, sampler=sampler, directions=(direction,))  # type: ignore[arg-type]
        study.work(40, lambda trial: Outcome("finished", (-sign * miss(trial),)))
        nearest[sampler] = min(miss(trial) for trial in study.trials[10:])
    assert nearest["tpe"] < 0.05
    assert nearest["tpe"] < nearest["random"]


def test_tpe_keeps_away_from_what_collapses(tmp_path: Path) -> None:
    study = opened(tmp_path / "s")
    study.work(40, lambda trial: planted(trial) if trial.params["cc"] > 2 else Outcome("collapsed", reason="flat"))
    lost = [trial.outcome.status == "collapsed" for trial in study.trials if trial.outcome]
    assert sum(lost[10:]) / 30 < 0.15  # by chance one half


def test_several_metrics_with_failed_trials_go_on(tmp_path: Path) -> None:
    study = opened(tmp_path / "s", directions=("up", "down"))
    study.work(
        25, lambda trial: Outcome("failed", reason="x") if trial.number < 14 else Outcome("finished", (-miss(trial), trial.params["cc"]))
    )
    assert [len(trial.outcome.values) for trial in study.trials if trial.outcome] == [0] * 14 + [2] * 11


@pytest.mark.parametrize("sampler", ["tpe", "nsga"])
def test_a_search_in_pieces_tries_what_one_in_one_piece_does(sampler: Sampler, tmp_path: Path) -> None:
    opened(tmp_path / "whole", sampler=sampler).work(36, planted)
    for total in (1, 7, 20, 36):
        opened(tmp_path / "pieces", sampler=sampler).work(total, planted)
    assert tried(opened(tmp_path / "pieces", sampler=sampler)) == tried(opened(tmp_path / "whole", sampler=sampler))
    other = opened(tmp_path / "other", sampler=sampler, seed=1)
    other.work(3, planted)
    assert tried(other)[1:] != tried(opened(tmp_path / "whole", sampler=sampler))[1:3]


def test_ended_trials_are_not_repeated(tmp_path: Path) -> None:
    opened(tmp_path / "s").work(3, planted)
    again: list[int] = []
    opened(tmp_path / "s").work(5, lambda trial: again.append(trial.number) or planted(trial))  # type: ignore[func-returns-value]
    assert again == [3, 4]


def test_outcomes_come_back_as_they_were_told(tmp_path: Path) -> None:
    outcomes = [Outcome("finished", (0.5,), seconds=1.5), Outcome("collapsed", (0.1,), "flat", 2.0), Outcome("failed", (), "NaN")]
    opened(tmp_path / "s").work(3, lambda trial: outcomes[trial.number])
    assert [trial.outcome for trial in opened(tmp_path / "s").trials] == outcomes


def test_an_error_leaves_the_trial_to_the_next_who_comes(tmp_path: Path) -> None:
    def interrupted(trial: Trial) -> Outcome:
        if trial.number == 1:
            raise KeyboardInterrupt
        return planted(trial)

    study = opened(tmp_path / "s")
    with pytest.raises(KeyboardInterrupt):
        study.work(3, interrupted)
    before = study.trials[1]
    assert before.outcome is None
    study.work(3, planted)
    assert study.trials[1].params == before.params
    assert [trial.outcome is not None for trial in study.trials] == [True] * 3


def test_the_trial_of_a_killed_process_is_taken_up_with_its_numbers_and_half_a_line_is_cut_off(tmp_path: Path) -> None:
    root = tmp_path / "s"
    assert worker(root, 4, dies=True).wait() == 9
    with (root / "journal.log").open("a") as journal:
        journal.write('{"op_code": 4, "worker')
    left = opened(root).trials
    assert [trial.outcome is None for trial in left] == [False, False, True]
    again: list[Trial] = []
    opened(root).work(4, lambda trial: again.append(trial) or planted(trial))  # type: ignore[func-returns-value]
    assert [trial.number for trial in again] == [2, 3]
    assert again[0].params == left[2].params
    assert [path.name for path in (root / "locks").iterdir()] == ["journal.lock"]


def test_two_processes_share_the_trials_and_do_no_more_than_asked(tmp_path: Path) -> None:
    both = [worker(tmp_path / "s", 24), worker(tmp_path / "s", 24)]
    assert [process.wait() for process in both] == [0, 0]
    assert sorted(map(int, (tmp_path / "done.txt").read_text().split())) == list(range(24))
    assert all(trial.outcome is not None for trial in opened(tmp_path / "s").trials)


def test_a_folder_belongs_to_one_request(tmp_path: Path) -> None:
    opened(tmp_path / "s", span=10, epochs=3)
    with pytest.raises(Refused, match=r"holds another search: epochs is 3 there and 5 here; choose another folder with --out"):
        opened(tmp_path / "s", span=10, epochs=5)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="holds files that are no search"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
