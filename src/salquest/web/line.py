"""Work that is done one piece after another, behind a line of bounded length."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
# seconds between two looks whether the one who asked has left
LOOK = 0.5


class LineFull(Exception):
    """Everybody who may wait is waiting."""


class TooSlow(Exception):
    """The answer was not there in time."""


class Left(Exception):
    """Whoever asked has gone."""


class Line:
    """One thread, and a line of those who wait for it.

    Args:
        name: of the thread.
        waiting: how many pieces of work may wait while one is done.
        seconds: until an answer has to be there, waiting included.
    """

    def __init__(self, name: str, *, waiting: int, seconds: float) -> None:
        self.seconds = seconds
        self._places = threading.BoundedSemaphore(waiting + 1)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[[], Result], *, gone: Callable[[], Awaitable[bool]]) -> Result:
        """What `work` answers, from the line's thread.

        Args:
            work: called there, when it is its turn.
            gone: whether nobody waits for the answer any more; work that has not begun is then not done.

        Raises:
            LineFull, TooSlow, Left: see there. Whatever `work` raises.
        """
        if not self._places.acquire(blocking=False):
            raise LineFull
        job = self._pool.submit(work)
        # a place is free when the thread is done with the job, not when nobody waits for it any more: threads cannot be stopped
        job.add_done_callback(lambda _: self._places.release())
        answer = asyncio.wrap_future(job)
        deadline = asyncio.get_running_loop().time() + self.seconds
        try:
            while True:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    raise TooSlow
                done, _ = await asyncio.wait({answer}, timeout=min(LOOK, left))
                if done:
                    return answer.result()
                if await gone():
                    raise Left
        finally:
            answer.cancel()

    def close(self) -> None:
        """Forget who waits; what is being done comes to its end unheard."""
        self._pool.shutdown(wait=False, cancel_futures=True)
