"""Scoring: each picture's map against where people looked, one row per picture, nothing skipped in silence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.errors import ConstantMapWarning, InputError, SalquestError, UnknownName
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.gaze import Fixations
from salquest.metrics import METRICS, CountMap, Target
from salquest.metrics.catalogue import scores
from salquest.models import MapsFolder, Model
from salquest.models.baselines import OthersCentreBias
from salquest.runs import Columns

DEFAULT_METRICS = ("cc", "sim", "kl", "nss", "auc_judd", "ig")


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
    """

    model: str
    data: str
    columns: Columns
    metrics: tuple[str, ...]
    convention: str
    sigma_px: float
    missing: Mapping[str, str] = field(default_factory=dict)
    constant: tuple[str, ...] = ()

    def values(self, metric: str) -> NDArray[np.float64]:
        """One value per scored picture."""
        return np.array(self.columns.numbers(metric), dtype=np.float64)

    def mean(self, metric: str) -> float:
        """Mean over the pictures that have this score."""
        return self.interval(metric).mean

    def interval(self, metric: str) -> Interval:
        """Mean with its 95 % interval over pictures."""
        return bootstrap_mean(self.values(metric))

    def summary(self) -> dict[str, Interval]:
        """Every metric's mean with its interval."""
        return {metric: self.interval(metric) for metric in self.metrics}

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame, where pandas is installed."""
        return self.columns.to_pandas()


def evaluate(
    model: Model | str | Path,
    data: DataSet,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    convention: str = "exact",
    sigma_px: float | None = None,
    baseline: Model | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Score a model, or a folder of maps, on a data set.

    Args:
        model: a Model, or the path of a folder with one map per picture.
        data: where people looked.
        metrics: names in METRICS.
        convention: a name in CONVENTIONS.
        sigma_px: of the densities that cc, sim and kl compare with, in pixels of the stimuli; one degree where it is not given.
        baseline: what information gain is over; the centre bias of the set's other pictures where it is not given.
        progress: called with (pictures done, pictures).

    Raises:
        UnknownName: no such metric. InputError: a metric that this data set cannot give, or no picture at all.
    """
    if not isinstance(model, Model):
        model = MapsFolder(model)
    for name in metrics:
        if name not in METRICS:
            raise UnknownName("metric", name, METRICS)
    if len(data) == 0:
        raise InputError(f"{data.name} has no picture to score on")
    needs: set[str] = {need for name in metrics for need in METRICS[name].needs}
    if {"fixations", "others"} & needs and not data.has_fixations:
        lacking = [name for name in metrics if {"fixations", "others"} & set(METRICS[name].needs)]
        raise InputError(f"{data.name} has maps but no fixations; {', '.join(lacking)} cannot be had from it: ask for cc, sim or kl")
    sigma = sigma_px if sigma_px is not None else data.sigma_px if data.has_fixations else 0.0
    if "baseline" in needs and baseline is None:
        baseline = OthersCentreBias(data, sigma_px=sigma)
    everyone = _Everyone(data) if "others" in needs else None
    rows: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    constant: list[str] = []
    for number, sample in enumerate(data, start=1):
        key = sample.stimulus.key
        try:
            predicted = model.predict_stimulus(sample.stimulus)
            values = predicted.values.astype(np.float64)
            if values.min() == values.max():
                constant.append(key)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConstantMapWarning)  # counted in `constant`, told once instead of per metric
                row = scores(values, _target(sample, sigma, needs, baseline, everyone), metrics=tuple(metrics), convention=convention)
            rows.append({"image": key, **{name: float(row[name]) for name in metrics}})
        except SalquestError as error:
            missing[key] = str(error)
        progress(number, len(data))
    if not rows:
        raise InputError(f"none of the {len(data)} pictures of {data.name} could be scored; the first: {next(iter(missing.values()))}")
    return Scores(
        model=model.name,
        data=data.name,
        columns=Columns.of_rows(rows),
        metrics=tuple(metrics),
        convention=convention,
        sigma_px=sigma,
        missing=missing,
        constant=tuple(constant),
    )


def compare_maps(maps: NDArray, densities: NDArray, counts: NDArray) -> dict[str, float]:
    """Mean CC and NSS of maps (B, H, W) against densities and fixation counts of one size: the quick look during training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantMapWarning)
        found = scores(maps, Target(fixations=CountMap(counts), density=densities), metrics=("cc", "nss"))
    return {name: float(np.nanmean(values)) if not np.isnan(values).all() else float("nan") for name, values in found.items()}


def _target(sample: Sample, sigma: float, needs: set[str], baseline: Model | None, everyone: _Everyone | None) -> Target:
    return Target(
        fixations=sample.fixations,
        density=sample.density(sigma) if "density" in needs else None,
        baseline=baseline.predict_stimulus(sample.stimulus).density() if "baseline" in needs and baseline is not None else None,
        others=everyone.but(sample) if everyone is not None else None,
    )


class _Everyone:
    """All fixations of a data set, for the metrics that ask where people look in other pictures."""

    def __init__(self, data: DataSet) -> None:
        self._samples = [sample for sample in data if sample.fixations is not None]

    def but(self, sample: Sample) -> Fixations:
        """The fixations on all other pictures, moved to this picture's size."""
        size = sample.stimulus.size
        moved = [s.fixations.resized(size) for s in self._samples if s.fixations is not None and s.stimulus.key != sample.stimulus.key]
        return Fixations(np.concatenate([f.x for f in moved]), np.concatenate([f.y for f in moved]), size)
