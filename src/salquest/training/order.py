"""Which pictures come together in a batch, and when: drawn from seed and epoch alone, so that a run that goes on sees what it would have seen."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Mix = Literal["pictures", "sets"]
Item = TypeVar("Item")

# batches that are made ahead of the step that wants them
AHEAD = 3


@dataclass(frozen=True)
class Together:
    """One batch of an epoch, over all processes.

    Attributes:
        indices: of the examples.
        mirrored: each mirrored left to right or not.
        times: how often each was shown in this epoch before.
        scale: of the input.
    """

    indices: tuple[int, ...]
    mirrored: tuple[bool, ...]
    times: tuple[int, ...]
    scale: float = 1.0


def epoch_order(
    ratios: Sequence[float],
    groups: Sequence[str],
    *,
    batch: int,
    seed: int,
    epoch: int,
    mirror: bool,
    mix: Mix = "pictures",
    scales: Sequence[float] = (1.0,),
) -> list[Together]:
    """The batches of one epoch.

    Args:
        ratios: of sides, of the examples' pictures; only pictures of one ratio share a batch.
        groups: the set that each example belongs to.
        batch: pictures per batch; the last one of each ratio may be smaller.
        seed, epoch: what order, mirroring and scales are drawn from.
        mirror: show every other picture mirrored.
        mix: "pictures" shows each once; "sets" shows as many pictures of every set, those of small sets several times.
        scales: one is drawn for each batch.
    """
    draw = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = _mixed(draw, groups) if mix == "sets" else draw.permutation(len(ratios))
    flips = draw.random(len(ratios)) < 0.5 if mirror else np.zeros(len(ratios), dtype=bool)
    waiting: dict[float, list[tuple[int, int]]] = {}
    seen: dict[int, int] = {}
    chunks: list[list[tuple[int, int]]] = []
    for index in order.tolist():
        shared = waiting.setdefault(ratios[index], [])
        shared.append((index, seen.get(index, 0)))
        seen[index] = seen.get(index, 0) + 1
        if len(shared) == batch:
            chunks.append(waiting.pop(ratios[index]))
    chunks += waiting.values()
    if len(set(ratios)) > 1:  # else the small batches of rare ratios would all stand at the end
        chunks = [chunks[place] for place in draw.permutation(len(chunks))]
    chosen = [scales[place] for place in draw.integers(len(scales), size=len(chunks))] if len(scales) > 1 else [scales[0]] * len(chunks)
    return [
        Together(
            tuple(index for index, _ in chunk),
            # a picture that is shown again is shown the other way round
            tuple(bool(flips[index]) ^ (mirror and times % 2 == 1) for index, times in chunk),
            tuple(times for _, times in chunk),
            scale,
        )
        for chunk, scale in zip(chunks, chosen, strict=True)
    ]


def _mixed(draw: np.random.Generator, groups: Sequence[str]) -> NDArray[np.int64]:
    names = np.array(groups)
    members = [np.flatnonzero(names == name) for name in dict.fromkeys(groups)]
    each = -(-len(names) // len(members))
    rounds = [np.concatenate([draw.permutation(own) for _ in range(-(-each // len(own)))])[:each] for own in members]
    return draw.permutation(np.concatenate(rounds))


def made_ahead(items: Iterator[Item], number: int = AHEAD) -> Iterator[Item]:
    """The same items in the same order, made by a thread while others are used; an error in making one is raised where it is asked for."""
    ready: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(number)
    left = threading.Event()

    def put(item: Item | None, error: BaseException | None = None) -> bool:
        while not left.is_set():
            try:
                ready.put((item, error), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(None)
        except BaseException as error:  # told to who waits, whatever it is
            put(None, error)

    worker = threading.Thread(target=work, name="batches", daemon=True)
    worker.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        left.set()
        worker.join()
