"""Work shared out among processes, its results as they come."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from salquest.errors import InputError, Refused

Job = TypeVar("Job")
Result = TypeVar("Result")


def shared_out(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """The result of each job, in the order in which they are ready.

    Args:
        work: a function of a module, which travels to the processes by its name.
        jobs: what it is called with; pickled.
        workers: processes; with 1 the work is done here.

    Raises:
        InputError: fewer than one worker. Refused: a process died. Others: what `work` raises.
    """
    if workers < 1:
        raise InputError(f"work takes at least one process; found {workers}")
    if workers == 1 or len(jobs) < 2:
        yield from map(work, jobs)
        return
    # not forked: torch and BLAS keep threads that a fork loses. A thread each: several with many would wait for each other
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn"))
    try:
        for future in as_completed([pool.submit(work, job) for job in jobs]):
            yield future.result()
    except BrokenProcessPool as error:
        raise Refused("a process died, perhaps for want of memory; the same command with fewer workers goes on where it stopped") from error
    finally:
        pool.shutdown(cancel_futures=True)
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
