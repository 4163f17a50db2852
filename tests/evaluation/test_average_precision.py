"""Average precision against its definition, against scikit-learn's convention for ties, and its chance level against all orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from salquest.evaluation import average_precision, chance_precision


def test_it_is_the_mean_precision_at_the_positives() -> None:
    # positives at ranks 1 and 3: (1/1 + 2/3) / 2
    assert average_precision([4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([1, 2, 3, 4], [0, 0, 1, 1]) == 1


def test_pictures_of_one_score_come_at_once_in_any_order() -> None:
    # two of four at the first score, one of them positive: precision 1/2 at recall 1/2; then all: 2/4
    for held in ([1, 0, 1, 0], [0, 1, 0, 1]):
        assert average_precision([2, 2, 1, 1], held) == pytest.approx(0.5)
    assert average_precision(np.zeros(8), [1, 0, 0, 0, 0, 0, 0, 0]) == pytest.approx(1 / 8)


@pytest.mark.parametrize(("pictures", "positives"), [(1, 1), (4, 1), (5, 2), (6, 6), (6, 3)])
def test_chance_is_the_mean_over_all_orders(pictures: int, positives: int) -> None:
    held = np.arange(pictures) < positives
    found = [average_precision(order, held) for order in permutations(range(pictures))]
    assert chance_precision(pictures, positives) == pytest.approx(np.mean(found))


def test_without_a_positive_nothing_can_be_said() -> None:
    assert np.isnan(average_precision([1, 2], [0, 0]))
    assert np.isnan(chance_precision(2, 0))
