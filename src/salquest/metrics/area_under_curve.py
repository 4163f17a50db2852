"""The areas under the ROC curve: how well a map tells pixels that were looked at from those that were not.

Four metrics share the name AUC:

    auc            fixations against all pixels, every value a threshold, ties count one half: the exact one; chance 0.5
    auc_judd       fixations against pixels that nobody looked at, thresholds only at the fixated values; chance 0.5 + 1 / (2 (N + 1))
    auc_borji      fixations against random pixels, thresholds at steps of 0.1 of the map's range; chance 0.5, sharp maps lose
    auc_shuffled   fixations against fixations on other pictures, so that the centre bias alone earns nothing; chance 0.5

Sampled forms are here for comparison with the programs that sample; by default every expectation is computed, not drawn.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from salquest.errors import InputError
from salquest.metrics.counting import count_below
from salquest.metrics.fixations import OTHERS, FixatedCells, FixationsLike, open_fixations
from salquest.metrics.maps import Array, Constant, Floats, Integers, Maps, open_maps, settle_constant

Negatives = Literal["all", "unfixated"]
Ties = Literal["together", "in turn", "expected"]
Jitter = Literal["none", "uniform", "normal"]
Upper = Literal["included", "excluded"]
OwnCells = Literal["kept", "removed"]

JITTER_SIZE = 1e-7  # of the noise that MIT's and pysaliency's AUC-Judd add to the map, whatever the map's range


def auc(
    saliency: Array | Maps,
    fixations: FixationsLike,
    *,
    repeats: bool = True,
    negatives: Negatives = "all",
    constant: Constant = "chance",
) -> float | Array:
    """Exact area under the ROC curve (pysaliency's and the Tübingen benchmark's AUC): every value of the map is a threshold.

    The share of pairs (fixation, pixel) in which the fixation has the greater value; a tie counts one half. 0.5 at chance, 1 at best.
    Any increasing change of the map's values leaves it alone.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers.
        fixations: of the same pictures.
        repeats: every fixation counts; False: every pixel that was looked at counts once.
        negatives: "all" pixels, the fixated ones included, or those that are "unfixated": greater by a few thousandths.
        constant: what a map without spread scores: "chance" (0.5, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations, or without negatives.

    Raises:
        InputError: see `open_maps` and `open_fixations`.
    """
    if negatives not in ("all", "unfixated"):
        raise InputError(f"negatives are 'all' or 'unfixated'; found {negatives!r}")
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    values, below, at_most = _counted_at(maps, fixated)
    scores = np.full(len(maps), np.nan)
    for index, (held, weights) in enumerate(_pictures(values, fixated)):
        count = slice(len(held))
        rank, size = below[index, count] + at_most[index, count], maps.pixels
        if negatives == "unfixated":
            ordered = np.sort(held)
            rank, size = rank - np.searchsorted(ordered, held, "left") - np.searchsorted(ordered, held, "right"), size - len(held)
        if len(held) and size:
            scores[index] = (weights @ rank) / (2 * size * weights.sum())
    return maps.answer(settle_constant(maps, scores, 0.5, constant))


def auc_judd(
    saliency: Array | Maps,
    fixations: FixationsLike,
    *,
    repeats: bool = True,
    ties: Ties = "together",
    jitter: Jitter = "none",
    seed: int = 0,
    constant: Constant = "chance",
) -> float | Array:
    """AUC-Judd (Judd 2012): the ROC curve with a threshold at each fixated value only, against the pixels that nobody looked at.

    Positives are the fixations, negatives all pixels without one. The curve runs from (0, 0) through the point of each fixated value to (1,
    1), in straight lines, which gives every negative half a step more than the exact curve. So chance is 0.5 + 1 / (2 (N + 1)) with N
    fixated pixels (0.75 for one, 0.524 for twenty), and a single fixation never scores below 0.5.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers.
        fixations: of the same pictures.
        repeats: every fixation counts (pysaliency); False: every pixel that was looked at once (MIT).
        ties: "together": equal fixated values pass the threshold together, so that ties count one half and a constant map scores 0.5
            (pysaliency without jitter). "in turn": one after the other while all equal pixels count as passed, as MIT's program does, which
            is wrong where many are equal: a map of two levels scored 0.224 instead of 0.483. "expected": the mean over all ways of breaking
            the ties by a jitter too small to matter otherwise, in closed form.
        jitter: noise added first: "uniform" in 0..1e-7 (MIT's default), "normal" of deviation 1e-7 (pysaliency's default), or "none". It is
            not scaled by the map's range: maps of values near 1e-7, which densities of large pictures are, are destroyed by it.
        seed: of the noise; each picture of a batch gets the noise it would get alone.
        constant: what a map without spread (after the jitter) scores: "chance" (0.5, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations, or with one on every pixel.

    Raises:
        InputError: see `open_maps` and `open_fixations`.
    """
    if ties not in ("together", "in turn", "expected"):
        raise InputError(f"ties pass the threshold 'together', 'in turn', or are 'expected' to be broken; found {ties!r}")
    maps = open_maps(saliency)
    if jitter != "none":
        maps = _jittered(maps, jitter, seed)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    values, below, at_most = _counted_at(maps, fixated)
    area = {"together": _judd_together, "in turn": _judd_in_turn, "expected": _judd_expected}[ties]
    scores = np.full(len(maps), np.nan)
    for index, (held, weights) in enumerate(_pictures(values, fixated)):
        if 0 < len(held) < maps.pixels:
            order = np.argsort(-held, kind="stable")
            above, passed = maps.pixels - at_most[index, order], maps.pixels - below[index, order]
            scores[index] = area(held[order], weights[order] / weights.sum(), above, passed, maps.pixels - len(held))
    return maps.answer(settle_constant(maps, scores, 0.5, constant))


def judd_chance(num_cells: int) -> float:
    """What AUC-Judd gives a random map without ties, on average, with N distinct fixated pixels: 0.5 + 1 / (2 (N + 1))."""
    return 0.5 + 0.5 / (num_cells + 1)


def auc_borji(
    saliency: Array | Maps,
    fixations: FixationsLike,
    *,
    repeats: bool = True,
    step: float = 0.1,
    upper: Upper = "included",
    expected: bool = True,
    splits: int = 100,
    samples: int | None = None,
    seed: int = 0,
    fewest_cells: int = 1,
    constant: Constant = "chance",
) -> float | Array:
    """AUC-Borji (Borji 2013): fixations against random pixels, the ROC curve read at steps of the map's range. 0.5 at chance.

    Random pixels are drawn from all pixels, with replacement. The area is linear in their false rate, so its expectation is the area of the
    same stepped curve against all pixels: that is the default, without noise (a mean over 100 splits has a deviation of 0.001 to 0.005).
    Values within one step count as ties: against the exact `auc` a step of 0.1 loses 0.03 on average and 0.12 at worst, more on sharp maps.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers; scaled to 0..1 here.
        fixations: of the same pictures.
        repeats: every fixation counts; False: every pixel that was looked at once (MIT).
        step: distance of the thresholds 0, step, 2 step, ... up to 1; a pixel passes a threshold that it reaches.
        upper: whether a threshold at the greatest value found is "included" (MATLAB ranges) or "excluded" (numpy's arange; SALICON).
        expected: the expectation; False: the mean over `splits` random draws, as the programs do.
        splits, samples, seed: how many draws, of how many pixels each (None: as many as positives), from which seed; only where not
            expected.
        fewest_cells: a picture with fewer distinct fixated pixels scores NaN (MIT's program: 2).
        constant: what a map without spread scores: "chance" (0.5, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations.

    Raises:
        InputError: see `open_maps` and `open_fixations`.
    """
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    grid = _thresholds(step, upper)
    positives = _pictures(maps.in_range(maps.at(fixated.padded[0])), fixated)
    if expected:
        below, _ = count_below(maps, maps.from_range(grid))
        false = (maps.pixels - below) / maps.pixels
    scores = np.full(len(maps), np.nan)
    for index, (held, weights) in enumerate(positives):
        if len(held) < max(fewest_cells, 1):
            continue
        if expected:
            scores[index] = _stepped_area(held, weights, false[index], 0.0 if maps.constant[index] else 1.0, grid, upper)
        else:
            picture = maps.picture(index)
            drawn = np.random.default_rng(seed).integers(maps.pixels, size=(splits, samples or round(weights.sum())))
            values = picture.in_range(picture.at(drawn.reshape(1, -1))).reshape(drawn.shape)
            scores[index] = _sampled_area(held, weights, values, grid, upper)
    return maps.answer(settle_constant(maps, scores, 0.5, constant))


def auc_shuffled(
    saliency: Array | Maps,
    fixations: FixationsLike,
    others: FixationsLike,
    *,
    repeats: bool = True,
    own_cells: OwnCells = "kept",
    step: float | None = None,
    upper: Upper = "included",
    expected: bool = True,
    splits: int = 100,
    samples: int | None = None,
    seed: int = 0,
    constant: Constant = "chance",
) -> float | Array:
    """Shuffled AUC: fixations against the fixations on other pictures, so that knowing the centre bias alone earns 0.5.

    By default exact (pysaliency, Tübingen): all other fixations, every value a threshold, ties count one half.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers.
        fixations: of the same pictures.
        others: for each picture the fixations on other pictures, moved to its size (Fixations.resized), repeats and all. Which pictures,
            and how many, changes the score: state it. A CountMap may say how many pictures were looked at there (SALICON).
        repeats: every fixation counts, on both sides; False: every pixel once, on both sides (MIT).
        own_cells: negatives on pixels that are fixated here too are "kept", or "removed" (SALICON).
        step: None: every value is a threshold; a number: thresholds at 0, step, 2 step, ... of the map's range, as in `auc_borji` (MIT 0.1,
            SALICON 0.01). 0.1 loses 0.02 on average, 0.16 at worst.
        upper: as in `auc_borji`; only with a step.
        expected: all negatives, which is the expectation of drawing some; False: the mean over `splits` random draws without replacement.
        splits, samples, seed: how many draws, of how many negatives each (None: as many as positives, or all if there are fewer), from
            which seed; only where not expected.
        constant: what a map without spread scores: "chance" (0.5, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations or without negatives.

    Raises:
        InputError: see `open_maps` and `open_fixations`; a draw without a step.
    """
    if own_cells not in ("kept", "removed"):
        raise InputError(f"own cells are 'kept' among the negatives or 'removed' from them; found {own_cells!r}")
    if step is None and not expected:
        raise InputError("drawing negatives (expected=False) is the stepped form; give a step, such as 0.1")
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    elsewhere = open_fixations(others, maps, OTHERS).counted(repeats=repeats)
    if own_cells == "removed":
        elsewhere = elsewhere.without(fixated)
    # without steps the values themselves are compared: scaling them could round two of them to one
    scaled = maps.in_range if step is not None else np.asarray
    positives = _pictures(scaled(maps.at(fixated.padded[0])), fixated)
    negatives = _pictures(scaled(maps.at(elsewhere.padded[0])), elsewhere)
    scores = np.full(len(maps), np.nan)
    for index, ((held, weights), (other, counts)) in enumerate(zip(positives, negatives, strict=True)):
        if not len(held) or not len(other):
            continue
        if step is None:
            scores[index] = _exact_area(held, weights, other, counts)
            continue
        grid = _thresholds(step, upper)
        if expected:
            false = _reached(other, counts, grid) / counts.sum()
            scores[index] = _stepped_area(held, weights, false, max(held.max(), other.max()), grid, upper)
        else:
            pool = np.repeat(other, counts.astype(np.int64))
            size = min(samples or round(weights.sum()), len(pool))
            draw = np.random.default_rng(seed)
            drawn = np.stack([draw.choice(pool, size, replace=False) for _ in range(splits)])
            scores[index] = _sampled_area(held, weights, drawn, grid, upper)
    return maps.answer(settle_constant(maps, scores, 0.5, constant))


def _exact_area(positives: Floats, weights: Floats, negatives: Floats, counts: Floats) -> float:
    order = np.argsort(negatives)
    ordered, mass = negatives[order], np.concatenate([[0.0], np.cumsum(counts[order])])
    rank = mass[np.searchsorted(ordered, positives, "left")] + mass[np.searchsorted(ordered, positives, "right")]
    return float((weights @ rank) / (2 * mass[-1] * weights.sum()))


def _thresholds(step: float, upper: Upper) -> Floats:
    if not 0 < step <= 1:
        raise InputError(f"the step of the thresholds lies between 0 and 1, the map's range; found {step}")
    if upper not in ("included", "excluded"):
        raise InputError(f"the upper end of the thresholds is 'included' or 'excluded'; found {upper!r}")
    # multiples, as MATLAB's ranges and numpy's arange make them: the third of step 0.1 is 0.30000000000000004
    return np.arange(int(1 / step * (1 + 1e-12)) + 1, dtype=np.float64) * step


def _reached(values: Floats, weights: Floats, grid: Floats) -> Floats:
    """Weight of the values at or above each threshold."""
    order = np.argsort(values)
    mass = np.concatenate([[0.0], np.cumsum(weights[order])])
    reached: Floats = mass[-1] - mass[np.searchsorted(values[order], grid, "left")]
    return reached


def _sampled_area(positives: Floats, weights: Floats, drawn: Floats, grid: Floats, upper: Upper) -> float:
    """Mean area over draws of negatives (splits, samples)."""
    top = max(positives.max(), 0.0)
    areas = [
        _stepped_area(positives, weights, _reached(split, np.ones(len(split)), grid) / len(split), max(top, split.max()), grid, upper)
        for split in drawn
    ]
    return float(np.mean(areas))


def _stepped_area(positives: Floats, weights: Floats, false: Floats, top: float, grid: Floats, upper: Upper) -> float:
    """Area under the curve through the points of the thresholds; `false`: the negatives' share above each; `top`: the greatest value."""
    true = _reached(positives, weights, grid) / weights.sum()
    if upper == "excluded":  # a threshold that is left out is as good as one that nobody reaches: it adds nothing
        true, false = np.where(grid < top, true, 0.0), np.where(grid < top, false, 0.0)
    # from (1, 1), where the threshold is below everything, down to (0, 0)
    return float(-np.trapezoid(np.concatenate([[1.0], true, [0.0]]), np.concatenate([[1.0], false, [0.0]])))


# The three areas of AUC-Judd, from the fixated values in decreasing order, the share of the fixations at each, and how many of all pixels
# lie above it (`above`), and above or at it (`passed`). A share w whose threshold moves the false rate from f to g adds w (1 - (f + g) / 2).


def _judd_together(values: Floats, shares: Floats, above: Integers, passed: Integers, num_negatives: int) -> float:
    last = _last_of_equals(values)
    group = np.diff(np.cumsum(shares)[last], prepend=0.0)
    false = (passed[last] - (last + 1)) / num_negatives
    return float(group @ (1 - (false + np.concatenate([[0.0], false[:-1]])) / 2))


def _judd_in_turn(values: Floats, shares: Floats, above: Integers, passed: Integers, num_negatives: int) -> float:
    true = np.concatenate([[0.0], np.cumsum(shares), [1.0]])
    false = np.concatenate([[0.0], (passed - np.arange(1, len(values) + 1)) / num_negatives, [1.0]])
    return float(np.trapezoid(true, false))


def _judd_expected(values: Floats, shares: Floats, above: Integers, passed: Integers, num_negatives: int) -> float:
    last = _last_of_equals(values)
    tied = np.diff(last, prepend=-1)
    group = np.diff(np.cumsum(shares)[last], prepend=0.0)
    greater = above[last] - (last + 1 - tied)  # negatives above the group's value
    equal = passed[last] - above[last] - tied  # negatives at it, which a jitter spreads evenly into the tied + 1 gaps between its fixations
    behind = equal / (tied + 1)
    before = np.concatenate([[0.0], (greater + equal - behind)[:-1]])  # expected above the last fixation of the group before
    half_steps = (greater + equal - behind - before) / (2 * tied)
    return float(group @ (1 - (greater + equal / 2 - half_steps) / num_negatives))


def _last_of_equals(values: Floats) -> Integers:
    return np.flatnonzero(np.append(values[1:] != values[:-1], True))


def _counted_at(maps: Maps, fixated: FixatedCells) -> tuple[Floats, Integers, Integers]:
    values = maps.at(fixated.padded[0])
    below, at_most = count_below(maps, values)
    return values, below, at_most


def _pictures(values: Floats, fixated: FixatedCells) -> list[tuple[Floats, Floats]]:
    return [(row[: len(weights)], weights) for row, weights in zip(values, fixated.weights, strict=True)]


def _jittered(maps: Maps, jitter: Jitter, seed: int) -> Maps:
    if jitter not in ("uniform", "normal"):
        raise InputError(f"jitter is 'none', 'uniform' or 'normal'; found {jitter!r}")
    draw = np.random.default_rng(seed)
    noise = draw.random(maps.pixels) if jitter == "uniform" else draw.standard_normal(maps.pixels)
    raw = maps.xp.astype(maps.raw, maps.xp.float64) + maps.xp.asarray(JITTER_SIZE * noise[None], device=maps.device)
    return maps.holding(raw)
