"""Several runs at once, a process each: on a CPU two runs of one thread finish sooner than one after the other on two threads."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch

from salquest.errors import TrainingFailed
from salquest.quest.recipe import PlannedRun
from salquest.runs import RunRecord
from salquest.training import Watcher

Carry = Callable[[PlannedRun, Watcher], RunRecord]

# of a worker process: how a run is carried out there, and where to tell of it
_here: dict[str, Any] = {}


def carry_out_together(
    runs: Sequence[PlannedRun],
    carry: Carry,
    *,
    workers: int,
    threads: int,
    begin: Callable[[PlannedRun], Watcher],
    end: Callable[[PlannedRun, RunRecord], None],
) -> None:
    """Carry out runs in worker processes, in order as workers become free.

    Args:
        runs: what is to be done.
        carry: how; it travels to the workers, so it can be pickled.
        workers: processes.
        threads: of torch, for each.
        begin: called here when a run begins; answers who watches it.
        end: called here with the record of a run.

    Raises:
        TrainingFailed: a worker died. Others: what `carry` raises there.
    """
    context = multiprocessing.get_context("spawn")  # a forked torch hangs
    messages = context.Queue()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_enter, initargs=(carry, threads, messages))
    watchers: dict[str, Watcher] = {}
    by_folder = {run.folder: run for run in runs}
    pending: dict[Future[RunRecord], PlannedRun] = {}
    try:
        pending = {pool.submit(_work, run): run for run in runs}
        while pending:
            _tell(messages, watchers, by_folder, begin)
            for future in [future for future in pending if future.done()]:
                run = pending.pop(future)
                try:
                    end(run, future.result())
                except BrokenProcessPool as error:
                    raise TrainingFailed(
                        f"the process of run {run.folder} died, perhaps for want of memory; "
                        "run the same command again, with fewer --workers: what is finished stays"
                    ) from error
        _tell(messages, watchers, by_folder, begin)
    finally:
        pool.shutdown(cancel_futures=True)


def _tell(messages: Any, watchers: dict[str, Watcher], runs: Mapping[str, PlannedRun], begin: Callable[[PlannedRun], Watcher]) -> None:
    """Hand on what the workers said; returns when they have been silent for a moment."""
    while True:
        try:
            folder, what, arguments = messages.get(timeout=0.2)
        except queue.Empty:
            return
        if folder not in watchers:
            watchers[folder] = begin(runs[folder])
        if what != "begin":
            getattr(watchers[folder], what)(*arguments)


def _enter(carry: Carry, threads: int, messages: Any) -> None:
    torch.set_num_threads(threads)
    _here.update(carry=carry, messages=messages)


def _work(run: PlannedRun) -> RunRecord:
    def teller(what: str) -> Callable[..., None]:
        return lambda *arguments: _here["messages"].put((run.folder, what, arguments))

    teller("begin")()
    record: RunRecord = _here["carry"](run, Watcher(stage=teller("stage"), step=teller("step"), epoch=teller("epoch")))
    return record
