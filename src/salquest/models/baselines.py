"""Models that do not look at the picture: what every other model has to beat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from salquest.datasets import DataSet, JoinedSets, load_dataset
from salquest.errors import InputError, UnknownName
from salquest.gaze import SaliencyMap, Stimulus, as_density, mean_density, resize_map
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model

# centre biases are smooth: this grid keeps them and makes them cheap to add up
GRID = (64, 64)


class Uniform(Model):
    """Every pixel alike: chance."""

    name = "uniform"
    is_density = True
    is_cheap = True

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The uniform density of the picture's size."""
        return self.at(pixels.shape[:2])

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The uniform density of the stimulus' size; no pixel is read."""
        return self.at(stimulus.size)

    def at(self, size: tuple[int, int]) -> SaliencyMap:
        """The uniform density at (height, width)."""
        return SaliencyMap(np.full(size, 1.0 / (size[0] * size[1]), dtype=np.float32), "density")


class CentreDistance(Model):
    """The nearer to the middle, the more: two maps without any data, as benchmarks and feature sets have them.

    Args:
        form: "paraboloid" is the centre map of the MIT benchmark, 1 - ((x - 50)^2 + (y - 50)^2) / 5000 for x and y in 1..100, stretched to the
            picture: its middle lies half a hundredth up and to the left. "distance" is Judd's (2009), 1 - distance / greatest distance, in
            pixels, so that it is round on any picture. A Gaussian in fractions of the sides is `GaussianCentreBias`.
        name: as tables show it.

    Raises:
        UnknownName: a form that there is not.
    """

    is_cheap = True

    def __init__(self, form: Literal["paraboloid", "distance"] = "paraboloid", *, name: str | None = None) -> None:
        if form not in ("paraboloid", "distance"):
            raise UnknownName("form of a centre map", form, ("paraboloid", "distance"))
        self.form, self.name = form, name or f"centre-{form}"

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The map at the picture's size."""
        return self.at(pixels.shape[:2])

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The map at the stimulus' size; no pixel is read."""
        return self.at(stimulus.size)

    def at(self, size: tuple[int, int]) -> SaliencyMap:
        """The map at (height, width), in 0..1."""
        if self.form == "paraboloid":
            y, x = (100 * (np.arange(length) + 0.5) / length + 0.5 for length in size)
            return SaliencyMap((1 - ((y[:, None] - 50) ** 2 + (x - 50) ** 2) / 5000).astype(np.float32))
        down, across = (np.arange(length) - (length - 1) / 2 for length in size)
        distance = np.hypot(down[:, None], across)
        return SaliencyMap((1 - distance / max(distance.max(), 1e-9)).astype(np.float32))


class CentreBias(Model):
    """Where people look whatever the picture: a mean density, stretched to the picture's size.

    Args:
        density: non-negative, (h, w), of any size.
        name: as tables show it.
    """

    is_density = True
    is_cheap = True

    def __init__(self, density: ArrayLike, *, name: str = "centre bias") -> None:
        self.name = name
        self.density = as_density(density)

    @classmethod
    def of(cls, data: DataSet, *, sigma_px: float | None = None, name: str = "centre bias") -> CentreBias:
        """The mean density of a data set's pictures, each weighing the same.

        Args:
            data: at least one picture.
            sigma_px: of each picture's density; one degree where it is not given.
        """
        if len(data) == 0:
            raise InputError("a centre bias is the mean over pictures; found none")
        sigma = data.sigma_px if sigma_px is None else sigma_px
        return cls(mean_density((_small(sample.density(sigma)) for sample in data), GRID), name=name)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The mean density at the picture's size."""
        return self.at(pixels.shape[:2])

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The mean density at the stimulus' size; no pixel is read."""
        return self.at(stimulus.size)

    def at(self, size: tuple[int, int]) -> SaliencyMap:
        """The mean density at (height, width)."""
        return SaliencyMap(as_density(resize_map(self.density, size)).astype(np.float32), "density")


def centre_biases(sets: JoinedSets, training: Iterable[str], sigmas: Mapping[str, float]) -> dict[str, CentreBias]:
    """Set -> the floor that models trained on these keys are held against: its own training pictures' centre bias.

    A set without training pictures has the mean of the other sets', which is all that is known of it.

    Args:
        sets: of several resolutions.
        training: keys of the training pictures, of all sets.
        sigmas: set -> width of its densities' Gaussian in pixels.
    """
    own = {name: CentreBias.of(data, sigma_px=sigmas[name]) for name, data in sets.subset(training).sets.items()}
    mean = CentreBias(np.mean([floor.density for floor in own.values()], axis=0))
    return {name: own.get(name, mean) for name in sets.sets}


class OthersCentreBias(Model):
    """The centre bias of all the other pictures of a data set: the floor where no separate training part is at hand."""

    name = "centre bias"
    is_density = True
    is_cheap = True

    def __init__(self, data: DataSet, *, sigma_px: float | None = None) -> None:
        if len(data) < 2:
            raise InputError(f"the centre bias of the other pictures needs at least two; {data.name} has {len(data)} here")
        sigma = data.sigma_px if sigma_px is None else sigma_px
        self._each = {sample.stimulus.key: _small(sample.density(sigma)) for sample in data}
        self._sum = sum(self._each.values(), np.zeros(GRID))

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The mean density of the others at this stimulus' size."""
        others = np.maximum(self._sum - self._each.get(stimulus.key, 0.0), 0.0)
        return CentreBias(others).at(stimulus.size)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """For a picture that is not of the set: the mean over all."""
        return CentreBias(self._sum).at(pixels.shape[:2])


def embedded_centre_bias() -> CentreBias:
    """The centre bias of osie-mini's training part, which travels inside the package; its validation and test pictures are left out."""
    root = resources.files("salquest.datasets") / "embedded" / "osie-mini"
    data = load_dataset("osie-mini", str(root))
    return CentreBias.of(data.subset(data.parts["train"]), name="centre-bias")


def _small(density: ArrayLike) -> np.ndarray:
    return as_density(resize_map(density, GRID))
