"""What 8 bits cost: zeros that ruin KL and information gain, and pixels that tie. Counted for each map, told in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from salquest.gaze import Fixations
from salquest.metrics import METRICS

# metrics that take the logarithm of the map, so that its zeros count for all
LOGARITHMIC = ("kl", "ig", "ll")
# metrics that count pixels above and below, so that ties matter
RANKING = ("auc", "auc_judd", "auc_borji", "auc_shuffled")
# half a step: a stored 0 stands for anything below it
HALF_STEP = 0.5


@dataclass(frozen=True)
class EightBits:
    """One 8-bit map, counted.

    Attributes:
        zeros: share of its pixels that are exactly 0.
        fixated_zeros, fixations: how many fixations fall on such a pixel, of how many.
        tied: how probable it is that a fixated pixel and any pixel have the same value: breaking those ties for or against the map moves
            its AUC by half of that.
        as_they_are, with_half_a_step: metric -> score without and with 0.5 added, for those that take logarithms.
    """

    zeros: float
    fixated_zeros: int
    fixations: int
    tied: float
    as_they_are: Mapping[str, float] = field(default_factory=dict)
    with_half_a_step: Mapping[str, float] = field(default_factory=dict)


def count_8_bits(values: NDArray[np.float64], fixations: Fixations | None) -> EightBits:
    """Zeros and ties of an 8-bit map (H, W), values 0..255. A map of another size than its picture has no fixated pixels to count."""
    levels = np.bincount(values.astype(np.int64).ravel(), minlength=256)
    zeros = float(levels[0] / values.size)
    if fixations is None or len(fixations) == 0 or fixations.size != values.shape:
        return EightBits(zeros, 0, 0, 0.0)
    looked = values[fixations.rows, fixations.columns].astype(np.int64)
    return EightBits(zeros, int((looked == 0).sum()), len(looked), float((levels[looked] / values.size).mean()))


def tell_8_bits(counted: Sequence[EightBits], metrics: Sequence[str], num_maps: int, floor: float) -> tuple[str, ...]:
    """Sentences on what 8 bits did to these scores; none where no map has 8 bits, or no metric minds."""
    with_zeros = [one for one in counted if one.zeros > 0]
    asked = [name for name in metrics if name in LOGARITHMIC]
    told = []
    if asked and with_zeros:
        looked, on_zero = sum(one.fixations for one in counted), sum(one.fixated_zeros for one in counted)
        sentence = (
            f"{len(counted)} of {num_maps} maps have 8 bits, and {len(with_zeros)} have pixels that are exactly 0 "
            f"(on average {np.mean([one.zeros for one in with_zeros]):.1%} of theirs)"
        )
        sentence += f"; {on_zero} of {looked} fixations fall on one" if looked else ""
        if floor:
            sentence += f": {floor:g} of a step was added for {_titles(asked)}"
        else:
            sentence += (
                f". As they are {_scores(counted, 'as_they_are', asked)}; with half a step added (floor 0.5) "
                f"{_scores(counted, 'with_half_a_step', asked)}; 16-bit or float maps have no such zeros"
            )
        told.append(sentence)
    ranking = [name for name in metrics if name in RANKING]
    tied = [one.tied for one in counted if one.fixations]
    if ranking and tied and np.mean(tied) / 2 >= 0.0005:
        told.append(
            f"{len(counted)} of {num_maps} maps have 8 bits, so pixels tie: where a convention breaks ties for or against the map, "
            f"AUC moves by up to {np.mean(tied) / 2:.3f}"
        )
    return tuple(told)


def _scores(counted: Sequence[EightBits], which: str, metrics: Sequence[str]) -> str:
    said = []
    for name in metrics:
        values = np.array([getattr(one, which)[name] for one in counted if name in getattr(one, which)])
        values = values[~np.isnan(values)]
        said.append(f"{METRICS[name].title} {f'{values.mean():.3f}' if values.size else '-'} {METRICS[name].unit}")
    return ", ".join(said)


def _titles(metrics: Sequence[str]) -> str:
    return ", ".join(METRICS[name].title for name in metrics)
