"""One piece of work on each of many pictures: several at a time, results in order, broken pictures named while the rest is done."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from salquest.applications.picture_list import PictureFile
from salquest.errors import InputError, Refused, SalquestError
from salquest.gaze import SaliencyMap
from salquest.gaze.pictures import Pixels
from salquest.models import Model
from salquest.runs.cores import available_cores

Result = TypeVar("Result")
# pictures in flight per thread: enough that none waits, few enough that results do not pile up
IN_FLIGHT = 2


def each_picture(
    pictures: Sequence[PictureFile], work: Callable[[PictureFile], Result], *, workers: int
) -> Iterator[tuple[PictureFile, Result | SalquestError]]:
    """What becomes of each picture, in order, whoever is ready first.

    Threads do it: decoding, numpy and zlib work outside Python's lock, and a model's weights are there once.

    Args:
        pictures: in the order of the answers.
        work: carried out on each, in one of the threads. A SalquestError that it raises is that picture's answer; Refused, which says that
            the disk takes no more, ends everything.
        workers: threads, one or more.

    Raises:
        Refused: as above.
    """
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[PictureFile, Future[Result]]] = deque()

    def next_answer() -> tuple[PictureFile, Result | SalquestError]:
        picture, future = waiting.popleft()
        try:
            return picture, future.result()
        except Refused:
            raise
        except SalquestError as error:
            return picture, error
        except MemoryError:
            return picture, InputError(f"{picture.path} is too large for this machine's memory; scale it down first")

    try:
        with warnings.catch_warnings():  # set once, outside of the threads: they share the filters
            warnings.filterwarnings("ignore", module="PIL")  # about odd metadata
            for picture in pictures:
                waiting.append((picture, pool.submit(work, picture)))
                if len(waiting) > IN_FLIGHT * workers:
                    yield next_answer()
            while waiting:
                yield next_answer()
    finally:
        pool.shutdown(cancel_futures=True)


def workers_of(workers: int | None) -> int:
    """How many threads: so many, or one per core where none is given; InputError for fewer than one."""
    if workers is not None and workers < 1:
        raise InputError(f"pictures are worked on by one thread or more; found {workers} workers")
    return available_cores() if workers is None else workers


class PredictInTurn:
    """A model that several threads may ask: those that bear it answer at the same time, others one after the other.

    A network of torch fills the cores itself, and a module is not promised to bear two threads at once.
    """

    def __init__(self, model: Model) -> None:
        self.model, self._turn = model, threading.Lock()

    def __call__(self, pixels: Pixels) -> SaliencyMap:
        """The map of a picture (H, W, 3)."""
        if self.model.is_cheap or self.model.bears_threads:
            return self.model.predict_pixels(pixels)
        with self._turn:
            return self.model.predict_pixels(pixels)
