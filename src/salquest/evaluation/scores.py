"""What a model scored on a data set: one row per picture, their means, and every word that has to stand beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import Duplicate
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.metrics import METRICS
from salquest.metrics.conventions import Average
from salquest.runs import Columns

# column of scores.csv that says how many fixations a picture has: what it counts in a mean over fixations
FIXATIONS = "num_fixations"


@dataclass(frozen=True)
class Scores:
    """What a model scored on a data set.

    Attributes:
        model, data: their names.
        columns: one row per scored picture: "image" and a column per metric; NaN where a picture has no such score.
        metrics: their names, in the order asked for.
        convention: whose definitions the numbers follow.
        sigma_px: of the densities that maps were compared with.
        missing: picture -> why it was not scored.
        constant: pictures whose map had no spread and scored chance.
        edition: of the data.
        average: what a mean counts: "pictures" alike, or "fixations", so that a picture weighs what it has of them. Metrics that compare
            with a density are averaged over pictures either way.
        floor: what was added to 8-bit maps for kl, ig and ll, in their steps; 0: they were scored as they are.
        lines: metric -> the convention with the arguments that it fills in.
        notes: sentences on what the form of the maps did to the numbers.
        seen: pictures that stand in the model's training data too, or copies of them.
    """

    model: str
    data: str
    columns: Columns
    metrics: tuple[str, ...]
    convention: str
    sigma_px: float
    missing: Mapping[str, str] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    edition: str = ""
    average: Average = "pictures"
    floor: float = 0.0
    lines: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seen: tuple[Duplicate, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The scored pictures, in the data set's order."""
        return tuple(str(key) for key in self.columns["image"])

    def values(self, metric: str) -> NDArray[np.float64]:
        """One value per scored picture."""
        return np.array(self.columns.numbers(metric), dtype=np.float64)

    def weights(self, metric: str) -> NDArray[np.float64] | None:
        """What each scored picture counts in this metric's mean; None: all alike."""
        if self.average == "pictures" or METRICS[metric].against != "fixations":
            return None
        return np.array(self.columns.numbers(FIXATIONS), dtype=np.float64)

    def mean(self, metric: str) -> float:
        """Mean over the pictures that have this score, as `average` says."""
        return self.interval(metric).mean

    def interval(self, metric: str) -> Interval:
        """Mean with its 95 % interval over pictures."""
        return bootstrap_mean(self.values(metric), weights=self.weights(metric))

    def summary(self) -> dict[str, Interval]:
        """Every metric's mean with its interval."""
        return {metric: self.interval(metric) for metric in self.metrics}

    def caption(self) -> str:
        """What has to stand below a table of these numbers, without a full stop: data, convention, density, average, floor, units."""
        said = [f"convention {self.convention}"]
        if self.convention != "exact":
            said[0] += f" ({self._lines_said()})"
        said.append(f"densities of sigma {self.sigma_px:.4g} px" if self.sigma_px else "densities as distributed")
        said.append(self._average_said())
        if self.floor:
            said.append(f"{self.floor:g} added to 8-bit maps for KL, IG and LL")
        units = [f"{METRICS[name].title} in {METRICS[name].unit}" for name in self.metrics if METRICS[name].unit]
        return "; ".join([*said, *([", ".join(units)] if units else [])])

    def _lines_said(self) -> str:
        """Every metric's line; what all of them say of maps of another size is said once."""
        parted = {METRICS[name].title: line.rpartition("; ") for name, line in self.lines.items()}
        ends = {end for _, _, end in parted.values()}
        each = {title: begin if len(ends) == 1 else begin + sign + end for title, (begin, sign, end) in parted.items()}
        return "; ".join([*(f"{title}: {line}" for title, line in each.items()), *(ends if len(ends) == 1 else ())])

    def _average_said(self) -> str:
        weighted = [METRICS[name].title for name in self.metrics if self.weights(name) is not None]
        if not weighted:
            return "means over pictures"
        rest = ", others over pictures" if len(weighted) < len(self.metrics) else ""
        return f"means over fixations for {', '.join(weighted)}{rest}"

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame, where pandas is installed."""
        return self.columns.to_pandas()
