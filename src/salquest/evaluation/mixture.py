"""How much of each of several densities explains what was observed: mixture weights by expectation maximisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError

Floats = NDArray[np.float64]


def mixture_weights(likelihoods: ArrayLike, *, start: ArrayLike | None = None, iterations: int = 1000, tolerance: float = 1e-7) -> Floats:
    """The weights under which observations are most likely in a mixture of fixed densities.

    The log-likelihood is concave in the weights and never falls from one step to the next (Dempster 1977), so the start decides only how
    long it takes.

    Args:
        likelihoods: of N observations under M densities, (N, M), non-negative; a common factor per observation changes nothing.
        start: weights to begin with, (M,), positive; all alike where it is not given.
        iterations: steps at most.
        tolerance: stop when a step raises the mean log-likelihood by less, in bit.

    Returns:
        Weights, (M,), non-negative, summing to 1.

    Raises:
        InputError: another shape, negative values or no numbers, or an observation that is impossible under all densities.
    """
    values = np.asarray(likelihoods, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(f"likelihoods are (observations, densities), at least one of each; found shape {values.shape}")
    if not np.isfinite(values).all() or values.min() < 0 or (values.max(axis=1) <= 0).any():
        raise InputError("likelihoods are finite and non-negative, and each observation is possible under at least one density")
    weights = np.full(values.shape[1], 1.0 / values.shape[1]) if start is None else np.asarray(start, dtype=np.float64)
    before = -np.inf
    for _ in range(iterations):
        mixed = values @ weights
        bits = float(np.log2(mixed).mean())
        if bits - before < tolerance:
            break
        weights, before = weights * (values / mixed[:, None]).mean(axis=0), bits
    return weights / weights.sum()
