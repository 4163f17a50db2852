"""How well a map finds a target: saliency on it against saliency elsewhere, pixel by pixel and item by item.

S is a map (H, W) of real numbers, greater = more salient; T and D are masks (H, W) of the target and of the distractors, bool or grey in
0 … 1. The indices that divide (gsi, the ratios, the two Weber indices) change with the offset of S: bring maps to 0 … 1 first
(SaliencyMap.display) and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError
from salquest.gaze import gaussian_operator

Floats = NDArray[np.float64]


def gsi(saliency: ArrayLike, target: ArrayLike, distractors: ArrayLike) -> float:
    """Global saliency index (Soltani and Koch 2010, as P3O3 codes it): (m_T - m_D) / (m_T + m_D) of the mean saliency on target and distractors.

    Means are weighted by the masks, so that soft edges count by their share.

    Args:
        saliency: (H, W), non-negative; changes with an offset.
        target, distractors: masks (H, W), bool or 0 … 1.

    Returns:
        -1 … 1; 1: nothing on distractors; 0: alike; -1: nothing on the target, or m_T + m_D <= 0 (an empty map), as in the source.

    Raises:
        InputError: shapes that differ, or a mask without any pixel.
    """
    values, on, off = _arrays(saliency, target, distractors)
    mean_on, mean_off = _mean(values, on, "target"), _mean(values, off, "distractors")
    total = mean_on + mean_off
    return (mean_on - mean_off) / total if total > 0 else -1.0


def msr_target_distractor(saliency: ArrayLike, target: ArrayLike, distractors: ArrayLike, *, dilate: int = 0) -> float:
    """Maximum of S on the target over its maximum on the distractors (P3O3's MSR_t): above 1 the target wins.

    Args:
        saliency: (H, W), non-negative.
        target, distractors: masks (H, W).
        dilate: grow both masks by a disc of so many pixels first.

    Returns:
        0 or more; infinity where distractors have nothing and the target something, NaN where neither has (P3O3's code answers -1 for both).
    """
    values, on, off = _arrays(saliency, target, distractors)
    return _ratio(_max(values, _grown(on, dilate), "target"), _max(values, _grown(off, dilate), "distractors"))


def msr_background_target(saliency: ArrayLike, target: ArrayLike, distractors: ArrayLike, *, dilate: int = 0) -> float:
    """Maximum of S on the background over its maximum on the target, as P3O3's code has MSR_b: the background on top, so below 1 is good.

    Args:
        saliency: (H, W), non-negative.
        target, distractors: masks (H, W); the background is what neither holds (above 0.5).
        dilate: grow both masks by a disc of so many pixels first.

    Returns:
        0 or more; infinity where the target has nothing (P3O3's code answers -1), NaN where the background has nothing either.
    """
    values, on, off = _arrays(saliency, target, distractors)
    on, off = _grown(on, dilate), _grown(off, dilate)
    background = (on <= 0.5) & (off <= 0.5)
    return _ratio(_max(values, background, "background"), _max(values, on, "target"))


def weber_index(saliency: ArrayLike, target: ArrayLike) -> float:
    """(mean inside the target - mean outside) / mean outside: 0 at chance; changes with an offset, not with the scale.

    Returns:
        -1 or more; infinity where there is nothing outside and something inside, 0 for an empty map.
    """
    values, on = _arrays(saliency, target)
    inside, outside = _mean(values, on, "target"), _mean(values, np.logical_not(on) if on.dtype == bool else 1 - on, "background")
    if outside > 0:
        return (inside - outside) / outside
    return float("inf") if inside > 0 else 0.0


def sid4vam_index(saliency: ArrayLike, target: ArrayLike) -> float:
    """SIndex as SID4VAM's program computes it, only to compare with its numbers: S and mask sum to 1, and 0.001 is added below.

    (L_s - L_b) / (L_b + 0.001) with L_s = sum S M and L_b = (sum S - L_s) / (N - 1). After the division L_b is about 1 / N, so the 0.001 is
    nearly all of the denominator and the index is linear in S: `weber_index` is what its name promises.
    """
    values, on = _arrays(saliency, target)
    total = float(values.sum())
    if total <= 0:
        return 0.0
    seen = _mean(values, on, "target") / total
    rest = (1.0 - seen) / (values.size - 1.0)
    return (seen - rest) / (rest + 0.001)


def contrast_auc(saliency: ArrayLike, target: ArrayLike) -> float:
    """Area under the ROC curve of the target's pixels against all others, ties counting one half: 0.5 at chance; any monotone scale of S."""
    values, on = _arrays(saliency, target)
    # the few pixels are sorted, and the many looked up among them
    inside, outside = np.sort(values[on > 0.5]), values[on <= 0.5]
    if inside.size == 0 or outside.size == 0:
        raise InputError("the area under the curve needs pixels inside and outside of the target")
    not_above = np.searchsorted(inside, outside, side="left") + np.searchsorted(inside, outside, side="right")
    return 1 - float(not_above.mean() / (2 * inside.size))


def nss_at_target(saliency: ArrayLike, x: float, y: float, *, sigma_px: float) -> float:
    """NSS of gaze that always looks at the target: the mean z-score of S under a Gaussian around (x, y); 0 for a map without spread.

    Args:
        saliency: (H, W), any real numbers.
        x, y: the target's middle, pixels.
        sigma_px: of the Gaussian, one degree by custom; what it puts outside is left out.
    """
    values = np.asarray(saliency, dtype=np.float64)
    spread = float(values.std())
    if spread == 0:
        return 0.0
    row, column = round(y), round(x)
    if not (0 <= row < values.shape[0] and 0 <= column < values.shape[1]):
        raise InputError(f"the target at x={x:g}, y={y:g} lies outside of a map of {values.shape[1]}x{values.shape[0]}")
    down = gaussian_operator(values.shape[0], sigma_px, "kernel")[:, row]
    along = gaussian_operator(values.shape[1], sigma_px, "kernel")[:, column]
    return float((down @ (values - values.mean()) @ along) / spread)


@dataclass(frozen=True)
class ObjectScores:
    """Where the target stands among the items, by the greatest saliency within each.

    Attributes:
        num_items: how many compete.
        rank: of the best target, 1 the best; ties share the mean of their ranks.
        percentile: share of distractors below it, ties counting one half; 0.5 at chance.
        hits: k -> the probability that the target is among the first k when ties are ordered at random; k / n at chance.
        z: (target's - mean of the distractors') / (their deviation + 1e-12); 0 where all are alike.
    """

    num_items: int
    rank: float
    percentile: float
    hits: dict[int, float]
    z: float


HIT_AT = (1, 2, 5)


def object_scores(saliency: ArrayLike, areas: ArrayLike, *, at: Sequence[int] = HIT_AT, read: str = "max") -> ObjectScores:
    """Rank the target among the items.

    Each item's saliency is the greatest (or mean) value within its area. Areas should be of one size: a larger one has a larger maximum by chance.

    Args:
        saliency: (H, W), any real numbers.
        areas: labels (H, W): 0 background, 1 the target (or several), 2, 3, … a distractor each.
        at: the k of hits.
        read: "max" or "mean" within an area.

    Raises:
        InputError: shapes that differ, no target, or no distractor.
    """
    values, labels = np.asarray(saliency, dtype=np.float64), np.asarray(areas)
    if values.shape != labels.shape:
        raise InputError(f"map and areas are of one size; found {values.shape} and {labels.shape}")
    if read not in ("max", "mean"):
        raise InputError(f"an item is read by its max or its mean; found {read!r}")
    where = np.flatnonzero(labels)
    named = labels.reshape(-1)[where].astype(np.int64)
    number = int(named.max(initial=0))
    if number < 2 or not (named == 1).any():
        raise InputError("a rank needs a target (label 1) and at least one distractor (2, 3, …) among the areas")
    seen = values.reshape(-1)[where]
    counts = np.bincount(named, minlength=number + 1)
    if read == "max":
        each = np.full(number + 1, -np.inf)
        np.maximum.at(each, named, seen)
    else:
        each = np.bincount(named, seen, minlength=number + 1) / np.maximum(counts, 1)
    mine, others = float(each[1]), each[2:][counts[2:] > 0]
    above, ties = int((others > mine).sum()), int((others == mine).sum())
    return ObjectScores(
        num_items=others.size + 1,
        rank=above + ties / 2 + 1,
        percentile=float(((others < mine).sum() + ties / 2) / others.size),
        hits={k: min(1.0, max(0.0, (k - above) / (ties + 1))) for k in at},
        z=float((mine - others.mean()) / (others.std() + 1e-12)),
    )


def _arrays(saliency: ArrayLike, *masks: ArrayLike) -> tuple[Floats, ...]:
    """The map as floats, the masks as they are."""
    values, held = np.asarray(saliency, dtype=np.float64), [np.asarray(mask) for mask in masks]
    if values.ndim != 2 or any(mask.shape != values.shape for mask in held):
        raise InputError(f"map and masks are (H, W) of one size; found {values.shape} and {', '.join(str(mask.shape) for mask in held)}")
    if not np.isfinite(values).all():
        raise InputError("a map holds finite numbers; found NaN or infinity")
    return values, *held


def _mean(values: Floats, mask: NDArray, what: str) -> float:
    if mask.dtype == bool:
        if not mask.any():
            raise InputError(f"there is no pixel of the {what} in the mask")
        return float(values[mask].mean())
    weight = float(mask.sum())
    if weight <= 0:
        raise InputError(f"there is no pixel of the {what} in the mask")
    return float((values * mask).sum() / weight)


def _max(values: Floats, mask: NDArray, what: str) -> float:
    held = mask > 0
    if not held.any():
        raise InputError(f"there is no pixel of the {what} in the mask")
    return float(values[held].max() if mask.dtype == bool else (values[held] * mask[held]).max())


def _ratio(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return float("inf") if above > 0 else float("nan")


def _grown(mask: NDArray, pixels: int) -> NDArray:
    if pixels == 0:
        return mask
    from scipy.ndimage import grey_dilation

    where = np.arange(-pixels, pixels + 1)
    footprint = where[None, :] ** 2 + where[:, None] ** 2 <= pixels**2
    grown: NDArray = grey_dilation(mask.astype(np.float64), footprint=footprint)
    return grown
