"""Average precision: how well scores put the pictures that have a label before those that have not, and what chance reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def average_precision(scores: ArrayLike, positives: ArrayLike) -> float:
    """Area under precision over recall, sum of (R_n - R_{n-1}) P_n over the distinct scores, highest first; nothing is interpolated.

    Pictures of one score come at once, so that constant scores have the share of positives, whatever the order of the pictures.

    Args:
        scores: (N,), greater for what is more likely to have the label.
        positives: (N,), which have it.

    Returns:
        0..1; NaN where no picture has it.

    >>> average_precision([0.9, 0.8, 0.7, 0.6], [True, False, True, False])
    0.8333333333333333
    """
    values, held = np.asarray(scores, dtype=np.float64), np.asarray(positives, dtype=bool)
    if not held.any():
        return float("nan")
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order]) != 0), len(values) - 1)
    found = np.cumsum(held[order])[ends]
    return float((np.diff(found, prepend=0) * found / (ends + 1)).sum() / held.sum())


def chance_precision(pictures: int, positives: int) -> float:
    """The mean of `average_precision` over all orders of the pictures (Bestgen 2015): what scores drawn at random reach.

    (H + (p - 1) / (n - 1) * (n - H)) / n with the harmonic number H of n: the share of positives p / n for many pictures, and well above it for
    few (3 of 64: .10, not .05).

    >>> chance_precision(2, 1)  # first or second: (1 + 1/2) / 2
    0.75
    """
    if positives < 1:
        return float("nan")
    if positives == pictures:
        return 1.0
    harmonic = float((1 / np.arange(1, pictures + 1)).sum())
    return (harmonic + (positives - 1) / (pictures - 1) * (pictures - harmonic)) / pictures
