"""Between the cells of a layer and the pixels of a picture: bilinear interpolation as matrices, so that sums over pixels are sums over cells.

With U (pixels x cells) a unit's map on the picture is U a. The mean over a region r is (r'U) a / |r|, the mean square over the picture
a'(U'U) a / pixels: every score that is linear in z-scored maps is found from the cells alone, at the picture's full resolution.
U is the Kronecker product of one matrix per axis, and U'U of two tridiagonal ones, because a pixel lies between two neighbouring cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from salquest.gaze import resize_map

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Cells along one side of a picture.

    Attributes:
        pixels: of the picture.
        cells: of the layer.
        first: the pixel coordinate (centres at integers) of the first cell.
        step: pixels from one cell to the next.
    """

    pixels: int
    cells: int
    first: float
    step: float

    @classmethod
    def spread(cls, pixels: int, cells: int) -> Axis:
        """Cells that share the picture evenly, as `interpolate(mode="bilinear", align_corners=False)` takes them."""
        return cls(pixels, cells, pixels / cells / 2 - 0.5, pixels / cells)

    def weights(self) -> csr_array:
        """Bilinear weights, (pixels, cells), rows summing to 1; beyond the outermost cells their values go on."""
        place = np.clip((np.arange(self.pixels) - self.first) / self.step, 0, self.cells - 1)
        lower = np.minimum(place.astype(np.int64), max(self.cells - 2, 0))
        share = place - lower
        rows = np.repeat(np.arange(self.pixels), 2)
        columns = np.stack([lower, np.minimum(lower + 1, self.cells - 1)], axis=1).reshape(-1)
        values = np.stack([1 - share, share], axis=1).reshape(-1)
        return csr_array((values, (rows, columns)), shape=(self.pixels, self.cells))


@dataclass(frozen=True, eq=False)
class Raster:
    """How the cells of a layer lie on a picture.

    Attributes:
        rows, columns: weights of the two axes, (H, h) and (W, w).
    """

    rows: csr_array
    columns: csr_array

    @classmethod
    def of(cls, vertical: Axis, horizontal: Axis) -> Raster:
        """From its two axes."""
        return cls(vertical.weights(), horizontal.weights())

    @classmethod
    @lru_cache(maxsize=16)
    def resizing(cls, picture: tuple[int, int], cells: tuple[int, int]) -> Raster:
        """As `gaze.resize_map` brings a map of (h, w) to a picture of (H, W), where it shrinks too: the filter's answers to single cells."""
        rows, columns = (csr_array(resize_map(np.eye(count), (pixels, count))) for pixels, count in zip(picture, cells, strict=True))
        return cls(rows, columns)

    @property
    def cells(self) -> tuple[int, int]:
        """(h, w)."""
        return self.rows.shape[1], self.columns.shape[1]

    @property
    def pixels(self) -> int:
        """Of the picture."""
        return self.rows.shape[0] * self.columns.shape[0]

    def of_window(self, top: int, left: int, values: NDArray) -> Floats:
        """U'v for values (h', w') of a rectangle of pixels: what they weigh in cells, (h*w,)."""
        height, width = values.shape
        along = self.rows[top : top + height].T @ values.astype(np.float64)
        return np.asarray((self.columns[left : left + width].T @ along.T).T).reshape(-1)

    def of_points(self, y: NDArray[np.int64], x: NDArray[np.int64]) -> Floats:
        """U'v for v counting points at pixels (y, x), (h*w,)."""
        return np.asarray((self.rows[y].T @ self.columns[x]).todense(), dtype=np.float64).reshape(-1)

    def mean(self) -> Floats:
        """What each cell weighs in the mean over the picture, (h*w,), summing to 1."""
        return np.outer(self.rows.sum(axis=0), self.columns.sum(axis=0)).reshape(-1) / self.pixels

    def grams(self) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """(diagonal, next to it) of U'U along the rows and along the columns: (h,), (h-1,) and (w,), (w-1,)."""
        return _tridiagonal(self.rows), _tridiagonal(self.columns)

    def on_grid(self, step: int) -> tuple[Floats, Floats]:
        """Dense weights of every `step`-th pixel (see `grid_of`), (gh, h) and (gw, w)."""
        rows, columns = (weights[step // 2 :: step].toarray() for weights in (self.rows, self.columns))
        return rows, columns


def grid_of(values: NDArray, step: int) -> NDArray:
    """Every `step`-th pixel of (H, W), beginning half a step from the corner: the pixels on which areas are compared."""
    return values[step // 2 :: step, step // 2 :: step]


def grid_pixels(size: tuple[int, int], step: int) -> int:
    """How many pixels `grid_of` takes from a picture of (height, width)."""
    rows, columns = (len(range(step // 2, side, step)) for side in size)
    return rows * columns


def _tridiagonal(weights: csr_array) -> tuple[Floats, Floats]:
    product = weights.T @ weights
    return product.diagonal(), product.diagonal(1)
