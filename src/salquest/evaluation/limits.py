"""The floor and the ceiling of a data set, scored like a model, so that every table can show between what its numbers stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from salquest.datasets import DataSet
from salquest.evaluation.ceilings import fit_observers, other_observers
from salquest.evaluation.scores import Scores
from salquest.evaluation.scoring import evaluate
from salquest.metrics import METRICS
from salquest.metrics.conventions import Convention, convention_named
from salquest.models import Model
from salquest.models.baselines import OthersCentreBias


def floor_and_ceiling(
    data: DataSet,
    *,
    metrics: Sequence[str],
    convention: str | Convention = "exact",
    sigma_px: float | None = None,
    baseline: Model | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> tuple[Scores, Scores | None]:
    """Scores of the centre bias, and of the other observers.

    The ceiling is the mixture of `fit_observers`: each observer is foretold by the others of the same picture, with the bandwidth and the weights
    under which the held-out fixations are most likely. It exists for metrics of fixations, where at least two observers saw a picture, and for
    conventions that average over pictures.

    Args:
        data: where people looked.
        metrics: names in METRICS.
        convention: whose definitions.
        sigma_px: of the densities that cc, sim and kl compare with; one degree where it is not given.
        baseline: the floor; the centre bias of the set's other pictures where it is not given.
        progress: called with (what is done, pictures done, pictures).

    Returns:
        (floor, ceiling); the ceiling is None where there is none.
    """
    chosen = convention_named(convention)
    floor = baseline or OthersCentreBias(data, sigma_px=sigma_px)
    lowest = evaluate(
        floor,
        data,
        metrics=metrics,
        convention=chosen,
        sigma_px=sigma_px,
        baseline=floor,
        progress=lambda done, total: progress("scoring the centre bias", done, total),
    )
    if not has_ceiling(data, metrics) or chosen.average != "pictures":
        return lowest, None
    mixture = fit_observers(data, baseline=floor, progress=lambda done, total: progress("fitting other observers", done, total))
    highest = other_observers(
        data,
        metrics=metrics,
        convention=chosen,
        baseline=floor,
        mixture=mixture,
        equal="fixations",
        progress=lambda done, total: progress("scoring other observers", done, total),
    )
    return lowest, highest


def has_ceiling(data: DataSet, metrics: Sequence[str]) -> bool:
    """Whether other observers can be scored: fixations of two observers on a picture, and a metric that needs no density."""
    seen_by_two = any(sample.fixations is not None and len(sample.fixations.observers) > 1 for sample in data)
    return seen_by_two and any(set(METRICS[name].needs) <= {"fixations", "baseline"} for name in metrics)
