"""Whose definition: named sets of arguments, one for each program whose numbers people compare with. Nothing here computes.

A convention only fills in arguments that every metric shows in its signature; what it does not name stays at the metric's default, which is
the convention "exact". Metrics that a program does not have keep their defaults too, and `line` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from salquest.errors import UnknownName
from salquest.metrics.distributions import MATLAB_EPS
from salquest.metrics.resizing import Rule

ResizeRule = Rule | Literal["refuse"]
Average = Literal["pictures", "fixations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """A named set of arguments.

    Attributes:
        name: its key in CONVENTIONS.
        title: one sentence, with the program it stands for.
        resize: what happens to a map whose size is not the picture's: see `resizing.resize`; "refuse" is an InputError.
        num_others: how many other pictures give the fixations of auc_shuffled; None: all others.
        average: what a mean over a data set counts.
        settings: metric key -> keyword arguments of its function.
    """

    name: str
    title: str
    resize: ResizeRule = "refuse"
    num_others: int | None = None
    average: Average = "pictures"
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def arguments(self, metric: str) -> dict[str, object]:
        """Keyword arguments of the function of a metric, such as {"repeats": False, "ddof": 1}; empty for its defaults."""
        return dict(self.settings.get(metric, {}))

    def line(self, metric: str) -> str:
        """One line for tables: the convention with every argument that it fills in for this metric."""
        if self.name == "exact":
            return "exact"
        if metric not in self.settings:
            return f"exact (the {self.name} convention has no {metric} of its own); maps of another size: {self.resize}"
        filled = ", ".join(f"{key}={value}" for key, value in self.settings[metric].items())
        return f"{self.name} ({filled or 'as exact'}); maps of another size: {self.resize}"


_BENCHMARK_EPS = 2.2204e-16  # as its source writes MATLAB's; where a map has zeros it moves KL by up to 2e-5

_MIT: Mapping[str, Mapping[str, object]] = {
    "auc_judd": {"repeats": False, "ties": "in turn", "jitter": "uniform", "constant": "nan"},
    "auc_borji": {"repeats": False, "step": 0.1, "expected": False, "splits": 100, "fewest_cells": 2, "constant": "nan"},
    "auc_shuffled": {"repeats": False, "step": 0.1, "expected": False, "splits": 100, "constant": "nan"},
    "nss": {"repeats": False, "ddof": 1, "constant": "nan"},
    "cc": {"constant": "nan"},
    "sim": {"scaling": "range"},
    "kl": {"scaling": "plain", "eps": MATLAB_EPS},
    "ig": {"repeats": False, "scaling": "range", "eps": MATLAB_EPS},
    "emd": {"downsize": 32, "scaling": "plain", "resize": "matlab"},
}

_PYSALIENCY: Mapping[str, Mapping[str, object]] = {
    "auc": {"repeats": True, "negatives": "all"},
    "auc_judd": {"repeats": True, "ties": "together", "jitter": "normal", "seed": 42},
    "auc_shuffled": {"repeats": True, "step": None, "own_cells": "kept"},
    "nss": {"repeats": True, "ddof": 0},
    "cc": {"constant": "chance"},
    "sim": {"scaling": "sum"},
    "kl": {"scaling": "sum", "eps": 0.0, "floor": 1e-20},
    "ig": {"repeats": True, "eps": 0.0, "floor": 1e-20},
    "ll": {"repeats": True, "eps": 0.0, "floor": 1e-20},
    "fixation_kl": {"bins": 10, "eps": 1e-20},
}

CONVENTIONS: Mapping[str, Convention] = {
    "exact": Convention(
        name="exact",
        title="salquest's own: every fixation counts, ties count one half, expectations instead of samples, float64 throughout",
    ),
    "mit": Convention(
        name="mit",
        title="the MATLAB programs of the MIT benchmark (cvzoya/saliency 5951cdc7): distinct pixels, jitter, 100 random splits",
        resize="matlab",
        num_others=10,
        settings=_MIT,
    ),
    "tuebingen": Convention(
        name="tuebingen",
        title="the server of the MIT/Tübingen benchmark (matthias-k/saliency-benchmarking 6d80c2df), maps and densities as submitted",
        settings={
            **{key: _PYSALIENCY[key] for key in ("auc", "auc_shuffled", "nss", "cc", "sim")},
            "kl": {"scaling": "sum", "eps": _BENCHMARK_EPS},
            "ig": {"repeats": True, "eps": 0.0},
            "ll": {"repeats": True, "eps": 0.0},
        },
    ),
    "pysaliency": Convention(
        name="pysaliency",
        title="the library pysaliency 0.2.22 with its default arguments; maps become densities with 1e-20 added",
        average="fixations",
        settings=_PYSALIENCY,
    ),
    "salicon": Convention(
        name="salicon",
        title="SALICON's evaluation program of 2015 (NUS-VIP/salicon-evaluation 425922ec); what it lacks is MIT's, as on its 2017 server",
        resize="spline",
        settings={
            **_MIT,
            "auc_borji": {"repeats": True, "step": 0.01, "upper": "excluded", "expected": False, "splits": 1, "samples": 100_000},
            "auc_shuffled": {"repeats": True, "step": 0.01, "upper": "excluded", "own_cells": "removed"},
            "nss": {"repeats": True, "ddof": 0},
        },
    ),
}


def convention_named(name: str | Convention) -> Convention:
    """The convention of that name; a Convention of the caller's own is passed through.

    Raises:
        UnknownName: no such convention.
    """
    if isinstance(name, Convention):
        return name
    if name not in CONVENTIONS:
        raise UnknownName("convention", name, CONVENTIONS)
    return CONVENTIONS[name]
