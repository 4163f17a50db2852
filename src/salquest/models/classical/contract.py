"""What every classical model does alike: batches of pictures in, its own small maps, one last resize."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from salquest.gaze import SaliencyMap
from salquest.gaze.pictures import Pixels, as_pixels
from salquest.models.classical.arrays import Array, as_numpy, min_max, on_device
from salquest.models.classical.imresize import imresize
from salquest.models.contract import Model, Picture

# pictures that are worked on at once: more need memory and bring nothing
BATCH = 16


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassicalModel(Model):
    """A model without weights, or with a few that come along: the same picture gives the same map.

    A subclass is a frozen dataclass whose fields are the constants of its source, with the source's values as defaults.

    Attributes:
        longest: the picture's longer side in pixels where the model begins: it is resized to that, larger or smaller, because the size
            decides the score. None takes pictures as they are.
        device: "cpu" computes with numpy; any other name is a device of torch.
    """

    longest: int | None = None
    device: str = "cpu"

    is_cheap = True  # scoring spreads pictures over cores; these models use one each

    @overload
    def predict(self, picture: list[Picture]) -> list[SaliencyMap]: ...
    @overload
    def predict(self, picture: Picture) -> SaliencyMap: ...
    def predict(self, picture: Picture | list[Picture]) -> SaliencyMap | list[SaliencyMap]:
        """The map of a picture, of the picture's size, values in 0..1; a list gives a list, pictures of one size worked on together."""
        if not isinstance(picture, list):
            return self.predict_pixels(as_pixels(picture))
        pixels = [as_pixels(one) for one in picture]
        found: dict[int, SaliencyMap] = {}
        for size in dict.fromkeys(one.shape for one in pixels):
            places = [place for place, one in enumerate(pixels) if one.shape == size]
            for start in range(0, len(places), BATCH):
                chosen = places[start : start + BATCH]
                found.update(zip(chosen, self.predict_batch([pixels[place] for place in chosen]), strict=True))
        return [found[place] for place in range(len(pixels))]

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The map of a picture given as (H, W, 3) uint8 RGB."""
        return self.predict_batch([pixels])[0]

    def predict_batch(self, pictures: Sequence[Pixels]) -> list[SaliencyMap]:
        """The maps of pictures (H, W, 3) of one size."""
        size = pictures[0].shape[:2]
        maps = imresize(self.native_maps(self.prepared(np.stack(pictures))), size)
        return [SaliencyMap(one, "values") for one in as_numpy(min_max(maps)).astype(np.float32)]

    def prepared(self, pictures: NDArray[np.uint8]) -> Array:
        """Pictures (B, H, W, 3) as the model begins with them: (B, 3, h, w) float64 in 0..1, the longer side as `longest` says."""
        planes = on_device(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float64) / 255, self.device)
        height, width = planes.shape[-2:]
        if self.longest is None or max(height, width) == self.longest:
            return planes
        factor = self.longest / max(height, width)
        resized = imresize(planes, tuple(max(1, int(side * factor + 0.5)) for side in (height, width)))  # type: ignore[arg-type]
        return resized.clip(0.0, 1.0)

    @abstractmethod
    def native_maps(self, pictures: Array) -> Array:
        """The model's own maps, (B, h, w), before they are resized: what the original program answers.

        Args:
            pictures: (B, 3, H, W) float64 RGB in 0..1.
        """
