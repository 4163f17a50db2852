"""Scoring: each picture's map against where people looked, one row per picture, nothing skipped in silence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.datasets.duplicates import find_near
from salquest.errors import ConstantMapWarning, InputError, SalquestError, UnknownName
from salquest.evaluation.eight_bits import HALF_STEP, LOGARITHMIC, EightBits, count_8_bits, tell_8_bits
from salquest.evaluation.scores import FIXATIONS, Scores
from salquest.gaze import Fixations
from salquest.metrics import METRICS, CountMap, Target
from salquest.metrics.catalogue import scores
from salquest.metrics.conventions import Average, Convention, convention_named
from salquest.models import MapsFolder, Model
from salquest.models.baselines import OthersCentreBias
from salquest.runs import Columns
from salquest.runs.cores import available_cores

DEFAULT_METRICS = ("cc", "sim", "kl", "nss", "auc_judd", "ig")


def evaluate(
    model: Model | str | Path,
    data: DataSet,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    convention: str | Convention = "exact",
    average: Average | None = None,
    sigma_px: float | None = None,
    baseline: Model | None = None,
    floor: float = 0.0,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Score a model, or a folder of maps, on a data set.

    Args:
        model: a Model, or the path of a folder with one map per picture.
        data: where people looked.
        metrics: names in METRICS.
        convention: a name in CONVENTIONS, or a Convention.
        average: what the means count, "pictures" or "fixations"; what the convention says where it is not given.
        sigma_px: of the densities that cc, sim and kl compare with, in pixels of the stimuli; one degree where it is not given.
        baseline: what information gain is over; the centre bias of the set's other pictures where it is not given.
        floor: added to maps of 8 bits for kl, ig and ll, in their steps; 0.5 says that a stored 0 is half a step, not nothing.
        workers: threads that score at the same time; every number is that of one thread, in the same order. Not given: all cores for
            folders of maps and baselines, one for networks. Threads gain more the larger the
            maps are; processes cannot be started safely from a program with threads.
        progress: called with (pictures done, pictures).

    Raises:
        UnknownName: no such metric or convention. InputError: a metric that this data set cannot give, or no picture at all.
    """
    if not isinstance(model, Model):
        model = MapsFolder(model)
    chosen = convention_named(convention)
    for name in metrics:
        if name not in METRICS:
            raise UnknownName("metric", name, METRICS)
    _check_numbers(average, floor, workers)
    if len(data) == 0:
        raise InputError(f"{data.name} has no picture to score on")
    needs: set[str] = {need for name in metrics for need in METRICS[name].needs}
    if {"fixations", "others"} & needs and not data.has_fixations:
        lacking = [name for name in metrics if {"fixations", "others"} & set(METRICS[name].needs)]
        raise InputError(f"{data.name} has maps but no fixations; {', '.join(lacking)} cannot be had from it: ask for cc, sim or kl")
    sigma = _sigma(data, sigma_px)
    if "baseline" in needs and baseline is None:
        baseline = OthersCentreBias(data, sigma_px=sigma)
    scorer = _Scorer(
        model, tuple(metrics), chosen, sigma, baseline, _Everyone(data, chosen.num_others) if "others" in needs else None, floor
    )
    rows: list[dict[str, str | float]] = []
    missing: dict[str, str] = {}
    constant: list[str] = []
    counted: list[EightBits] = []
    for number, one in enumerate(_in_order(scorer, data, workers or (available_cores() if model.is_cheap else 1)), start=1):
        if one.reason:
            missing[one.key] = one.reason
        else:
            rows.append({"image": one.key, **one.scores, **({FIXATIONS: one.fixations} if data.has_fixations else {})})
            constant += [one.key] if one.constant else []
            counted += [one.eight_bits] if one.eight_bits is not None else []
        progress(number, len(data))
    if not rows:
        raise InputError(f"none of the {len(data)} pictures of {data.name} could be scored; the first: {next(iter(missing.values()))}")
    return Scores(
        model=model.name,
        data=data.name,
        columns=Columns.of_rows(rows),
        metrics=tuple(metrics),
        convention=chosen.name,
        sigma_px=sigma,
        missing=missing,
        constant=tuple(constant),
        edition=data.edition(),
        average=average or chosen.average,
        floor=floor,
        lines={name: chosen.line(name) for name in metrics},
        notes=tell_8_bits(counted, metrics, len(rows), floor),
        seen=tuple(find_near(data, model.trained_on)),
    )


def evaluate_all(
    models: Sequence[Model | str | Path],
    data: DataSet,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    sigma_px: float | None = None,
    baseline: Model | None = None,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    **settings: Any,
) -> list[Scores]:
    """Score several models alike, over one baseline that is made once.

    Args:
        models: as `evaluate` takes them.
        data, metrics, sigma_px, baseline: as in `evaluate`.
        progress: called with (model, pictures done, pictures).
        settings: other arguments of `evaluate`.
    """
    if baseline is None and len(data) > 1 and data.has_fixations and any("baseline" in METRICS[n].needs for n in metrics if n in METRICS):
        baseline = OthersCentreBias(data, sigma_px=_sigma(data, sigma_px))
    opened = [model if isinstance(model, Model) else MapsFolder(model) for model in models]
    return [
        evaluate(one, data, metrics=metrics, sigma_px=sigma_px, baseline=baseline, progress=partial(progress, one.name), **settings)
        for one in opened
    ]


def _sigma(data: DataSet, sigma_px: float | None) -> float:
    return sigma_px if sigma_px is not None else data.sigma_px if data.has_fixations else 0.0


def _check_numbers(average: str | None, floor: float, workers: int | None) -> None:
    if average not in (None, "pictures", "fixations"):
        raise InputError(f"means count pictures or fixations; found {average!r}")
    if not 0 <= floor < float("inf"):
        raise InputError(f"the floor of 8-bit maps is 0 or a positive number of steps, usually 0.5; found {floor:g}")
    if workers is not None and workers < 1:
        raise InputError(f"scoring takes at least one worker; found {workers}")


@dataclass(frozen=True)
class _Scored:
    """What became of one picture: its scores, or the reason why it has none."""

    key: str
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    fixations: int = 0
    constant: bool = False
    eight_bits: EightBits | None = None


@dataclass(frozen=True)
class _Scorer:
    """Scores one picture; holds only what is read, so that threads can share it."""

    model: Model
    metrics: tuple[str, ...]
    convention: Convention
    sigma: float
    baseline: Model | None
    everyone: _Everyone | None
    floor: float

    def __call__(self, sample: Sample) -> _Scored:
        key = sample.stimulus.key
        try:
            values = self.model.predict_stimulus(sample.stimulus).values.astype(np.float64)
            target = self._target(sample)
            row: Mapping[str, object] = scores(values, target, metrics=self.metrics, convention=self.convention)
            eight_bits = None
            if isinstance(self.model, MapsFolder) and self.model.has_8_bits(sample.stimulus):
                row, eight_bits = self._of_8_bits(values, target, row, sample.fixations)
        except SalquestError as error:
            return _Scored(key, reason=str(error))
        return _Scored(
            key,
            scores={name: float(row[name]) for name in self.metrics},  # type: ignore[arg-type]
            fixations=0 if sample.fixations is None else len(sample.fixations),
            constant=bool(values.min() == values.max()),
            eight_bits=eight_bits,
        )

    def _of_8_bits(
        self, values: NDArray[np.float64], target: Target, row: Mapping[str, object], fixations: Fixations | None
    ) -> tuple[Mapping[str, object], EightBits]:
        """The row with the floor, if one is declared, and what 8 bits did to this map."""
        counted = count_8_bits(values, fixations)
        asked = [name for name in self.metrics if name in LOGARITHMIC]
        if not asked or (counted.zeros == 0 and not self.floor):
            return row, counted
        raised = scores(values + (self.floor or HALF_STEP), target, metrics=asked, convention=self.convention)
        if self.floor:
            return {**row, **raised}, counted
        both = ({name: float(found[name]) for name in asked} for found in (row, raised))  # type: ignore[arg-type]
        return row, EightBits(counted.zeros, counted.fixated_zeros, counted.fixations, counted.tied, *both)

    def _target(self, sample: Sample) -> Target:
        needs: set[str] = {need for name in self.metrics for need in METRICS[name].needs}
        stimulus = sample.stimulus
        return Target(
            fixations=sample.fixations,
            density=sample.density(self.sigma) if "density" in needs else None,
            baseline=self.baseline.predict_stimulus(stimulus).density() if "baseline" in needs and self.baseline is not None else None,
            others=self.everyone.but(sample) if self.everyone is not None else None,
        )


def _in_order(scorer: _Scorer, samples: Iterable[Sample], workers: int) -> Iterator[_Scored]:
    """What becomes of each sample, in order, whoever is ready first."""
    with warnings.catch_warnings():  # set once, outside of the threads: they share the filters
        warnings.simplefilter("ignore", ConstantMapWarning)  # counted in `constant`, told once instead of per metric
        if workers == 1:
            yield from map(scorer, samples)
            return
        pool = ThreadPoolExecutor(workers)
        try:
            yield from pool.map(scorer, samples)
        finally:
            pool.shutdown(cancel_futures=True)


def compare_maps(maps: NDArray, densities: NDArray, counts: NDArray) -> dict[str, NDArray[np.float64]]:
    """CC and NSS of each map of (B, H, W) against densities and fixation counts of one size, (B,) each: the quick look during training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantMapWarning)
        found = scores(maps, Target(fixations=CountMap(counts), density=densities), metrics=("cc", "nss"))
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


class _Everyone:
    """All fixations of a data set, for the metrics that ask where people look in other pictures.

    Args:
        data: the set.
        number: how many other pictures are asked, drawn anew for each picture by its place in the set; None: all.
    """

    def __init__(self, data: DataSet, number: int | None) -> None:
        self._samples = [sample for sample in data if sample.fixations is not None]
        self._place = {sample.stimulus.key: place for place, sample in enumerate(data)}
        self._number = number

    def but(self, sample: Sample) -> Fixations:
        """The fixations on other pictures, moved to this picture's size."""
        size = sample.stimulus.size
        others = [s.fixations for s in self._samples if s.fixations is not None and s.stimulus.key != sample.stimulus.key]
        if self._number is not None and self._number < len(others):
            random = np.random.Generator(np.random.PCG64(self._place[sample.stimulus.key]))
            others = [others[i] for i in random.choice(len(others), self._number, replace=False)]
        if not others:
            raise InputError(f"{sample.stimulus.key} is the only picture with fixations; a shuffled score needs others")
        moved = [fixations.resized(size) for fixations in others]
        return Fixations(np.concatenate([f.x for f in moved]), np.concatenate([f.y for f in moved]), size)
