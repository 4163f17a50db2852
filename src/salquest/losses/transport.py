"""The earth mover's distance as a loss: how far the predicted mass has to travel, differentiable by a little entropy (Sinkhorn).

The exact distance is `salquest.metrics.emd`; it shares no code with this one.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from salquest.errors import InputError
from salquest.losses.maps import TINY, as_density

LONG_SIDE, SHORT_SIDE = 32, 24  # bins along the longer and the shorter side, at most
COARSEST = 16.0  # eps that the iterations begin with, in bins; it is halved down to the one asked for
ROUNDS, LAST_ROUNDS = 4, 30  # iterations at each coarser eps, and at the eps asked for
GREATEST_EXPONENT = 320.0  # of the kernel and of each scaling: two of them stay within float64


def emd(density_predicted: Tensor, density: Tensor, *, eps: float = 0.125) -> Tensor:
    """Earth mover's distance as debiased Sinkhorn divergence (Feydy 2019), in bins: 0 for equal maps, less is better.

    The maps are averaged into at most 24 x 32 bins (32 x 24 for a portrait) of equal, nearly square shape; the ground distance is
    Euclidean, 1 between neighbouring bins, as in the metric. Not its square, whose kernel would be a product of two small ones: that is
    another quantity, and at this grid one matrix product of 768 x 768 per iteration is as fast as it has to be.

    The entropy lowers the value, the more the greater eps. Against exact transport of the same bins, on 6 pictures of osie-mini with a
    good and a poor prediction each (exact values 1.0 to 6.5): at eps 0.125 lower by 0.32 on average and 0.55 at most (by 22 % at most), at
    0.25 by 0.56 and 0.80, at 0.5 by 0.96 and 1.35. The gradient after these iterations has a cosine of at least 0.94 with the converged
    one. A picture takes 15 ms, forward and backward, on one core.

    Args:
        density_predicted: predicted densities, (B, H, W), each summing to 1; an empty one is taken as uniform.
        density: observed densities, (B, H, W), each summing to 1.
        eps: strength of the entropy, in bins; at least 0.121 for a full grid, where float64 ends.

    Returns:
        One distance per picture, (B,), computed in float64 and returned in the prediction's type. It has a first derivative and
        no second one.

    Raises:
        InputError: eps too small for the grid.
    """
    height, width = density_predicted.shape[-2:]
    grid = grid_of(height, width)
    diameter = math.hypot(grid[0] - 1, grid[1] - 1)
    if not eps > 0 or diameter / eps > GREATEST_EXPONENT:
        raise InputError(f"emd needs eps of at least {max(diameter / GREATEST_EXPONENT, 1e-9):.3g} bins on a grid of {grid}; found {eps:g}")
    predicted, observed = (_binned(maps, grid) for maps in (density_predicted, density))
    with torch.no_grad():
        across, back = _potentials(predicted, observed, grid, eps)
        own_predicted, own_observed = (_potentials(maps, maps, grid, eps)[0] for maps in (predicted, observed))
    # at the optimum the potentials are the derivatives (envelope theorem), so that no iteration has to be remembered
    distance = (predicted * (across - own_predicted)).sum(dim=1) + (observed * (back - own_observed)).sum(dim=1)
    return distance.to(density_predicted.dtype)


def grid_of(height: int, width: int) -> tuple[int, int]:
    """(rows, columns) of bins for maps of (height, width): at most 32 along the longer side and 24 along the shorter, never finer than pixels."""
    pixels_per_bin = max(max(height, width) / LONG_SIDE, min(height, width) / SHORT_SIDE, 1.0)
    return max(1, round(height / pixels_per_bin)), max(1, round(width / pixels_per_bin))


def _binned(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """Densities (B, H, W) on the grid, (B, bins) float64, each summing to 1, no bin quite empty."""
    rows, columns = _pooling(maps.shape[-2], grid[0]).to(maps.device), _pooling(maps.shape[-1], grid[1]).to(maps.device)
    pooled = rows @ maps.double() @ columns.T
    return as_density(pooled + TINY).flatten(1)


@lru_cache(maxsize=16)
def _pooling(length: int, bins: int) -> Tensor:
    """(bins, length): the share of each pixel that falls into each bin; every column sums to 1, so that mass is kept."""
    edges = torch.arange(bins + 1, dtype=torch.float64) * (length / bins)
    pixels = torch.arange(length, dtype=torch.float64)
    return (torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)).clamp_min(0.0)


@lru_cache(maxsize=32)
def _kernel(grid: tuple[int, int], eps: float, device: torch.device) -> Tensor:
    """exp(-distance / eps) between all bins, (bins, bins)."""
    rows, columns = (axis.flatten() for axis in torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in grid), indexing="ij"))
    distance = torch.hypot(rows[:, None] - rows, columns[:, None] - columns)
    return torch.exp(-distance / eps).to(device)


def _stages(eps: float) -> list[tuple[float, int]]:
    """(eps, iterations) from coarse to fine: far transport is found at once, near transport at the end."""
    stages, coarser = [], COARSEST
    while coarser > eps:
        stages.append((coarser, ROUNDS))
        coarser /= 2
    return [*stages, (eps, LAST_ROUNDS)]


def _potentials(predicted: Tensor, observed: Tensor, grid: tuple[int, int], eps: float) -> tuple[Tensor, Tensor]:
    """Dual potentials of the entropic transport between two maps, each (B, bins); of equal maps they are equal to the last bit.

    Both are moved at once, half the way at a time, so that a map and itself are treated like any two: what the divergence takes off has
    then made the same steps, and equal maps have value and gradient 0 after any number of iterations.
    """
    across, back = torch.zeros_like(predicted), torch.zeros_like(observed)
    for strength, rounds in _stages(eps):
        kernel = _kernel(grid, strength, predicted.device)
        for _ in range(rounds):
            moved_across, moved_back = _softened(back, observed, kernel, strength), _softened(across, predicted, kernel, strength)
            across, back = 0.5 * (across + moved_across), 0.5 * (back + moved_back)
    return _softened(back, observed, kernel, strength), _softened(across, predicted, kernel, strength)


def _softened(potential: Tensor, maps: Tensor, kernel: Tensor, eps: float) -> Tensor:
    """The soft minimum over bins of distance less potential, (B, bins)."""
    return -eps * torch.log((torch.exp(potential / eps) * maps) @ kernel)
