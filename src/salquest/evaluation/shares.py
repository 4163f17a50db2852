"""How far a model has come from the floor to the ceiling: (score - floor) / (ceiling - floor), of any metric (Kümmerer 2015)."""

from __future__ import annotations

import numpy as np

from salquest.errors import InputError
from salquest.evaluation.intervals import DRAWS, Interval
from salquest.evaluation.scores import Scores


def share_of_ceiling(score: float, floor: float, ceiling: float) -> float:
    """(score - floor) / (ceiling - floor): 0 at the floor, 1 at the ceiling, below or above for worse or better; metrics of either direction.

    With information gain over the centre bias the floor is 0 and the share is the explained information.

    Raises:
        InputError: a ceiling that equals the floor, or one of them is no finite number.
    """
    if not np.isfinite([floor, ceiling]).all() or ceiling == floor:
        raise InputError(f"a share of the ceiling needs a floor and a ceiling that differ; found {floor:g} and {ceiling:g}")
    return (score - floor) / (ceiling - floor)


def explained_share(model: Scores, floor: Scores, ceiling: Scores, metric: str, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The share of the ceiling that a model's mean score reaches, over the pictures that all three have, with its 95 % interval.

    It is the share of the means, not the mean of the pictures' shares: a picture on which people hardly agree has a ceiling near its floor
    and a share of any size. The interval resamples pictures, for all three alike.

    Args:
        model, floor, ceiling: scores of one data set under one convention.
        metric: a name that all three have.
        draws: resamples.
        seed: of the resampling.

    Raises:
        InputError: another data set or convention, a metric that one of them lacks, no common picture, or as `share_of_ceiling`.
    """
    three = (model, floor, ceiling)
    for what in ("data", "convention"):
        if len(found := {getattr(scores, what) for scores in three}) > 1:
            raise InputError(f"a share of the ceiling compares scores of one {what}; found {', '.join(sorted(found))}")
    if lacking := [scores.model for scores in three if metric not in scores.metrics]:
        raise InputError(f"{', '.join(lacking)} has no {metric}; a share of the ceiling needs it of the model, the floor and the ceiling")
    tables = [dict(zip((str(key) for key in scores.columns["image"]), scores.values(metric), strict=True)) for scores in three]
    common = [key for key in tables[0] if all(np.isfinite(table.get(key, np.nan)) for table in tables)]
    if not common:
        raise InputError(f"{model.model}, {floor.model} and {ceiling.model} have no picture in common with a finite {metric}")
    values = np.array([[table[key] for key in common] for table in tables])
    picks = np.random.Generator(np.random.PCG64(seed)).integers(0, len(common), size=(draws, len(common)))
    means = np.stack([row[picks].mean(axis=1) for row in values])
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.quantile((means[0] - means[1]) / (means[2] - means[1]), (0.025, 0.975))
    score, lowest, highest = (float(mean) for mean in values.mean(axis=1))
    return Interval(share_of_ceiling(score, lowest, highest), float(low), float(high), len(common))
