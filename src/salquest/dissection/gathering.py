"""The passes over a probe set: what units do, how they respond to regions, where they answer most; picture by picture, kept in a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salquest.dissection.cache import ArrayCache, Arrays
from salquest.dissection.geometry import Grid, survey
from salquest.dissection.hooks import watched
from salquest.dissection.interpolation import grid_pixels
from salquest.dissection.likeness import FinalMap
from salquest.dissection.probe import Probe, Progress
from salquest.dissection.responses import ROUNDING, VERSIONS, PictureWork, Response
from salquest.dissection.strongest import FINE, LARGEST, SPECK, Answer, PeakTally, packed, picture_outline, unpacked
from salquest.dissection.subjects import Size, Subject, as_input, network_digest
from salquest.dissection.unit_statistics import UnitStatistics, UnitTally
from salquest.errors import InputError
from salquest.gaze.pictures import Pixels
from salquest.losses import Prediction
from salquest.models.deep.network import SaliencyNetwork

# pictures whose responses share a file: what a kill costs
CHUNK = 32


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides the numbers besides networks, layers and pictures.

    Attributes:
        size: (height, width) at which pictures enter the networks; None as `subjects.input_size` says.
        quantile: share of a unit's activations above its threshold (Bau 2017: 0.005).
        centred: units stand where their receptive fields are centred; False spreads a layer's cells evenly over the picture, as papers do
            that resize maps.
        grid_step: overlaps are counted on every so many-th pixel along both sides.
        seed: of permutations, of random weights and of resampling.
    """

    size: Size | None = None
    quantile: float = 0.005
    centred: bool = True
    grid_step: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise InputError(f"the quantile is a share of activations between 0 and 1; found {self.quantile}")
        if self.grid_step < 1:
            raise InputError(f"overlaps are counted on every 1st, 2nd, … pixel; found a step of {self.grid_step}")
        if self.size is not None and min(self.size) < 1:
            raise InputError(f"pictures enter a network at a height and width of 1 or more; found {self.size}")


@dataclass(frozen=True, eq=False)
class LayerResponses:
    """How a layer's units respond to all regions of a probe set.

    Attributes:
        nss: version -> (2, R, C): z-scores at each region's pixels [0] and at the fixations in it [1]; see `Response`.
        overlap: version -> (P, C): grid pixels above the threshold and in the category, per picture and category that is in it.
        area: grid pixels of the category, (P,).
        above: grid pixels above the threshold per picture, (N, C).
        pixels: of the grid per picture, (N,).
        pair_picture, pair_category: of each of the P pairs.
    """

    nss: Mapping[str, NDArray[np.float32]]
    overlap: Mapping[str, NDArray[np.int32]]
    area: NDArray[np.int64]
    above: NDArray[np.int32]
    pixels: NDArray[np.int64]
    pair_picture: NDArray[np.int64]
    pair_category: NDArray[np.int64]


class Gathering:
    """One network's layers shown the pictures of a probe set.

    Args:
        subject: the network.
        layers: names of its layers.
        probe: the pictures.
        sizes: (height, width) at which each picture enters.
        settings: see `Settings`.
        cache: where finished work is kept; the same request takes it from there.
        progress: told how far each pass is.
    """

    def __init__(
        self,
        subject: Subject,
        layers: Sequence[str],
        probe: Probe,
        sizes: Sequence[Size],
        settings: Settings,
        cache: ArrayCache,
        progress: Progress = lambda name, done, total: None,
    ) -> None:
        self.subject, self.layers, self.probe, self.sizes, self.settings = subject, tuple(layers), probe, tuple(sizes), settings
        self.cache, self.progress = cache, progress
        self.modules = subject.layers(layers)
        self.run = subject.front(self.modules.values())
        # of what a layer hangs on, and no more: networks that share their first stages share the work
        self.networks = {layer: network_digest(subject.front([module])) for layer, module in self.modules.items()}
        self.predicts = isinstance(subject.network, SaliencyNetwork)
        self.whole = network_digest(subject.network) if self.predicts else ""
        self.grids = {
            size: survey(self.run, self.modules, size, subject.device, centred=settings.centred) for size in dict.fromkeys(self.sizes)
        }

    def statistics(self) -> dict[str, UnitStatistics]:
        """What the units of each layer do over all pictures (first pass)."""
        return {layer: _as_statistics(arrays, self.settings.quantile) for layer, arrays in self._first_pass("statistics").items()}

    def _first_pass(self, what: Literal["statistics", "strongest"]) -> dict[str, Arrays]:
        """Both products of the first pass are kept; one of them, per layer, is answered."""
        found = {layer: self.cache.get(self._activation_key(layer, what)) for layer in self.layers}
        missing = [layer for layer, arrays in found.items() if arrays is None]
        if missing:
            tallies = {layer: (self._tally(layer), PeakTally(self._units(layer))) for layer in missing}
            for number, maps, _ in self._maps(missing, range(len(self.probe)), "activations"):
                for layer, (units, peaks) in tallies.items():
                    cells = maps[layer][0].flatten(1).cpu().numpy()
                    units.add(cells)
                    peaks.add(number, cells)
                del maps
            for layer, (units, peaks) in tallies.items():
                pictures, greatest = peaks.finish()
                products: dict[str, Arrays] = {
                    "statistics": _as_arrays(units.finish()),
                    "strongest": {"picture": pictures, "peak": greatest},
                }
                for name, arrays in products.items():
                    self.cache.put(self._activation_key(layer, name), arrays)
                found[layer] = products[what]
        return {layer: arrays for layer, arrays in found.items() if arrays is not None}

    def _tally(self, layer: str) -> UnitTally:
        positions = sum(int(np.prod(self.grids[size][layer].cells)) for size in self.sizes)
        return UnitTally(self._units(layer), positions, self.settings.quantile)

    def _units(self, layer: str) -> int:
        return self.grids[self.sizes[0]][layer].units

    def gather(self, statistics: Mapping[str, UnitStatistics]) -> None:
        """Have the responses of all layers to all pictures in the cache (second pass); `responses` reads them."""
        thresholds = {layer: torch.from_numpy(statistics[layer].threshold).to(self.subject.device, torch.float32) for layer in self.layers}
        chunks = self._chunks()
        missing = {
            chunk: [layer for layer in self.layers if self._response_key(layer, chunk, statistics[layer]) not in self.cache]
            for chunk in chunks
        }
        unlike = {
            chunk: [layer for layer in self.layers if self.predicts and self._likeness_key(layer, chunk) not in self.cache]
            for chunk in chunks
        }
        wanted = [chunk for chunk in chunks if missing[chunk] or unlike[chunk]]
        done, total = 0, sum(len(chunk) for chunk in wanted)
        for chunk in wanted:
            layers = missing[chunk]
            answers: dict[str, list[Response]] = {layer: [] for layer in layers}
            likeness: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in unlike[chunk]}
            areas = []
            watching = [layer for layer in self.layers if layer in answers or layer in likeness]
            for number, maps, final in self._maps(watching, chunk, "", quiet=True, whole=bool(likeness)):
                entered = self.sizes[number]
                if final is not None:
                    beside = FinalMap(final, self.probe.stimuli[number].size, entered)
                    for layer, found in likeness.items():
                        found.append(beside.correlation(maps[layer][0], self.grids[entered][layer]))
                done += 1
                self.progress(f"responses of {self.subject.name}", done, total)
                if not layers:
                    continue
                work = PictureWork.of(self.probe, number, entered=entered, step=self.settings.grid_step, seed=self.settings.seed)
                measures = work.measures({layer: self.grids[entered][layer] for layer in layers}, self.subject.device)
                areas.append(work.own.areas.sum(axis=1))
                with torch.inference_mode():
                    for layer in layers:
                        answers[layer].append(measures[layer].respond(maps[layer][0], thresholds[layer]))
            for layer, found in likeness.items():
                self.cache.put(self._likeness_key(layer, chunk), {"likeness": np.stack(found)})
            for layer in layers:
                arrays = _joined(answers[layer]) | {"area": np.concatenate(areas).astype(np.int64)}
                self.cache.put(self._response_key(layer, chunk, statistics[layer]), arrays)

    def responses(self, layer: str, statistics: UnitStatistics) -> LayerResponses:
        """The responses of one layer, which `gather` left in the cache."""
        parts = []
        for chunk in self._chunks():
            arrays = self.cache.get(self._response_key(layer, chunk, statistics))
            if arrays is None:  # damaged since it was written
                self.gather({**self.statistics(), layer: statistics})
                arrays = self.cache.get(self._response_key(layer, chunk, statistics))
            assert arrays is not None
            parts.append(arrays)
        pictures, categories = _pairs(self.probe)
        own_rows = np.arange(len(self.probe.table))
        lent_rows = np.concatenate([np.arange(*self._rows(int(picture))) for picture in self.probe.partner] or [own_rows])
        order = np.argsort(lent_rows)
        lent_pairs = np.concatenate([np.flatnonzero(pictures == picture) for picture in self.probe.partner] or [pictures])
        pair_order = np.argsort(lent_pairs)
        nss = {version: np.concatenate([part[f"nss.{version}"] for part in parts], axis=1) for version in VERSIONS}
        overlap = {version: np.concatenate([part[f"overlap.{version}"] for part in parts]) for version in VERSIONS}
        nss["other"], overlap["other"] = nss["other"][:, order], overlap["other"][pair_order]
        return LayerResponses(
            nss,
            overlap,
            np.concatenate([part["area"] for part in parts]),
            np.concatenate([part["above"] for part in parts]),
            np.array([grid_pixels(stimulus.size, self.settings.grid_step) for stimulus in self.probe.stimuli]),
            pictures,
            categories,
        )

    def strongest(
        self, units: Mapping[str, Sequence[int]], statistics: Mapping[str, UnitStatistics]
    ) -> dict[str, dict[int, tuple[Answer, ...]]]:
        """Layer -> unit -> its answers to its strongest pictures, for chosen units (third pass, over the pictures that are needed)."""
        keys = {layer: self._strongest_key(layer, chosen, statistics[layer]) for layer, chosen in units.items()}
        found = {layer: self.cache.get(key) for layer, key in keys.items()}
        missing = [layer for layer, arrays in found.items() if arrays is None]
        if missing:
            answers = self._outlined({layer: units[layer] for layer in missing}, statistics)
            for layer in missing:
                found[layer] = packed(answers[layer])
                self.cache.put(keys[layer], found[layer] or {})
        return {layer: dict(zip(units[layer], unpacked(arrays), strict=True)) for layer, arrays in found.items() if arrays is not None}

    def _outlined(self, units: Mapping[str, Sequence[int]], statistics: Mapping[str, UnitStatistics]) -> dict[str, list[list[Answer]]]:
        peaks = self._first_pass("strongest")
        chosen = {layer: (peaks[layer]["picture"][:, own], peaks[layer]["peak"][:, own]) for layer, own in units.items()}
        wanted = sorted({int(number) for pictures, _ in chosen.values() for number in np.unique(pictures)})
        drawn: dict[str, dict[tuple[int, int], Answer]] = {layer: {} for layer in units}
        for number, maps, _ in self._maps(list(units), wanted, "outlines"):
            entered, size, step = self.sizes[number], self.probe.stimuli[number].size, self.settings.grid_step
            enlarging: dict[Grid, tuple[NDArray, NDArray]] = {}
            for layer, (pictures, greatest) in chosen.items():
                grid = replace(self.grids[entered][layer], units=0)  # layers on one grid share its weights
                if grid not in enlarging:
                    enlarging[grid] = grid.raster(size, entered).on_grid(step)
                up_rows, up_columns = enlarging[grid]
                for rank, place in np.argwhere(pictures == number):
                    unit = units[layer][place]
                    cells = np.nan_to_num(maps[layer][0, unit].cpu().numpy(), nan=0.0, posinf=0.0, neginf=0.0)
                    # as in `Measure.respond`: equal cells may come out a rounding above themselves
                    threshold = float(statistics[layer].threshold[unit])
                    polygons = picture_outline(
                        up_rows @ cells @ up_columns.T, threshold + ROUNDING * abs(threshold), step=step, longer=max(size)
                    )
                    drawn[layer][int(place), int(rank)] = Answer(number, float(greatest[rank, place]), polygons)
            del maps
        return {
            layer: [[drawn[layer][place, rank] for rank in range(len(chosen[layer][0]))] for place in range(len(own))]
            for layer, own in units.items()
        }

    def likeness(self, layer: str, statistics: UnitStatistics) -> NDArray[np.float64] | None:
        """Mean r of each unit with the network's final map, (C,), which `gather` left in the cache; None of a bare encoder. See `likeness`."""
        if not self.predicts:
            return None
        parts = []
        for chunk in self._chunks():
            arrays = self.cache.get(self._likeness_key(layer, chunk))
            if arrays is None:  # damaged since it was written
                self.gather({**self.statistics(), layer: statistics})
                arrays = self.cache.get(self._likeness_key(layer, chunk))
            assert arrays is not None
            parts.append(arrays["likeness"])
        return np.concatenate(parts).mean(axis=0, dtype=np.float64)

    def _rows(self, picture: int) -> tuple[int, int]:
        return int(self.probe.first[picture]), int(self.probe.first[picture + 1])

    def _chunks(self) -> list[range]:
        count = len(self.probe)
        return [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]

    def _maps(
        self, layers: Sequence[str], numbers: Sequence[int], what: str, *, quiet: bool = False, whole: bool = False
    ) -> Iterator[tuple[int, dict[str, Tensor], NDArray[np.float64] | None]]:
        """(number of the picture, layer -> (1, C, h, w), its final density where `whole`), one at a time: nothing depends on neighbours."""
        chosen = {layer: self.modules[layer] for layer in layers}
        run = self.subject.network if whole else self.subject.front(chosen.values())
        with watched(chosen) as maps:
            for done, number in enumerate(numbers, start=1):
                picture: Pixels = self.probe.stimuli[number].pixels()
                with torch.inference_mode():
                    answer = run(as_input(picture, self.sizes[number], self.subject.device))
                final = Prediction(answer, self.subject.predictor.activation).density[0].cpu().numpy().astype(np.float64) if whole else None
                yield number, dict(maps), final
                maps.clear()
                if not quiet:
                    self.progress(f"{what} of {self.subject.name}", done, len(numbers))

    def _key(self, layer: str) -> dict[str, Any]:
        settings = asdict(self.settings)
        return {"network": self.networks[layer], "layer": layer, "device": self.subject.device.type, "settings": settings}

    def _activation_key(self, layer: str, what: str) -> dict[str, Any]:
        shown = hashlib.sha256()
        for digest, size in zip(self.probe.files, self.sizes, strict=True):
            shown.update(f"{digest} {size}".encode())
        return {**self._key(layer), "what": what, "pictures": shown.hexdigest()}

    def _strongest_key(self, layer: str, units: Sequence[int], statistics: UnitStatistics) -> dict[str, Any]:
        thresholds = hashlib.sha256(statistics.threshold.astype("<f8").tobytes()).hexdigest()
        sizes = [stimulus.size for stimulus in self.probe.stimuli]
        drawn = {"units": list(units), "thresholds": thresholds, "drawn": [FINE, SPECK, LARGEST]}
        return {**self._activation_key(layer, "outlines"), **drawn, "sizes": hashlib.sha256(repr(sizes).encode()).hexdigest()}

    def _likeness_key(self, layer: str, chunk: range) -> dict[str, Any]:
        shown = hashlib.sha256()
        for number in chunk:
            shown.update(f"{self.probe.files[number]} {self.sizes[number]}".encode())
        # of the whole network: the final map is part of it
        return {**self._key(layer), "what": "likeness", "network": self.whole, "pictures": shown.hexdigest()}

    def _response_key(self, layer: str, chunk: range, statistics: UnitStatistics) -> dict[str, Any]:
        shown = hashlib.sha256()
        for number in chunk:
            lent = self.probe.digests[int(self.probe.partner[number])]
            shown.update(f"{number} {self.probe.digests[number]} {lent} {self.sizes[number]}".encode())
        return {
            **self._key(layer),
            "what": "responses",
            "pictures": shown.hexdigest(),
            "thresholds": hashlib.sha256(statistics.threshold.astype("<f8").tobytes()).hexdigest(),
            "categories": list(self.probe.table.categories),
        }


def _pairs(probe: Probe) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(picture, category) for every category that a picture has, ordered by picture and category."""
    there = np.zeros((len(probe), len(probe.table.categories)), dtype=bool)
    np.logical_or.at(there, probe.table.picture, probe.table.holds)
    pictures, categories = np.nonzero(there)
    return pictures, categories


def _joined(answers: Sequence[Response]) -> Arrays:
    arrays: Arrays = {"above": np.stack([answer.above for answer in answers])}
    for version in VERSIONS:
        arrays[f"nss.{version}"] = np.concatenate([answer.nss[version] for answer in answers], axis=1)
        arrays[f"overlap.{version}"] = np.concatenate([answer.overlap[version] for answer in answers])
    return arrays


def _as_arrays(statistics: UnitStatistics) -> Arrays:
    arrays = {name: value for name, value in asdict(statistics).items() if isinstance(value, np.ndarray)}
    return arrays | {"positions": np.array([statistics.positions])}


def _as_statistics(arrays: Mapping[str, NDArray], quantile: float) -> UnitStatistics:
    own = {name: array for name, array in arrays.items() if name != "positions"}
    return UnitStatistics(positions=int(arrays["positions"][0]), quantile=quantile, **own)
