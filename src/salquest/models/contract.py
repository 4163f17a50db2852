"""The contract of everything that predicts: a picture in, a saliency map of its size out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.pictures import Pixels, as_pixels
from salquest.models.fitting import Size

Picture = str | Path | Image.Image | NDArray


class Model(ABC):
    """Something that predicts where people look.

    Attributes:
        name: as tables show it.
        is_density: whether its maps are densities, so that `log_density` and information gain mean what they say.
        bears_threads: whether several threads may ask it at the same time (`for_threads`).
        is_cheap: whether a map costs no more than scoring it, so that scoring takes all cores; a network fills them itself.
        trained_on: key -> perceptual hash of the pictures that it has learnt from, where that is known.
    """

    name: str
    is_density: bool = False
    bears_threads: bool = False
    is_cheap: bool = False
    trained_on: Mapping[str, str] = MappingProxyType({})

    @overload
    def predict(self, picture: list[Picture]) -> list[SaliencyMap]: ...
    @overload
    def predict(self, picture: Picture) -> SaliencyMap: ...
    def predict(self, picture: Picture | list[Picture]) -> SaliencyMap | list[SaliencyMap]:
        """The map of a picture, of the picture's size; a list gives a list.

        Args:
            picture: a path (turned as its EXIF tag says), a PIL image, or an array (H, W, 3) of uint8 or of floats in 0..1.
        """
        if isinstance(picture, list):
            return [self.predict(one) for one in picture]
        return self.predict_pixels(as_pixels(picture))

    def for_threads(self, callers: int) -> Model:
        """The model as so many threads ask it best at the same time; itself where nothing can be gained."""
        return self

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The map of a data set's stimulus: its pixels as stored, which gaze was recorded on."""
        return self.predict_pixels(stimulus.pixels())

    def log_density(self, picture: Picture) -> NDArray[np.float64]:
        """Natural logarithm of the predicted density, (H, W).

        Raises:
            InputError: the model's maps are no densities.
        """
        if not self.is_density:
            raise InputError(f"{self.name} predicts values, not a density; its map has no likelihood")
        with np.errstate(divide="ignore"):
            return np.log(self.predict(picture).density())

    @abstractmethod
    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The map of a picture given as (H, W, 3) uint8 RGB."""


class Network(Model):
    """A trained network: a model of densities that can be asked how a picture looks from nearer or farther."""

    is_density = True

    @abstractmethod
    def predict_pixels(self, pixels: Pixels, *, scale: float = 1.0, size: Size | None = None) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB.

        Args:
            pixels: the picture.
            scale: of the network's size: 1.5 looks at half as many pixels again along each side.
            size: (height, width) of the density; the picture's where it is not given.
        """
