"""EMD, the earth mover's distance: how much mass has to travel how far to turn the predicted distribution into the observed one.

Exact optimal transport by POT's network simplex. Mass that both maps hold in the same bin stays where it is (true of every ground distance
that is a metric), so only the surplus of one travels to the surplus of the other: several times faster, and defined for the slightly
negative bins that a bicubic resize leaves.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any, Literal

import numpy as np

from salquest.errors import InputError
from salquest.metrics.distributions import Shares
from salquest.metrics.maps import Array, Floats, Maps, on_host, open_density, open_maps
from salquest.metrics.resizing import shrink

MOST_BINS = 10_000  # a ground distance of that many bins fills 800 MB
MOST_PIVOTS = 10_000_000  # of the network simplex; some ten thousand are needed for 768 bins
_BACKENDS = {"torch": "PYTORCH", "jax": "JAX", "cupy": "CUPY", "tensorflow": "TENSORFLOW"}
_loading = Lock()


def emd(
    saliency: Array | Maps,
    density: Array | Maps,
    *,
    downsize: int = 32,
    distance: Floats | None = None,
    scaling: Literal["sum", "plain"] = "sum",
    resize: Literal["refuse", "matlab"] = "refuse",
    workers: int | None = None,
) -> float | Array:
    """Earth mover's distance, exact, in bins. 0 is best, less is better.

    Both maps are shrunk by MATLAB's bicubic rule and divided by their sums; the score is the cheapest transport of the predicted surplus,
    the positive part of P - Q, to the observed one, that of Q - P.

    Args:
        saliency: (H, W) or (B, H, W).
        density: of the same shape, non-negative, any scale; its size makes the bins.
        downsize: pixels per bin along each side; 32 is the MIT program's: 1024 x 768 becomes 32 x 24 bins. 1 takes the maps as they are.
        distance: ground distance between bins in reading order, (bins, bins), which must be a metric; None: Euclidean, 1 between
            neighbours. Multiply by `downsize` for pixels. MIT's FastEMD rounds masses and distances to a millionth, so its scores are off
            by up to 1e-4.
        scaling: "sum": the smallest value of a map is subtracted where it is negative, and a map without mass is uniform, with a
            ConstantMapWarning; "plain": neither (MIT), NaN for an empty map (MIT's program scores it 0, as if it were perfect).
        resize: a saliency map of another size is "refuse"d, or shrunk straight to the density's bins by "matlab"'s rule, as MIT's program
            does.
        workers: threads for a batch, one picture each; None: one for each core. POT works outside Python's lock, so they run side by side.

    Returns:
        A float, or (B,) for a batch; NaN where the density is empty.

    Raises:
        InputError: see `open_maps` and `open_density`; too many bins, or a distance that is no metric of that many bins.
    """
    maps = open_maps(saliency)
    observed = open_density(density, maps, any_size=resize == "matlab")
    if downsize < 1:
        raise InputError(f"a bin is at least one pixel wide; found downsize={downsize}")
    grid = (-(-observed.size[0] // downsize), -(-observed.size[1] // downsize))
    if grid[0] * grid[1] > MOST_BINS:
        raise InputError(f"EMD compares at most {MOST_BINS} bins; downsize={downsize} makes {grid[0]} x {grid[1]}; use a greater one")
    ground = euclidean(grid) if distance is None else _checked(distance, grid[0] * grid[1])
    predicted, seen = Shares(maps, scaling), Shares(observed, scaling, warn=False)
    surplus = _binned(predicted, grid) - _binned(seen, grid)
    surplus[observed.high <= 0] = np.nan
    transport = _transport()
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        scores = np.asarray(list(pool.map(lambda row: _cost(row, ground, transport), surplus)))
    return maps.answer(scores)


@lru_cache(maxsize=8)
def euclidean(grid: tuple[int, int]) -> Floats:
    """Distance between the centres of all bins of a (height, width) grid, (bins, bins), 1 between neighbours."""
    rows, columns = (axis.reshape(-1).astype(np.float64) for axis in np.indices(grid))
    ground = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    ground.setflags(write=False)
    return ground


def _checked(distance: Floats, bins: int) -> Floats:
    ground = np.asarray(distance, dtype=np.float64)
    if ground.shape != (bins, bins):
        raise InputError(f"the ground distance is (bins, bins) = ({bins}, {bins}) here; found {ground.shape}")
    if not np.isfinite(ground).all() or (ground < 0).any() or not np.allclose(ground, ground.T) or np.diagonal(ground).any():
        raise InputError("a ground distance is a metric: finite, non-negative, symmetric, 0 from each bin to itself")
    return ground


def _binned(shares: Shares, grid: tuple[int, int]) -> Floats:
    """The maps on the grid, each summing to 1, (B, bins) in numpy."""
    maps = shares.maps
    values = maps.xp.reshape(maps.xp.astype(maps.raw, maps.xp.float64, copy=False), (len(maps), *maps.size))
    shrunk = on_host(values if grid == maps.size else shrink(values, grid)).reshape(len(maps), -1)
    bins = shrunk - shares.subtracted[:, None] + shares.added[:, None]
    with np.errstate(invalid="ignore"):  # an empty map is 0 / 0: NaN
        binned: Floats = bins / bins.sum(axis=1, keepdims=True)
    return binned


def _cost(surplus: Floats, ground: Floats, transport: Callable[..., Any]) -> float:
    if np.isnan(surplus).any():
        return np.nan
    # by increasing mass: in the order of the grid the network simplex takes up to twice as long
    order = np.argsort(np.abs(surplus))
    sources, sinks = order[surplus[order] > 0], order[surplus[order] < 0]
    supply, demand = surplus[sources], -surplus[sinks]
    moved = float(supply.sum())
    if moved < 1e-15:  # what rounding leaves of two equal maps
        return 0.0
    cost = transport(supply / moved, demand / demand.sum(), np.ascontiguousarray(ground[np.ix_(sources, sinks)]), numItermax=MOST_PIVOTS)
    return moved * float(cost)


def _transport() -> Callable[..., Any]:
    """POT's `emd2`, imported when first needed.

    `import ot` loads torch, jax and others if it can, which takes seconds and turns a process that only scores into one that holds torch.
    What this process has not loaded itself stays out, by POT's own switches, which are taken back at once: POT then lacks those back ends
    in this process.
    """
    with _loading:
        if "ot" not in sys.modules:
            switches = {f"POT_BACKEND_DISABLE_{name}": "1" for module, name in _BACKENDS.items() if module not in sys.modules}
            before = {switch: os.environ.get(switch) for switch in switches}
            os.environ.update(switches)
            try:
                importlib.import_module("ot")
            finally:
                for switch, value in before.items():
                    if value is None:
                        del os.environ[switch]
                    else:
                        os.environ[switch] = value
        transport: Callable[..., Any] = importlib.import_module("ot").emd2
        return transport
