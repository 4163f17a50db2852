"""A model against a data set: rows of scores with intervals, and the floor and the ceiling between which they stand."""

from salquest.evaluation.ceilings import other_observers, other_observers_nss
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.evaluation.scoring import DEFAULT_METRICS, Scores, compare_maps, evaluate

__all__ = [
    "DEFAULT_METRICS",
    "Interval",
    "Scores",
    "bootstrap_mean",
    "compare_maps",
    "evaluate",
    "other_observers",
    "other_observers_nss",
]
