"""NSS of a network's own maps, over the whole picture and inside its regions: at the picture's pixels, found from the map's cells alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from salquest.dissection.interpolation import Raster
from salquest.dissection.probe import Probe, cells_in

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GazeOnMaps:
    """A picture's fixations as weights of the cells of maps (h, w).

    Attributes:
        weights: of all fixations, then of those in each region, (1 + R, h*w), rows summing to 1; rows of 0 where there are none.
        there: which rows have a fixation, (1 + R,).
        raster: how the cells lie on the picture.
    """

    weights: Floats
    there: NDArray[np.bool_]
    raster: Raster

    @classmethod
    def of(cls, probe: Probe, number: int, cells: tuple[int, int]) -> GazeOnMaps:
        """Of picture `number` of a probe set, for maps that are brought to it as predictions are."""
        raster, fixations = Raster.resizing(probe.stimuli[number].size, cells), probe.fixations[number]
        nowhere = np.zeros(0, np.int64)
        everywhere = (nowhere, nowhere) if fixations is None else (fixations.rows, fixations.columns)
        places = [everywhere, *(cells_in(region, fixations) for region in probe.regions(number))]
        weights = np.stack([raster.of_points(y, x) / max(len(y), 1) for y, x in places])
        return cls(weights, np.array([len(y) > 0 for y, _ in places]), raster)

    def nss(self, maps: Floats) -> Floats:
        """Mean z-scores (population deviation over the picture's pixels) of maps (B, h, w) at the fixations, (B, 1 + R).

        NaN where there is no fixation, 0 for a map that is constant.
        """
        cells = maps.reshape(len(maps), -1)
        # z-scores do not change; squares keep their digits
        apart = cells - cells.mean(axis=1, keepdims=True)
        mean = apart @ self.raster.mean()
        square = mean_square(self.raster, apart.reshape(maps.shape))
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
        flat = (cells.max(axis=1) == cells.min(axis=1)) | (deviation == 0)
        scores = (apart @ self.weights.T - mean[:, None]) / np.where(flat, 1, deviation)[:, None]
        scores[flat] = 0
        scores[:, ~self.there] = np.nan
        return scores


def mean_square(raster: Raster, maps: Floats) -> Floats:
    """Mean over the picture's pixels of the squared maps (B, h, w), once they are brought to it, (B,)."""
    along = np.stack([_gram(raster.rows) @ one for one in maps])
    across = (_gram(raster.columns) @ maps.reshape(-1, maps.shape[2]).T).T.reshape(maps.shape)
    return np.einsum("bij,bij->b", along, across) / raster.pixels


def _gram(weights: csr_array) -> csr_array:
    return csr_array(weights.T @ weights)
