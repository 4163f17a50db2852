"""Do two tables put their rows in the same order? Kendall's tau-b, with what other pictures and seeds would make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError
from salquest.evaluation.crossed import Floats, drawn_shares
from salquest.evaluation.intervals import DRAWS


@dataclass(frozen=True)
class Agreement:
    """How far two orders agree.

    Attributes:
        tau: Kendall's tau-b: 1 the same order, -1 the reverse, 0 neither (share of pairs in the same order less those in the other).
        low, high: where 95 % of resampled pictures and seeds put it; NaN where neither table has scores per picture.
        p: two-sided, of orders that have nothing to do with each other; with three rows it is never below 1/3, with four 1/12.
        rows: those that stand in both tables, which were compared.
    """

    tau: float
    low: float
    high: float
    p: float
    rows: tuple[str, ...]


def rank_agreement(
    first: Mapping[str, ArrayLike],
    second: Mapping[str, ArrayLike],
    *,
    same_pictures: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Kendall's tau-b between the rows' means in two tables, over the rows that stand in both (Kendall 1945).

    The interval resamples pictures and seeds (one fewer than there are, with replacement) of each table that has them. Noise pulls a tau
    towards 0, in each draw once more than in the tables themselves, so the interval leans that way and may leave out a tau near 1.

    Args:
        first, second: name -> one number, as printed, or one metric as an array (S, I) or (I,); a picture that is NaN in any of a table's
            rows is left out. Both tables with the same side up.
        same_pictures: both tables were scored on the same pictures in the same order, and are drawn together.
        draws, seed: of the resampling.

    Raises:
        InputError: fewer than three rows in common, or arrays that do not fit together.
    """
    from scipy.stats import kendalltau

    names = tuple(name for name in first if name in second)
    if len(names) < 3:
        raise InputError(f"an order is compared over three rows or more that stand in both tables; in common: {', '.join(names) or 'none'}")
    tables = [_stacked({name: table[name] for name in names}) for table in (first, second)]
    there = [~np.isnan(table).any(axis=(0, 1)) for table in tables]
    if same_pictures:
        if there[0].size != there[1].size:
            raise InputError(f"tables of the same pictures have as many of them; found {there[0].size} and {there[1].size}")
        there = [there[0] & there[1]] * 2
    tables = [table[:, :, kept] for table, kept in zip(tables, there, strict=True)]
    if not all(table.size for table in tables):
        raise InputError("the rows of a table have no scored picture in common; leave out the row that has none")
    found = kendalltau(*(table.mean(axis=(1, 2)) for table in tables))
    low = high = float("nan")
    if any(table[0].size > 1 for table in tables):
        low, high = map(float, np.quantile(_drawn_taus(tables, same_pictures, draws, seed), (0.025, 0.975)))
    return Agreement(float(found.statistic), low, high, float(found.pvalue), names)


def _stacked(rows: Mapping[str, ArrayLike]) -> Floats:
    """Rows as (R, S, I); a printed number is one picture under one seed."""
    arrays = {name: np.atleast_2d(np.asarray(values, dtype=np.float64)) for name, values in rows.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 2 for shape in shapes.values()):
        raise InputError(f"the rows of a table are numbers, or (seeds, pictures) of one shape; found {shapes}")
    return np.stack(list(arrays.values()))


def _drawn_taus(tables: Sequence[Floats], same_pictures: bool, draws: int, seed: int) -> Floats:
    """Tau-b of each resample, (draws,)."""
    generator = np.random.default_rng(seed)
    signs, shares = [], None
    for table in tables:
        num_rows, seeds, pictures = table.shape
        if shares is None or not same_pictures:
            shares = drawn_shares(pictures, draws, generator)
        by_seed = (table.reshape(-1, pictures) @ shares.T).reshape(num_rows, seeds, draws)
        means = np.einsum("rsd,ds->rd", by_seed, drawn_shares(seeds, draws, generator))
        upper, lower = np.triu_indices(num_rows, 1)
        signs.append(np.sign(means[upper] - means[lower]))
    untied = np.sqrt(np.abs(signs[0]).sum(axis=0) * np.abs(signs[1]).sum(axis=0))
    return np.divide((signs[0] * signs[1]).sum(axis=0), untied, out=np.zeros(draws), where=untied > 0)
