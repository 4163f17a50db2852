"""Drift: how a layer of one network differs from the layer of the same name in another, on the same pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from salquest.dissection.cache import ArrayCache
from salquest.dissection.hooks import watched
from salquest.dissection.probe import Probe, Progress
from salquest.dissection.similarity import CrossMoments, best_match, rsa, unbiased_cka
from salquest.dissection.subjects import Size, Subject, as_input, network_digest
from salquest.errors import InputError

# pictures are left out in so many groups by turns, to see how far the similarities over pictures can be trusted
GROUPS = 10


@dataclass(frozen=True)
class LayerDrift:
    """How alike two networks' layers are; 1 is the same, NaN cannot be said.

    Attributes:
        cells_cka: linear CKA with every cell of every picture as a thing: do the units tell the same about places?
        pictures_cka, pictures_cka_error: unbiased linear CKA with each picture's mean activations as a thing, and its standard error over
            pictures (jackknife of GROUPS groups): do they tell the same about whole pictures?
        rsa, rsa_error: representational similarity (Spearman) of the same means.
        unit_correlation: mean r over cells of each unit with the unit of its number; NaN for layers of different width.
        best_match: mean |r| of units paired so that it is greatest.
        weights_moved: ||W2 - W1|| / ||W1|| of the layer's own parameters; NaN where they have other shapes.
    """

    cells_cka: float
    pictures_cka: float
    pictures_cka_error: float
    rsa: float
    rsa_error: float
    unit_correlation: float
    best_match: float
    weights_moved: float


def measure_drift(
    first: Subject,
    second: Subject,
    layers: Sequence[str],
    probe: Probe,
    sizes: Sequence[Size],
    cache: ArrayCache,
    progress: Progress = lambda name, done, total: None,
) -> dict[str, LayerDrift]:
    """Compare two networks layer by layer on the pictures of a probe set, one picture at a time.

    Raises:
        InputError: layers of one name on grids of different sizes. UnknownName: a layer that one of them does not have.
    """
    digests = hashlib.sha256("".join(f"{file} {size}" for file, size in zip(probe.files, sizes, strict=True)).encode()).hexdigest()
    modules = [first.layers(layers), second.layers(layers)]
    keys = {
        layer: {
            "what": "drift",
            "networks": [network_digest(subject.front([own[layer]])) for subject, own in zip((first, second), modules, strict=True)],
            "layer": layer,
            "pictures": digests,
            "device": first.device.type,
        }
        for layer in layers
    }
    found = {layer: cache.get(key) for layer, key in keys.items()}
    missing = [layer for layer, arrays in found.items() if arrays is None]
    if missing:
        gathered = _gather([first, second], missing, probe, sizes, progress)
        for layer in missing:
            drift = _drift(*gathered[layer], _moved(modules[0][layer], modules[1][layer]))
            found[layer] = {"drift": np.array(astuple(drift))}
            cache.put(keys[layer], found[layer] or {})
    return {layer: LayerDrift(*arrays["drift"].tolist()) for layer, arrays in found.items() if arrays is not None}


def _gather(
    subjects: Sequence[Subject], layers: Sequence[str], probe: Probe, sizes: Sequence[Size], progress: Progress
) -> dict[str, tuple[CrossMoments, NDArray[np.float64], NDArray[np.float64]]]:
    """Per layer: the moments over cells, and each network's mean activations per picture, (N, C)."""
    moments: dict[str, CrossMoments] = {}
    means: dict[str, tuple[list[NDArray], list[NDArray]]] = {layer: ([], []) for layer in layers}
    chosen = [subject.layers(layers) for subject in subjects]
    runs = [subject.front(modules.values()) for subject, modules in zip(subjects, chosen, strict=True)]
    with watched(chosen[0]) as ours, watched(chosen[1]) as theirs, torch.inference_mode():
        for number, stimulus in enumerate(probe.stimuli):
            pixels = stimulus.pixels()
            for subject, run in zip(subjects, runs, strict=True):
                run(as_input(pixels, sizes[number], subject.device))
            for layer in layers:
                a, b = (maps[layer][0].cpu() for maps in (ours, theirs))
                if a.shape[1:] != b.shape[1:]:
                    raise InputError(
                        f"the layer {layer} has maps of {tuple(a.shape[1:])} in {subjects[0].name} and of {tuple(b.shape[1:])} in "
                        f"{subjects[1].name}; only layers on one grid can be compared cell by cell"
                    )
                x, y = (torch.nan_to_num(maps).flatten(1).T.numpy() for maps in (a, b))
                moments.setdefault(layer, CrossMoments(x.shape[1], y.shape[1])).add(x, y)
                for kept, table in zip(means[layer], (x, y), strict=True):
                    kept.append(table.mean(axis=0, dtype=np.float64))
            progress(f"{subjects[0].name} beside {subjects[1].name}", number + 1, len(probe))
    return {layer: (moments[layer], np.stack(means[layer][0]), np.stack(means[layer][1])) for layer in layers}


def _drift(moments: CrossMoments, x: NDArray[np.float64], y: NDArray[np.float64], moved: float) -> LayerDrift:
    correlations = moments.correlations()
    alike = correlations.diagonal() if correlations.shape[0] == correlations.shape[1] else np.full(1, np.nan)
    _, matched = best_match(correlations)
    return LayerDrift(
        moments.cka(),
        *_over_pictures(unbiased_cka, x, y, least=4),
        *_over_pictures(rsa, x, y, least=3),
        _mean(alike),
        _mean(matched),
        moved,
    )


def _over_pictures(
    similarity: Callable[[NDArray, NDArray], float], x: NDArray[np.float64], y: NDArray[np.float64], *, least: int
) -> tuple[float, float]:
    """A similarity of two tables, and its standard error by leaving out groups of pictures."""
    if len(x) < least:
        return np.nan, np.nan
    value = similarity(x, y)
    if len(x) < 2 * GROUPS:
        return value, np.nan
    group = np.arange(len(x)) % GROUPS
    without = np.array([similarity(x[group != number], y[group != number]) for number in range(GROUPS)])
    return value, float(np.sqrt((GROUPS - 1) * np.var(without)))


def _moved(first: nn.Module, second: nn.Module) -> float:
    a, b = ({name: value.detach().cpu() for name, value in module.named_parameters()} for module in (first, second))
    if not a or {name: value.shape for name, value in a.items()} != {name: value.shape for name, value in b.items()}:
        return np.nan
    length = sum(float(value.double().square().sum()) for value in a.values())
    apart = sum(float((b[name].double() - value.double()).square().sum()) for name, value in a.items())
    return float(np.sqrt(apart / length)) if length else np.nan


def _mean(values: NDArray[np.float64]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else np.nan
