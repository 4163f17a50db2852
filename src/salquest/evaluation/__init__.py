"""A model against a data set: rows of scores with intervals, the floor and the ceiling between which they stand, and who is better."""

from salquest.evaluation.ceilings import other_observers, other_observers_nss
from salquest.evaluation.comparison import Comparison, Pair, compare
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.evaluation.paired_tests import Ranking
from salquest.evaluation.scores import Scores
from salquest.evaluation.scoring import DEFAULT_METRICS, compare_maps, evaluate, evaluate_all

__all__ = [
    "DEFAULT_METRICS",
    "Comparison",
    "Interval",
    "Pair",
    "Ranking",
    "Scores",
    "bootstrap_mean",
    "compare",
    "compare_maps",
    "evaluate",
    "evaluate_all",
    "other_observers",
    "other_observers_nss",
]
