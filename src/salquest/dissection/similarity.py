"""How alike two representations of the same things are: centred kernel alignment, representational similarity, correlations of units.

X is (n, p) and Y is (n, q): n things (pictures, or cells of pictures) seen by p and q units. All functions compute in float64 and give 1 for
X against itself. What stays the same when what is done to X: linear CKA under rotation and one common scale, not under a scale per unit;
RSA under a shift and a scale of each thing's whole pattern; unit correlations under a shift and a positive scale of each unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from salquest.errors import InputError

Floats = NDArray[np.float64]

# random halves of the things; from so few things nothing is said about the spread over them
HALVES, LEAST_SPREAD = 200, 20


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """Linear centred kernel alignment, ||Y'X||^2 / (||X'X|| ||Y'Y||) of centred columns (Kornblith 2019, eq. 5), 0..1.

    Biased upwards where there are more units than things: independent Gaussians of n = 64, p = q = 512 have 0.89. See `unbiased_cka`.

    Raises:
        InputError: not two tables with the same number of rows, at least two.
    """
    a, b = (table - table.mean(axis=0) for table in _tables(x, y, least=2))
    if len(a) < min(a.shape[1], b.shape[1]):
        return _ratio(*(float((left * right).sum()) for left, right in _kernel_pairs(a @ a.T, b @ b.T)))
    return _ratio(*(float(np.square(left.T @ right).sum()) for left, right in _kernel_pairs(a, b)))


def hsic0(k: ArrayLike, kernel: ArrayLike) -> float:
    """Biased estimate of the Hilbert-Schmidt independence criterion, tr(KHLH) / (n-1)^2 (Gretton 2005), of two (n, n) kernels."""
    first, second = _kernels(k, kernel, least=2)
    centred = first - first.mean(axis=0) - first.mean(axis=1, keepdims=True) + first.mean()
    return float((centred * second).sum() / (len(first) - 1) ** 2)


def hsic1(k: ArrayLike, kernel: ArrayLike) -> float:
    """Unbiased estimate of the same (Song 2007, eq. 4), of two (n, n) kernels with n of 4 or more; below 0 at times when they are independent."""
    first, second = (np.array(one) for one in _kernels(k, kernel, least=4))
    np.fill_diagonal(first, 0)
    np.fill_diagonal(second, 0)
    n = len(first)
    trace = (first * second).sum()
    sums = first.sum() * second.sum() / ((n - 1) * (n - 2))
    mixed = 2 / (n - 2) * (first.sum(axis=0) @ second.sum(axis=0))
    return float((trace + sums - mixed) / (n * (n - 3)))


def unbiased_cka(x: ArrayLike, y: ArrayLike) -> float:
    """Linear CKA from unbiased estimates (Nguyen 2021): around 0 for independent tables, however many units; NaN where one does not vary.

    Raises:
        InputError: not two tables with the same number of rows, at least four.
    """
    return minibatch_cka([(x, y)])


def minibatch_cka(batches: Iterable[tuple[ArrayLike, ArrayLike]]) -> float:
    """Linear CKA from batches of things (Nguyen 2021, eq. 3): the three unbiased terms are meaned over the batches, then divided once.

    The same batches for both networks, all of one size: then batches of many pictures that do not fit into memory together tell what one
    batch of all of them would, up to chance.

    Raises:
        InputError: no batch, batches of different sizes, or of fewer than four things.
    """
    terms, sizes = [], set()
    for x, y in batches:
        a, b = _tables(x, y, least=4)
        sizes.add(len(a))
        terms.append([hsic1(left, right) for left, right in _kernel_pairs(a @ a.T, b @ b.T)])
    if len(sizes) != 1:
        raise InputError(f"batches are of one size, and one or more; found sizes {sorted(sizes)}: leave out the last one")
    return _ratio(*np.mean(terms, axis=0).tolist())


def dissimilarities(x: ArrayLike) -> Floats:
    """1 - Pearson's r between the patterns (rows) of every two things, (n * (n-1) / 2,): the upper triangle, row by row (Kriegeskorte 2008).

    A row without spread correlates with nothing: 1.
    """
    table = np.asarray(x, dtype=np.float64)
    apart = table - table.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(apart).sum(axis=1, keepdims=True))
    unit = np.divide(apart, length, out=np.zeros_like(apart), where=length > 0)
    return 1 - (unit @ unit.T)[np.triu_indices(len(table), 1)]


def rsa(x: ArrayLike, y: ArrayLike, *, method: Literal["spearman", "pearson"] = "spearman") -> float:
    """Representational similarity: the correlation of two tables' dissimilarities, -1..1; NaN where one has no spread.

    Raises:
        InputError: not two tables with the same number of rows, at least three; another method.
    """
    if method not in ("spearman", "pearson"):
        raise InputError(f"dissimilarities are compared by 'spearman' or 'pearson'; found {method!r}")
    first, second = (dissimilarities(table) for table in _tables(x, y, least=3))
    if method == "spearman":
        first, second = rankdata(first), rankdata(second)
    a, b = first - first.mean(), second - second.mean()
    return _ratio(*(float(left @ right) for left, right in _kernel_pairs(a, b)))


def half_samples(things: int) -> NDArray[np.int64]:
    """HALVES random halves of the numbers 0..things - 1, (HALVES, things // 2), each in order: the same for the same number of things.

    A half without replacement spreads around the whole as the whole spreads around what it estimates (for a mean exactly so: the delete-half
    jackknife, Shao 1989), and no thing is in it twice: copies of one picture are alike for every network, and would raise every similarity.
    """
    draw = np.random.Generator(np.random.PCG64(things))
    order = draw.permuted(np.tile(np.arange(things), (HALVES, 1)), axis=1)
    return np.sort(order[:, : things // 2], axis=1)


def similarities_of_halves(x: ArrayLike, y: ArrayLike, halves: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """`unbiased_cka` and `rsa` (Spearman) on parts of the things, (D,) each; NaN for fewer than LEAST_SPREAD things.

    Args:
        x, y: (n, p) and (n, q).
        halves: numbers of the things of each part, (D, m). Ranks of dissimilarities are those among all things.

    Raises:
        InputError: not two tables with the same number of rows.
    """
    a, b = _tables(x, y, least=1)
    if len(a) < LEAST_SPREAD:
        return np.full(len(halves), np.nan), np.full(len(halves), np.nan)
    kernels = [a @ a.T, b @ b.T]
    ranks = [_as_square(rankdata(dissimilarities(table))) for table in (a, b)]
    upper = np.triu_indices(halves.shape[1], 1)
    cka, similar = np.empty(len(halves)), np.empty(len(halves))
    for number, half in enumerate(halves):
        place = np.ix_(half, half)
        ours, theirs = (kernel[place] for kernel in kernels)
        cka[number] = _ratio(*(hsic1(one, other) for one, other in _kernel_pairs(ours, theirs)))
        first, second = (square[place][upper] for square in ranks)
        apart = first - first.mean(), second - second.mean()
        similar[number] = _ratio(*(float(one @ other) for one, other in _kernel_pairs(*apart)))
    return cka, similar


def _as_square(upper: Floats) -> Floats:
    """A symmetric matrix from its upper triangle, row by row; zeros on the diagonal."""
    number = int((1 + np.sqrt(1 + 8 * len(upper))) / 2)
    square = np.zeros((number, number))
    square[np.triu_indices(number, 1)] = upper
    return square + square.T


class CrossMoments:
    """Two networks' units over any number of things, added table by table: exact linear CKA and correlations in (p + q)^2 numbers.

    Args:
        p, q: units of the two.
    """

    def __init__(self, p: int, q: int) -> None:
        self._units = (p, q)
        self._number = 0
        self._origin: NDArray | None = None
        self._sum, self._products = np.zeros(p + q), np.zeros((p + q, p + q))

    def add(self, x: NDArray, y: NDArray) -> None:
        """Add n things, (n, p) and (n, q)."""
        both = np.concatenate([x, y], axis=1)
        if self._origin is None:
            # around the first table's means: sums of squares around 0 would lose the digits of small deviations
            self._origin = both.mean(axis=0)
        apart = both - self._origin
        self._sum += apart.sum(axis=0, dtype=np.float64)
        self._products += apart.T @ apart
        self._number += len(both)

    def covariance(self) -> Floats:
        """Of all units of the first and then the second network, (p + q, p + q)."""
        mean = self._sum / max(self._number, 1)
        return self._products / max(self._number, 1) - np.outer(mean, mean)

    def cka(self) -> float:
        """`linear_cka` of everything that was added."""
        whole, p = self.covariance(), self._units[0]
        return _ratio(*(float(np.square(part).sum()) for part in (whole[:p, p:], whole[:p, :p], whole[p:, p:])))

    def correlations(self) -> Floats:
        """Pearson's r of every unit of the first with every unit of the second, (p, q); NaN with a unit that does not vary."""
        whole, p = self.covariance(), self._units[0]
        variance = whole.diagonal()
        # what rounding leaves of a constant unit's variance
        steady = variance <= 1e-12 * np.maximum(np.square(self._origin if self._origin is not None else 0), variance.max(initial=0) * 1e-6)
        deviation = np.where(steady, np.nan, np.sqrt(np.maximum(variance, 0)))
        return np.clip(whole[:p, p:] / np.outer(deviation[:p], deviation[p:]), -1, 1)


def best_match(correlations: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Pair each unit of the smaller network with one of the other so that the sum of |r| is greatest (Li 2016).

    Args:
        correlations: (p, q); NaN counts as 0.

    Returns:
        The partner of each row's unit, (p,), -1 for those left over; its |r|, (p,), NaN for those.
    """
    strength = np.nan_to_num(np.abs(correlations), nan=0.0)
    rows, columns = linear_sum_assignment(strength, maximize=True)
    partner, matched = np.full(len(strength), -1, dtype=np.int64), np.full(len(strength), np.nan)
    partner[rows], matched[rows] = columns, strength[rows, columns]
    return partner, matched


def _kernel_pairs(a: NDArray, b: NDArray) -> tuple[tuple[NDArray, NDArray], ...]:
    return (a, b), (a, a), (b, b)


def _ratio(across: float, first: float, second: float) -> float:
    """A similarity from the three terms; NaN where one side has no spread (an unbiased estimate of it may be below 0)."""
    return across / float(np.sqrt(first * second)) if first > 0 and second > 0 else float("nan")


def _tables(x: ArrayLike, y: ArrayLike, *, least: int) -> tuple[Floats, Floats]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or len(a) < least:
        raise InputError(f"two tables of {least} or more rows, (n, p) and (n, q), are compared; found {a.shape} and {b.shape}")
    return a, b


def _kernels(k: ArrayLike, kernel: ArrayLike, *, least: int) -> tuple[Floats, Floats]:
    a, b = np.asarray(k, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape or a.shape[0] != a.shape[1] or len(a) < least:
        raise InputError(f"two kernels of {least} or more things, (n, n), are compared; found {a.shape} and {b.shape}")
    return a, b
