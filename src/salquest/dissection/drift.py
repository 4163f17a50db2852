"""Drift: how a layer of one network differs from the layer of the same name in another, on the same pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from salquest.dissection.cache import ArrayCache
from salquest.dissection.hooks import watched
from salquest.dissection.probe import Probe, Progress
from salquest.dissection.similarity import CrossMoments, best_match, half_samples, rsa, similarities_of_halves, unbiased_cka
from salquest.dissection.subjects import Size, Subject, as_input, network_digest
from salquest.errors import InputError

Floats = NDArray[np.float64]
NUMBERS = ("cells_cka", "pictures_cka", "rsa", "unit_correlation", "best_match", "weights_moved")


@dataclass(frozen=True, eq=False)
class LayerDrift:
    """How alike two networks' layers are; 1 is the same, NaN cannot be said.

    Attributes:
        cells_cka: linear CKA with every cell of every picture as a thing: do the units tell the same about places?
        pictures_cka: unbiased linear CKA with each picture's mean activations as a thing: do they tell the same about whole pictures?
        rsa: representational similarity (Spearman) of the same means.
        unit_correlation: mean r over cells of each unit with the unit of its number; NaN for layers of different width.
        best_match: mean |r| of units paired so that it is greatest.
        weights_moved: ||W2 - W1|| / ||W1|| of the layer's own parameters; NaN where they have other shapes.
        pictures_cka_draws, rsa_draws: both on random halves of the pictures, (HALVES,), the same halves for every pair of networks that saw the
            same number of pictures, so that two drifts can be subtracted draw by draw; NaN for too few pictures. A half that is drawn without
            replacement varies around the whole as the whole varies around the truth.
    """

    cells_cka: float
    pictures_cka: float
    rsa: float
    unit_correlation: float
    best_match: float
    weights_moved: float
    pictures_cka_draws: Floats
    rsa_draws: Floats

    @property
    def pictures_cka_error(self) -> float:
        """Standard error of `pictures_cka` over pictures."""
        return float(self.pictures_cka_draws.std())

    @property
    def rsa_error(self) -> float:
        """Standard error of `rsa` over pictures."""
        return float(self.rsa_draws.std())


def measure_drift(
    first: Subject,
    others: Sequence[Subject],
    layers: Sequence[str],
    probe: Probe,
    sizes: Sequence[Size],
    cache: ArrayCache,
    progress: Progress = lambda name, done, total: None,
) -> list[dict[str, LayerDrift]]:
    """Compare a network with others layer by layer on the pictures of a probe set, one picture at a time.

    Every picture goes once through each of the networks; the sums of all pairs are kept together, (p + q)^2 numbers per pair and layer (60 MB a
    pair for all stages of MobileNetV2).

    Returns:
        For each of the others its layers by name.

    Raises:
        InputError: layers of one name on grids of different sizes. UnknownName: a layer that one of them does not have.
    """
    digests = hashlib.sha256("".join(f"{file} {size}" for file, size in zip(probe.files, sizes, strict=True)).encode()).hexdigest()
    subjects = [first, *others]
    modules = [subject.layers(layers) for subject in subjects]
    networks = [
        {layer: network_digest(subject.front([own[layer]])) for layer in layers} for subject, own in zip(subjects, modules, strict=True)
    ]

    def key(number: int, layer: str) -> dict[str, Any]:
        pair = [networks[0][layer], networks[number][layer]]
        return {"what": "drift, halves", "networks": pair, "layer": layer, "pictures": digests, "device": first.device.type}

    found = {(number, layer): cache.get(key(number, layer)) for number in range(1, len(subjects)) for layer in layers}
    missing = [place for place, arrays in found.items() if arrays is None]
    if missing:
        gathered = _gather(subjects, missing, probe, sizes, progress)
        for number, layer in missing:
            arrays = _drift(*gathered[number, layer], _moved(modules[0][layer], modules[number][layer]))
            cache.put(key(number, layer), arrays)
            found[number, layer] = arrays
    return [{layer: _read(found[number, layer] or {}) for layer in layers} for number in range(1, len(subjects))]


def _read(arrays: Mapping[str, NDArray]) -> LayerDrift:
    numbers = dict(zip(NUMBERS, arrays["numbers"].tolist(), strict=True))
    return LayerDrift(**numbers, pictures_cka_draws=arrays["pictures_cka"], rsa_draws=arrays["rsa"])


def _gather(
    subjects: Sequence[Subject], wanted: Sequence[tuple[int, str]], probe: Probe, sizes: Sequence[Size], progress: Progress
) -> dict[tuple[int, str], tuple[CrossMoments, Floats, Floats]]:
    """Per network behind the first and layer: the moments over cells of both, and both ones' mean activations per picture, (N, C)."""
    numbers = sorted({0, *(number for number, _ in wanted)})
    layers = tuple(dict.fromkeys(layer for _, layer in wanted))
    moments: dict[tuple[int, str], CrossMoments] = {}
    means: dict[tuple[int, str], list[Floats]] = {(number, layer): [] for number in numbers for layer in layers}
    chosen = {number: subjects[number].layers(layers) for number in numbers}
    runs = {number: subjects[number].front(chosen[number].values()) for number in numbers}
    for done, stimulus in enumerate(probe.stimuli, start=1):
        pixels, tables = stimulus.pixels(), {}
        for number in numbers:
            with watched(chosen[number]) as maps, torch.inference_mode():
                runs[number](as_input(pixels, sizes[done - 1], subjects[number].device))
            for layer in layers:
                grid = tuple(maps[layer].shape[-2:])
                table = torch.nan_to_num(maps[layer][0].cpu()).flatten(1).T.numpy()
                tables[number, layer] = grid, table
                means[number, layer].append(table.mean(axis=0, dtype=np.float64))
        for number, layer in wanted:
            (ours, x), (theirs, y) = tables[0, layer], tables[number, layer]
            if ours != theirs:
                raise InputError(
                    f"the layer {layer} has maps of {ours} in {subjects[0].name} and of {theirs} in {subjects[number].name}; only layers on one "
                    "grid can be compared cell by cell"
                )
            moments.setdefault((number, layer), CrossMoments(x.shape[1], y.shape[1])).add(x, y)
        progress(f"{subjects[0].name} beside {', '.join(subjects[number].name for number in numbers[1:])}", done, len(probe))
    return {
        (number, layer): (moments[number, layer], np.stack(means[0, layer]), np.stack(means[number, layer])) for number, layer in wanted
    }


def _drift(moments: CrossMoments, x: Floats, y: Floats, moved: float) -> dict[str, NDArray]:
    """What a `LayerDrift` is read from."""
    correlations = moments.correlations()
    alike = correlations.diagonal() if correlations.shape[0] == correlations.shape[1] else np.full(1, np.nan)
    _, matched = best_match(correlations)
    numbers = {
        "cells_cka": moments.cka(),
        "pictures_cka": unbiased_cka(x, y) if len(x) >= 4 else np.nan,
        "rsa": rsa(x, y) if len(x) >= 3 else np.nan,
        "unit_correlation": _mean(alike),
        "best_match": _mean(matched),
        "weights_moved": moved,
    }
    cka, similar = similarities_of_halves(x, y, half_samples(len(x)))
    return {"numbers": np.array([numbers[name] for name in NUMBERS]), "pictures_cka": cka, "rsa": similar}


def _moved(first: nn.Module, second: nn.Module) -> float:
    a, b = ({name: value.detach().cpu() for name, value in module.named_parameters()} for module in (first, second))
    if not a or {name: value.shape for name, value in a.items()} != {name: value.shape for name, value in b.items()}:
        return np.nan
    length = sum(float(value.double().square().sum()) for value in a.values())
    apart = sum(float((b[name].double() - value.double()).square().sum()) for name, value in a.items())
    return float(np.sqrt(apart / length)) if length else np.nan


def _mean(values: Floats) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else np.nan
