"""A network that looks at a picture several times, mirrored or at other sizes: a little better, and as many times slower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, as_density
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model, Network


@dataclass(frozen=True)
class Views:
    """In which ways a picture is looked at.

    Attributes:
        mirror: mirrored left to right too.
        scales: of a network's input size, each once; a network learned at some sizes, so far from 1 maps get worse.
    """

    mirror: bool = False
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if not self.scales or len(set(self.scales)) < len(self.scales) or not all(0.25 <= scale <= 4 for scale in self.scales):
            told = ", ".join(f"{scale:g}" for scale in self.scales) or "none"
            raise InputError(f"scales are one or more different numbers from 0.25 to 4; found {told}")

    @property
    def cost(self) -> float:
        """How many times as long a network takes, about: pixels that it sees, over those of one look."""
        return (2 if self.mirror else 1) * sum(scale**2 for scale in self.scales)

    @property
    def is_plain(self) -> bool:
        """One look, as the model does by itself."""
        return self == Views()


class SeenInViews(Model):
    """A model whose map is the geometric mean of its densities over several views, brought back and divided by its sum.

    Args:
        model: whose maps are densities.
        views: which ones.

    Raises:
        InputError: a model whose maps are no densities, or one that has no size to scale.
    """

    is_density = True

    def __init__(self, model: Model, views: Views) -> None:
        if not model.is_density:
            raise InputError(
                f"the maps of {model.name} are values, not densities, of which no mean over views can be taken; leave the views out"
            )
        if views.scales != (1.0,) and not isinstance(model, Network):
            raise InputError(f"{model.name} sees pictures at one size; scales are for networks")
        self.model, self.views = model, views
        self.name, self.trained_on, self.bears_threads = model.name, model.trained_on, model.bears_threads

    def for_threads(self, callers: int) -> Model:
        """The same views of the model made for so many threads."""
        return SeenInViews(self.model.for_threads(callers), self.views)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The mean density of a picture given as (H, W, 3) uint8 RGB."""
        logs = []
        for mirrored in (False, True) if self.views.mirror else (False,):
            shown = np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels
            for scale in self.views.scales:
                seen = self._seen(shown, scale).density()
                logs.append(np.log(np.maximum(seen[:, ::-1] if mirrored else seen, np.finfo(np.float32).tiny)))
        mean = np.mean(logs, axis=0)
        return SaliencyMap(as_density(np.exp(mean - mean.max())).astype(np.float32), "density")

    def _seen(self, pixels: Pixels, scale: float) -> SaliencyMap:
        # a model of one size was refused for any other scale than 1
        return self.model.predict_pixels(pixels, scale=scale) if isinstance(self.model, Network) else self.model.predict_pixels(pixels)
