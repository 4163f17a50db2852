"""The probe set: the pictures that are shown to networks, with their regions and fixations, and which other picture lends its regions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.dissection.annotations.region import Annotations, Region
from salquest.errors import InputError
from salquest.gaze import Fixations, Stimulus

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class RegionTable:
    """One entry per region of the probe set, in the order of pictures and of their regions.

    Attributes:
        picture: number of its picture, (R,).
        categories: names, sorted.
        holds: which categories hold, (R, K).
        area: pixels, (R,).
        fixations: that fell into it, (R,); 0 for a region that nobody looked at, which has no score from fixations.
    """

    picture: NDArray[np.int64]
    categories: tuple[str, ...]
    holds: NDArray[np.bool_]
    area: NDArray[np.int64]
    fixations: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.picture)


@dataclass(frozen=True, eq=False)
class Probe:
    """Pictures with regions.

    Attributes:
        name: for people.
        stimuli: the pictures.
        fixations: per picture; None where there are none.
        annotations: where the regions come from.
        table: all regions.
        first: number of each picture's first region in the table, and of them all at the end, (N + 1,).
        partner: the picture whose regions are laid on picture i as a control, (N,); every picture is the partner of one, never of itself.
        files: SHA-256 per picture of its file's bytes.
        digests: SHA-256 per picture of its file, size, regions and fixations: everything that scores depend on.
        only: the categories that were asked for; empty for all.
    """

    name: str
    stimuli: tuple[Stimulus, ...]
    fixations: tuple[Fixations | None, ...]
    annotations: Annotations
    table: RegionTable
    first: NDArray[np.int64]
    partner: NDArray[np.int64]
    files: tuple[str, ...]
    digests: tuple[str, ...]
    only: frozenset[str] = field(default_factory=frozenset)

    def __len__(self) -> int:
        return len(self.stimuli)

    @property
    def has_fixations(self) -> bool:
        """Whether somebody looked into a region."""
        return bool(self.table.fixations.any())

    def regions(self, number: int) -> list[Region]:
        """The regions of a picture, as they stand in the table."""
        return _kept(self.annotations.regions(self.stimuli[number]), self.only)


def build_probe(
    annotations: Annotations,
    data: DataSet | None = None,
    *,
    categories: Sequence[str] = (),
    limit: int | None = None,
    seed: int = 0,
    progress: Progress = lambda name, done, total: None,
) -> Probe:
    """Look through the pictures and their regions once.

    Args:
        annotations: the regions.
        data: the pictures, with gaze where it has some; where it is not given, the pictures that came with the regions.
        categories: only regions of these count; all where none is named.
        limit: only so many pictures, drawn with `seed`.
        seed: of that, and of who lends regions to whom.
        progress: told of the pictures that were looked through.

    Raises:
        InputError: no picture has a region, or a category that no region has. BrokenFile: see `Annotations.regions`.
    """
    samples = [Sample(stimulus) for stimulus in annotations.stimuli] if data is None else list(data)
    if not samples:
        raise InputError(f"{annotations.name} brings no pictures of its own: name a data set (--data NAME=PATH) that its regions belong to")
    draw = np.random.Generator(np.random.PCG64(seed))
    if limit is not None and limit < len(samples):
        samples = [samples[number] for number in np.sort(draw.permutation(len(samples))[:limit])]
    name = annotations.name if data is None else data.name
    only = frozenset(categories)
    found: list[list[Region]] = []
    for number, sample in enumerate(samples):
        found.append(annotations.regions(sample.stimulus))
        progress("looking through regions", number + 1, len(samples))
    known = sorted({category for regions in found for region in regions for category in region.categories})
    if not known:
        raise InputError(
            f"no picture of {name} has a region in {annotations.name}: it speaks of {_few(annotations.names())}, the pictures are "
            f"{_few([sample.stimulus.key for sample in samples])}"
        )
    for category in only:
        if category not in known:
            raise InputError(
                f"no region of {annotations.name} on these pictures is of the category {category!r}; there are: {_few(known, 40)}"
            )
    kept = [_kept(regions, only) for regions in found]
    names = tuple(sorted(only)) if only else tuple(known)
    first = np.concatenate([[0], np.cumsum([len(regions) for regions in kept])])
    inside = [[_looked_into(region, sample.fixations) for region in regions] for regions, sample in zip(kept, samples, strict=True)]
    every = [region for regions in kept for region in regions]
    table = RegionTable(
        picture=np.repeat(np.arange(len(samples)), np.diff(first)),
        categories=names,
        holds=np.array([[category in region.categories for category in names] for region in every], dtype=bool).reshape(-1, len(names)),
        area=np.array([region.area for region in every], dtype=np.int64),
        fixations=np.array([count for counts in inside for count in counts], dtype=np.int64),
    )
    files = tuple(sample.stimulus.digest() for sample in samples)
    return Probe(
        name,
        tuple(sample.stimulus for sample in samples),
        tuple(sample.fixations for sample in samples),
        annotations,
        table,
        first,
        _partners([sample.stimulus.size for sample in samples], draw),
        files,
        tuple(_digest(file, sample, regions) for file, sample, regions in zip(files, samples, kept, strict=True)),
        only,
    )


def cells_in(region: Region, fixations: Fixations | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of the fixations that lie in a region, one entry per fixation."""
    if fixations is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    y, x = fixations.rows - region.top, fixations.columns - region.left
    height, width = region.pixels.shape
    near = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    near[near] = region.pixels[y[near], x[near]]
    return fixations.rows[near], fixations.columns[near]


def _looked_into(region: Region, fixations: Fixations | None) -> int:
    return len(cells_in(region, fixations)[0])


def _kept(regions: Iterable[Region], only: frozenset[str]) -> list[Region]:
    if not only:
        return list(regions)
    return [Region(region.categories & only, region.top, region.left, region.pixels) for region in regions if region.categories & only]


def _partners(sizes: Sequence[tuple[int, int]], draw: np.random.Generator) -> NDArray[np.int64]:
    """A random cycle among pictures of one size; sizes that only one picture has go round among themselves, their regions stretched."""
    partner, common = np.arange(len(sizes)), Counter(sizes)
    groups: dict[tuple[int, int] | None, list[int]] = {}
    for number, size in enumerate(sizes):
        groups.setdefault(size if common[size] > 1 else None, []).append(number)
    if None in groups and len(groups[None]) == 1 and len(groups) > 1:
        # a lonely picture joins the largest group
        lonely = groups.pop(None)
        max(groups.values(), key=len).extend(lonely)
    for members in groups.values():
        order = draw.permutation(members)
        partner[order] = np.roll(order, 1)
    return partner


def _digest(file: str, sample: Sample, regions: Sequence[Region]) -> str:
    digest = hashlib.sha256(f"{file} {sample.stimulus.size} {len(regions)}".encode())
    for region in regions:
        digest.update(region.digest())
    if sample.fixations is not None:
        digest.update(np.stack([sample.fixations.rows, sample.fixations.columns]).astype("<i4").tobytes())
    return digest.hexdigest()


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} others" if len(names) > most else "") or "none"
