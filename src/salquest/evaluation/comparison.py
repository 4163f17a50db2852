"""Two or more models on the same pictures: which differ, by how much, how surely, and on which pictures most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.evaluation.intervals import Interval, bootstrap_mean
from salquest.evaluation.paired_tests import EXACT_UP_TO, Ranking, holm, rank_models, sign_flip_p
from salquest.evaluation.scores import Scores
from salquest.metrics import METRICS
from salquest.runs import Columns


@dataclass(frozen=True)
class Pair:
    """Two models under one metric.

    Attributes:
        metric, first, second: who is compared under what.
        difference: mean of first - second over common pictures, with its 95 % interval (bootstrap over pictures), in the metric's unit.
        p: of the sign-flip test; `p_holm` is corrected for all pairs of this metric.
        better: the model in front; "" where the means are equal.
    """

    metric: str
    first: str
    second: str
    difference: Interval
    p: float
    p_holm: float
    better: str


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        results: each model's scores on the common pictures.
        keys: the common pictures.
        missing: picture -> the models that have no score for it; left out for all.
        pairs: every pair under every metric.
        rankings: metric -> average ranks with their critical difference.
        seed: of the intervals and of the random signs.
    """

    results: tuple[Scores, ...]
    keys: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]]
    pairs: tuple[Pair, ...]
    rankings: Mapping[str, Ranking]
    seed: int

    @property
    def models(self) -> tuple[str, ...]:
        """Their names, in the order given."""
        return tuple(result.model for result in self.results)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Under which they were compared."""
        return self.results[0].metrics

    def differing(self, metric: str, first: str, second: str, number: int = 6) -> list[tuple[str, float]]:
        """The pictures on which two models differ most, with first - second, the greatest first; pictures without this score are left out."""
        differences = self._of(first).values(metric) - self._of(second).values(metric)
        order = [i for i in np.argsort(-np.abs(differences), kind="stable") if not np.isnan(differences[i])]
        return [(self.keys[i], float(differences[i])) for i in order[:number]]

    def columns(self) -> Columns:
        """One row per metric and pair."""
        return Columns.of_rows(
            [
                {
                    "metric": pair.metric,
                    "unit": METRICS[pair.metric].unit,
                    "first": pair.first,
                    "second": pair.second,
                    "difference": pair.difference.mean,
                    "low": pair.difference.low,
                    "high": pair.difference.high,
                    "p": pair.p,
                    "p_holm": pair.p_holm,
                    "better": pair.better,
                    "num_pictures": pair.difference.number,
                    "convention": self.results[0].convention,
                }
                for pair in self.pairs
            ]
        )

    def as_document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "pictures": len(self.keys),
            "missing": {key: list(models) for key, models in self.missing.items()},
            "pairs": self.columns().rows(),
            "ranks": {
                metric: {
                    "ranks": ranking.ranks,
                    "critical_difference": ranking.critical_difference,
                    "friedman_p": ranking.friedman_p,
                    "num_pictures": ranking.number,
                    "groups": [list(group) for group in ranking.groups()],
                }
                for metric, ranking in self.rankings.items()
            },
            "caption": self.caption(),
        }

    def caption(self) -> str:
        """How the differences were tested, without a full stop."""
        few = len(self.keys) <= EXACT_UP_TO
        test = "all sign patterns" if few else f"random signs, seed {self.seed}"
        return f"paired over {len(self.keys)} pictures; 95 % bootstrap intervals; p of a sign-flip test ({test}), Holm over all pairs of a metric"

    def _of(self, model: str) -> Scores:
        for result in self.results:
            if result.model == model:
                return result
        raise InputError(f"{model} was not compared; there are: {', '.join(self.models)}")


def compare(results: Sequence[Scores], *, seed: int = 0) -> Comparison:
    """Compare models picture by picture.

    Differences of means are tested by flipping signs (every pattern up to 16 pictures, 20,000 random ones beyond), corrected by Holm over
    the pairs of each metric; ranks by Friedman's test and Nemenyi's critical difference. A picture that lacks one model's score (NaN) is
    left out of that metric.

    Args:
        results: what `evaluate` answered, of two models or more.
        seed: of the bootstrap and of the random signs.

    Raises:
        InputError: fewer than two; names that are not different; scores of different data, convention, density, average, floor or metrics;
            no common picture; infinite scores.
    """
    _check_alike(results)
    shared = set.intersection(*(set(result.keys) for result in results))
    keys = tuple(key for key in results[0].keys if key in shared)
    if not keys:
        raise InputError(f"{' and '.join(result.model for result in results)} have no scored picture in common")
    missing: dict[str, tuple[str, ...]] = {}
    for key in sorted({key for result in results for key in (*result.keys, *result.missing)} - set(keys)):
        missing[key] = tuple(result.model for result in results if key not in result.keys)
    common = tuple(_only(result, keys) for result in results)
    pairs: list[Pair] = []
    rankings: dict[str, Ranking] = {}
    for metric in common[0].metrics:
        scores = np.stack([result.values(metric) for result in common], axis=1)
        there = ~np.isnan(scores).any(axis=1)
        if not there.any():
            continue
        _check_finite(metric, scores[there], [result.model for result in common])
        weights = common[0].weights(metric)
        pairs += _pairs(metric, scores[there], None if weights is None else weights[there], common, seed)
        rankings[metric] = rank_models(scores[there], [r.model for r in common], up_is_better=METRICS[metric].direction == "up")
    return Comparison(common, keys, missing, tuple(pairs), rankings, seed)


def _pairs(
    metric: str, scores: NDArray[np.float64], weights: NDArray[np.float64] | None, results: Sequence[Scores], seed: int
) -> list[Pair]:
    """Every pair of columns of scores (N, K) of one metric."""
    couples = list(combinations(range(len(results)), 2))
    differences = np.stack([scores[:, i] - scores[:, j] for i, j in couples], axis=1)
    p_values = sign_flip_p(differences if weights is None else differences * weights[:, None], seed=seed)
    up = METRICS[metric].direction == "up"
    found = []
    for column, ((i, j), p, corrected) in enumerate(zip(couples, p_values, holm(p_values), strict=True)):
        interval = bootstrap_mean(differences[:, column], weights=weights, seed=seed)
        first, second = results[i].model, results[j].model
        better = "" if interval.mean == 0 else first if (interval.mean > 0) == up else second
        found.append(Pair(metric, first, second, interval, float(p), float(corrected), better))
    return found


def _only(result: Scores, keys: Sequence[str]) -> Scores:
    """The scores of these pictures alone."""
    rows = {str(row["image"]): row for row in result.columns.rows()}
    return replace(result, columns=Columns.of_rows([rows[key] for key in keys]), missing={})


def _check_alike(results: Sequence[Scores]) -> None:
    if len(results) < 2:
        raise InputError(f"a comparison takes two models or more; found {len(results)}")
    names = [result.model for result in results]
    if len(set(names)) < len(names):
        raise InputError(f"models that are compared need different names; found {', '.join(names)}")
    first = results[0]
    for what, called in (
        ("data", "data sets"),
        ("edition", "editions of the data"),
        ("convention", "conventions"),
        ("lines", "settings of a convention"),
        ("sigma_px", "widths of the densities (sigma_px)"),
        ("average", "averages"),
        ("floor", "floors of 8-bit maps"),
        ("metrics", "metrics"),
    ):
        for other in results[1:]:
            if getattr(first, what) != getattr(other, what):
                raise InputError(
                    f"{first.model} and {other.model} were scored with different {called}: {_plain(getattr(first, what))} and "
                    f"{_plain(getattr(other, what))}; score both alike, then compare"
                )


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {said}" for name, said in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _check_finite(metric: str, scores: NDArray[np.float64], models: Sequence[str]) -> None:
    infinite = np.isinf(scores).sum(axis=0)
    if infinite.any():
        which = int(infinite.argmax())
        raise InputError(
            f"{METRICS[metric].title} of {models[which]} is infinite on {infinite[which]} pictures: its map is 0 where people looked; declare a "
            "floor for 8-bit maps (floor 0.5), take the convention exact, or leave this metric out"
        )
