"""The most looked-at regions of a map: its peaks, each with the share of attention around it and a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, as_density, resize_map

# cells along the longer side of the grid on which peaks are told apart; maps are smooth, and a box is meant to a hundredth of the picture
GRID = 128
# two peaks are one where the way between them stays above this share of the lower one's height
SADDLE = 0.8
# a region reaches down to this share of its peak's height
LEVEL = 0.5


@dataclass(frozen=True)
class SalientRegion:
    """A peak of a map and what belongs to it.

    Attributes:
        x, y: the peak's place in pixels of the map, pixel centres at integers.
        share: the part of the density that lies in the region, 0..1.
        left, top, width, height: the region's box in whole pixels; it holds columns left .. left + width - 1.
    """

    x: float
    y: float
    share: float
    left: int
    top: int
    width: int
    height: int


def salient_regions(saliency: SaliencyMap, count: int = 5) -> list[SalientRegion]:
    """The regions that hold the greatest shares of a map, most first.

    The rule: the map is averaged to a grid of at most 128 cells along its longer side, and heights are measured above its lowest cell.
    Flooding it from the top, each local maximum opens a region; where two regions meet above 0.8 of the lower peak, they become one, else
    the border stays there (a watershed with a limit on how shallow a valley may be). A region is what of this lies above half of its peak's
    height; its share is the sum of the density there, its box what encloses it, exact to a cell. Shares of different regions do not
    overlap.

    Args:
        saliency: of any kind; values count above their minimum.
        count: how many at most.

    Returns:
        None for a map without contrast.

    Raises:
        InputError: a count below 1.
    """
    if count < 1:
        raise InputError(f"the number of regions is 1 or more; found {count}")
    height, width = saliency.size
    shrink = min(1.0, GRID / max(height, width))
    rows, columns = max(1, round(height * shrink)), max(1, round(width * shrink))
    density = as_density(resize_map(saliency.density(), (rows, columns)))
    heights = density - density.min()
    if heights.max() <= 1e-9 * density.max():  # less than what averaging rounds
        return []
    basins = _basins(heights)
    found = []
    for basin in np.unique(basins):
        inside = basins == basin
        peak = np.unravel_index(int(np.where(inside, heights, -1.0).argmax()), heights.shape)
        if heights[peak] <= 0:  # an island of the lowest cells
            continue
        inside &= heights >= LEVEL * heights[peak]
        found.append(_region(density, inside, (int(peak[0]), int(peak[1])), (height, width)))
    return sorted(found, key=lambda region: (-region.share, region.y, region.x))[:count]


def _basins(heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """A label per cell, (h, w): cells of one label belong to one peak."""
    rows, columns = heights.shape
    # a border of cells that are never reached saves asking whether a neighbour lies inside
    padded = np.full((rows + 2, columns + 2), -1.0)
    padded[1:-1, 1:-1] = heights
    level = padded.ravel().tolist()
    across = columns + 2
    steps = (-across - 1, -across, -across + 1, -1, 1, across - 1, across, across + 1)
    order = np.argsort(-padded.ravel(), kind="stable")[: rows * columns].tolist()
    basin = [-1] * len(level)  # the cell of the peak that each cell was given to
    joined: dict[int, int] = {}  # peak -> the higher peak that it became part of

    def root(peak: int) -> int:
        while joined[peak] != peak:
            joined[peak] = joined[joined[peak]]
            peak = joined[peak]
        return peak

    for here in order:
        # the neighbour that is highest, which the steepest way up leads to
        reached = sorted((here + step for step in steps if basin[here + step] >= 0), key=lambda cell: -level[cell])
        if not reached:
            basin[here] = joined[here] = here
            continue
        basin[here] = basin[reached[0]]
        peaks = sorted({root(basin[cell]) for cell in reached}, key=lambda peak: (-level[peak], peak))
        for lower in peaks[1:]:
            if level[here] >= SADDLE * level[lower]:
                joined[lower] = peaks[0]
    return np.array([root(peak) if peak >= 0 else -1 for peak in basin]).reshape(padded.shape)[1:-1, 1:-1]


def _region(density: NDArray[np.float64], inside: NDArray[np.bool_], peak: tuple[int, int], size: tuple[int, int]) -> SalientRegion:
    scale_y, scale_x = size[0] / inside.shape[0], size[1] / inside.shape[1]
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    top, bottom = round(rows[0] * scale_y), round((rows[-1] + 1) * scale_y)
    left, right = round(columns[0] * scale_x), round((columns[-1] + 1) * scale_x)
    return SalientRegion(
        x=(peak[1] + 0.5) * scale_x - 0.5,
        y=(peak[0] + 0.5) * scale_y - 0.5,
        share=float(density[inside].sum()),
        left=left,
        top=top,
        width=right - left,
        height=bottom - top,
    )
