"""How much the best units of a category matter: the ten removed together, against ten drawn at random, before and after training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet
from salquest.dissection.ablation import BATCH, Bench, Drops, Removals, Replacement, basis, cell_of, gazed_probe, spread
from salquest.dissection.annotations.region import Annotations
from salquest.dissection.cache import ArrayCache
from salquest.dissection.gathering import Settings
from salquest.dissection.probe import Progress
from salquest.dissection.scores import SCORES, LayerScores
from salquest.dissection.subjects import Subject, common_stages, named_apart, open_subject
from salquest.dissection.summary import TOP, best_units, halves_of, resamples
from salquest.errors import InputError, UnknownName
from salquest.runs import Cell, Columns

Floats = NDArray[np.float64]

# sets of units drawn at random
SETS = 20


@dataclass(frozen=True, eq=False)
class LayerImportance:
    """What the best units of each category are worth in one layer of one network.

    Attributes:
        model, layer: names.
        best: the units that are best for a category on the first and on the second half of the pictures, (K, 2, top); a picture loses those
            of the half to which it does not belong, so that no unit is chosen by the gaze at which its loss is measured.
        chosen: categories for which both halves had units to choose, (K,).
        drops: of each category's best units, in the order of the categories, then of the sets drawn at random.
    """

    model: str
    layer: str
    best: NDArray[np.int64]
    chosen: NDArray[np.bool_]
    drops: Drops

    def over_random(self, category: str, counts: Floats, sets: Floats) -> tuple[Floats, Floats, Floats]:
        """Drops inside a category with pictures counted `counts` (B, N) and random sets `sets` (B, D) times.

        Returns:
            Of the best units (B,), of each random set (B, D), and the first less the mean of the others (B,).
        """
        names = self.drops.probe.table.categories
        drops = self.drops.ratio(category).of(counts)
        best, random = drops[:, names.index(category)], drops[:, len(names) :]
        return best, random, best - (random * sets).sum(axis=1) / sets.sum(axis=1)


@dataclass(frozen=True, eq=False)
class Importance:
    """Networks whose best units were removed.

    Attributes:
        layers: all layers of all networks.
        score: by which units are best.
        top: how many are removed together.
        replacement: what they were set to.
        seed: of the random sets and of resampling.
    """

    layers: tuple[LayerImportance, ...]
    score: str
    top: int
    replacement: Replacement
    seed: int

    def table(self) -> Columns:
        """One row per network, layer and category.

        Columns: `drop` of NSS inside the category's regions when its best units are gone, with `low` and `high` (95 % over pictures);
        `random`, the mean drop of as many units drawn at random, and `random_high`, what 95 % of the draws stay below; `over_random`, the
        difference, whose interval holds pictures and draws resampled; `over_first`, by how much that difference is greater than in the first
        network, over the same resampled pictures; `best` names the units, those of the first half before the bar.
        """
        rows = []
        for layer in self.layers:
            first = next(other for other in self.layers if other.layer == layer.layer)
            for number, category in enumerate(layer.drops.probe.table.categories):
                row: dict[str, Cell] = {"model": layer.model, "layer": layer.layer}
                row |= basis(layer.drops, category) | self._drops(layer, first, number, category)
                row["best"] = " | ".join(" ".join(map(str, units)) for units in layer.best[number]) if layer.chosen[number] else None
                rows.append(row)
        return Columns.of_rows(rows)

    def _drops(self, layer: LayerImportance, first: LayerImportance, number: int, category: str) -> dict[str, Cell]:
        pictures = len(layer.drops.probe)
        one, draws = np.ones((1, pictures)), resamples(pictures, self.seed)
        unset = np.full(len(draws), np.nan)

        def measured(which: LayerImportance) -> tuple[Floats, Floats, Floats, Floats, Floats]:
            if not which.chosen[number]:
                return unset[:1], unset[:1, None], unset[:1], unset, unset
            sets = which.drops.pictures.shape[1] - 1 - len(which.best)
            value, random, over = which.over_random(category, one, np.ones((1, sets)))
            drawn, _, drawn_over = which.over_random(category, draws, resamples(sets, self.seed))
            return value, random, over, drawn, drawn_over

        value, random, over, drawn, drawn_over = measured(layer)
        row = dict(spread("drop", value[0], drawn))
        row |= {"random": cell_of(random.mean()), "random_high": cell_of(np.quantile(random, 0.95))}
        row |= spread("over_random", over[0], drawn_over)
        if layer is first:
            return row | spread("over_first", np.nan, unset)
        _, _, over_there, _, drawn_there = measured(first)
        return row | spread("over_first", over[0] - over_there[0], drawn_over - drawn_there)


def remove_best(
    models: Sequence[str | Path | Subject],
    annotations: Annotations,
    data: DataSet | None = None,
    *,
    layers: Sequence[str] = (),
    score: str = "relative_nss",
    top: int = TOP,
    sets: int = SETS,
    replacement: Replacement = "mean",
    categories: Sequence[str] = (),
    limit: int | None = None,
    settings: Settings | None = None,
    batch: int = BATCH,
    cache: Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda name, done, total: None,
) -> Importance:
    """Remove the best units of each category together, and as many drawn at random, and measure what the map loses in the category's regions.

    Do head units matter more after training? Name the network whose encoder was fixed first and the fine-tuned one second.

    Args:
        models: saliency networks, as `open_subject` takes them.
        annotations: the regions.
        data: the pictures with their gaze.
        layers: by name; the deepest stage that all networks have where none is named.
        score: of SCORES, by which units are best.
        top: how many are removed together.
        sets: how many sets are drawn at random from the layer's live units, the best ones among them.
        replacement, categories, limit, settings, batch, cache, device, progress: as in `ablate_units`.

    Raises:
        InputError: as `ablate_units`; fewer live units than are removed. UnknownName: a layer, a model or a score.
    """
    settings = settings or Settings()
    if score not in SCORES:
        raise UnknownName("score", score, SCORES)
    if top < 1 or sets < 2:
        raise InputError(f"one unit or more is removed, against two random sets or more; found {top} units and {sets} sets")
    if not models:
        raise InputError("name one or more networks to remove units from")
    subjects = named_apart([open_subject(model, device=device) for model in models])
    for subject in subjects:
        subject.predictor  # noqa: B018 (a bare encoder is told of before work begins)
    chosen = tuple(layers) or common_stages(subjects)[-1:]
    probe = gazed_probe(annotations, data, categories, limit, settings, progress)
    found = []
    for subject in subjects:
        for layer in chosen:
            bench = Bench(subject, layer, probe, settings, replacement, batch, ArrayCache(cache), progress)
            found.append(_importance(bench, score, top, sets, settings.seed))
    return Importance(tuple(found), score, top, replacement, settings.seed)


def _importance(bench: Bench, score: str, top: int, sets: int, seed: int) -> LayerImportance:
    probe, statistics, name = bench.probe, bench.statistics, bench.subject.name
    live = np.flatnonzero(statistics.scored)
    if len(live) <= top:
        raise InputError(
            f"the layer {bench.layer} of {name} has {len(live)} live units: with {top} removed there is nothing to compare with; remove fewer (--top)"
        )
    best, halves, chosen = _best_of_halves(bench, score, top)
    draw = np.random.Generator(np.random.PCG64([seed, sets]))
    drawn = np.stack([draw.choice(live, top, replace=False) for _ in range(sets)])
    # the sets of a category's two halves, then the random ones
    masks = np.zeros((2 * len(best) + sets, len(bench.values)), dtype=bool)
    for mask, units in zip(masks, [*best.reshape(-1, top), *drawn], strict=True):
        mask[units] = True
    masks[: 2 * len(best)][~np.repeat(chosen, 2)] = False
    other_half = 2 * np.arange(len(best)) + (1 - halves.T)
    random = np.tile(2 * len(best) + np.arange(sets), (len(probe), 1))
    drops = bench.drops(Removals(masks, np.concatenate([other_half, random], axis=1)))
    return LayerImportance(name, bench.layer, best, chosen, drops)


def _best_of_halves(bench: Bench, score: str, top: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """(K, 2, top): the best units on each half; (K, N): the half of each picture; (K,): whether both halves can tell."""
    probe, statistics = bench.probe, bench.statistics
    bench.gathering.gather({bench.layer: statistics})
    scores = LayerScores(bench.gathering.responses(bench.layer, statistics), probe.table, len(probe))
    names = probe.table.categories
    best, number = np.zeros((len(names), 2, top), dtype=np.int64), np.zeros((len(names), len(probe)), dtype=np.int64)
    chosen = np.zeros(len(names), dtype=bool)
    for category in range(len(names)):
        halves = halves_of(len(probe), np.unique(probe.table.picture[probe.table.holds[:, category]]))
        number[category] = halves[1].astype(np.int64)
        # a half counts twice, as in `LayerSummary.held_out`
        values = np.where(statistics.scored, scores.scores(score, category).of(2 * halves), np.nan)
        found = [best_units(value, top) for value in values]
        chosen[category] = all(len(units) == top for units in found)
        if chosen[category]:
            best[category] = found
    return best, number, chosen
