"""Fewer than 20 numbers that bring a network's densities to one data set, and the formula in which they stand (after Kümmerer 2025).

    mixed      r = sum over s of weight_s * p_s * N       p_s: the density predicted of the picture at scale s; N pixels, so that 1 is uniform
    priority   f(log r)                                   piecewise linear with f(0) = 0; a slope of 1 leaves a stretch as it is
    centre     f + a x + b y + c x^2 + d y^2              x and y in -1..1 over the picture; a Gaussian that is multiplied or divided out
    spread     q = blur(softmax(centre))                  a Gaussian, mirrored at the border
    lapses     (1 - lapses) * q + lapses / N              fixations that fall anywhere

Kümmerer, Khanuja and Bethge name the mechanisms (scales, centre bias, spread, priority); these forms are ours. Densities are mixed, not
their logarithms: a fixation may be due to any of the sizes, and a size that sees nothing at a place vetoes no other one. The centre prior
that a network has learnt is inside its densities; the quadratic moves, widens or narrows it, and the likelihood has one maximum in it.
The spread is put over the density, not over its logarithm, because it is where eyes and trackers miss what was meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import array_api_compat
import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError

Array = Any  # of numpy or torch
Floats = NDArray[np.float64]

# of the network's size, at which a picture is seen
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0)
# where the slopes of the priority change: log-density over uniform, in nats
KNOTS = (-2.0, 0.0, 2.0)
# densities below this share of the uniform one count as so much: the logarithm of an empty pixel would be infinite
FLOOR = 1e-8
# least and greatest values
SCALE_BOUNDS, SLOPE_BOUNDS, CENTRE_BOUNDS, SPREAD_BOUNDS, LAPSE_BOUNDS = (0.25, 4.0), (0.05, 4.0), (-5.0, 5.0), (0.0, 0.25), (0.0, 0.5)
# the issue of it all: more scales than this would be more than twenty numbers
MOST_SCALES = 8


class Adaptation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers of one data set; as they stand by default they change nothing.

    Attributes:
        scales: of the network's size, in increasing order.
        weights: of the scales, non-negative, summing to 1.
        slopes: of the priority below the first knot, between the knots, and beyond the last, (4,).
        centre: a, b, c, d of the centre's quadratic: right, down, outwards across, outwards down.
        spread: standard deviation of the blur as a fraction of the picture's longer side.
        lapses: share of the uniform density.

    Raises:
        InputError: numbers that are not finite or beyond the bounds of this file, weights that do not sum to 1, or scales out of order.
    """

    scales: tuple[float, ...] = (1.0,)
    weights: tuple[float, ...] = (1.0,)
    slopes: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    centre: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spread: float = 0.0
    lapses: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.scales) <= MOST_SCALES or len(self.weights) != len(self.scales):
            raise InputError(
                f"an adaptation has 1 to {MOST_SCALES} scales and a weight for each; found {len(self.scales)} and {len(self.weights)}"
            )
        if len(self.slopes) != len(KNOTS) + 1 or len(self.centre) != 4:
            raise InputError(
                f"an adaptation has {len(KNOTS) + 1} slopes and 4 numbers of the centre; found {self.slopes} and {self.centre}"
            )
        for word, values, (low, high) in (
            ("scales", self.scales, SCALE_BOUNDS),
            ("weights", self.weights, (0.0, 1.0)),
            ("slopes", self.slopes, SLOPE_BOUNDS),
            ("centre", self.centre, CENTRE_BOUNDS),
            ("spread", (self.spread,), SPREAD_BOUNDS),
            ("lapses", (self.lapses,), LAPSE_BOUNDS),
        ):
            if not all(low <= value <= high for value in values):  # NaN is between no two numbers
                raise InputError(f"an adaptation's {word} lie in {low:g}..{high:g}; found {', '.join(f'{value:g}' for value in values)}")
        if abs(sum(self.weights) - 1) > 1e-6:
            raise InputError(f"the weights of scales sum to 1; found {sum(self.weights):g}")
        if any(later <= earlier for earlier, later in pairwise(self.scales)):
            raise InputError(f"scales stand in increasing order, each once; found {self.scales}")

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self == Adaptation(scales=self.scales, weights=tuple(float(scale == 1) for scale in self.scales))

    @property
    def num_parameters(self) -> int:
        """How many numbers were free when it was fitted: the weights sum to 1, so one of them is not."""
        return len(self.weights) - 1 + len(self.slopes) + len(self.centre) + 2

    @property
    def scale(self) -> float:
        """At how many times the network's size pictures are seen, as the geometric mean over the weights."""
        return math.exp(sum(weight * math.log(scale) for scale, weight in zip(self.scales, self.weights, strict=True)))

    def densities(self, predicted: Array) -> Array:
        """What becomes of the densities that a network predicts at its scales, (S, ..., H, W), as (..., H, W)."""
        return adapted_densities(predicted, self.weights, self.slopes, self.centre, self.spread**2, self.lapses)

    def sentences(self, *, longer_side: int | None = None, pixels_per_degree: float | None = None) -> list[str]:
        """The numbers in plain words, a sentence each.

        Args:
            longer_side: of the pictures in pixels, and
            pixels_per_degree: of them; with both the spread is told in degrees too.
        """
        if self.is_identity:
            return ["The network is left as it is."]
        seen = ", ".join(f"{scale:g} (weight {weight:.2f})" for scale, weight in zip(self.scales, self.weights, strict=True) if weight)
        below, low, high, above = self.slopes
        across, down = self.centre[0], self.centre[1]
        right, left = (math.exp(self.centre[2] + sign * across) for sign in (1, -1))
        bottom, top = (math.exp(self.centre[3] + sign * down) for sign in (1, -1))
        degrees = f", {self.spread * longer_side / pixels_per_degree:.2g} degrees" if longer_side and pixels_per_degree else ""
        return [
            f"Pictures are seen at {self.scale:.2g} times the network's size on average: {seen}.",
            f"Priority: contrasts (of log-density) count {above:.2f} times where the map is high, {high:.2f} above the mean, "
            f"{low:.2f} below it, {below:.2f} where it is low.",
            f"Centre: against the middle, gaze is {left:.2f} times what the network says at the left border, {right:.2f} at the right, "
            f"{top:.2f} at the top, {bottom:.2f} at the bottom.",
            f"Spread: maps are blurred by {100 * self.spread:.2g} % of the longer side{degrees}.",
            f"Lapses: {100 * self.lapses:.2g} % of fixations fall anywhere.",
        ]


def adapted_densities(
    predicted: Array, weights: Array, slopes: Sequence[float] | Array, centre: Sequence[float] | Array, variance: Any, lapses: Any
) -> Array:
    """The formula at the top of this file; of numpy arrays or torch tensors, with gradients there.

    Args:
        predicted: densities at the scales, (S, ..., H, W), each summing to 1.
        weights, slopes, centre, lapses: see `Adaptation`; as tuples of numbers or as tensors.
        variance: the spread squared, whose gradient does not vanish at 0.

    Returns:
        Densities (..., H, W).
    """
    xp, (height, width) = array_api_compat.array_namespace(predicted), predicted.shape[-2:]
    weights = _as_like(xp, weights, predicted) if isinstance(weights, tuple) else weights
    mixed = xp.tensordot(weights, predicted, axes=1) * (height * width)
    log = _bent(xp, xp.log(xp.clip(mixed, min=FLOOR)), slopes)
    y, x = (_as_like(xp, (2 * np.arange(length) + 1.0) / length - 1, predicted) for length in (height, width))
    log = log + (centre[0] * x + centre[2] * x**2)[None, :] + (centre[1] * y + centre[3] * y**2)[:, None]
    raw = xp.exp(log - xp.max(log, axis=(-2, -1), keepdims=True))
    down, across = (_diffusion(xp, length, variance * max(height, width) ** 2, predicted) for length in (height, width))
    blurred = xp.clip(down @ raw @ across, min=0.0)  # rounding goes a little below
    return (1 - lapses) * blurred / xp.sum(blurred, axis=(-2, -1), keepdims=True) + lapses / (height * width)


def _bent(xp: Any, log: Array, slopes: Sequence[float] | Array) -> Array:
    """Piecewise linear, 0 at 0."""
    ends = (None, *KNOTS, None)
    return sum(slopes[place] * (xp.clip(log, low, high) - _clipped(0.0, low, high)) for place, (low, high) in enumerate(pairwise(ends)))


def _clipped(value: float, low: float | None, high: float | None) -> float:
    return min(max(value, -math.inf if low is None else low), math.inf if high is None else high)


def _diffusion(xp: Any, length: int, variance: Any, like: Array) -> Array:
    """The symmetric matrix (length, length) that blurs by a Gaussian of `variance` pixels squared, mirrored at both ends; 1 at 0.

    The discrete analogue of the Gaussian (Lindeberg 1990): the diffusion of a line of cells from which nothing leaves, by its cosine modes.
    Unlike a sampled Gaussian it keeps mass and variance at any width, and it changes with the variance even at 0, so that a fit may start there.
    """
    modes, rates = (_as_like(xp, array, like) for array in _cosine_modes(length))
    return (xp.exp(-variance * rates)[None, :] * modes.T) @ modes


@lru_cache(maxsize=256)
def _cosine_modes(length: int) -> tuple[Floats, Floats]:
    """(orthonormal cosine modes, one per row, (L, L); the rate at which each decays per variance, (L,))."""
    order = np.arange(length)
    modes = np.sqrt(2 / length) * np.cos(np.pi * order[:, None] * (order[None, :] + 0.5) / length)
    modes[0] /= np.sqrt(2)
    return modes, 1 - np.cos(np.pi * order / length)


def _as_like(xp: Any, values: Floats | Sequence[float], like: Array) -> Array:
    return xp.asarray(values, dtype=like.dtype, device=array_api_compat.device(like))
