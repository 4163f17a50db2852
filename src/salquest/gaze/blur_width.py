"""Which sigma: the width of the Gaussian that released maps were blurred with, recovered from the maps and their fixations.

Papers leave out whether sigma is in pixels or degrees, whether a cell that was looked at twice counts twice, and what happens at the border; the
maps themselves know. Every pair of counting and border rule is fitted, and the one whose maps agree best is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError
from salquest.gaze.density import Border, Count, fixation_density
from salquest.gaze.fixations import Fixations

NARROWEST, STEPS = 0.3, 14  # pixels; sigmas that are tried before the minimisation, in equal ratios


@dataclass(frozen=True)
class BlurWidth:
    """A Gaussian that fits released maps.

    Attributes:
        sigma_px: in pixels of the stimuli.
        count: "repeats": every fixation counts; "distinct": every cell that was looked at once.
        border: what happened to gaze that the Gaussian put outside (see `density`).
        correlation: mean over the pictures of Pearson's correlation between the released and the rebuilt map; below about 0.999 the maps were made
            by another recipe than a Gaussian of these fixations (8 bits alone leave more).
        pictures: how many were fitted.
    """

    sigma_px: float
    count: Count
    border: Border
    correlation: float
    pictures: int

    def degrees(self, pixels_per_degree: float) -> float:
        """Sigma in degrees of visual angle."""
        return self.sigma_px / pixels_per_degree


def recover_blur(fixations: Sequence[Fixations], maps: Sequence[ArrayLike]) -> tuple[BlurWidth, ...]:
    """Fit the Gaussian that made maps from fixations, once for each counting and border rule.

    For each rule sigma minimises the mean squared difference between the standardised released map and the standardised rebuilt one, which is
    2 - 2 r: scaling and offset of the released maps (division by the maximum, min-max, 8 bits) do not matter.

    Args:
        fixations: of each picture, at least one on each.
        maps: released for the same pictures, each (H, W) of any scale; one of another size than its picture is compared at its own size.

    Returns:
        The fits, best first. Rules that the data cannot tell apart (no cell was looked at twice, nobody looked near the border) agree.

    Raises:
        InputError: nothing to fit, lists of different lengths, a picture without fixations, or a map without spread.
    """
    if not maps or len(maps) != len(fixations):
        raise InputError(
            f"sigma is fitted to maps and the fixations of the same pictures; found {len(maps)} maps and {len(fixations)} pictures"
        )
    released = [_standardised(values) for values in maps]
    widest = max(max(looked.size) for looked in fixations) / 2
    tried = np.geomspace(NARROWEST, widest, STEPS)
    rough = [_disagreement(sigma, fixations, released, "repeats", "lost") for sigma in tried]
    best = int(np.argmin(rough))
    bounds = float(np.log(tried[max(best - 1, 0)])), float(np.log(tried[min(best + 1, STEPS - 1)]))
    fits = [_fit(fixations, released, count, border, bounds) for count in get_args(Count) for border in get_args(Border)]
    return tuple(sorted(fits, key=lambda fit: -fit.correlation))


def _fit(
    fixations: Sequence[Fixations], released: Sequence[NDArray], count: Count, border: Border, bounds: tuple[float, float]
) -> BlurWidth:
    from scipy.optimize import minimize_scalar  # late, so that predicting does not wait for it

    found = minimize_scalar(
        lambda log_sigma: _disagreement(float(np.exp(log_sigma)), fixations, released, count, border),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-4},
    )
    return BlurWidth(float(np.exp(found.x)), count, border, 1 - float(found.fun) / 2, len(released))


def _disagreement(sigma_px: float, fixations: Sequence[Fixations], released: Sequence[NDArray], count: Count, border: Border) -> float:
    """Mean squared difference of the standardised maps, averaged over pictures."""
    each = []
    for looked, known in zip(fixations, released, strict=True):
        rebuilt = fixation_density(looked, sigma_px=sigma_px, count=count, border=border, size=(known.shape[0], known.shape[1]))
        each.append(2 - 2 * float((known * _standardised(rebuilt)).mean()))
    return float(np.mean(each))


def _standardised(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all() or array.min() == array.max():
        raise InputError(f"sigma is fitted to maps (H, W) of finite numbers with some spread; found one of shape {array.shape}")
    return (array - array.mean()) / array.std()
