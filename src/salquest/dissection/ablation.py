"""Ablation: what a saliency network's map loses where people looked when units of a layer are removed.

A unit is removed by giving it one value everywhere: its mean over all cells of the probe set's pictures, which leaves what follows in the range
that it knows (Morcos 2018 for both choices), or 0. What is lost is told as a drop: NSS of the whole network's map less NSS without the units,
above 0 where they helped; of each picture, and inside regions as the room scores units, but on the network's final map.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from salquest.datasets import DataSet
from salquest.dissection.annotations.region import Annotations
from salquest.dissection.cache import ArrayCache
from salquest.dissection.gathering import CHUNK, Gathering, Settings
from salquest.dissection.gaze_on_maps import GazeOnMaps
from salquest.dissection.probe import Probe, Progress, build_probe
from salquest.dissection.scores import Ratio
from salquest.dissection.subjects import Subject, as_input, input_size, network_digest, open_subject
from salquest.dissection.summary import interval_of, resamples
from salquest.dissection.unit_statistics import UnitStatistics
from salquest.dissection.variants import Variants, without
from salquest.errors import InputError
from salquest.runs import Cell, Columns

Floats = NDArray[np.float64]
Replacement = Literal["mean", "zero"]

# variants of one picture that go through the network together, where nothing else is asked for
BATCH = 8
# the rows of tables that are about all fixations of a picture
ALL = "whole picture"


@dataclass(frozen=True, eq=False)
class Removals:
    """Which units are removed from which picture's maps.

    Attributes:
        masks: the sets of units, (M, C).
        choice: the sets that are removed from each picture, one after the other, by their numbers, (N, S).
    """

    masks: NDArray[np.bool_]
    choice: NDArray[np.int64]

    @classmethod
    def alike(cls, masks: NDArray[np.bool_], pictures: int) -> Removals:
        """The same sets for every picture."""
        return cls(masks, np.tile(np.arange(len(masks)), (pictures, 1)))


@dataclass(frozen=True, eq=False)
class Drops:
    """What removals cost.

    Attributes:
        probe: the pictures and regions.
        pictures: NSS over each whole picture, of the whole network [0] and after each removal, (N, 1 + S); NaN without fixations.
        regions: NSS inside each region, (R, 1 + S); NaN where nobody looked.
    """

    probe: Probe
    pictures: Floats
    regions: Floats

    def rows(self, category: str) -> tuple[Floats, NDArray[np.int64]]:
        """NSS (n, 1 + S) of a category's regions with a fixation, or with ALL of the pictures; and the pictures that they belong to, (n,)."""
        if category == ALL:
            there = ~np.isnan(self.pictures[:, 0])
            return self.pictures[there], np.flatnonzero(there)
        table = self.probe.table
        there = table.holds[:, table.categories.index(category)] & (table.fixations > 0)
        return self.regions[there], table.picture[there]

    def nss(self, category: str) -> float:
        """Of the whole network: the mean over the category's regions, or over pictures; NaN where nobody looked."""
        found, _ = self.rows(category)
        return float(found[:, 0].mean()) if len(found) else np.nan

    def ratio(self, category: str) -> Ratio:
        """The drops of all removals, as a mean over regions or pictures of which any resampling of pictures can be had."""
        found, picture = self.rows(category)
        drops, number = np.zeros((len(self.pictures), self.pictures.shape[1] - 1)), np.zeros((len(self.pictures), 1))
        np.add.at(drops, picture, found[:, :1] - found[:, 1:])
        np.add.at(number, picture, 1)
        return Ratio(drops, number)


@dataclass(frozen=True, eq=False)
class UnitAblation:
    """Units of a layer removed one by one.

    Attributes:
        model, layer: names.
        replacement: what they were set to.
        units: their numbers, (S,).
        drops: what each cost.
        seed: of resampling.
    """

    model: str
    layer: str
    replacement: Replacement
    units: NDArray[np.int64]
    drops: Drops
    seed: int

    @property
    def categories(self) -> tuple[str, ...]:
        """ALL, then those of the regions."""
        return (ALL, *self.drops.probe.table.categories)

    def table(self) -> Columns:
        """One row per unit and category: `nss` of the whole network, its `drop` without the unit, `low` and `high` (95 % over pictures)."""
        rows = []
        counts = resamples(len(self.drops.probe), self.seed)
        for category in self.categories:
            ratio = self.drops.ratio(category)
            value, draws = ratio.of(np.ones((1, len(counts[0]))))[0], ratio.of(counts)
            for number, unit in enumerate(self.units.tolist()):
                row: dict[str, Cell] = {"model": self.model, "layer": self.layer, "unit": unit}
                row |= basis(self.drops, category) | spread("drop", float(value[number]), draws[:, number])
                rows.append(row)
        return Columns.of_rows(rows)


def ablate_units(
    model: str | Path | Subject,
    annotations: Annotations,
    data: DataSet | None = None,
    *,
    layer: str,
    units: Sequence[int] = (),
    replacement: Replacement = "mean",
    categories: Sequence[str] = (),
    limit: int | None = None,
    settings: Settings | None = None,
    batch: int = BATCH,
    cache: Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda name, done, total: None,
) -> UnitAblation:
    """Remove units of a layer one by one.

    Args:
        model: a saliency network, as `open_subject` takes it.
        annotations: the regions.
        data: the pictures with their gaze; those that came with the regions where it is not given.
        layer: the layer's name.
        units: their numbers; all where none is named.
        replacement: "mean" over all cells of all pictures, or "zero".
        categories: of regions; all where none is named.
        limit: only so many pictures, drawn by the settings' seed.
        settings: see `Settings`.
        batch: variants of a picture that go through the network together: what memory is spent on.
        cache: folder in which finished work is kept; None keeps it in memory.
        device: where the network runs.
        progress: told what is under way.

    Raises:
        InputError: a model without units or without maps, a unit that is not there, no fixations. UnknownName: a layer or a model.
    """
    settings = settings or Settings()
    subject = open_subject(model, device=device)
    probe = gazed_probe(annotations, data, categories, limit, settings, progress)
    bench = Bench(subject, layer, probe, settings, replacement, batch, ArrayCache(cache), progress)
    known = len(bench.values)
    for unit in units:
        if not 0 <= unit < known:
            raise InputError(f"the layer {layer} of {subject.name} has the units 0 to {known - 1}; found {unit}")
    chosen = np.array(units or range(known), dtype=np.int64)
    masks = np.zeros((len(chosen), known), dtype=bool)
    masks[np.arange(len(chosen)), chosen] = True
    return UnitAblation(subject.name, layer, replacement, chosen, bench.drops(Removals.alike(masks, len(probe))), settings.seed)


class Bench:
    """A layer of a network with the probe set's pictures, on which removals are tried.

    Args:
        subject: with a saliency network.
        layer: the layer's name.
        probe: the pictures.
        settings: their size and the seed.
        replacement: what removed units are set to.
        batch: variants that go through the network together.
        cache: where finished work is kept.
        progress: told how far it is.
    """

    def __init__(
        self,
        subject: Subject,
        layer: str,
        probe: Probe,
        settings: Settings,
        replacement: Replacement,
        batch: int,
        cache: ArrayCache,
        progress: Progress,
    ) -> None:
        if replacement not in get_args(Replacement):
            raise InputError(f"a removed unit is set to one of {', '.join(get_args(Replacement))}; found {replacement!r}")
        if batch < 1:
            raise InputError(f"one variant or more goes through the network at a time; found {batch}")
        self.variants = Variants(subject, layer)
        self.subject, self.layer, self.probe, self.batch, self.cache, self.progress = subject, layer, probe, batch, cache, progress
        self.sizes = [input_size([subject], stimulus.size, settings.size) for stimulus in probe.stimuli]
        self.gathering = Gathering(subject, [layer], probe, self.sizes, settings, cache, progress)
        self.statistics = self.gathering.statistics()[layer]
        self.values = np.zeros_like(self.statistics.mean) if replacement == "zero" else _means(self.statistics)

    def drops(self, removals: Removals) -> Drops:
        """Run the network on from the layer, for every picture whole and after each of its removals."""
        pictures, regions = [], []
        total = len(self.probe)
        for start in range(0, total, CHUNK):
            chunk = range(start, min(start + CHUNK, total))
            key = self._key(removals, chunk)
            arrays = self.cache.get(key)
            if arrays is None:
                found = []
                for number in chunk:
                    found.append(self._picture(number, removals))
                    self.progress(f"{self.subject.name} without units of {self.layer}", number + 1, total)
                arrays = {"pictures": np.stack([one[:, 0] for one in found]), "regions": np.concatenate([one[:, 1:].T for one in found])}
                self.cache.put(key, arrays)
            pictures.append(arrays["pictures"])
            regions.append(arrays["regions"])
        return Drops(self.probe, np.concatenate(pictures), np.concatenate(regions))

    def _picture(self, number: int, removals: Removals) -> Floats:
        """NSS of one picture, of the whole network and after each removal, (1 + S, 1 + R)."""
        device = self.subject.device
        picture = as_input(self.probe.stimuli[number].pixels(), self.sizes[number], device)
        held = self.variants.hold(picture)
        gaze = GazeOnMaps.of(self.probe, number, held.map_size)
        masks = removals.masks[removals.choice[number]]
        values = torch.from_numpy(self.values).to(device, torch.float32)
        found: list[Floats] = []
        for start in range(0, len(masks), self.batch):
            here = masks[start : start + self.batch]
            # the whole network is one of every batch, so that what a removal does not touch comes out the same to the last bit
            removed = torch.from_numpy(np.vstack([np.zeros((1, here.shape[1]), dtype=bool), here])).to(device)
            maps = self.variants.densities(held, without(removed, values), len(removed))
            scores = gaze.nss(maps.cpu().numpy().astype(np.float64))
            whole = scores[0] if not found else found[0][0]
            found.append(scores[:1] if not found else scores[:0])
            found.append(scores[1:] - scores[0] + whole)
        return np.concatenate(found)

    def _key(self, removals: Removals, chunk: range) -> dict[str, Any]:
        shown = hashlib.sha256()
        for number in chunk:
            shown.update(f"{self.probe.digests[number]} {self.sizes[number]}".encode())
        removed = hashlib.sha256(removals.masks.tobytes() + removals.choice[chunk.start : chunk.stop].astype("<i8").tobytes())
        return {
            "what": "ablation",
            "network": network_digest(self.subject.network),
            "layer": self.layer,
            "device": self.subject.device.type,
            "pictures": shown.hexdigest(),
            "removed": [list(removals.masks.shape), removed.hexdigest()],
            "values": hashlib.sha256(self.values.astype("<f8").tobytes()).hexdigest(),
        }


def gazed_probe(
    annotations: Annotations,
    data: DataSet | None,
    categories: Sequence[str],
    limit: int | None,
    settings: Settings,
    progress: Progress,
) -> Probe:
    """A probe set with fixations. Raises InputError: it has none, or as `build_probe`."""
    probe = build_probe(annotations, data, categories=categories, limit=limit, seed=settings.seed, progress=progress)
    if not any(fixations is not None and len(fixations) for fixations in probe.fixations):
        raise InputError(f"{probe.name} has no fixations, at which the drop of NSS is measured; name pictures with gaze (--data NAME=PATH)")
    return probe


def basis(drops: Drops, category: str) -> dict[str, Cell]:
    """What a row about a category rests on: regions with a fixation, their pictures, and NSS of the whole network."""
    found, picture = drops.rows(category)
    return {
        "category": category,
        "regions": None if category == ALL else len(found),
        "pictures": len(np.unique(picture)),
        "nss": cell_of(drops.nss(category)),
    }


def spread(name: str, value: float, draws: Floats) -> dict[str, Cell]:
    """A value and its 95 % interval as three cells; the first interval of a row is called low and high."""
    low, high = interval_of(draws)
    names = (name, "low", "high") if name == "drop" else (name, f"{name}_low", f"{name}_high")
    return {key: cell_of(cell) for key, cell in zip(names, (value, low, high), strict=True)}


def _means(statistics: UnitStatistics) -> Floats:
    """What units are on the mean; of a dead one exactly the value that it always has, and of one that is no number 0."""
    return np.nan_to_num(np.where(statistics.dead, statistics.low, statistics.mean), nan=0.0, posinf=0.0, neginf=0.0)


def cell_of(value: float) -> float | None:
    """A number for a table; None for one that cannot be told."""
    return None if np.isnan(value) else float(value)
