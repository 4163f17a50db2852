"""From responses to scores: one number per unit and category, and what each picture adds to it, from which intervals follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.gathering import LayerResponses
from salquest.dissection.probe import RegionTable

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# which of the two means of `Response.nss`
PIXELS, FIXATIONS = 0, 1


@dataclass(frozen=True)
class ScoreCard:
    """A score of a unit for a category.

    Attributes:
        title: for tables.
        chance: what a unit that knows nothing of the category has.
        threshold: above it a unit counts as one of the category's.
        needs_fixations: only pictures with gaze have it.
        source: whose it is.
    """

    title: str
    chance: float
    threshold: float
    needs_fixations: bool
    source: str


SCORES: Mapping[str, ScoreCard] = {
    "relative_nss": ScoreCard("relative NSS", 0.0, 0.5, False, "ours: a category's regions against the other labelled regions"),
    "fixation_nss": ScoreCard("NSS at fixations", 0.0, 1.5, True, "He 2019, region-based NSS"),
    "region_nss": ScoreCard("NSS over regions", 0.0, 1.5, False, "He 2019 without gaze"),
    "iou": ScoreCard("IoU", 0.0, 0.04, False, "Bau 2017, network dissection"),
    "auc": ScoreCard("selectivity (AUC)", 0.5, 0.75, False, "regions of the category against the others"),
}


@dataclass(frozen=True, eq=False)
class Ratio:
    """A sum over pictures divided by another: numerators (N, C), denominators (N, 1) or (N, C).

    Attributes:
        by_chance: what the two are on the mean over permutations of a unit's cells; None for 0 and the denominators themselves.
    """

    numerators: Floats
    denominators: Floats
    by_chance: tuple[Floats, Floats] | None = None

    @property
    def pictures(self) -> int:
        """N."""
        return len(self.numerators)

    def of(self, counts: Floats, units: Integers | slice = slice(None)) -> Floats:
        """With pictures counted `counts` (B, N) times, (B, C); NaN where nothing is left to divide by."""
        below = self.denominators if self.denominators.shape[1] == 1 else self.denominators[:, units]
        whole = counts @ below
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(whole > 0, counts @ self.numerators[:, units] / whole, np.nan)

    def parts(self) -> Floats:
        """What each picture adds to the ratio, to first order, (N, C)."""
        one = np.ones((1, len(self.numerators)))
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.numerators - self.of(one) * self.denominators) / self.denominators.sum(axis=0)

    def chance(self, signs: Floats) -> Floats:
        """The ratio with each picture's departure from chance turned over by signs (B, N), (B, C); see `UnitScores.chance`."""
        zero = np.zeros_like(self.numerators[:1])
        above, below = (zero, self.denominators) if self.by_chance is None else self.by_chance
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = below.sum(axis=0) + (0 if self.by_chance is None else signs @ (self.denominators - below))
            return np.where(whole > 0, (above.sum(axis=0) + signs @ (self.numerators - above)) / whole, np.nan)


@dataclass(frozen=True, eq=False)
class Placements:
    """A statistic of ranks: its value (C,), and what each picture adds to it to first order, (N, C)."""

    value: Floats
    added: Floats

    @property
    def pictures(self) -> int:
        """N."""
        return len(self.added)

    def of(self, counts: Floats, units: Integers | slice = slice(None)) -> Floats:
        """As `Ratio.of`."""
        return self.value[units] + (counts - 1) @ self.added[:, units]

    def parts(self) -> Floats:
        """As `Ratio.parts`."""
        return self.added

    def chance(self, signs: Floats) -> Floats:
        """As `Ratio.chance`, around one half."""
        return np.where(np.isnan(self.value), np.nan, 0.5 + signs @ self.added)


@dataclass(frozen=True, eq=False)
class UnitScores:
    """One score of all units of a layer for one category: `first`, less `second` where there is one."""

    first: Ratio | Placements
    second: Ratio | None = None

    def of(self, counts: Floats, units: Integers | slice = slice(None)) -> Floats:
        """The scores (B, C) of units when pictures count `counts` (B, N) times; NaN where the pictures cannot answer."""
        found = self.first.of(counts, units)
        return found if self.second is None else found - self.second.of(counts, units)

    @property
    def value(self) -> Floats:
        """The scores, (C,); NaN where the probe set cannot answer (no region, no fixation, no other region)."""
        return self.of(np.ones((1, self.first.pictures)))[0]

    def chance(self, signs: Floats) -> Floats:
        """The scores (B, C) of units with cells permuted many times, from one permutation of each picture.

        Permutations of different pictures are independent, and what each adds to a score departs from its known mean to both sides: turning the
        departures over picture by picture gives further draws of their sum (the wild bootstrap, Wu 1986), the same for all units, so that the
        best of many related units is drawn as it should be.

        Args:
            signs: of pictures, -1 or 1, (B, N).
        """
        found = self.first.chance(signs)
        return found if self.second is None else found - self.second.chance(signs)

    def standard_error(self) -> Floats:
        """Over pictures, (C,), by the infinitesimal jackknife (Efron 1982)."""
        parts = self.first.parts() if self.second is None else self.first.parts() - self.second.parts()
        return np.sqrt((parts**2).sum(axis=0))


class LayerScores:
    """All scores of a layer's units.

    Args:
        responses: of the layer.
        table: of the regions.
        pictures: of the probe set.
    """

    def __init__(self, responses: LayerResponses, table: RegionTable, pictures: int) -> None:
        self.responses, self.table, self.pictures = responses, table, pictures
        self._has_gaze = bool(table.fixations.any())
        self._sums: dict[tuple[int, str], Ratio] = {}
        self._ranks: dict[str, _Ranks] = {}

    def scores(self, score: str, category: int, version: str = "own") -> UnitScores:
        """One score of all units for one category.

        Args:
            score: a name in SCORES. "fixation_nss" and "region_nss" are means over the category's regions, each region counting once;
                "relative_nss" is the difference of that mean and the mean over all regions that are not of the category, at fixations where
                there are any, else over pixels; "iou" sums intersections and unions over pictures before it divides; "auc" is the chance
                that a region of the category has a greater mean z-score than one that is not.
            category: its number in the table.
            version: of the responses, see VERSIONS.
        """
        holds = self.table.holds[:, category]
        if score == "iou":
            return UnitScores(self._iou(category, version))
        if score == "auc":
            return UnitScores(self._auc(holds, version))
        kind = PIXELS if score == "region_nss" or not self._has_gaze else FIXATIONS
        own = self._mean(kind, version, holds)
        if score != "relative_nss":
            return UnitScores(own)
        whole = self._sums.setdefault((kind, version), self._mean(kind, version, np.ones(len(holds), dtype=bool)))
        return UnitScores(own, Ratio(whole.numerators - own.numerators, whole.denominators - own.denominators))

    def _mean(self, kind: int, version: str, which: NDArray[np.bool_]) -> Ratio:
        if kind == FIXATIONS:
            which = which & (self.table.fixations > 0)
        chosen, picture = self.responses.nss[version][kind][which], self.table.picture[which]
        number = np.bincount(picture, minlength=self.pictures)[:, None].astype(np.float64)
        return Ratio(_by_picture(chosen.astype(np.float64), picture, self.pictures), number)

    def _iou(self, category: int, version: str) -> Ratio:
        which = self.responses.pair_category == category
        here = self.responses.pair_picture[which]
        both, area = np.zeros(self.responses.above.shape), np.zeros((self.pictures, 1))
        both[here], area[here, 0] = self.responses.overlap[version][which], self.responses.area[which]
        if version != "permuted":
            return Ratio(both, self.responses.above + area - both)
        # cells that fall on the category by chance (hypergeometric)
        mean = self.responses.above * area / self.responses.pixels[:, None]
        return Ratio(both, self.responses.above + area - both, (mean, self.responses.above + area - mean))

    def _auc(self, holds: NDArray[np.bool_], version: str) -> Placements:
        z = self.responses.nss[version][PIXELS]
        number, others = int(holds.sum()), int((~holds).sum())
        if not number or not others:
            return Placements(np.full(z.shape[1], np.nan), np.zeros((self.pictures, z.shape[1])))
        if version not in self._ranks:
            self._ranks[version] = _Ranks.of(z)
        won = self._ranks[version].won(holds)
        value = won[holds].mean(axis=0) / others
        # the two kinds of placements of DeLong (1988), of which the variance of an area under the curve is made
        placed = np.where(holds[:, None], won / others, 1 - won / number) - value
        share = np.where(holds, 1 / number, 1 / others)[:, None]
        return Placements(value, _by_picture(placed * share, self.table.picture, self.pictures))


@dataclass(frozen=True, eq=False)
class _Ranks:
    """Regions in the order of their z-scores, per unit: (R, C) each.

    Attributes:
        order: numbers of the regions, the smallest score first.
        first, behind: where the run of equal scores begins that each place belongs to, and where the next one begins.
    """

    order: Integers
    first: Integers
    behind: Integers

    @classmethod
    def of(cls, z: NDArray[np.float32]) -> _Ranks:
        order = np.argsort(z, axis=0)
        ordered = np.take_along_axis(z, order, axis=0)
        begins = np.ones(z.shape, dtype=bool)
        begins[1:] = ordered[1:] != ordered[:-1]
        place = np.arange(len(z))[:, None]
        first = np.maximum.accumulate(np.where(begins, place, 0), axis=0)
        following = np.where(np.vstack([begins[1:], np.ones((1, z.shape[1]), dtype=bool)]), place + 1, len(z))
        return cls(order, first, np.minimum.accumulate(following[::-1], axis=0)[::-1])

    def won(self, holds: NDArray[np.bool_]) -> Floats:
        """How many regions of the other kind have a smaller score, (R, C); equal ones count half."""
        counted = np.zeros((len(holds) + 1, self.order.shape[1]))
        np.cumsum(holds[self.order], axis=0, out=counted[1:])
        among = (np.take_along_axis(counted, self.first, axis=0) + np.take_along_axis(counted, self.behind, axis=0)) / 2
        kind = holds[self.order]
        won = np.empty(self.order.shape)
        np.put_along_axis(won, self.order, np.where(kind, (self.first + self.behind) / 2 - among, among), axis=0)
        return won


def _by_picture(values: Floats, picture: Integers, pictures: int) -> Floats:
    """Sums of rows per picture, (N, C); rows come in the order of pictures."""
    found = np.zeros((pictures, values.shape[1]))
    if len(values):
        starts = np.flatnonzero(np.r_[True, picture[1:] != picture[:-1]])
        found[picture[starts]] = np.add.reduceat(values, starts, axis=0)
    return found
