"""Markov chains on a lattice of pixels: where a walker between unlike pixels ends up (Harel, Koch and Perona 2006)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.bundle_pyramid import subsample

Edges = Literal["dissimilarity", "mass"]
Size = tuple[int, int]

# steps after which a chain that still moves is given its equilibrium: a map of two values alone sends the walker to and fro for ever
MOST_STEPS = 1000
# steps between two looks at how far each went: the arithmetic of a look costs as much as a step
STRIDE = 6
# chains that a graphics card walks at once; a processor takes one, whose edges then stay in its cache
AT_ONCE = 64


def equilibrium(maps: Array, edges: Edges, *, sigma: float, lattices: tuple[int, ...] = (), tolerance: float | None) -> Array:
    """How often a walker visits each pixel, (M, h, w), each map summing to 1; uniform for a constant map.

    Edges lead from every pixel j to every pixel i with the weight w |a_i - a_j| ("dissimilarity") or w a_i ("mass"), where a is the map in
    0..1 and w falls with the distance as a Gaussian. Both chains are reversible, so their equilibrium needs no eigenvector: it is
    proportional to the sum over j of w |a_i - a_j|, or to a_i times the sum of w a_j.

    Args:
        maps: (M, h, w).
        sigma: standard deviation of w as a share of the mean side.
        lattices: further lattices of half the size (1), a quarter (2) .. whose nodes join the graph; each node's share is handed out to the
            pixels it stands for.
        tolerance: where the original stops walking from the uniform distribution: once a step moves it by no more than this (Euclidean
            norm). None answers the equilibrium itself.
    """
    xp = array_api_compat.array_namespace(maps)
    size = maps.shape[-2:]
    heights = [_heights(maps, 0)] + [_heights(maps, level) for level in lattices]
    values = xp.concat([xp.reshape(one, (len(maps), -1)) for one in heights], axis=1)
    sizes = tuple(tuple(one.shape[-2:]) for one in heights)
    weights = like(_weights(sizes, sigma * sum(size) / 2), xp.astype(maps[:1, :1, :1], xp.float32))
    at_once = 1 if str(array_api_compat.device(maps)) == "cpu" else AT_ONCE
    chunks = [_visited(values[start : start + at_once], weights, edges, tolerance) for start in range(0, len(maps), at_once)]
    return xp.reshape(_on_pixels(xp.concat(chunks), sizes), maps.shape)


def _heights(maps: Array, level: int) -> Array:
    """Maps at a lattice, min-max scaled there; a map of nothing but 0 gets a trace everywhere, so that mass has somewhere to go."""
    xp = array_api_compat.array_namespace(maps)
    if level:
        single = xp.astype(maps, xp.float32)
        for _ in range(level):
            single = subsample(single)
        maps = xp.astype(single, maps.dtype)
    scaled = min_max(maps)
    return xp.where(xp.max(scaled, axis=(-2, -1), keepdims=True) == 0, xp.full_like(scaled, 1e-12), scaled)


def _visited(values: Array, weights: Array, edges: Edges, tolerance: float | None) -> Array:
    """The distribution over nodes, (M, N), of chains with node values (M, N) and distance weights (N, N) float32.

    What is walked in single precision is only the distance from the equilibrium, which shrinks with every step; the equilibrium itself
    comes in closed form. The sum is good to some 1e-7 of the largest value, and the edges take half the memory, which bounds the speed.
    """
    xp = array_api_compat.array_namespace(values)
    low = xp.astype(values, weights.dtype)
    if edges == "dissimilarity":
        table = low[:, :, None] - low[:, None, :]
        xp.abs(table, out=table)
        table *= weights
        leaving = xp.sum(table, axis=-1)  # of rows, which are the columns here
        rest = xp.astype(leaving, values.dtype)
    else:
        table = low[:, :, None] * weights
        leaving = xp.sum(table, axis=-2)
        rest = xp.astype(leaving, values.dtype) * values
    total = xp.sum(rest, axis=-1, keepdims=True)
    uniform = xp.full_like(rest, 1 / rest.shape[-1])
    rest = xp.where(total > 0, rest / xp.where(total > 0, total, xp.ones_like(total)), uniform)
    if tolerance is None:
        return rest
    visited = rest + xp.astype(_walk(table, leaving, xp.astype(uniform - rest, low.dtype), tolerance), rest.dtype)
    return visited / xp.sum(visited, axis=-1, keepdims=True)


def _walk(table: Array, leaving: Array, start: Array, tolerance: float) -> Array:
    """How far distributions are from equilibrium when a step first moves them by no more than the tolerance, (M, N).

    Args:
        table: weights of the edges from j to i, (M, N, N).
        leaving: sums of its columns, (M, N).
        start: how far they are at first, (M, N).
    """
    xp = array_api_compat.array_namespace(table)
    leaving = xp.where(leaving > 0, leaving, xp.ones_like(leaving))[..., None]
    shares = start[..., None] / leaving
    arrived = xp.zeros_like(start)
    moving = xp.ones_like(start[:, 0], dtype=xp.bool)
    chain = xp.arange(len(start), device=array_api_compat.device(start))
    for _ in range(MOST_STEPS // STRIDE):
        trail = [shares]
        for _ in range(STRIDE):
            trail.append((table @ trail[-1]) / leaving)
        trail = xp.stack(trail)
        moves = xp.sum(((trail[1:, ...] - trail[:-1, ...]) * leaving) ** 2, axis=(-2, -1))
        rests = moves <= tolerance**2
        first = xp.argmax(xp.astype(rests, xp.int8), axis=0)
        stops = moving & xp.any(rests, axis=0)
        arrived = xp.where(stops[:, None], (trail[first + 1, chain] * leaving)[..., 0], arrived)
        moving = moving & ~stops
        if not xp.any(moving):
            break
        shares = trail[-1]
    return arrived


@lru_cache(maxsize=8)
def _weights(sizes: tuple[Size, ...], sigma: float) -> NDArray[np.float64]:
    """How strongly the nodes of all lattices are joined by nearness, (N, N).

    Within a lattice, squared distances are scaled by how many more nodes the finest has; between lattices they are the mean over the
    pixels that the two nodes stand for.
    """
    finest = sizes[0]
    blocks = []
    for i, first in enumerate(sizes):
        row = []
        for j, second in enumerate(sizes):
            if i == j:
                axes = [(np.arange(n)[:, None] - np.arange(n)) ** 2.0 for n in first]
                scale = finest[0] * finest[1] / (first[0] * first[1])
            else:
                axes = [_mean_squares(finest[k], first[k], second[k]) for k in (0, 1)]
                scale = 1.0
            squares = axes[0][:, None, :, None] + axes[1][None, :, None, :]
            row.append(scale * squares.reshape(first[0] * first[1], second[0] * second[1]))
        blocks.append(row)
    weights = np.exp(-np.block(blocks) / (2 * sigma**2))
    # what single precision holds only as a denormal number slows everything down and adds nothing
    weights[weights < 1e-30] = 0
    weights.flags.writeable = False
    return weights


def _mean_squares(length: int, first: int, second: int) -> NDArray[np.float64]:
    """Mean squared distance along one axis between the pixels of the cells of two lattices, (first, second)."""
    ours, theirs = (np.eye(count)[_cells(length, count)].T for count in (first, second))
    squares = (np.arange(length)[:, None] - np.arange(length)) ** 2.0
    return ours @ squares @ theirs.T / np.outer(ours.sum(axis=1), theirs.sum(axis=1))


def _cells(length: int, count: int) -> NDArray[np.int64]:
    """Which of `count` cells each of `length` pixels belongs to; what does not divide evenly goes to the first and the last."""
    widths = np.full(count, length // count)
    over = length - widths.sum()
    widths[0] += over // 2
    widths[-1] += over - over // 2
    return np.repeat(np.arange(count), widths)


def _on_pixels(visited: Array, sizes: tuple[Size, ...]) -> Array:
    """Node distributions (M, N) of all lattices handed out to the pixels of the finest, (M, h w)."""
    finest = sizes[0]
    start = finest[0] * finest[1]
    result = visited[:, :start]
    for size in sizes[1:]:
        down, across = (_cells(whole, part) for whole, part in zip(finest, size, strict=True))
        node = (down[:, None] * size[1] + across).ravel()
        share = like(1 / np.bincount(node)[node], visited)
        result = result + visited[:, start : start + size[0] * size[1]][:, node] * share
        start += size[0] * size[1]
    return result
