"""What units do over a whole set of pictures: moments, extremes, the upper quantile and correlations, in one pass with bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]

# beyond this half precision has no numbers: a unit that gets there has run away
EXPLODED = 65504.0
# units whose maps correlate so much are one unit as evidence
DUPLICATE = 0.9


@dataclass(frozen=True, eq=False)
class UnitStatistics:
    """Of each unit of a layer, over all cells of all pictures.

    Attributes:
        positions: cells that were counted, in all pictures together.
        mean, deviation: (C,); the deviation divides by the number of cells.
        low, high: smallest and greatest activation, (C,).
        threshold: what a share `quantile` of the activations lies above (Bau 2017), (C,), exact.
        quantile: that share.
        broken: activations that were no finite numbers, (C,).
        correlation: Pearson's r between the maps of two units, (C, C); 0 with a unit that never changes.
    """

    positions: int
    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats
    threshold: Floats
    quantile: float
    broken: NDArray[np.int64]
    correlation: NDArray[np.float32]

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Units that answer the same everywhere, (C,): nothing can be scored."""
        return self.low == self.high

    @property
    def exploding(self) -> NDArray[np.bool_]:
        """Units that gave infinity, NaN or activations beyond half precision, (C,)."""
        return (self.broken > 0) | (np.maximum(np.abs(self.low), np.abs(self.high)) > EXPLODED)

    @property
    def sparse(self) -> NDArray[np.bool_]:
        """Live units that are at their lowest on more than 1 - quantile of all cells, (C,): their threshold is that lowest value."""
        return (self.threshold <= self.low) & ~self.dead

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Units that are neither dead nor exploding, (C,)."""
        return ~(self.dead | self.exploding)

    def groups(self, above: float = DUPLICATE) -> NDArray[np.int64]:
        """Which group of near-duplicates each unit belongs to, (C,): units are joined where their maps correlate above `above`."""
        _, labels = connected_components(self.correlation > above, directed=False)
        return labels.astype(np.int64)


class UnitTally:
    """Gathers `UnitStatistics` map by map.

    Args:
        units: of the layer.
        positions: cells that will come in all; known before, so that exactly the values above the quantile have to be kept.
        quantile: the share of activations above the threshold.
    """

    def __init__(self, units: int, positions: int, quantile: float) -> None:
        self.units, self.expected, self.quantile = units, positions, quantile
        # the threshold is the greatest value that at most this many others exceed
        self._kept = min(int(quantile * positions), positions - 1) + 1
        self._upper = np.full((units, 0), -np.inf, dtype=np.float32)
        self._waiting: list[NDArray[np.float32]] = []
        self._origin: NDArray[np.float32] | None = None
        self._sum, self._products = np.zeros(units), np.zeros((units, units))
        self._low, self._high = np.full(units, np.inf, np.float32), np.full(units, -np.inf, np.float32)
        self._broken, self._seen = np.zeros(units, np.int64), 0

    def add(self, maps: NDArray[np.float32]) -> None:
        """Count a picture's maps, (C, cells)."""
        if not np.isfinite(maps.sum(dtype=np.float64)):
            whole = np.isfinite(maps)
            self._broken += (~whole).sum(axis=1)
            maps = np.where(whole, maps, np.float32(0))
        self._low, self._high = np.minimum(self._low, maps.min(axis=1)), np.maximum(self._high, maps.max(axis=1))
        if self._origin is None:
            # moments are taken around the first picture's means: around 0 a small deviation of large values would be rounded away
            self._origin = maps.mean(axis=1)
        apart = maps - self._origin[:, None]
        self._sum += apart.sum(axis=1, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # of units that explode, which are counted and not scored
            self._products += apart @ apart.T
        self._seen += maps.shape[1]
        self._waiting.append(maps)
        if sum(one.shape[1] for one in self._waiting) >= self._kept:
            self._prune()

    def _prune(self) -> None:
        # as much is let in as is kept, so that each value is looked at about twice
        together = np.concatenate([self._upper, *self._waiting], axis=1)
        self._waiting.clear()
        excess = together.shape[1] - self._kept
        self._upper = np.partition(together, excess, axis=1)[:, excess:] if excess > 0 else together

    def finish(self) -> UnitStatistics:
        """The statistics of all that was added; as many cells as were announced."""
        assert self._seen == self.expected
        assert self._origin is not None
        self._prune()
        shift = self._sum / self._seen
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            covariance = self._products / self._seen - np.outer(shift, shift)
            deviation = np.sqrt(np.maximum(covariance.diagonal(), 0))
            deviation = np.where(self._low == self._high, 0.0, deviation)
            scale = np.where(deviation > 0, deviation, np.inf)
            correlation = np.nan_to_num(np.clip(covariance / np.outer(scale, scale), -1, 1), nan=0.0)
        return UnitStatistics(
            positions=self._seen,
            mean=self._origin + shift,
            deviation=deviation,
            low=self._low.astype(np.float64),
            high=self._high.astype(np.float64),
            threshold=self._upper.min(axis=1).astype(np.float64),
            quantile=self.quantile,
            broken=self._broken,
            correlation=correlation.astype(np.float32),
        )
