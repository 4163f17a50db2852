"""Which pictures come together: every one once, sets alike where that is asked for, one ratio to a batch."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from salquest.training.order import epoch_order, made_ahead

RATIOS = [0.75] * 14 + [1.0] * 3 + [0.5] * 6
SETS = ["a"] * 5 + ["b"] * 18


def order(**changes) -> list:
    return epoch_order(RATIOS, SETS, **{"batch": 4, "seed": 1, "epoch": 1, "mirror": True, **changes})


def test_every_picture_comes_once_and_only_with_pictures_of_its_ratio() -> None:
    batches = order()
    assert sorted(index for one in batches for index in one.indices) == list(range(23))
    assert all(len({RATIOS[index] for index in one.indices}) == 1 for one in batches)
    assert len(batches) == 4 + 1 + 2


def test_small_batches_do_not_gather_at_the_end() -> None:
    last = [len(order(epoch=epoch)[-1].indices) for epoch in range(1, 30)]
    assert 4 in last


def test_pictures_of_one_ratio_come_in_the_order_of_one_permutation() -> None:
    draw = np.random.Generator(np.random.PCG64([5, 2]))
    permutation, flips = draw.permutation(10), draw.random(10) < 0.5
    batches = epoch_order([0.75] * 10, ["a"] * 10, batch=4, seed=5, epoch=2, mirror=True)
    assert [index for one in batches for index in one.indices] == permutation.tolist()
    assert [flip for one in batches for flip in one.mirrored] == flips[permutation].tolist()


def test_sets_alike_shows_as_many_of_each_and_a_second_showing_the_other_way_round() -> None:
    batches = order(mix="sets")
    shown = [(index, times, flip) for one in batches for index, times, flip in zip(one.indices, one.times, one.mirrored, strict=True)]
    assert Counter(SETS[index] for index, *_ in shown) == {"a": 12, "b": 12}
    small = [entry for entry in shown if SETS[entry[0]] == "a"]
    assert set(Counter(index for index, *_ in small).values()) == {2, 3}
    ways = {(index, times): flip for index, times, flip in small}
    assert all(ways[index, 1] != ways[index, 0] for index in range(5))


def test_a_scale_is_drawn_for_each_batch() -> None:
    seen = Counter(one.scale for epoch in range(1, 40) for one in order(scales=(1.0, 1.25, 1.5), epoch=epoch))
    assert set(seen) == {1.0, 1.25, 1.5}
    assert min(seen.values()) > 60
    assert [one.scale for one in order(scales=(1.0, 1.5))] == [one.scale for one in order(scales=(1.0, 1.5))]


def test_what_is_made_ahead_comes_in_order_and_not_too_far_ahead() -> None:
    made: list[int] = []

    def making() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    ahead = made_ahead(making(), 2)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert len(made) <= 5
    assert list(ahead) == list(range(1, 20))


def test_an_error_in_making_is_raised_where_the_item_is_asked_for() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    ahead = made_ahead(making())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="gone"):
        next(ahead)


def test_who_stops_asking_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    ahead = made_ahead(iter(range(100)), 2)
    next(ahead)
    ahead.close()
    assert threading.active_count() == before
