"""A layer and a category in one line: its ten best units, how many stand out, and what the controls reach beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.scores import SCORES, UnitScores
from salquest.dissection.unit_statistics import UnitStatistics

Floats = NDArray[np.float64]

TOP = 10
DRAWS = 1000
# of permuted units, for the point that 95 % of them stay below
CHANCE_DRAWS = 200


@dataclass(frozen=True, eq=False)
class LayerSummary:
    """One score of a layer for one category.

    Attributes:
        best: units of the ten greatest scores, best first; near-duplicates included, as in the paper.
        top: their mean score.
        draws: the mean score of the same ten on resampled pictures, (DRAWS,): intervals and paired differences come from them.
        distinct: mean of the ten best when of each group of near-duplicates only the best unit counts.
        held_out: mean score on one half of the pictures of the ten that are best on the other half, both ways: free of the choice of the best.
        above, above_distinct: units, and groups of near-duplicates, above the score's threshold.
    """

    best: NDArray[np.int64]
    top: float
    draws: Floats
    distinct: float
    held_out: float
    above: int
    above_distinct: int

    @property
    def interval(self) -> tuple[float, float]:
        """In which 95 % of the resampled means lie."""
        return interval_of(self.draws)


def interval_of(draws: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled numbers; NaN where there are none."""
    there = draws[~np.isnan(draws)]
    if not there.size:
        return np.nan, np.nan
    low, high = np.quantile(there, (0.025, 0.975))
    return float(low), float(high)


def resamples(pictures: int, seed: int) -> Floats:
    """How often each picture is drawn in each of DRAWS resamples of all of them, (DRAWS, N): the same for every table of one seed."""
    draw = np.random.Generator(np.random.PCG64([seed, pictures]))
    return draw.multinomial(pictures, np.full(pictures, 1 / pictures), size=DRAWS).astype(np.float64)


def chance_signs(pictures: int, seed: int) -> Floats:
    """-1 or 1 for each picture in each of CHANCE_DRAWS draws, (CHANCE_DRAWS, N): see `UnitScores.chance`."""
    draw = np.random.Generator(np.random.PCG64([seed, pictures, CHANCE_DRAWS]))
    return np.where(draw.random((CHANCE_DRAWS, pictures)) < 0.5, -1.0, 1.0)


def chance_high(permuted: UnitScores, statistics: UnitStatistics, signs: Floats) -> float:
    """What the mean of the ten best units stays below in 95 % of permutations; NaN where nothing is scored."""
    drawn = permuted.chance(signs)[:, statistics.scored]
    drawn = drawn[:, ~np.isnan(drawn).any(axis=0)]
    top = min(TOP, drawn.shape[1])
    if not top:
        return np.nan
    return float(np.quantile(np.partition(drawn, -top, axis=1)[:, -top:].mean(axis=1), 0.95))


def summarise(
    scores: UnitScores,
    score: str,
    statistics: UnitStatistics,
    groups: NDArray[np.int64],
    counts: Floats,
    having: NDArray[np.int64],
) -> LayerSummary:
    """The summary of one score.

    Args:
        scores: of all units.
        score: its name in SCORES.
        statistics: of the layer; units that are dead or exploding are left out.
        groups: `statistics.groups()`.
        counts: see `resamples`.
        having: numbers of the pictures that have the category.
    """
    value = np.where(statistics.scored, scores.value, np.nan)
    best = best_units(value)
    if not len(best):
        return LayerSummary(best, np.nan, np.full(len(counts), np.nan), np.nan, np.nan, 0, 0)
    high = np.nan_to_num(value, nan=-np.inf) > SCORES[score].threshold
    return LayerSummary(
        best,
        float(value[best].mean()),
        scores.of(counts, best).mean(axis=1),
        float(np.mean(best_of_groups(value, groups))),
        _held_out(scores, statistics.scored, having),
        int(high.sum()),
        len(np.unique(groups[high])),
    )


def best_units(value: Floats, top: int = TOP) -> NDArray[np.int64]:
    """The units of the greatest scores, best first; those without a score are left out."""
    order = np.argsort(-value, kind="stable")  # NaN goes to the end
    return order[: min(top, int((~np.isnan(value)).sum()))]


def shown_units(summaries: Mapping[tuple[str, int, str], LayerSummary]) -> list[int]:
    """The units that a reader is shown: all that are among the ten best of their layer for a category by a score."""
    return sorted({int(unit) for (_, _, version), summary in summaries.items() if version == "own" for unit in summary.best})


def best_of_groups(value: Floats, groups: NDArray[np.int64], top: int = TOP) -> Floats:
    """The greatest scores when each group of units has its best one only."""
    scored = ~np.isnan(value)
    greatest = np.full(int(groups.max()) + 1, -np.inf)
    np.maximum.at(greatest, groups[scored], value[scored])
    return np.sort(greatest[np.isfinite(greatest)])[::-1][:top]


def halves_of(pictures: int, having: NDArray[np.int64]) -> Floats:
    """Which pictures are in each of two halves, (2, N) of 0 and 1; those that have the category go to them by turns, and so do the others."""
    halves = np.zeros((2, pictures))
    halves[0], halves[1] = np.arange(pictures) % 2 == 0, np.arange(pictures) % 2 == 1
    halves[:, having] = 0
    halves[0, having[::2]], halves[1, having[1::2]] = 1, 1
    return halves


def _held_out(scores: UnitScores, scored: NDArray[np.bool_], having: NDArray[np.int64]) -> float:
    """See `LayerSummary.held_out`."""
    # a half counts twice, so that both together are all pictures
    halves = np.where(scored, scores.of(2 * halves_of(scores.first.pictures, having)), np.nan)
    chosen = [best_units(half) for half in halves]
    if not all(len(units) for units in chosen):
        return np.nan
    return float((halves[1, chosen[0]].mean() + halves[0, chosen[1]].mean()) / 2)
