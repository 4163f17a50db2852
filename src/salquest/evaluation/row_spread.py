"""How much of the spread between the rows of a table is more than noise: the noise floor, the spread beyond noise, and what is left of it.

Rows are arrays (S, I) of one metric, seeds by pictures, as in crossed.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError, UnknownName
from salquest.evaluation.crossed import CrossedInterval, Floats, MeanSquares, crossed_difference, drawn_shares, satterthwaite, stacked
from salquest.evaluation.intervals import DRAWS


@dataclass(frozen=True)
class NoiseFloor:
    """What size of difference between two rows is nothing but noise.

    Attributes:
        half_width: 95 % of the differences between two equally good rows, of so many seeds and on these pictures, are smaller:
            t sqrt(2 variance / S). NaN where one seed cannot tell and nothing was borrowed.
        variance: of one seed's mean score around what its row and its seed are on average (row x seed, with the residual of the pictures),
            pooled over rows; `df` its degrees of freedom.
        seed_sd: standard deviation of a row's mean score from seed to seed, pooled over rows; what two rows share of it (initial weights,
            order of batches) is still in it.
        pair: the two rows that are one loss by construction (A/A), and `measured` their difference; None where none were named.
        rows, seeds, pictures: how many it was made from.
        is_borrowed: the variance comes from another table, because this one has one seed.
    """

    half_width: float
    variance: float
    df: float
    seed_sd: float
    pair: tuple[str, str] | None
    measured: CrossedInterval | None
    rows: int
    seeds: int
    pictures: int
    is_borrowed: bool = False

    @property
    def size(self) -> float:
        """The greater of the half-width and the measured difference of the A/A pair; differences below it are not told from noise.

        NaN where neither is known.
        """
        known = [self.half_width] if np.isfinite(self.half_width) else []
        known += [abs(self.measured.mean)] if self.measured is not None else []
        return max(known, default=float("nan"))

    def caption(self, decimals: int = 3) -> str:
        """The floor as it stands under a table, without a full stop."""
        parts = []
        if np.isfinite(self.half_width):
            origin = "variance borrowed from the same rows under several seeds" if self.is_borrowed else f"pooled over {self.rows} rows"
            parts.append(f"noise floor {self.half_width:.{decimals}f} (95 % of differences between two equally good rows, {origin})")
        else:
            parts.append("noise floor unknown: one seed cannot tell how far seeds differ")
        if self.measured is not None and self.pair is not None:
            mean, low, high = (f"{value:+.{decimals}f}" for value in (self.measured.mean, self.measured.low, self.measured.high))
            parts.append(f"A/A pair {self.pair[0]} − {self.pair[1]}: {mean} ({low}..{high})")
        if self.seeds > 1:
            parts.append(f"a row's mean moves by {self.seed_sd:.{decimals}f} from seed to seed (SD)")
        return "; ".join(parts)


@dataclass(frozen=True)
class Spread:
    """Standard deviation between rows beyond noise.

    Attributes:
        sd, low, high: of the rows' true means, with its 95 % interval; 0 where noise explains all of it.
        raw_sd: of the rows' measured means; `noise_sd` the part of it that noise is expected to make: sd^2 = raw_sd^2 - noise_sd^2.
        p: how probable means so uneven are where all rows are equally good (F test).
        rows, seeds, pictures: how many. With one seed and nothing borrowed, differences between seeds count as spread.
    """

    sd: float
    low: float
    high: float
    raw_sd: float
    noise_sd: float
    p: float
    rows: int
    seeds: int
    pictures: int


@dataclass(frozen=True)
class SpreadLeft:
    """How much of a spread is left under other circumstances: `ratio` of standard deviations with its 95 % interval, over `rows` rows."""

    ratio: float
    low: float
    high: float
    rows: int


def noise_floor(rows: Mapping[str, ArrayLike], pair: tuple[str, str] | None = None, *, borrow: NoiseFloor | None = None) -> NoiseFloor:
    """What size of difference between two rows is nothing but noise.

    Two rows that are equally good on every picture still differ, as each takes its own way from the same start. Their difference over S
    seeds has the variance 2 v / S, with v the variance of row x seed in the table of means (R, S), pooled over all rows: noise that differs
    from row to row is averaged, so leave rows out that failed. The floor is the 95 % point of |difference|. Beside it stands a measurement
    of the same thing: the difference of two rows that are one loss (W-BCE of w = .5 is half of BCE). At a fixed learning rate it holds the
    effect of half the step too; `size` is the greater of both.

    Args:
        rows: name -> one metric, (S, I) or (I,), same seeds and pictures for all.
        pair: the A/A pair.
        borrow: with one seed, the floor of the same rows under several: its variance is used.

    Raises:
        InputError: fewer than two rows, different shapes, fewer than two common pictures. UnknownName: the pair names no row.
    """
    from scipy.special import stdtrit

    for name in pair or ():
        if name not in rows:
            raise UnknownName("row", name, rows)
    table = stacked(rows)
    num_rows, seeds, pictures = table.shape
    measured = None if pair is None else crossed_difference(rows[pair[0]], rows[pair[1]])
    variance, df, seed_sd = float("nan"), float("nan"), float("nan")
    if seeds > 1:
        squares = _between_rows(table)
        variance, df = squares.seed / pictures, squares.seed_df
        seed_sd = float(np.sqrt(table.mean(axis=2).var(axis=1, ddof=1).mean()))
    elif borrow is not None:
        variance, df = borrow.variance, borrow.df
    half = float(stdtrit(df, 0.975) * np.sqrt(2 * variance / seeds))
    borrowed = seeds == 1 and borrow is not None
    return NoiseFloor(half, variance, df, seed_sd, pair, measured, num_rows, seeds, pictures, borrowed)


def spread(rows: Mapping[str, ArrayLike], *, borrow: NoiseFloor | None = None, draws: int = DRAWS, seed: int = 0) -> Spread:
    """Standard deviation between rows: of their means, less what noise adds to it.

    The noise of a mean is that of row x seed, row x picture and residual (rows share their seeds and pictures, so what those do to all rows
    alike does not count). The interval is a bootstrap over pictures and seeds, each draw one fewer than there are (Rao 1988: the variance
    of a mean then comes out right for few seeds too), moved to the corrected value, since resampling adds its own noise to every draw.

    Args:
        rows: name -> one metric, (S, I) or (I,), same seeds and pictures for all.
        borrow: with one seed, the floor of the same rows under several: its variance counts as noise.
        draws, seed: of the bootstrap.

    Raises:
        InputError: fewer than two rows, different shapes, fewer than two common pictures.
    """
    from scipy.special import fdtrc

    table = stacked(rows)
    raw, noise, df = _variances(table, borrow)
    generator = np.random.default_rng(seed)
    drawn = _drawn_variances(table, *(drawn_shares(number, draws, generator) for number in table.shape[1:]))
    low, high = np.sqrt(np.maximum(np.quantile(drawn - drawn.mean(), (0.025, 0.975)) + raw - noise, 0))
    p = float(fdtrc(len(table) - 1, df, raw / noise)) if noise > 0 else float(raw == 0)
    sd = np.sqrt(max(raw - noise, 0.0))
    return Spread(float(sd), float(low), float(high), float(np.sqrt(raw)), float(np.sqrt(noise)), p, *table.shape)


def spread_left(
    rows: Mapping[str, ArrayLike],
    reference: Mapping[str, ArrayLike],
    *,
    borrow: NoiseFloor | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> SpreadLeft:
    """How much of the reference's spread is left: with learning rates tuned, say, of that at one fixed rate.

    Args:
        rows, reference: name -> one metric, (S, I) or (I,), on the same pictures; rows that stand in both count. Seeds may differ.
        borrow: noise of a table of one seed, as in `spread`.
        draws, seed: of the bootstrap; both tables are drawn with the same pictures, each with seeds of its own.

    Returns:
        NaN where the reference has no spread beyond noise; an upper end without bound (inf) where draws of it have none.

    Raises:
        InputError: fewer than two rows in common, different pictures.
    """
    names = [name for name in reference if name in rows]
    if len(names) < 2:
        raise InputError(f"a spread is compared over rows that stand in both tables; in common: {', '.join(names) or 'none'}")
    new, old = ({name: np.atleast_2d(np.asarray(source[name], dtype=np.float64)) for name in names} for source in (rows, reference))
    seeds, pictures = new[names[0]].shape
    if old[names[0]].shape[1] != pictures:
        raise InputError(f"spreads are compared over the same pictures; found {pictures} and {old[names[0]].shape[1]}")
    joined = stacked({name: np.concatenate([new[name], old[name]]) for name in names})
    both = (joined[:, :seeds], joined[:, seeds:])
    generator = np.random.default_rng(seed)
    picture_shares = drawn_shares(joined.shape[2], draws, generator)
    drawn, found = [], []
    for table in both:
        raw, noise, _ = _variances(table, borrow)
        variances = _drawn_variances(table, drawn_shares(table.shape[1], draws, generator), picture_shares)
        drawn.append(np.maximum(variances - variances.mean() + raw - noise, 0))
        found.append(max(raw - noise, 0.0))
    if found[1] == 0:
        return SpreadLeft(float("nan"), float("nan"), float("nan"), len(names))
    ratios = np.divide(drawn[0], drawn[1], out=np.full(draws, np.inf), where=drawn[1] > 0)
    low, high = np.sqrt(np.quantile(ratios, (0.025, 0.975), method="inverted_cdf"))
    return SpreadLeft(float(np.sqrt(found[0] / found[1])), float(low), float(high), len(names))


def _between_rows(table: Floats) -> MeanSquares:
    """Mean squares of row x seed, row x picture and residual, of (R, S, I)."""
    return MeanSquares.of(table - table.mean(axis=0), degrees=len(table) - 1)


def _variances(table: Floats, borrow: NoiseFloor | None) -> tuple[float, float, float]:
    """Variance of the rows' means (R, S, I), the part of it that is noise, and the degrees of freedom of that part."""
    _, seeds, pictures = table.shape
    noise, df = _between_rows(table).variance_of_mean(seeds, pictures)
    if seeds == 1 and borrow is not None:
        noise, df = satterthwaite([(noise, df), (borrow.variance, borrow.df)])
    return float(table.mean(axis=(1, 2)).var(ddof=1)), noise, df


def _drawn_variances(table: Floats, seed_shares: Floats, picture_shares: Floats) -> Floats:
    """Variance between the means of rows (R, S, I) in each draw, (draws,)."""
    num_rows, seeds, pictures = table.shape
    centred = table - table.mean(axis=0)  # what rows share does not move their variance; without it less is lost to rounding
    by_seed = (centred.reshape(-1, pictures) @ picture_shares.T).reshape(num_rows, seeds, -1)
    return np.einsum("rsd,ds->rd", by_seed, seed_shares).var(axis=0, ddof=1)
