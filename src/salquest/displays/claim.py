"""The claim that He et al. (2019) and others make: deep models beat classical ones on photographs, and lose to them on displays.

Told with intervals: on photographs the difference of the two kinds' median models, picture by picture; on displays the difference of the two
kinds' median models, family by family, of which the median counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError
from salquest.evaluation import Interval, bootstrap_mean

DRAWS = 4000
Outcome = Literal["holds", "does not hold", "cannot be told"]


@dataclass(frozen=True)
class Verdict:
    """What became of one half of the claim.

    Attributes:
        statement: what was to be shown.
        difference: its interval lies above 0 where the statement holds, below where the opposite does.
    """

    statement: str
    difference: Interval

    @property
    def outcome(self) -> Outcome:
        """Whether it holds at the 95 % level."""
        if self.difference.low > 0:
            return "holds"
        return "does not hold" if self.difference.high < 0 else "cannot be told"

    def sentence(self) -> str:
        """One sentence for the page."""
        d = self.difference
        return f"{self.statement}: {self.outcome} (difference {d.mean:+.3f}, 95 % interval {d.low:+.3f} … {d.high:+.3f}, n = {d.number})."


def on_displays(percentiles: Mapping[str, Mapping[str, float]], kinds: Mapping[str, str], *, draws: int = DRAWS, seed: int = 0) -> Verdict:
    """Classical models find targets better than deep ones.

    Args:
        percentiles: model -> family -> mean percentile of the target among the items.
        kinds: model -> "classical", "deep" or other.
        draws, seed: of the bootstrap over families.

    Raises:
        InputError: not both kinds, or no family that all were scored on.
    """
    classical, deep = _both(percentiles, kinds)
    families = [f for f in percentiles[classical[0]] if all(f in percentiles[model] for model in (*classical, *deep))]
    if not families:
        raise InputError("the claim needs families of displays that all models were scored on; there is none")
    differences = np.array(
        [np.median([percentiles[m][f] for m in classical]) - np.median([percentiles[m][f] for m in deep]) for f in families]
    )
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.median(differences[rng.integers(0, len(families), (draws, len(families)))], axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Verdict(
        "On displays classical models put the target further up than deep ones do (percentile, median over families of the median model)",
        Interval(float(np.median(differences)), float(low), float(high), len(families)),
    )


def on_photographs(values: Mapping[str, ArrayLike], kinds: Mapping[str, str], metric: str, *, seed: int = 0) -> Verdict:
    """Deep models predict gaze on photographs better than classical ones.

    Args:
        values: model -> one score per picture, the same pictures in the same order, more for better.
        kinds: model -> "classical", "deep" or other.
        metric: what was scored, for the sentence.
        seed: of the bootstrap over pictures.

    Raises:
        InputError: not both kinds.
    """
    classical, deep = _both(values, kinds)
    medians = [np.median([np.asarray(values[m], dtype=np.float64) for m in models], axis=0) for models in (deep, classical)]
    return Verdict(
        f"On photographs deep models predict gaze better than classical ones ({metric}, mean over pictures of the median model)",
        bootstrap_mean(medians[0] - medians[1], seed=seed),
    )


def together(displays: Verdict, photographs: Sequence[Verdict]) -> str:
    """The claim as a whole, in a sentence."""
    parts = [displays.outcome, *(verdict.outcome for verdict in photographs)]
    if not photographs:
        return "The claim was tested by half: no photographs with gaze were given (--natural NAME=PATH)."
    if all(part == "holds" for part in parts):
        return "The claim holds here: deep models are ahead on photographs, classical ones on displays."
    if "does not hold" in parts:
        return "The claim does not hold here: the models of one kind are behind where they should be ahead."
    return "The claim cannot be told here: at least one difference is not told from none."


def rank_correlation(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Spearman's correlation of two orders of the same models; NaN with fewer than three."""
    from scipy.stats import spearmanr

    names = [name for name in first if name in second]
    if len(names) < 3:
        return float("nan")
    return float(spearmanr([first[name] for name in names], [second[name] for name in names]).statistic)


def _both(values: Mapping[str, object], kinds: Mapping[str, str]) -> tuple[list[str], list[str]]:
    classical, deep = ([name for name in values if kinds.get(name) == kind] for kind in ("classical", "deep"))
    if not classical or not deep:
        lacking = "classical" if not classical else "deep"
        raise InputError(f"the claim compares classical models with deep ones; no {lacking} one was given")
    return classical, deep
