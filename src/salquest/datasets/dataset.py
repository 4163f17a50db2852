"""A data set in memory: samples in sorted order, pixels on the disk until they are asked for, and every oddity counted by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.errors import BrokenFile, InputError, UnknownName
from salquest.gaze import Fixations, Regions, Stimulus, as_density, fixation_density, resize_map
from salquest.gaze.pictures import read_picture


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it should be, and what was done about it.

    Attributes:
        kind: what is wrong, in words that group ("fixations outside the picture").
        key: the stimulus or file.
        done: the rule that was applied ("dropped", "picture skipped", "kept").
        count: how many single things (fixations, observers) it concerns.
    """

    kind: str
    key: str
    done: str
    count: int = 1


@dataclass(frozen=True)
class Sample:
    """One stimulus with what is known about it; a set has fixations, or only distributed maps."""

    stimulus: Stimulus
    fixations: Fixations | None = None
    map_path: Path | None = None
    regions: Regions | None = None

    def distributed_map(self) -> NDArray[np.float64]:
        """The map that came with the data set, as a density, (H, W).

        Raises:
            InputError: the set has none for this stimulus. BrokenFile: it has another size than the stimulus.
        """
        if self.map_path is None:
            raise InputError(f"{self.stimulus.key} has no distributed map")
        values = read_picture(self.map_path)[:, :, 0].astype(np.float64)
        if values.shape != self.stimulus.size:
            raise BrokenFile(f"{self.map_path} is {values.shape}; the map of a stimulus of {self.stimulus.size} has that size")
        return as_density(values)

    def density(self, sigma_px: float, *, size: tuple[int, int] | None = None) -> NDArray[np.float64]:
        """Where people looked, as a density summing to 1, (H, W): of the fixations, or the distributed map where there are none.

        Args:
            sigma_px: of the Gaussian, in pixels of the stimulus; a distributed map is taken as it is.
            size: (height, width) of the result where it is not the stimulus' own.
        """
        if self.fixations is not None and len(self.fixations):
            return fixation_density(self.fixations, sigma_px=sigma_px, size=size)
        found = self.distributed_map()
        return found if size is None else as_density(resize_map(found, size))


@dataclass(frozen=True)
class DataSet:
    """Stimuli with their gaze, in sorted order of their keys.

    Attributes:
        name: as in the catalogue, or the user's own.
        samples: one per stimulus that can be used.
        pixels_per_degree: of visual angle, at the stored size; None where the source does not say.
        first_fixation: "kept", or "dropped" where it was forced to the centre; what was done is part of the data.
        parts: named parts that came with the set ("train", "val", "test"), as keys.
        problems: what was skipped, dropped or strange, with the rule applied.
        observers: how many people took part in all.
        root: the folder it was read from.
    """

    name: str
    samples: tuple[Sample, ...]
    pixels_per_degree: float | None = None
    first_fixation: str = "kept"
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    observers: int = 0
    root: Path | None = None

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __getitem__(self, key: str) -> Sample:
        position = {sample.stimulus.key: i for i, sample in enumerate(self.samples)}
        if key not in position:
            raise UnknownName("picture", key, list(position)[:8])
        return self.samples[position[key]]

    @property
    def keys(self) -> tuple[str, ...]:
        """The stimuli's keys, in order."""
        return tuple(sample.stimulus.key for sample in self.samples)

    @property
    def has_fixations(self) -> bool:
        """Whether gaze is there as fixations, not only as maps."""
        return any(sample.fixations is not None for sample in self.samples)

    @property
    def sigma_px(self) -> float:
        """One degree of visual angle in pixels: the usual width of a density's Gaussian.

        Raises:
            InputError: the set does not say how many pixels a degree has.
        """
        if self.pixels_per_degree is None:
            raise InputError(f"{self.name} does not state its pixels per degree; give the width of the Gaussian in pixels (sigma_px)")
        return float(self.pixels_per_degree)

    def subset(self, keys: Iterable[str]) -> DataSet:
        """The samples of these keys, in the data set's order.

        Raises:
            UnknownName: a key that is not here.
        """
        wanted = set(keys)
        for key in sorted(wanted - set(self.keys)):
            raise UnknownName(f"picture of {self.name}", key, self.keys[:8])
        return replace(self, samples=tuple(sample for sample in self.samples if sample.stimulus.key in wanted))

    def edition(self) -> str:
        """Twelve hexadecimal digits of the gaze itself: equal data give equal editions, whatever folder they lie in."""
        digest = hashlib.sha256(f"{self.first_fixation};{self.pixels_per_degree}".encode())
        for sample in self.samples:
            digest.update(f"{sample.stimulus.key};{sample.stimulus.size}".encode())
            if sample.fixations is not None:
                digest.update(np.stack([sample.fixations.x, sample.fixations.y]).astype("<f4").tobytes())
        return digest.hexdigest()[:12]
