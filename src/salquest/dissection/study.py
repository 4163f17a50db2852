"""`dissect`: networks shown a probe set, layer by layer and unit by unit, with their controls beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet
from salquest.dissection.annotations.region import Annotations
from salquest.dissection.cache import ArrayCache
from salquest.dissection.drift import LayerDrift, measure_drift
from salquest.dissection.gathering import Gathering, LayerResponses, Settings
from salquest.dissection.probe import Probe, Progress, build_probe
from salquest.dissection.responses import VERSIONS
from salquest.dissection.scores import SCORES, LayerScores
from salquest.dissection.strongest import Answer
from salquest.dissection.subjects import Subject, as_input, common_stages, input_size, named_apart, open_subject, random_twin
from salquest.dissection.summary import LayerSummary, chance_high, chance_signs, resamples, shown_units, summarise
from salquest.dissection.unit_statistics import UnitStatistics
from salquest.errors import InputError

Pairs = Literal["first", "all"] | Sequence[tuple[int, int]]

# pictures from which batch norm of a network with random weights takes its statistics
WARM_UP = 16


@dataclass(frozen=True, eq=False)
class LayerResult:
    """What was found in one layer of one network.

    Attributes:
        model, layer: names.
        control: the network with random weights that stands beside it; "" for such a network itself.
        statistics: of its units.
        groups: which units are near-duplicates, (C,).
        shares: of all pixels of the pictures that belong to each category, (K,).
        values, errors: score -> (K, C): each unit's score per category, and its standard error over pictures.
        likeness: mean r of each unit with the network's final map, (C,); NaN for dead and exploding ones; None of a bare encoder.
        chance: (score, number of the category) -> what the ten best stay below in 95 % of permutations.
        summaries: (score, number of the category, version) -> summary; versions as in `responses.VERSIONS`.
    """

    model: str
    layer: str
    control: str
    statistics: UnitStatistics
    groups: NDArray[np.int64]
    shares: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    errors: Mapping[str, NDArray[np.float64]]
    likeness: NDArray[np.float64] | None
    chance: Mapping[tuple[str, int], float]
    summaries: Mapping[tuple[str, int, str], LayerSummary]


@dataclass(frozen=True, eq=False)
class Dissection:
    """What was found in networks.

    Attributes:
        probe: the pictures and regions.
        settings: what else decided the numbers.
        layers: all layers of all networks, controls behind their networks.
        scores: that could be had, see SCORES.
        drift: (first, second) -> layer -> how they differ, of the pairs that were asked for.
        strongest: (network, layer) -> unit -> its answers to its strongest pictures, for the units that a reader is shown; empty unless it
            was asked for, and without controls.
    """

    probe: Probe
    settings: Settings
    layers: tuple[LayerResult, ...]
    scores: tuple[str, ...]
    drift: Mapping[tuple[str, str], Mapping[str, LayerDrift]]
    strongest: Mapping[tuple[str, str], Mapping[int, tuple[Answer, ...]]] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks, controls left out unless nothing else was asked for."""
        controls = {found.control for found in self.layers}
        return tuple(dict.fromkeys(found.model for found in self.layers if found.model not in controls))

    def layer(self, model: str, layer: str) -> LayerResult:
        """One layer of one network."""
        return next(found for found in self.layers if (found.model, found.layer) == (model, layer))


def dissect(
    models: Sequence[str | Path | Subject],
    annotations: Annotations,
    data: DataSet | None = None,
    *,
    layers: Sequence[str] = (),
    categories: Sequence[str] = (),
    limit: int | None = None,
    settings: Settings | None = None,
    control: bool = True,
    strongest: bool = False,
    pairs: Pairs = "first",
    cache: Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda name, done, total: None,
) -> Dissection:
    """Look into networks: how every unit responds to annotated regions.

    Args:
        models: what `open_subject` takes; two or more share the layers and the size of pictures, so that they can be compared.
        annotations: the regions, see `read_annotations`.
        data: the pictures; those that came with the regions where it is not given.
        layers: by name; the encoder's stages that all networks have where none is named.
        categories: of regions; all where none is named.
        limit: only so many pictures, drawn by the settings' seed.
        settings: see `Settings`.
        control: also look into each network with random weights (one of each architecture).
        strongest: also find, for the best units of every layer and category, the pictures to which they answer most (for the page).
        pairs: which networks' layers are compared: "first", the first with each other one; "all"; or pairs of their numbers, from 0. Each network
            that opens a pair and all those beside it look at every picture once more: N passes for "first", N (N + 1) / 2 - 1 for "all".
        cache: folder in which finished work is kept, so that the same request goes on where it was stopped; None keeps it in memory.
        device: where the networks run.
        progress: told what is under way.

    Raises:
        InputError: no layer in common, a model without units, regions that match no picture. UnknownName: a layer or a model.
        BrokenFile: a picture or an annotation that cannot be read.
    """
    settings = settings or Settings()
    if not models:
        raise InputError("name one or more models to look into")
    compared = _beside(pairs, len(models))
    probe = build_probe(annotations, data, categories=categories, limit=limit, seed=settings.seed, progress=progress)
    subjects = named_apart([open_subject(model, device=device) for model in models])
    chosen = tuple(layers) or common_stages(subjects)
    sizes = [input_size(subjects, stimulus.size, settings.size) for stimulus in probe.stimuli]
    kept = ArrayCache(cache)
    scores = tuple(name for name, card in SCORES.items() if probe.has_fixations or not card.needs_fixations)
    found: list[LayerResult] = []
    twins: dict[str, Subject] = {}
    answers: dict[tuple[str, str], Mapping[int, tuple[Answer, ...]]] = {}
    for subject in subjects:
        twin = _twin(subject, twins, probe, sizes, settings) if control else None
        gathering = Gathering(subject, chosen, probe, sizes, settings, kept, progress)
        results = _look_into(gathering, scores, twin.name if twin else "")
        if strongest:
            shown = {result.layer: shown_units(result.summaries) for result in results}
            of_layers = gathering.strongest(shown, {result.layer: result.statistics for result in results})
            answers |= {(subject.name, layer): units for layer, units in of_layers.items()}
        found += results
    for twin in twins.values():
        found += _look_into(Gathering(twin, chosen, probe, sizes, settings, kept, progress), scores, "")
    drift: dict[tuple[str, str], Mapping[str, LayerDrift]] = {}
    for first, others in compared.items():
        beside = [subjects[number] for number in others]
        measured = measure_drift(subjects[first], beside, chosen, probe, sizes, kept, progress)
        drift |= {(subjects[first].name, other.name): layers for other, layers in zip(beside, measured, strict=True)}
    return Dissection(probe, settings, tuple(found), scores, drift, answers)


def _look_into(gathering: Gathering, scores: Sequence[str], control: str) -> list[LayerResult]:
    name, probe = gathering.subject.name, gathering.probe
    statistics = gathering.statistics()
    gathering.gather(statistics)
    counts, signs = resamples(len(probe), gathering.settings.seed), chance_signs(len(probe), gathering.settings.seed)
    found = []
    for done, layer in enumerate(gathering.layers, start=1):
        responses = gathering.responses(layer, statistics[layer])
        likeness = gathering.likeness(layer, statistics[layer])
        found.append(_layer_result(name, layer, control, statistics[layer], responses, likeness, probe, scores, counts, signs))
        gathering.progress(f"scores of {name}", done, len(gathering.layers))
    return found


def _layer_result(
    model: str,
    layer: str,
    control: str,
    statistics: UnitStatistics,
    responses: LayerResponses,
    likeness: NDArray[np.float64] | None,
    probe: Probe,
    scores: Sequence[str],
    counts: NDArray[np.float64],
    signs: NDArray[np.float64],
) -> LayerResult:
    groups = statistics.groups()
    values: dict[str, NDArray[np.float64]] = {}
    errors: dict[str, NDArray[np.float64]] = {}
    summaries: dict[tuple[str, int, str], LayerSummary] = {}
    chance: dict[tuple[str, int], float] = {}
    layer_scores = LayerScores(responses, probe.table, len(probe))
    for score in scores:
        value, error = [], []
        for category in range(len(probe.table.categories)):
            having = np.unique(probe.table.picture[probe.table.holds[:, category]])
            for version in VERSIONS:
                units = layer_scores.scores(score, category, version)
                summaries[score, category, version] = summarise(units, score, statistics, groups, counts, having)
                if version == "permuted":
                    chance[score, category] = chance_high(units, statistics, signs)
                if version == "own":
                    value.append(units.value)
                    error.append(units.standard_error())
        values[score] = np.where(statistics.scored, np.stack(value), np.nan)
        errors[score] = np.where(statistics.scored, np.stack(error), np.nan)
    alike = None if likeness is None else np.where(statistics.scored, likeness, np.nan)
    area = np.bincount(responses.pair_category, weights=responses.area, minlength=len(probe.table.categories))
    return LayerResult(model, layer, control, statistics, groups, area / responses.pixels.sum(), values, errors, alike, chance, summaries)


def _beside(pairs: Pairs, networks: int) -> dict[int, list[int]]:
    """Number of a network -> those that it is compared with."""
    if pairs == "first":
        return {0: list(range(1, networks))} if networks > 1 else {}
    if pairs == "all":
        return {first: list(range(first + 1, networks)) for first in range(networks - 1)}
    if not all(len(pair) == 2 and 0 <= min(pair) < max(pair) < networks for pair in pairs):
        raise InputError(f"networks are compared as 'first', 'all' or pairs of two of their numbers 0..{networks - 1}; found {pairs!r}")
    found: dict[int, list[int]] = {}
    for first, second in dict.fromkeys((first, second) for first, second in pairs):
        found.setdefault(first, []).append(second)
    return found


def _twin(subject: Subject, twins: dict[str, Subject], probe: Probe, sizes: Sequence[tuple[int, int]], settings: Settings) -> Subject:
    """The network with random weights; networks of one architecture share one."""
    numbers = np.linspace(0, len(probe) - 1, min(WARM_UP, len(probe))).round().astype(int)
    inputs = (as_input(probe.stimuli[number].pixels(), sizes[number], subject.device) for number in numbers)
    architecture = repr(subject.network)
    if architecture not in twins:
        twins[architecture] = random_twin(subject, inputs, seed=settings.seed)
    return twins[architecture]
