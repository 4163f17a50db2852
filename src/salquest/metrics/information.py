"""Maps taken as probabilities: information gain over a baseline and log-likelihood over the uniform density, in bit per fixation."""

from __future__ import annotations

import numpy as np

from salquest.metrics.distributions import MATLAB_EPS, Scaling, Shares
from salquest.metrics.fixations import FixationsLike, open_fixations
from salquest.metrics.maps import Array, Floats, Integers, Maps, open_density, open_maps


def information_gain(
    saliency: Array | Maps,
    fixations: FixationsLike,
    baseline: Array | Maps,
    *,
    repeats: bool = True,
    eps: float = MATLAB_EPS,
    floor: float = 0.0,
    scaling: Scaling = "sum",
) -> float | Array:
    """Information gain in bit per fixation: mean of log2(eps + P) - log2(eps + P_baseline) at the fixated pixels.

    0 for the baseline itself, more is better. Only a density has a meaningful value here; a saliency map on another scale gets an arbitrary
    one.

    Args:
        saliency: P, (H, W) or (B, H, W); divided by its sum here.
        fixations: of the same pictures.
        baseline: of the same shape, non-negative; usually the centre bias: the density of all other pictures' fixations.
        repeats: every fixation counts; False: every pixel that was looked at once (MIT).
        eps: keeps empty pixels finite: a fixation on one costs log2(eps), 52 bit. 8-bit files are full of them.
        floor: added to both maps before they are divided by their sums; pysaliency's conversion of maps to densities has 1e-20 here and eps
            0.
        scaling: how a map becomes a distribution, see `distributions.Shares`; MIT has "range".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations.

    Raises:
        InputError: see `open_maps`, `open_fixations`, `open_density`.
    """
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    reference = open_density(baseline, maps, "baseline density")
    cells = fixated.padded[0]
    gained = _bits(maps, cells, eps, floor, scaling) - _bits(reference, cells, eps, floor, scaling)
    return maps.answer(fixated.mean(gained))


def log_likelihood(
    saliency: Array | Maps,
    fixations: FixationsLike,
    *,
    repeats: bool = True,
    over_uniform: bool = True,
    eps: float = MATLAB_EPS,
    floor: float = 0.0,
    scaling: Scaling = "sum",
) -> float | Array:
    """Log-likelihood in bit per fixation over the uniform density: mean of log2(eps + P) at the fixated pixels, plus log2(H*W).

    Args:
        saliency: P, (H, W) or (B, H, W); divided by its sum here.
        fixations: of the same pictures.
        repeats: every fixation counts; False: every pixel that was looked at once.
        over_uniform: add log2(H*W), so that the uniform density scores 0; False: the bare mean of log2(eps + P), which depends on the
            resolution.
        eps, floor, scaling: as in `information_gain`.

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations.

    Raises:
        InputError: see `open_maps` and `open_fixations`.
    """
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    bits = fixated.mean(_bits(maps, fixated.padded[0], eps, floor, scaling))
    return maps.answer(bits + (np.log2(maps.pixels) if over_uniform else 0.0))


def _bits(maps: Maps, cells: Integers, eps: float, floor: float, scaling: Scaling) -> Floats:
    with np.errstate(divide="ignore"):  # a fixation on an empty pixel is infinitely unlikely when eps is 0
        bits = np.log2(eps + Shares(maps, scaling, floor).at(cells))
    # a map without spread has no range to be scaled to; MIT's program answers NaN for an empty one too
    return np.where(maps.constant[:, None], np.nan, bits) if scaling == "range" else bits
