"""How like the network's own final map its units are: after fine-tuning many units are copies of it, and score as it does (He 2019).

The correlation is taken within each picture and meaned over pictures, because scores are of maps that are z-scored within each picture: a
unit with r = 1 in every picture has the final map's scores, whatever its level from picture to picture, of which a pooled r would be part.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from salquest.dissection.gaze_on_maps import mean_square
from salquest.dissection.geometry import Grid
from salquest.dissection.interpolation import Raster
from salquest.dissection.responses import square_sum

Size = tuple[int, int]
Floats = NDArray[np.float64]

# a unit whose map correlates so much with the final map counts as a copy of it
COPY = 0.9


class FinalMap:
    """A picture's final map, standardised, to be laid beside units' maps of any grid.

    Args:
        density: the network's, (h, w).
        picture: (height, width) of the picture, at whose pixels maps are compared.
        entered: that at which it entered the network.
    """

    def __init__(self, density: NDArray[np.float64], picture: Size, entered: Size) -> None:
        self._picture, self._entered = picture, entered
        self._raster = Raster.resizing(picture, (density.shape[0], density.shape[1]))
        apart = density - density.mean()
        variance = float(mean_square(self._raster, apart[None])[0]) - float(self._raster.mean() @ apart.reshape(-1)) ** 2
        self._values = apart / np.sqrt(variance) if variance > 0 and np.ptp(density) > 0 else np.zeros_like(apart)
        self._mean = float(self._raster.mean() @ self._values.reshape(-1))

    def correlation(self, maps: Tensor, grid: Grid) -> NDArray[np.float32]:
        """Pearson's r over the picture's pixels of each unit's map (C, h, w) with the final map, (C,); 0 where one of them is constant."""
        rows, columns, mean, sides = _beside(Grid(grid.cells, 0, grid.places), self._picture, self._entered, self._values.shape)
        product = np.asarray((columns @ (rows @ self._values).T).T).reshape(-1) / self._raster.pixels
        weights = torch.from_numpy(np.stack([product - self._mean * mean, mean], axis=1)).to(maps)
        grams = [torch.from_numpy(side).to(maps) for side in sides]
        maps = torch.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
        cells = maps.flatten(1)
        apart = cells - cells.mean(dim=1, keepdim=True)
        along, average = (apart @ weights).T
        square = square_sum(apart.view(maps.shape), (grams[0], grams[1], grams[2], grams[3])) / self._raster.pixels
        deviation = (square - average.square()).clamp_min(0).sqrt()
        flat = (cells.amax(dim=1) == cells.amin(dim=1)) | (deviation == 0)
        found: NDArray[np.float32] = torch.where(flat, 0.0, (along / deviation).clamp(-1, 1)).cpu().numpy()
        return found


@lru_cache(maxsize=64)
def _beside(grid: Grid, picture: Size, entered: Size, cells: Size) -> tuple[csr_array, csr_array, Floats, list[Floats]]:
    """How a grid lies on the final map's cells, the same for all pictures of a size.

    Returns:
        Products of the two rasters along rows (h, h') and along columns (w, w'); what a cell of the grid weighs in the mean, (h*w,); its grams.
    """
    raster, final = grid.raster(picture, entered), Raster.resizing(picture, cells)
    rows, columns = csr_array(raster.rows.T @ final.rows), csr_array(raster.columns.T @ final.columns)
    return rows, columns, raster.mean(), [part for gram in raster.grams() for part in gram]
