"""A process that dies takes its run with it, not the quest's word for what happened."""

from __future__ import annotations

import os

import pytest

from salquest.errors import TrainingFailed
from salquest.quest.recipe import PlannedRun
from salquest.quest.workers import carry_out_together
from salquest.runs import RunRecord
from salquest.training import TrainingPlan, Watcher


def die(run: PlannedRun, watcher: Watcher) -> RunRecord:
    os._exit(9)


@pytest.mark.slow
def test_a_worker_that_dies_is_told_by_its_run_and_with_what_to_do() -> None:
    run = PlannedRun("kld", "fixed/kld", 0, TrainingPlan(loss="kld"))
    with pytest.raises(TrainingFailed, match=r"the process of run fixed/kld died, .* run the same command again, with fewer --workers"):
        carry_out_together([run], die, workers=1, threads=1, begin=lambda run: Watcher(), end=lambda run, record: None)
