"""The yardsticks: how well a saliency map says where people looked, each metric with one visible definition and named conventions.

Pure functions over arrays of the Python array API (numpy, torch, ...; torch is never imported here), always in float64.
`catalogue.METRICS` names them.
"""

from salquest.metrics.area_under_curve import auc, auc_borji, auc_judd, auc_shuffled
from salquest.metrics.catalogue import METRICS, MetricCard, Target, scores
from salquest.metrics.conventions import CONVENTIONS, Convention
from salquest.metrics.distributions import kl, sim
from salquest.metrics.earth_mover import emd
from salquest.metrics.fixation_histograms import fixation_kl
from salquest.metrics.fixations import BinaryMap, Coordinates, CountMap
from salquest.metrics.information import information_gain, log_likelihood
from salquest.metrics.resizing import resize
from salquest.metrics.standard_scores import cc, nss

__all__ = [
    "CONVENTIONS",
    "METRICS",
    "BinaryMap",
    "Convention",
    "Coordinates",
    "CountMap",
    "MetricCard",
    "Target",
    "auc",
    "auc_borji",
    "auc_judd",
    "auc_shuffled",
    "cc",
    "emd",
    "fixation_kl",
    "information_gain",
    "kl",
    "log_likelihood",
    "nss",
    "resize",
    "scores",
    "sim",
]
