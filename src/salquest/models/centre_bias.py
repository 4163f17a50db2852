"""Centre biases in relative coordinates: a Gaussian of one width, and a kernel density of where people look in other pictures.

Every picture is the unit square here: a fixation lies at ((x + 0.5) / W, (y + 0.5) / H), whatever the picture's size. Widths and bandwidths
are fractions of the sides, and chosen by the likelihood of fixations. The mean of densities, the third form, is in baselines.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.errors import InputError
from salquest.gaze import Fixations, SaliencyMap, Stimulus, as_density, gaussian_operator, resize_map
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model

# fixations are counted on this grid: its cell is a quarter of the bandwidths that real sets choose (0.03 of a side)
GRID = (128, 128)
# share of the uniform density in a kernel density, so that no fixation is impossible
UNIFORM = 0.001
# bandwidths that are tried, as fractions of the sides
BANDWIDTHS = (0.005, 0.3)

Floats = NDArray[np.float64]


class GaussianCentreBias(Model):
    """exp(-r^2 / (2 width^2)) with r in fractions of width and height, scaled to sum to 1: round on a square, stretched with the picture.

    pysaliency's GaussianSaliencyMapModel is this with pixel i at i / W; ours lies at (i + 0.5) / W, half a pixel further.

    Args:
        width: standard deviation as a fraction of the sides; 0.5 is pysaliency's default, about 0.2 what free viewing has.
        centre: (x, y) as fractions.
        name: as tables show it.

    Raises:
        InputError: a width that is not positive.
    """

    is_density = True
    is_cheap = True

    def __init__(self, width: float = 0.5, *, centre: tuple[float, float] = (0.5, 0.5), name: str = "gaussian centre bias") -> None:
        if not 0 < width < np.inf:
            raise InputError(f"the width of a Gaussian centre bias is a positive fraction of the sides; found {width}")
        self.width, self.centre, self.name = float(width), centre, name

    @classmethod
    def of(cls, data: DataSet, *, name: str = "gaussian centre bias") -> GaussianCentreBias:
        """The width under which the fixations of a data set are most likely, around the middle; every fixation counts.

        Raises:
            InputError: no fixations.
        """
        from scipy.optimize import minimize_scalar  # late, so that reading and showing maps does not wait for it
        from scipy.special import ndtr

        squares = np.concatenate([((_relative(held) - 0.5) ** 2).sum(axis=0) for _, held in _looked_at(data, at_least=1)])
        spread = float(squares.mean())

        def cost(log_width: float) -> float:
            width = np.exp(log_width)
            inside = width * np.sqrt(2 * np.pi) * (ndtr(0.5 / width) - ndtr(-0.5 / width))
            return float(spread / (2 * width**2) + 2 * np.log(inside))

        return cls(float(np.exp(minimize_scalar(cost, bounds=(np.log(0.01), np.log(10.0)), method="bounded").x)), name=name)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The Gaussian at the picture's size."""
        return self.at(pixels.shape[:2])

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The Gaussian at the stimulus' size; no pixel is read."""
        return self.at(stimulus.size)

    def at(self, size: tuple[int, int]) -> SaliencyMap:
        """The Gaussian at (height, width)."""
        y, x = ((np.arange(length) + 0.5) / length for length in size)
        bells = [np.exp(-0.5 * ((axis - middle) / self.width) ** 2) for axis, middle in ((y, self.centre[1]), (x, self.centre[0]))]
        return SaliencyMap(as_density(np.outer(*bells)).astype(np.float32), "density")


@dataclass(frozen=True)
class BandwidthFit:
    """A bandwidth, and how well it foretells fixations that it has not seen.

    Attributes:
        bandwidth: of the Gaussian kernel, as a fraction of the sides.
        bits: mean log-likelihood of each picture's fixations under the density of all the others, bit per fixation over uniform.
    """

    bandwidth: float
    bits: float


def held_out_bits(data: DataSet, bandwidth: float, *, uniform: float = UNIFORM) -> list[Floats]:
    """Log-likelihood of each fixation under the kernel density of the other pictures' fixations, in bit over the uniform density.

    Args:
        data: at least two pictures with fixations.
        bandwidth: of the Gaussian kernel, as a fraction of the sides; mirrored at the border, so that nothing is lost.
        uniform: share of the uniform density.

    Returns:
        One array per picture that has fixations, (K_i,), in the set's order.
    """
    pictures = [_cells(held) for _, held in _looked_at(data, at_least=2)]
    return _held_out(pictures, bandwidth, uniform)


def fit_bandwidth(data: DataSet, *, uniform: float = UNIFORM) -> BandwidthFit:
    """The bandwidth that makes each picture's fixations most likely under all the other pictures' (leave one picture out).

    Args:
        data: at least two pictures with fixations.
        uniform: share of the uniform density.

    Raises:
        InputError: fewer than two pictures with fixations.
    """
    from scipy.optimize import minimize_scalar

    pictures = [_cells(held) for _, held in _looked_at(data, at_least=2)]

    def cost(log_bandwidth: float) -> float:
        return -float(np.concatenate(_held_out(pictures, float(np.exp(log_bandwidth)), uniform)).mean())

    best = minimize_scalar(cost, bounds=tuple(np.log(BANDWIDTHS)), method="bounded", options={"xatol": 0.01})
    return BandwidthFit(float(np.exp(best.x)), -float(best.fun))


class KernelCentreBias(Model):
    """The kernel density of many pictures' fixations: each fixation a Gaussian in relative coordinates, mirrored at the border.

    Unlike the mean of densities, each fixation weighs the same here, not each picture.

    Args:
        counts: fixations per cell of the unit square, of any size (h, w).
        bandwidth: of the Gaussian, as a fraction of the sides.
        uniform: share of the uniform density.
        name: as tables show it.
    """

    is_density = True

    def __init__(self, counts: Floats, bandwidth: float, *, uniform: float = UNIFORM, name: str = "kernel centre bias") -> None:
        if not 0 < bandwidth < np.inf:
            raise InputError(f"the bandwidth of a centre bias is a positive fraction of the sides; found {bandwidth}")
        self.bandwidth, self.uniform, self.name = float(bandwidth), float(uniform), name
        self.density = as_density(_blurred(np.asarray(counts, dtype=np.float64), bandwidth))

    @classmethod
    def of(cls, data: DataSet, *, bandwidth: float | None = None, name: str = "kernel centre bias") -> KernelCentreBias:
        """Of all fixations of a data set, for new pictures; the bandwidth is `fit_bandwidth`'s where none is given."""
        counts = sum((_counts(*_cells(held)) for _, held in _looked_at(data, at_least=1)), np.zeros(GRID))
        return cls(counts, bandwidth if bandwidth is not None else fit_bandwidth(data).bandwidth, name=name)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The density at the picture's size."""
        return self.at(pixels.shape[:2])

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density at the stimulus' size; no pixel is read."""
        return self.at(stimulus.size)

    def at(self, size: tuple[int, int]) -> SaliencyMap:
        """The density at (height, width)."""
        return _stretched(self.density, size, self.uniform)


class OthersKernelCentreBias(Model):
    """The kernel density of all the other pictures' fixations: the leave-one-picture-out form of KernelCentreBias.

    Args:
        data: at least two pictures with fixations.
        bandwidth: as a fraction of the sides; `fit_bandwidth`'s where none is given.
        uniform: share of the uniform density.
    """

    name = "kernel centre bias"
    is_density = True

    def __init__(self, data: DataSet, *, bandwidth: float | None = None, uniform: float = UNIFORM) -> None:
        self._cells = {sample.stimulus.key: _cells(held) for sample, held in _looked_at(data, at_least=2)}
        self.bandwidth = bandwidth if bandwidth is not None else fit_bandwidth(data, uniform=uniform).bandwidth
        self.uniform = uniform
        self._sum = _blurred(sum((_counts(*cells) for cells in self._cells.values()), np.zeros(GRID)), self.bandwidth)

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density of the others at this stimulus' size."""
        own = self._cells.get(stimulus.key)
        others = self._sum if own is None else np.maximum(self._sum - _blurred(_counts(*own), self.bandwidth), 0.0)
        return _stretched(as_density(others), stimulus.size, self.uniform)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """For a picture that is not of the set: the density of all fixations."""
        return _stretched(as_density(self._sum), pixels.shape[:2], self.uniform)


def _held_out(pictures: list[tuple[NDArray, NDArray]], bandwidth: float, uniform: float) -> list[Floats]:
    rows, columns = (gaussian_operator(length, bandwidth * length, "reflect") for length in GRID)
    everyone = rows @ sum((_counts(*cells) for cells in pictures), np.zeros(GRID)) @ columns.T
    number = sum(len(row) for row, _ in pictures)
    found = []
    for row, column in pictures:
        own = (rows[np.ix_(row, row)] * columns[np.ix_(column, column)]).sum(axis=1)
        others = np.maximum(everyone[row, column] - own, 0.0) / (number - len(row))
        found.append(np.log2((1 - uniform) * others * GRID[0] * GRID[1] + uniform))
    return found


def _looked_at(data: DataSet, *, at_least: int) -> list[tuple[Sample, Fixations]]:
    found = [(sample, sample.fixations) for sample in data if sample.fixations is not None and len(sample.fixations)]
    if len(found) < at_least:
        raise InputError(f"this centre bias needs fixations on {at_least} or more pictures; {data.name} has {len(found)} such pictures")
    return found


def _relative(fixations: Fixations) -> Floats:
    """(2, K): x and y as fractions of the sides."""
    return np.stack([(fixations.x + 0.5) / fixations.size[1], (fixations.y + 0.5) / fixations.size[0]])


def _cells(fixations: Fixations) -> tuple[NDArray, NDArray]:
    x, y = _relative(fixations)
    return np.minimum((y * GRID[0]).astype(int), GRID[0] - 1), np.minimum((x * GRID[1]).astype(int), GRID[1] - 1)


def _counts(rows: NDArray, columns: NDArray) -> Floats:
    return np.bincount(rows * GRID[1] + columns, minlength=GRID[0] * GRID[1]).reshape(GRID).astype(np.float64)


def _blurred(counts: Floats, bandwidth: float) -> Floats:
    height, width = counts.shape
    return gaussian_operator(height, bandwidth * height, "reflect") @ counts @ gaussian_operator(width, bandwidth * width, "reflect").T


def _stretched(density: Floats, size: tuple[int, int], uniform: float) -> SaliencyMap:
    full = (1 - uniform) * as_density(resize_map(density, size)) + uniform / (size[0] * size[1])
    return SaliencyMap(full.astype(np.float32), "density")
