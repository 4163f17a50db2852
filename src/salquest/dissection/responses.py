"""How units respond to regions: z-scores and overlaps of every unit with every region of a picture, as matrix products.

Three versions of each number are taken from the same maps: of the unit itself; of the unit with its cells permuted within the picture
("permuted", chance: 0 for z-scores); and of the unit with the regions and fixations of another picture laid on it ("other", what centre
bias alone gives).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salquest.dissection.annotations.region import Region
from salquest.dissection.geometry import Grid
from salquest.dissection.interpolation import Raster, grid_of
from salquest.dissection.probe import Probe, cells_in
from salquest.gaze import Fixations

Size = tuple[int, int]
VERSIONS = ("own", "permuted", "other")
# of single precision, in sums of four
ROUNDING = 4e-7


@dataclass(frozen=True, eq=False)
class PictureRegions:
    """The regions that are laid on one picture: its own, or those that another picture lends.

    Attributes:
        regions: in the picture's pixels.
        fixations: that belong to them.
        areas: per category that is there, in the order of their numbers, its pixels on the grid, (P, G).
    """

    regions: list[Region]
    fixations: Fixations | None
    areas: NDArray[np.bool_]

    @classmethod
    def of(cls, probe: Probe, number: int, size: Size, step: int) -> PictureRegions:
        """Those of picture `number`, stretched to a picture of (height, width) where it has another size."""
        regions, fixations = probe.regions(number), probe.fixations[number]
        if probe.stimuli[number].size != size:
            regions = [_stretched(region, probe.stimuli[number].size, size) for region in regions]
            fixations = None if fixations is None else fixations.resized(size)
        rows = slice(probe.first[number], probe.first[number + 1])
        holds = probe.table.holds[rows]
        areas = []
        for category in np.flatnonzero(holds.any(axis=0)):
            mask = np.zeros(size, dtype=bool)
            for region in np.asarray(regions, dtype=object)[holds[:, category]]:
                mask[region.window] |= region.pixels
            areas.append(grid_of(mask, step).reshape(-1))
        cells = grid_of(np.zeros(size, dtype=bool), step).size
        return cls(regions, fixations, np.array(areas, dtype=bool).reshape(-1, cells))

    def weights(self, raster: Raster) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What cells weigh in the means over the regions' pixels and over their fixations, (2R, cells), and which of the rows mean something."""
        rows, there = np.zeros((2 * len(self.regions), raster.cells[0] * raster.cells[1])), np.ones(2 * len(self.regions), dtype=bool)
        for number, region in enumerate(self.regions):
            rows[number] = raster.of_window(region.top, region.left, region.pixels) / region.area
            y, x = cells_in(region, self.fixations)
            if len(y):
                rows[len(self.regions) + number] = raster.of_points(y, x) / len(y)
            else:
                there[len(self.regions) + number] = False
        return rows, there


@dataclass(frozen=True, eq=False)
class PictureWork:
    """One picture with everything that its maps are multiplied with; weights are made once per grid, which several layers share."""

    size: Size
    entered: Size
    own: PictureRegions
    other: PictureRegions
    step: int
    seed: tuple[int, int]

    @classmethod
    def of(cls, probe: Probe, number: int, *, entered: Size, step: int, seed: int) -> PictureWork:
        """Picture `number` of a probe set, which enters the network at (height, width)."""
        size = probe.stimuli[number].size
        own = PictureRegions.of(probe, number, size, step)
        other = PictureRegions.of(probe, int(probe.partner[number]), size, step)
        return cls(size, entered, own, other, step, (seed, number))

    def _permutation(self, cells: int) -> NDArray[np.int64]:
        """Of so many cells: the same for every layer that has them, whichever layers are measured."""
        return np.random.Generator(np.random.PCG64([*self.seed, cells])).permutation(cells)

    def measures(self, grids: Mapping[str, Grid], device: torch.device) -> dict[str, Measure]:
        """Layer -> what measures its maps; layers on one grid share one."""
        made: dict[Grid, Measure] = {}
        areas = np.concatenate([self.own.areas, self.own.areas[:, self._permutation(self.own.areas.shape[1])], self.other.areas])
        marks = torch.from_numpy(np.concatenate([areas, np.ones((1, areas.shape[1]), dtype=bool)])).to(device, torch.float32)
        found = {}
        for name, grid in grids.items():
            like = Grid(grid.cells, 0, grid.places)
            if like not in made:
                made[like] = self._measure(grid.raster(self.size, self.entered), marks, device)
            found[name] = made[like]
        return found

    def _measure(self, raster: Raster, marks: Tensor, device: torch.device) -> Measure:
        own, own_there = self.own.weights(raster)
        other, other_there = self.other.weights(raster)
        shuffled = own[:, self._permutation(own.shape[1])]
        weights = np.concatenate([own, shuffled, other, raster.mean()[None]])
        up_rows, up_columns = raster.on_grid(self.step)
        grams = [torch.from_numpy(part).to(device, torch.float32) for gram in raster.grams() for part in gram]
        return Measure(
            torch.from_numpy(weights).to(device, torch.float32),
            (len(own_there) // 2, len(other_there) // 2),
            torch.from_numpy(np.concatenate([own_there, own_there, other_there])).to(device),
            (grams[0], grams[1], grams[2], grams[3]),
            raster.pixels,
            torch.from_numpy(up_rows).to(device, torch.float32),
            torch.from_numpy(up_columns.T.copy()).to(device, torch.float32),
            marks,
            (len(self.own.areas), len(self.other.areas)),
        )


@dataclass(frozen=True, eq=False)
class Response:
    """How the units of a layer respond to one picture's regions, per version (see VERSIONS).

    Attributes:
        nss: version -> z-scores of the map on the picture (population deviation), meaned over each region's pixels and over the fixations
            in it, (2, R, C); NaN where there is no fixation, 0 where the map is constant on the picture.
        overlap: version -> grid pixels that are above the unit's threshold and in a category, (P, C).
        above: grid pixels above the threshold, (C,).
    """

    nss: dict[str, NDArray[np.float32]]
    overlap: dict[str, NDArray[np.int32]]
    above: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Measure:
    """What the maps of layers on one grid are multiplied with, for one picture."""

    weights: Tensor
    regions: tuple[int, int]
    there: Tensor
    grams: tuple[Tensor, Tensor, Tensor, Tensor]
    pixels: int
    up_rows: Tensor
    up_columns: Tensor
    marks: Tensor
    categories: tuple[int, int]

    def respond(self, maps: Tensor, thresholds: Tensor) -> Response:
        """Measure the maps (C, h, w) of one picture against thresholds (C,)."""
        maps = torch.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
        cells = maps.flatten(1)
        # z-scores do not change; without their mean, squares of large values with small differences keep their digits
        middle = cells.mean(dim=1)
        apart = cells - middle[:, None]
        means = self.weights @ apart.T
        average = means[-1]
        square = square_sum(apart.view(maps.shape), self.grams) / self.pixels
        deviation = (square - average.square()).clamp_min(0).sqrt()
        flat = (cells.amax(dim=1) == cells.amin(dim=1)) | (deviation == 0)
        own, other = self.regions
        # the permuted unit is compared with the mean of the cells, 0 here, which is what permutations have on average
        base = torch.cat([average.expand(2 * own, -1), torch.zeros_like(average).expand(2 * own, -1), average.expand(2 * other, -1)])
        z = torch.where(flat, 0.0, (means[:-1] - base) / deviation)
        z[~self.there] = torch.nan
        split = torch.split(z, [2 * own, 2 * own, 2 * other])
        # without their mean taken off, so that zeros stay zeros between cells; equal cells may come out a rounding above themselves
        level = thresholds + ROUNDING * thresholds.abs()
        on = (self.up_rows @ (maps @ self.up_columns)).flatten(1) > level[:, None]
        counts = (self.marks @ on.to(torch.float32).T).round().to(torch.int32).cpu().numpy()
        first, second = self.categories
        parts = np.split(counts, np.cumsum([first, first, second]))
        return Response(
            {version: part.cpu().numpy().reshape(2, -1, len(middle)) for version, part in zip(VERSIONS, split, strict=True)},
            dict(zip(VERSIONS, parts[:3], strict=True)),
            parts[3][0],
        )


def square_sum(maps: Tensor, grams: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """Sum over a picture's pixels of the squared, interpolated maps (C, h, w), (C,), with the grams of their raster (see `Raster.grams`)."""
    along_rows, along_columns = maps * grams[0][:, None], maps * grams[2]
    if maps.shape[1] > 1:
        beside = grams[1][:, None]
        along_rows[:, :-1] += maps[:, 1:] * beside
        along_rows[:, 1:] += maps[:, :-1] * beside
    if maps.shape[2] > 1:
        along_columns[:, :, :-1] += maps[:, :, 1:] * grams[3]
        along_columns[:, :, 1:] += maps[:, :, :-1] * grams[3]
    return (along_rows * along_columns).sum(dim=(1, 2))


def _stretched(region: Region, size: Size, target: Size) -> Region:
    """A region of a picture of `size` on one of `target`; the nearest pixel decides, and at least one pixel stays."""
    mask = region.mask(size)
    rows = ((np.arange(target[0]) + 0.5) * size[0] / target[0]).astype(int)
    columns = ((np.arange(target[1]) + 0.5) * size[1] / target[1]).astype(int)
    found = Region.of_mask(region.categories, mask[np.ix_(rows, columns)])
    if found is not None:
        return found
    top = min(region.top * target[0] // size[0], target[0] - 1)
    left = min(region.left * target[1] // size[1], target[1] - 1)
    return Region(region.categories, top, left, np.ones((1, 1), dtype=bool))
