"""Change split: how far apart networks are that differ in one thing (task, domain, loss, seed), layer by layer, and which of these moves more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.dissection.drift import LayerDrift
from salquest.dissection.summary import interval_of
from salquest.errors import InputError
from salquest.runs import Cell, Columns

Floats = NDArray[np.float64]
Pair = tuple[str, str]

# numbers of a drift of which 1 is "the same"; those with draws have intervals
MEASURES = ("cells_cka", "pictures_cka", "rsa", "unit_correlation", "best_match")
DRAWN = {"pictures_cka": "pictures_cka_draws", "rsa": "rsa_draws"}


@dataclass(frozen=True, eq=False)
class Change:
    """How much changes with one thing, or how much more with one thing than with another.

    Attributes:
        layer, measure: where, and by which number of `LayerDrift`.
        kind: what differs between the networks; a name that was given.
        minus: the kind whose change is taken off; "" for none.
        value: 1 - similarity, the mean over the kind's pairs; less that of `minus`.
        draws: the same on random halves of the pictures, paired over kinds; NaN for measures without draws.
    """

    layer: str
    measure: str
    kind: str
    minus: str
    value: float
    draws: Floats

    @property
    def interval(self) -> tuple[float, float]:
        """In which 95 % of the draws lie; NaN without draws. It speaks of pictures alone: another training run is what the kind "seed" is for."""
        return interval_of(self.draws)


def change_split(
    drift: Mapping[Pair, Mapping[str, LayerDrift]], kinds: Mapping[str, Sequence[Pair]], *, measures: Sequence[str] = MEASURES
) -> list[Change]:
    """How much of a layer's change goes with what.

    With a network A trained for saliency on one data set, B for saliency on another, C for another task on the data of A, A2 as A from
    another seed, and a start S: {"domain": [(A, B)], "task": [(A, C)], "seed": [(A, A2)], "start": [(S, A)]}. For losses each other loss is a kind.
    What differs by less than "seed" does differs by nothing that the thing itself did.

    Args:
        drift: of networks, as `Dissection.drift`; a pair may stand there either way round.
        kinds: name -> pairs of networks that differ in it.
        measures: of MEASURES.

    Returns:
        For every layer and measure: the change of each kind, then each kind less every kind behind it.

    Raises:
        InputError: a pair whose drift was not measured, a kind without pairs, or none.
    """
    if not kinds or not all(kinds.values()):
        raise InputError(f"a split of change needs kinds with one or more pairs of networks; found {dict(kinds)!r}")
    found = {kind: [_of_pair(drift, pair) for pair in pairs] for kind, pairs in kinds.items()}
    layers = next(iter(found.values()))[0]
    rows: list[Change] = []
    for layer in layers:
        for measure in measures:
            own = {kind: _change([pair[layer] for pair in pairs], measure) for kind, pairs in found.items()}
            rows += [Change(layer, measure, kind, "", *change) for kind, change in own.items()]
            names = list(own)
            for place, kind in enumerate(names):
                for minus in names[place + 1 :]:
                    (value, draws), (taken, drawn) = own[kind], own[minus]
                    rows.append(Change(layer, measure, kind, minus, value - taken, draws - drawn))
    return rows


def over_layers(changes: Sequence[Change]) -> Change:
    """The mean of one kind's change over layers, with the draws of the means: layers share pictures, so their intervals cannot be added.

    Raises:
        InputError: no changes, or of different kinds or measures.
    """
    same = {(change.measure, change.kind, change.minus) for change in changes}
    if len(same) != 1:
        raise InputError(f"a mean over layers is one of one kind and measure; found {sorted(same)}")
    measure, kind, minus = same.pop()
    values, draws = [change.value for change in changes], np.stack([change.draws for change in changes])
    return Change("", measure, kind, minus, float(np.mean(values)), draws.mean(axis=0))


def split_table(changes: Sequence[Change]) -> Columns:
    """One row per layer, measure and kind, and per layer, measure and two kinds: split.csv."""
    rows: list[dict[str, Cell]] = []
    for change in changes:
        low, high = change.interval
        numbers = {"change": change.value, "low": low, "high": high}
        row: dict[str, Cell] = {"layer": change.layer, "measure": change.measure, "kind": change.kind, "minus": change.minus}
        rows.append(row | {name: None if np.isnan(value) else value for name, value in numbers.items()})
    return Columns.of_rows(rows)


def _of_pair(drift: Mapping[Pair, Mapping[str, LayerDrift]], pair: Pair) -> Mapping[str, LayerDrift]:
    first, second = pair
    found = drift.get((first, second)) or drift.get((second, first))
    if found is None:
        there = ", ".join(f"{one} / {other}" for one, other in drift) or "none"
        raise InputError(f"how {first} and {second} differ was not measured (pairs='all' measures all of them); there are: {there}")
    return found


def _change(pairs: Sequence[LayerDrift], measure: str) -> tuple[float, Floats]:
    values = [1 - float(getattr(pair, measure)) for pair in pairs]
    if measure not in DRAWN:
        return float(np.mean(values)), np.full(len(pairs[0].pictures_cka_draws), np.nan)
    return float(np.mean(values)), np.mean([1 - getattr(pair, DRAWN[measure]) for pair in pairs], axis=0)
