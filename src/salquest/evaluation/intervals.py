"""How far a mean over pictures can be trusted: percentile bootstrap over pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 4000


@dataclass(frozen=True)
class Interval:
    """A mean over `number` pictures with its 95 % interval."""

    mean: float
    low: float
    high: float
    number: int


def bootstrap_mean(values: ArrayLike, *, weights: ArrayLike | None = None, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Mean of one value per picture, with the interval in which 95 % of the means of resampled pictures lie (Efron 1979).

    Args:
        values: one per picture; NaN (a picture that has no such score) is left out.
        weights: what each picture counts, such as its fixations; all alike where they are not given.
        draws: resamples.
        seed: of the resampling, so that a table prints alike each time.

    Returns:
        NaN with 0 pictures; a single picture has an interval of no width.
    """
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    there = ~np.isnan(array)
    shares = None if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)[there]
    array = array[there]
    if array.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    picks = np.random.Generator(np.random.PCG64(seed)).integers(0, array.size, size=(draws, array.size))
    drawn = array[picks].mean(axis=1) if shares is None else (array * shares)[picks].sum(axis=1) / shares[picks].sum(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(float(np.average(array, weights=shares)), float(low), float(high), int(array.size))
