"""How well people predict each other: the ceiling that a model of the picture alone is measured against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.errors import InputError
from salquest.evaluation.scores import Scores
from salquest.gaze import Fixations, as_density, gaussian_operator
from salquest.metrics import METRICS, Target
from salquest.metrics.catalogue import scores
from salquest.models import Model
from salquest.runs import Columns


def other_observers_nss(sample: Sample, sigma_px: float, *, distinct: bool = False) -> float:
    """NSS of each observer under the density of all the others, averaged over observers.

    Args:
        sample: with at least two observers.
        sigma_px: of the density, in pixels of the stimulus; nothing outside the picture, every fixation counts.
        distinct: score each observer's cells once, however often they were looked at.

    Raises:
        InputError: fewer than two observers.
    """
    found = [
        float(scores(others, Target(fixations=own.distinct() if distinct else own), metrics=("nss",))["nss"])
        for own, others in _leave_one_out(sample, sigma_px)
    ]
    if not found:
        raise InputError(f"{sample.stimulus.key} has fewer than two observers; nobody is left to predict them")
    return float(np.mean(found))


def other_observers(
    data: DataSet,
    *,
    metrics: Sequence[str],
    sigma_px: float | None = None,
    baseline: Model,
    share: float = 0.1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Scores of the other observers as a model: each observer under (1 - share) * the others' density + share * the centre bias.

    It says how well a new person can be predicted from these people, so that it bounds from below what a perfect model of pictures could
    reach; metrics that compare with a density have no such ceiling and are left out.

    Args:
        data: with at least two observers per picture.
        metrics: names; those that need no density are scored.
        sigma_px: of the others' density; one degree where it is not given.
        baseline: the centre bias.
        share: of the centre bias.
        progress: called with (pictures done, pictures).
    """
    possible = tuple(name for name in metrics if set(METRICS[name].needs) <= {"fixations", "baseline"})
    if not possible:
        raise InputError(f"other observers can be scored by fixations only; found {', '.join(metrics)}")
    sigma = sigma_px if sigma_px is not None else data.sigma_px
    rows: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for number, sample in enumerate(data, start=1):
        floor = baseline.predict_stimulus(sample.stimulus).density()
        each = [
            scores((1 - share) * as_density(others) + share * floor, Target(fixations=own, baseline=floor), metrics=possible)
            for own, others in _leave_one_out(sample, sigma)
        ]
        if each:
            rows.append({"image": sample.stimulus.key, **{name: float(np.mean([one[name] for one in each])) for name in possible}})
        else:
            missing[sample.stimulus.key] = "fewer than two observers"
        progress(number, len(data))
    return Scores("other observers", data.name, Columns.of_rows(rows), possible, "exact", sigma, missing, edition=data.edition())


def _leave_one_out(sample: Sample, sigma_px: float) -> Iterator[tuple[Fixations, NDArray[np.float64]]]:
    """For each observer: (the own fixations, the blurred counts of everybody else's), where both are there."""
    fixations = sample.fixations
    if fixations is None:
        return
    rows, columns = gaussian_operator(fixations.size[0], sigma_px), gaussian_operator(fixations.size[1], sigma_px)
    each = {number: fixations[fixations.observer == number] for number in fixations.observers}
    blurred = {number: rows[:, own.rows] @ columns[:, own.columns].T for number, own in each.items()}
    if len(each) < 2:
        return
    total = sum(blurred.values(), np.zeros(fixations.size))
    for number, own in each.items():
        yield own, np.maximum(total - blurred[number], 0.0)
