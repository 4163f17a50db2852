"""A score along the axis of a family: curves with intervals, thresholds, monotony, the slope over set sizes, and asymmetries.

A score's rows are told as levels -> one value per display. Intervals are percentile bootstraps over displays, drawn within each level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.evaluation import Interval, bootstrap_mean

DRAWS = 1000
Floats = NDArray[np.float64]
ByLevel = Mapping[float, Sequence[float]]


def curve(values: ByLevel) -> dict[float, Interval]:
    """Mean with its 95 % interval at each level, ascending."""
    return {level: bootstrap_mean(values[level], draws=DRAWS) for level in sorted(values)}


@dataclass(frozen=True)
class Threshold:
    """The level at which a score passes a mark, with its 95 % interval.

    Attributes:
        level: infinity where no level is easy enough; the easiest level's own side where all are.
        low, high: of resampled displays.
    """

    level: float
    low: float
    high: float


def threshold(values: ByLevel, mark: float, *, easier: str = "up", draws: int = DRAWS, seed: int = 0) -> Threshold:
    """Where a psychometric curve passes a mark.

    The means by level are made monotone (isotonic regression) and joined by straight lines. Where even the hardest level is above the mark,
    the threshold is that level; where no level reaches it, infinity.

    Args:
        values: level -> a score of each display, more for better.
        mark: half-way from chance to perfect, by custom: (1 + chance) / 2.
        easier: "up" or "down": where along the levels the target stands out more.
        draws, seed: of the resampling within levels.

    Raises:
        InputError: fewer than two levels, or a level without displays.
    """
    levels = np.array(sorted(values))
    if len(levels) < 2 or easier not in ("up", "down"):
        raise InputError(f"a threshold lies between two or more levels that get easier up or down; found {len(levels)}, {easier!r}")
    each = [np.asarray(values[level], dtype=np.float64) for level in levels]
    if any(array.size == 0 for array in each):
        raise InputError("a level without displays has no threshold")
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.stack([array[rng.integers(0, array.size, (draws, array.size))].mean(axis=1) for array in each], axis=1)
    found = np.array([_crossing(levels, means, mark, easier) for means in drawn])
    low, high = np.quantile(found, (0.025, 0.975), method="nearest")  # infinities do not mix
    return Threshold(_crossing(levels, np.array([array.mean() for array in each]), mark, easier), float(low), float(high))


def _crossing(levels: Floats, means: Floats, mark: float, easier: str) -> float:
    from scipy.optimize import isotonic_regression

    if easier == "down":
        levels, means = levels[::-1], means[::-1]
    fitted = isotonic_regression(means).x
    if fitted[-1] < mark:
        return float("inf")
    first = int(np.argmax(fitted >= mark))
    if first == 0:
        return float(levels[0])
    below, above = fitted[first - 1], fitted[first]
    share = (mark - below) / (above - below)
    return float(levels[first - 1] + share * (levels[first] - levels[first - 1]))


def monotony(values: ByLevel, *, easier: str = "up") -> float:
    """Kendall's tau-b between the levels and the mean scores, signed so that 1 is better with every easier level; 0 for equal means."""
    from scipy.stats import kendalltau

    levels = sorted(values)
    if len(levels) < 2:
        raise InputError("monotony takes two or more levels")
    tau = float(kendalltau(levels, [float(np.mean(values[level])) for level in levels]).statistic)
    return 0.0 if np.isnan(tau) else (tau if easier != "down" else -tau)


def set_size_slope(values: ByLevel, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Least-squares slope of a score against log2 of the set size, with its interval; 0 is pop-out.

    Args:
        values: set size -> a score of each display, such as fixations to find.
    """
    sizes = np.log2(np.array(sorted(values), dtype=np.float64))
    if len(sizes) < 2:
        raise InputError("a slope takes two or more set sizes")
    each = [np.asarray(values[size], dtype=np.float64) for size in sorted(values)]
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.stack([array[rng.integers(0, array.size, (draws, array.size))].mean(axis=1) for array in each], axis=1)
    centred = sizes - sizes.mean()
    slopes = drawn @ centred / (centred @ centred)
    low, high = np.quantile(slopes, (0.025, 0.975))
    mean = np.array([array.mean() for array in each]) @ centred / (centred @ centred)
    return Interval(float(mean), float(low), float(high), sum(array.size for array in each))


def asymmetry(easy: Sequence[float], hard: Sequence[float]) -> Interval:
    """Score of the easy role less that of the hard one, display by display of the same seed, with its interval; people: above 0.

    Raises:
        InputError: lists of different lengths.
    """
    if len(easy) != len(hard):
        raise InputError(f"an asymmetry pairs displays of both roles; found {len(easy)} and {len(hard)}")
    return bootstrap_mean(np.asarray(easy, dtype=np.float64) - np.asarray(hard, dtype=np.float64), draws=DRAWS)


def correct_signs(differences: Sequence[Interval]) -> Interval:
    """Share of asymmetries whose mean has people's sign (0 counts one half), with its interval over the pairs."""
    return bootstrap_mean([0.5 + 0.5 * float(np.sign(one.mean)) for one in differences], draws=DRAWS)
