"""Is the difference real? Sign-flip permutation tests, Holm's correction, Friedman's test and Nemenyi's critical difference.

Pure functions of arrays with one row per picture; what is compared with what is said in comparison.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError

Floats = NDArray[np.float64]

# up to so many pictures all 2^N signs are tried (65,536); beyond, so many random ones
EXACT_UP_TO = 16
DRAWS = 20_000
# sums of the same numbers in another order differ in their last digits; they count as equal
_EQUAL = 1 - 1e-12


def sign_flip_p(differences: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Two-sided p values of paired differences: how often random signs give a sum as far from 0 as the observed one (Fisher 1935).

    Args:
        differences: one per picture, (N,), or one column per pair of models, (N, P); all columns see the same signs.
        draws: random signs where N > 16; the observed ones count among them, p = (1 + as far) / (1 + draws), so p is never 0.
        seed: of the random signs. With N <= 16 every pattern is tried, nothing is random, and the smallest p is 2 / 2^N.

    Returns:
        (P,), or (1,) for (N,); 1 where all differences are 0.

    Raises:
        InputError: no picture, or a difference that is no finite number.
    """
    columns = np.asarray(differences, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    number = len(columns)
    if columns.ndim != 2 or number == 0 or not np.isfinite(columns).all():
        raise InputError(f"a paired test takes finite differences (N,) or (N, P) of at least one picture; found shape {columns.shape}")
    observed = np.abs(columns.sum(axis=0)) * _EQUAL
    if number <= EXACT_UP_TO:
        patterns = (np.arange(2**number)[:, None] >> np.arange(number)) & 1
        return (np.abs((1.0 - 2.0 * patterns) @ columns) >= observed).mean(axis=0)
    random = np.random.Generator(np.random.PCG64(seed))
    as_far = np.zeros(columns.shape[1])
    for begin in range(0, draws, 1000):  # a thousand at a time: 10,000 pictures take 80 MB
        signs = random.integers(0, 2, size=(min(1000, draws - begin), number)).astype(np.float64) * 2 - 1
        as_far += (np.abs(signs @ columns) >= observed).sum(axis=0)
    return (1 + as_far) / (1 + draws)


def holm(p_values: ArrayLike) -> Floats:
    """Correct p values for their number by Holm's steps (1979): the smallest times m, the next times m - 1, never falling, at most 1.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64).reshape(-1)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


@dataclass(frozen=True)
class Ranking:
    """Who is how far in front, over pictures.

    Attributes:
        ranks: model -> average rank; 1 is the best on every picture, ties share their ranks.
        critical_difference: average ranks that differ by less are not told apart at the 5 % level (Nemenyi 1963; Demšar 2006).
        friedman_p: how probable ranks so uneven are where all models are alike.
        number: of pictures.
    """

    ranks: dict[str, float]
    critical_difference: float
    friedman_p: float
    number: int

    def groups(self) -> list[tuple[str, ...]]:
        """Models that are not told apart, best first: every longest stretch of the order that is narrower than the critical difference."""
        order = sorted(self.ranks, key=lambda name: self.ranks[name])
        stretches: list[tuple[str, ...]] = []
        reached = 0
        for start, name in enumerate(order):
            end = max(
                i for i in range(start, len(order)) if self.ranks[order[i]] - self.ranks[name] < self.critical_difference or i == start
            )
            if end > start and end + 1 > reached:
                stretches.append(tuple(order[start : end + 1]))
                reached = end + 1
        return stretches


def rank_models(scores: ArrayLike, models: list[str], *, up_is_better: bool) -> Ranking:
    """Average ranks of models over pictures, with Friedman's test (ties corrected for) and Nemenyi's critical difference at 5 %.

    Args:
        scores: one row per picture, one column per model, (N, K).
        models: K names, at least two.
        up_is_better: the greatest score has rank 1; else the smallest.
    """
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(models) or len(models) < 2 or len(values) == 0 or not np.isfinite(values).all():
        raise InputError(f"ranks take finite scores (N, K) of at least one picture and two models; found {values.shape} for {len(models)}")
    number, k = values.shape
    ranks = rankdata(-values if up_is_better else values, axis=1)
    average = ranks.mean(axis=0)
    tied = sum(float((np.unique(row, return_counts=True)[1] ** 3.0).sum()) - k for row in ranks)
    correction = 1 - tied / (number * k * (k**2 - 1))
    spread = 12 * number / (k * (k + 1)) * float(((average - (k + 1) / 2) ** 2).sum())
    return Ranking(
        ranks=dict(zip(models, map(float, average), strict=True)),
        critical_difference=critical_difference(k, number),
        friedman_p=float(chdtrc(k - 1, spread / correction)) if correction > 0 else 1.0,
        number=number,
    )


def critical_difference(num_models: int, num_pictures: int) -> float:
    """Nemenyi's: q sqrt(K (K + 1) / (6 N)), q the 5 % point of the studentised range of K means over sqrt(2); 2.569 for K = 4."""
    return _nemenyi_q(num_models) * float(np.sqrt(num_models * (num_models + 1) / (6 * num_pictures)))


@cache
def _nemenyi_q(num_models: int) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(0.95, num_models, np.inf)) / float(np.sqrt(2))
