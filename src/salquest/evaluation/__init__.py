"""A model against a data set: rows of scores with intervals, and the floor and the ceiling between which they stand."""

from salquest.evaluation.ceilings import (
    AllObservers,
    ObserverMixture,
    fit_observers,
    other_observers,
    other_observers_nss,
    spearman_brown,
    split_half,
)
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.evaluation.mixture import mixture_weights
from salquest.evaluation.optimal_maps import OptimalMaps, optimal_map
from salquest.evaluation.scoring import DEFAULT_METRICS, Scores, compare_maps, evaluate
from salquest.evaluation.shares import explained_share, share_of_ceiling

__all__ = [
    "DEFAULT_METRICS",
    "AllObservers",
    "Interval",
    "ObserverMixture",
    "OptimalMaps",
    "Scores",
    "bootstrap_mean",
    "compare_maps",
    "evaluate",
    "explained_share",
    "fit_observers",
    "mixture_weights",
    "optimal_map",
    "other_observers",
    "other_observers_nss",
    "share_of_ceiling",
    "spearman_brown",
    "split_half",
]
