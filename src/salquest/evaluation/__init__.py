"""A model against a data set: rows of scores with intervals, the floor and the ceiling between which they stand, and who is better."""

from salquest.evaluation.average_precision import average_precision, chance_precision
from salquest.evaluation.ceilings import (
    AllObservers,
    ObserverMixture,
    fit_observers,
    other_observers,
    other_observers_nss,
    spearman_brown,
    split_half,
)
from salquest.evaluation.comparison import Comparison, Pair, compare
from salquest.evaluation.crossed import CrossedInterval, RowPair, compare_rows, crossed_difference, crossed_mean
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.evaluation.level_sets import LevelSets, level_sets
from salquest.evaluation.limits import floor_and_ceiling, has_ceiling
from salquest.evaluation.mixture import mixture_weights
from salquest.evaluation.optimal_maps import OptimalMaps, optimal_map
from salquest.evaluation.paired_tests import Ranking
from salquest.evaluation.rank_agreement import Agreement, rank_agreement
from salquest.evaluation.row_spread import NoiseFloor, Spread, SpreadLeft, noise_floor, spread, spread_left
from salquest.evaluation.scores import Scores
from salquest.evaluation.scoring import DEFAULT_METRICS, compare_maps, evaluate, evaluate_all
from salquest.evaluation.shares import explained_share, share_of_ceiling

__all__ = [
    "DEFAULT_METRICS",
    "Agreement",
    "AllObservers",
    "Comparison",
    "CrossedInterval",
    "Interval",
    "LevelSets",
    "NoiseFloor",
    "ObserverMixture",
    "OptimalMaps",
    "Pair",
    "Ranking",
    "RowPair",
    "Scores",
    "Spread",
    "SpreadLeft",
    "average_precision",
    "bootstrap_mean",
    "chance_precision",
    "compare",
    "compare_maps",
    "compare_rows",
    "crossed_difference",
    "crossed_mean",
    "evaluate",
    "evaluate_all",
    "explained_share",
    "fit_observers",
    "floor_and_ceiling",
    "has_ceiling",
    "level_sets",
    "mixture_weights",
    "noise_floor",
    "optimal_map",
    "other_observers",
    "other_observers_nss",
    "rank_agreement",
    "share_of_ceiling",
    "spearman_brown",
    "split_half",
    "spread",
    "spread_left",
]
