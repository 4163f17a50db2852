"""From responses to scores: one number per unit and category, and what each picture adds to it, from which intervals follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from salquest.dissection.gathering import LayerResponses
from salquest.dissection.probe import RegionTable

Floats = NDArray[np.float64]


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
class UnitScores:
    """One score of all units of a layer for one category.

    The score is a mean over pictures in disguise: with picture weights w (1 each) it is `value + w @ parts` to first order, from which both
    the standard error and resampled scores follow without computing anything again.

    Attributes:
        value: (C,); NaN where the probe set cannot answer (no region, no fixation, no other region).
        parts: what each picture adds, (N, C), summing to 0 over pictures.
    """

    value: Floats
    parts: Floats

    def standard_error(self) -> Floats:
        """Over pictures, (C,), by the infinitesimal jackknife (Efron 1982)."""
        return np.sqrt((self.parts**2).sum(axis=0))


def score_units(responses: LayerResponses, table: RegionTable, category: int, score: str, version: str, pictures: int) -> UnitScores:
    """Score all units of a layer for one category.

    Args:
        responses: of the layer.
        table: of the regions.
        category: its number in the table.
        score: a name in SCORES. "fixation_nss" and "region_nss" are means over the category's regions, each region counting once;
            "relative_nss" is the difference of that mean and the mean over all regions that are not of the category, at fixations where there
            are any, else over pixels; "iou" sums intersections and unions over pictures before it divides; "auc" is the chance that a region of
            the category has a greater mean z-score than one that is not.
        version: of the responses, see VERSIONS.
        pictures: of the probe set.
    """
    holds = table.holds[:, category]
    nss = responses.nss[version]
    looked = bool(table.fixations.any())
    if score == "region_nss":
        return _mean(nss[0], holds, table, pictures)
    if score == "fixation_nss":
        return _mean(nss[1], holds & (table.fixations > 0), table, pictures)
    if score == "relative_nss":
        seen = table.fixations > 0 if looked else np.ones(len(table), dtype=bool)
        own, others = (_mean(nss[int(looked)], which & seen, table, pictures) for which in (holds, ~holds))
        return UnitScores(own.value - others.value, own.parts - others.parts)
    if score == "iou":
        return _iou(responses, category, version)
    return _auc(nss[0], holds, table, pictures)


def _mean(z: NDArray[np.float32], which: NDArray[np.bool_], table: RegionTable, pictures: int) -> UnitScores:
    chosen = z[which].astype(np.float64)
    if not len(chosen):
        return _unanswered(z.shape[1], pictures)
    value = chosen.mean(axis=0)
    return UnitScores(value, _by_picture(chosen - value, table.picture[which], pictures) / len(chosen))


def _iou(responses: LayerResponses, category: int, version: str) -> UnitScores:
    which = responses.pair_category == category
    pictures = len(responses.above)
    both = np.zeros(responses.above.shape)
    both[responses.pair_picture[which]] = responses.overlap[version][which]
    area = np.zeros((pictures, 1))
    area[responses.pair_picture[which], 0] = responses.area[which]
    union = responses.above + area - both
    whole = union.sum(axis=0)
    if not area.any():
        return _unanswered(both.shape[1], pictures)
    value = both.sum(axis=0) / whole
    return UnitScores(value, (both - value * union) / whole)


def _auc(z: NDArray[np.float32], holds: NDArray[np.bool_], table: RegionTable, pictures: int) -> UnitScores:
    number, others = int(holds.sum()), int((~holds).sum())
    if not number or not others:
        return _unanswered(z.shape[1], pictures)
    # how often a region is the greater one, ties counting half, from ranks among all and among its own (DeLong 1988)
    within = np.empty(z.shape)
    within[holds], within[~holds] = rankdata(z[holds], axis=0), rankdata(z[~holds], axis=0)
    won = rankdata(z, axis=0) - within
    value = won[holds].mean(axis=0) / others
    placed = np.where(holds[:, None], won / others, 1 - won / number) - value
    share = np.where(holds, 1 / number, 1 / others)[:, None]
    return UnitScores(value, _by_picture(placed * share, table.picture, pictures))


def _by_picture(values: Floats, picture: NDArray[np.int64], pictures: int) -> Floats:
    """Sums of rows per picture, (N, C); rows come in the order of pictures."""
    found = np.zeros((pictures, values.shape[1]))
    if len(values):
        starts = np.flatnonzero(np.r_[True, picture[1:] != picture[:-1]])
        found[picture[starts]] = np.add.reduceat(values, starts, axis=0)
    return found


def _unanswered(units: int, pictures: int) -> UnitScores:
    return UnitScores(np.full(units, np.nan), np.zeros((pictures, units)))
