"""Seeds and pictures as crossed random effects: how far a mean, or a difference of two rows of a table, can be trusted.

A row (a loss, a model) was trained with S seeds and scored on I pictures, each seed on each picture: an array (S, I) of one metric. Another
draw of seeds and another draw of pictures would both move its mean, so both are in its interval:

    score[s, i] = mean + seed[s] + picture[i] + residual[s, i]        variance of the mean = seed / S + picture / I + residual / (S I)

Rows that share seeds and pictures are compared by their paired differences, in which all that a seed or a picture does to both is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError, UnknownName
from salquest.evaluation.paired_tests import holm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CrossedInterval:
    """A mean over seeds and pictures with its 95 % interval.

    Attributes:
        mean, low, high: in the metric's unit.
        standard_error: of the mean; `df` its degrees of freedom (Satterthwaite 1946).
        seeds, pictures: over how many. With one seed the interval is over pictures alone: how far other seeds differ is not in it.
        seed_sd, picture_sd, residual_sd: standard deviations of the three effects; NaN where one seed cannot tell (picture_sd then holds
            the residual too).
        negative: effects whose variance came out below 0 and was set to 0 ("seed", "picture").
    """

    mean: float
    low: float
    high: float
    standard_error: float
    df: float
    seeds: int
    pictures: int
    seed_sd: float
    picture_sd: float
    residual_sd: float
    negative: tuple[str, ...] = ()

    @property
    def p(self) -> float:
        """Two-sided p of a true mean of 0 (t test): meant for differences. 1 where every difference is 0."""
        from scipy.special import stdtr

        if self.standard_error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * stdtr(self.df, -abs(self.mean) / self.standard_error))

    def about(self) -> str:
        """What the interval is over, for captions: `95 % interval over 268 pictures and 3 seeds as crossed effects`."""
        if self.seeds == 1:
            return f"95 % interval over {self.pictures} pictures of one seed: how far other seeds differ is not in it"
        return f"95 % interval over {self.pictures} pictures and {self.seeds} seeds as crossed effects"


@dataclass(frozen=True)
class RowPair:
    """Two rows of a table: mean of first - second with its interval, p of no difference, and p corrected by Holm for all pairs tested."""

    first: str
    second: str
    difference: CrossedInterval
    p: float
    p_holm: float


def crossed_mean(values: ArrayLike) -> CrossedInterval:
    """Mean of one row with its interval over seeds and pictures: two-way random effects without replication (Searle 1992).

    Variances come from mean squares; one below 0 is set to 0 and named in `negative`. With few seeds that differ much the interval is wide,
    as Student's t of S - 1 degrees of freedom is: 4.3 standard errors to each side for three. Two seeds are too few: where they differ
    about as much as pictures do, the interval holds the truth less often than nine times in ten.

    Args:
        values: one metric, (S, I), or (I,) for one seed; a picture that is NaN under any seed is left out.

    Raises:
        InputError: fewer than two pictures, or an infinite score.
    """
    values = _table(values)
    return _interval(values[:, ~np.isnan(values).any(axis=0)])


def crossed_difference(first: ArrayLike, second: ArrayLike) -> CrossedInterval:
    """Mean of first - second, seed by seed and picture by picture, with its interval and p.

    Args:
        first, second: one metric of two rows, (S, I) or (I,), with the same seeds and pictures in the same order; a picture that is NaN in
            either is left out.

    Raises:
        InputError: different shapes, fewer than two pictures, or an infinite score.
    """
    table = stacked({"first": first, "second": second})
    return _interval(table[0] - table[1])


def compare_rows(rows: Mapping[str, ArrayLike], *, pairs: Sequence[tuple[str, str]] | None = None) -> list[RowPair]:
    """Every pair of rows, with p values corrected for their number by Holm.

    Three seeds have two degrees of freedom to say how far a difference moves from seed to seed, too few to tell any pair of many apart. The
    pairs of a table lend each other theirs: the seed mean square of each is drawn towards the others', the more the more alike they are
    (empirical Bayes, Smyth 2004). With two rows, or one seed, there is nothing to lend, and results are those of `crossed_difference`.
    Where some rows are ten times as noisy as others the corrected p are somewhat too small: leave out rows that failed.

    Args:
        rows: name -> one metric, (S, I) or (I,), same seeds and pictures for all; a picture that is NaN in any row is left out for all.
        pairs: what is compared and corrected for; all pairs where it is not given.

    Raises:
        InputError: fewer than two rows, different shapes, no common picture, an infinite score. UnknownName: a pair names no row.
    """
    names = list(rows)
    for name in {name for pair in pairs or () for name in pair}:
        if name not in rows:
            raise UnknownName("row", name, names)
    table = dict(zip(names, stacked(rows), strict=True))
    wanted = list(combinations(names, 2)) if pairs is None else list(pairs)
    lent = _lent([table[a] - table[b] for a, b in combinations(names, 2)]) if len(names) > 2 else None
    found = [_interval(table[a] - table[b], lent) for a, b in wanted]
    p_values = [difference.p for difference in found]
    return [
        RowPair(first, second, difference, p, float(corrected))
        for (first, second), difference, p, corrected in zip(wanted, found, p_values, holm(p_values), strict=True)
    ]


def stacked(rows: Mapping[str, ArrayLike]) -> Floats:
    """Rows as one array (R, S, I) of the pictures that all of them have a score for.

    Raises:
        InputError: fewer than two rows, different shapes, fewer than two common pictures, infinite scores.
    """
    if len(rows) < 2:
        raise InputError(f"rows are compared with one another; two or more are needed, found {len(rows)}")
    tables = {name: _table(values, name) for name, values in rows.items()}
    shapes = {name: table.shape for name, table in tables.items()}
    if len(set(shapes.values())) > 1:
        (a, one), (b, other) = next((x, y) for x, y in combinations(shapes.items(), 2) if x[1] != y[1])
        raise InputError(f"rows are compared seed by seed and picture by picture; {a} has (seeds, pictures) {one}, {b} has {other}")
    array = np.stack(list(tables.values()))
    return array[:, :, ~np.isnan(array).any(axis=(0, 1))]


@dataclass(frozen=True)
class MeanSquares:
    """Of a table (S, I), or summed over several: seeds, pictures and what is left, each with its degrees of freedom; NaN for one seed."""

    seed: float
    picture: float
    residual: float
    seed_df: float
    picture_df: float
    residual_df: float

    @classmethod
    def of(cls, tables: Floats, degrees: int = 1) -> MeanSquares:
        """Mean squares of (S, I), or pooled over tables (R, S, I) that together have `degrees` degrees of freedom among rows."""
        seeds, pictures = tables.shape[-2:]
        if pictures < 2:
            raise InputError(f"an interval over pictures takes two or more that every row has a score for; found {pictures}")
        centred = tables - tables.mean(axis=(-2, -1), keepdims=True)
        by_picture = centred.mean(axis=-2, keepdims=True)
        picture_df = degrees * (pictures - 1)
        picture = seeds * float((by_picture**2).sum()) / picture_df
        if seeds == 1:
            return cls(np.nan, picture, np.nan, np.nan, picture_df, np.nan)
        by_seed = centred.mean(axis=-1, keepdims=True)
        seed_df, residual_df = degrees * (seeds - 1), degrees * (seeds - 1) * (pictures - 1)
        residual = float(((centred - by_seed - by_picture) ** 2).sum()) / residual_df
        return cls(pictures * float((by_seed**2).sum()) / seed_df, picture, residual, seed_df, picture_df, residual_df)

    def variance_of_mean(self, seeds: int, pictures: int) -> tuple[float, float]:
        """Variance of a mean over seeds and pictures, effects below 0 counted as 0, with Satterthwaite's degrees of freedom."""
        if seeds == 1:
            return self.picture / pictures, self.picture_df
        # the sum is seed + picture - residual; an effect below 0 counts as one residual, which takes its own away again
        kept = [(square, df) for square, df in ((self.seed, self.seed_df), (self.picture, self.picture_df)) if square > self.residual]
        terms = [*kept, ((1 - len(kept)) * self.residual, self.residual_df)]
        total, df = satterthwaite(terms)
        return total / (seeds * pictures), df


def satterthwaite(terms: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Sum of independent (estimate, degrees of freedom), and the degrees of freedom of that sum (Satterthwaite 1946).

    >>> satterthwaite([(2.0, 4.0), (1.0, 2.0)])
    (3.0, 6.0)
    """
    total = sum(estimate for estimate, _ in terms)
    uncertain = sum(estimate**2 / df for estimate, df in terms)
    return total, total**2 / uncertain if uncertain > 0 else sum(df for _, df in terms)


def drawn_shares(number: int, draws: int, generator: np.random.Generator) -> Floats:
    """What each of `number` seeds or pictures counts in a resample, (draws, number), rows summing to 1; a single one always counts all.

    One fewer than there are is drawn, with replacement (Rao 1988): the variance of a resampled mean is then that of the mean, for three
    seeds too, where drawing three would give two thirds of it.
    """
    if number == 1:
        return np.ones((draws, 1))
    return generator.multinomial(number - 1, np.full(number, 1 / number), size=draws) / (number - 1)


@dataclass(frozen=True)
class _Lent:
    """What the pairs of a table know together of a seed mean square: about `square`, as sure as `df` degrees of freedom, `most` in all."""

    square: float
    df: float
    most: float

    def drawn(self, own: float, own_df: float) -> tuple[float, float]:
        """A pair's own mean square drawn towards that of all, and the degrees of freedom that it then has."""
        share = own_df / (self.df + own_df)
        return share * own + (1 - share) * self.square, min(self.df + own_df, self.most)


def _lent(differences: Sequence[Floats]) -> _Lent | None:
    """Fit pairs' common seed mean square and how alike they are, from mean and variance of their logarithms (Smyth 2004, section 6.2).

    Pairs that share a row are not independent: with R rows, the sample variance of their logarithms comes out about R / (R + 1) of what it
    should be (squares of two differences that share a row have a correlation of 1/4, and a pair shares a row with 4 of R + 1 others).
    """
    from scipy.special import digamma, polygamma

    seeds = differences[0].shape[0]
    if seeds == 1:
        return None
    squares = np.array([MeanSquares.of(difference).seed for difference in differences])
    squares = squares[squares > 1e-12 * squares.max()]  # the same row twice has nothing to say about others
    if len(squares) < 2:
        return None
    half = (seeds - 1) / 2
    logs = np.log(squares) - digamma(half) + np.log(half)
    num_rows = (1 + np.sqrt(1 + 8 * len(differences))) / 2
    beyond_chance = float(logs.var(ddof=1) * (num_rows + 1) / num_rows - polygamma(1, half))
    most = (num_rows - 1) * (seeds - 1)
    if beyond_chance < 1e-6:  # as alike as chance lets them be
        return _Lent(float(np.exp(logs.mean())), np.inf, most)
    half_lent = _inverse_trigamma(beyond_chance)
    return _Lent(float(np.exp(logs.mean() + digamma(half_lent) - np.log(half_lent))), 2 * half_lent, most)


def _inverse_trigamma(value: float) -> float:
    """The x > 0 at which the trigamma function has this value."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    # 1/x < trigamma(x) < 1/x + 1/x^2 for every x > 0
    return float(brentq(lambda x: polygamma(1, x) - value, 1 / value, (1 + np.sqrt(1 + 4 * value)) / (2 * value) + 1e-9))


def _table(values: ArrayLike, name: str = "a row") -> Floats:
    """One metric of one row as (S, I)."""
    table = np.asarray(values, dtype=np.float64)
    table = table[None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[0] == 0:
        raise InputError(f"the scores of {name} are (seeds, pictures), or (pictures,) for one seed; found shape {np.shape(values)}")
    if np.isinf(table).any():
        raise InputError(f"{name} has {int(np.isinf(table).sum())} infinite scores; declare a floor for its maps, or leave this metric out")
    return table


def _interval(values: Floats, lent: _Lent | None = None) -> CrossedInterval:
    """Of a table (S, I) without NaN."""
    from scipy.special import stdtrit

    seeds, pictures = values.shape
    squares = MeanSquares.of(values)
    seed_part, picture_part = squares.seed - squares.residual, squares.picture - squares.residual
    if seeds == 1:
        seed_part, picture_part = np.nan, squares.picture
    if lent is not None:
        seed, df = lent.drawn(squares.seed, squares.seed_df)
        squares = replace(squares, seed=seed, seed_df=df)
    variance, df = squares.variance_of_mean(seeds, pictures)
    mean, error = float(values.mean()), float(np.sqrt(variance))
    half = float(stdtrit(df, 0.975)) * error
    return CrossedInterval(
        mean=mean,
        low=mean - half,
        high=mean + half,
        standard_error=error,
        df=df,
        seeds=seeds,
        pictures=pictures,
        seed_sd=float(np.sqrt(max(seed_part, 0.0) / pictures)) if seeds > 1 else np.nan,
        picture_sd=float(np.sqrt(max(picture_part, 0.0) / seeds)),
        residual_sd=float(np.sqrt(squares.residual)),
        negative=tuple(name for name, part in (("seed", seed_part), ("picture", picture_part)) if part < 0),
    )
