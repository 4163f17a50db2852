"""A paper's claim as data, and the verdict that a quest's scores give on it.

[[claims]]                              # in a recipe
name = "combination-beats-mse"
text = "we succeed in improving up to 14% the correlation coefficient"
kind = "better"                         # every one of `rows` beats every one of `than` on `metric`
metric = "cc"
rows = ["kld+cc+nss+df+gm+sigmse+r"]
than = ["mse"]
published = { "kld+cc+nss+df+gm+sigmse+r" = 0.7291, mse = 0.6388 }

Kind "as-good" claims that none of `rows` is worse than any of `than` by more than `margin`; "spread" that the choice among `rows` matters on
`metric`; "agreement" that `rows` stand in the order that was published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError, UnknownName
from salquest.evaluation.crossed import RowPair, compare_rows, stacked
from salquest.evaluation.rank_agreement import rank_agreement
from salquest.evaluation.row_spread import NoiseFloor, spread
from salquest.quest.measures import column_of

Verdict = Literal["holds", "undecided", "contradicted"]
# a claim is decided at this level
LEVEL = 0.05


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a paper says about rows of a table.

    Attributes:
        name: of the claim; `text` is what the paper says.
        kind: "better", "as-good", "spread" or "agreement".
        metric: name of a metric, or of a measure (`quest.measures`).
        rows: the rows that it speaks of; for "spread" and "agreement" all rows of the table where none are named.
        than: the rows that they beat ("better"), or that they are held against ("as-good").
        margin: what is still as good, in the metric's unit; None is the table's noise floor.
        each: "better" between means of `rows` and of `than` (false) or between each of them (true).
        published: the paper's effect, a number in the metric's unit, greater is better for the claim; or row -> printed score.
        way: which of a quest's ways of training it is judged on; the caller's business.
    """

    name: str
    text: str
    kind: Literal["better", "as-good", "spread", "agreement"]
    metric: str
    rows: tuple[str, ...] = ()
    than: tuple[str, ...] = ()
    margin: float | None = None
    each: bool = True
    published: float | dict[str, float] | None = None
    way: str = ""

    def check(self) -> None:
        """Whether it can be judged at all.

        Raises:
            UnknownName: no such metric or measure. InputError: a kind without what it needs.
        """
        column_of(self.metric)
        if self.kind in ("better", "as-good") and not (self.rows and self.than):
            said = "better than" if self.kind == "better" else "as good as"
            raise InputError(f"the claim {self.name} says that rows are {said} others; name both: rows and than")
        if self.margin is not None and (self.kind != "as-good" or not self.margin > 0):
            raise InputError(f"the claim {self.name} has a margin of {self.margin}; a margin is above 0 and belongs to the kind as-good")
        if self.kind not in ("better", "as-good") and self.than:
            raise InputError(f"the claim {self.name} is of kind {self.kind}, which has no `than`; name all its rows in `rows`")
        if both := sorted(set(self.rows) & set(self.than)):
            raise InputError(f"the claim {self.name} sets a row against itself: {', '.join(both)}")
        if self.kind == "agreement" and not isinstance(self.published, dict):
            raise InputError(f"the claim {self.name} says that an order is as published; give published = {{ row = score, … }}")


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the scores say of a claim.

    Attributes:
        claim: what was judged.
        effect, low, high: "better" and "as-good": the smallest lead of `rows` over `than` with its 95 % interval, in the metric's unit, above 0
            where `rows` are better whichever side of the metric that is; "spread": standard deviation between rows beyond noise;
            "agreement": Kendall's tau-b with the published order.
        percent: the lead in percent of the beaten row's mean; None where that is not above 0, or for other kinds.
        p: corrected by Holm for the comparisons of the claim.
        published: the paper's effect of the same kind, for the same two rows; None where it prints none.
        verdict: "holds" and "contradicted" where the interval leaves 0 out, p is below 0.05 and the effect is not below the noise floor;
            else "undecided". "as-good" holds where every interval's lower end is above minus the margin, and is contradicted where an
            upper end is below that.
        sentence: all of it for people.
        comparisons: how many were made.
    """

    claim: Claim
    effect: float
    low: float
    high: float
    percent: float | None
    p: float
    published: float | None
    verdict: Verdict
    sentence: str
    comparisons: int


def judge(claim: Claim, scores: Mapping[str, ArrayLike], floor: NoiseFloor | None = None) -> Judgement:
    """Give a verdict on a claim.

    "better" needs every comparison to hold: it is the smallest lead that is told, p values are corrected by Holm for all comparisons of the
    claim, and a single row that is surely beaten contradicts it. "spread" is an F test of the rows' means against their noise; it is
    contradicted where even the upper end of the spread makes differences below the noise floor. "agreement" is decided by the resampled tau
    and its p: three rows can never decide it.

    Args:
        scores: row -> the claim's metric, (S, I) or (I,), same seeds and pictures for all.
        floor: of the table that the scores are from.

    Raises:
        InputError: the claim cannot be judged, or scores that do not fit together. UnknownName: it names a row that the scores lack.
    """
    claim.check()
    for name in (*claim.rows, *claim.than):
        if name not in scores:
            raise UnknownName("row", name, scores)
    judged = {"better": _judge_better, "as-good": _judge_as_good, "spread": _judge_spread, "agreement": _judge_agreement}[claim.kind]
    return judged(claim, scores, floor)


def _judge_better(claim: Claim, scores: Mapping[str, ArrayLike], floor: NoiseFloor | None) -> Judgement:
    card = column_of(claim.metric)
    sign = 1.0 if card.direction == "up" else -1.0
    table = {name: sign * values for name, values in zip(scores, stacked(scores), strict=True)}
    printed = claim.published if isinstance(claim.published, dict) else {}
    if claim.each:
        pairs = [(row, than) for row in claim.rows for than in claim.than]
        found = compare_rows(table, pairs=pairs)
    else:
        groups = {_mean_of(names): names for names in (claim.rows, claim.than)}
        table = {title: np.mean([table[name] for name in names], axis=0) for title, names in groups.items()}
        printed = {title: float(np.mean([printed.get(name, np.nan) for name in names])) for title, names in groups.items()}
        found = compare_rows(table)
    verdicts = [_decided(pair.difference.low, pair.difference.high, pair.p_holm) for pair in found]
    # one comparison that is lost decides, then one that is open; of those that decide, the one with the smallest lead is told
    verdict = next(name for name in _GRAVITY if name in verdicts)
    told = min((pair for pair, its in zip(found, verdicts, strict=True) if its == verdict), key=lambda pair: pair.difference.mean)
    lead = told.difference
    beaten = sign * float(table[told.second].mean())
    published = claim.published if isinstance(claim.published, float) else _lead(printed, told, sign)
    below = floor is not None and abs(lead.mean) < floor.size
    percent = 100 * lead.mean / beaten if beaten > 0 else None
    told_of = f"{told.first} − {told.second}" if sign > 0 else f"{told.second} − {told.first}"
    parts = [f"{told_of}: {_effect(card.title, card.unit, lead.mean, percent)}, {lead.low:+.3f}..{lead.high:+.3f} ({lead.about()})"]
    if len(found) > 1:
        parts.append(f"{_p(told.p_holm)} after Holm; the worst of {len(found)} comparisons, of which {verdicts.count('holds')} hold")
    else:
        parts.append(_p(told.p_holm))
    if published is not None:
        before = printed.get(told.second, float("nan"))
        parts.append(f"published {_effect('', '', published, 100 * published / before if before > 0 else None)}")
    return Judgement(
        claim=claim,
        effect=lead.mean,
        low=lead.low,
        high=lead.high,
        percent=percent,
        p=told.p_holm,
        published=published,
        verdict="undecided" if below else verdict,
        sentence=_sentence(parts, below, floor),
        comparisons=len(found),
    )


def _judge_as_good(claim: Claim, scores: Mapping[str, ArrayLike], floor: NoiseFloor | None) -> Judgement:
    card = column_of(claim.metric)
    sign = 1.0 if card.direction == "up" else -1.0
    table = {name: sign * values for name, values in zip(scores, stacked(scores), strict=True)}
    printed = claim.published if isinstance(claim.published, dict) else {}
    found = compare_rows(table, pairs=[(row, than) for row in claim.rows for than in claim.than])
    margin = claim.margin if claim.margin is not None else floor.size if floor is not None else float("nan")
    told = min(found, key=lambda pair: pair.difference.low)
    verdict: Verdict = "undecided"
    if all(pair.difference.low > -margin for pair in found):
        verdict = "holds"
    elif any(pair.difference.high < -margin for pair in found):
        verdict = "contradicted"
        told = min(found, key=lambda pair: pair.difference.high)
    lead = told.difference
    beaten = sign * float(table[told.second].mean())
    published = claim.published if isinstance(claim.published, float) else _lead(printed, told, sign)
    percent = 100 * lead.mean / beaten if beaten > 0 else None
    told_of = f"{told.first} − {told.second}" if sign > 0 else f"{told.second} − {told.first}"
    parts = [f"{told_of}: {_effect(card.title, card.unit, lead.mean, percent)}, {lead.low:+.3f}..{lead.high:+.3f} ({lead.about()})"]
    whose = "the margin" if claim.margin is not None else "the noise floor"
    parts.append(f"{whose} is {margin:.3f}" if margin == margin else "no noise floor is known to hold it against")
    if len(found) > 1:
        parts.append(f"the worst of {len(found)} comparisons")
    if published is not None:
        parts.append(f"published {published:+.3f}")
    return Judgement(
        claim=claim,
        effect=lead.mean,
        low=lead.low,
        high=lead.high,
        percent=percent,
        p=told.p_holm,
        published=published,
        verdict=verdict,
        sentence=_sentence(parts, False, floor),
        comparisons=len(found),
    )


def _judge_spread(claim: Claim, scores: Mapping[str, ArrayLike], floor: NoiseFloor | None) -> Judgement:
    names = claim.rows or tuple(scores)
    lender = floor if floor is not None and np.isfinite(floor.variance) else None
    found = spread({name: scores[name] for name in names}, borrow=lender)
    card = column_of(claim.metric)
    size = floor.size if floor is not None else float("nan")
    # the root mean square difference of two rows is sqrt(2) standard deviations
    typical, most = np.sqrt(2) * found.sd, np.sqrt(2) * found.high
    knows_noise = found.seeds > 1 or lender is not None
    verdict: Verdict = "undecided"
    if knows_noise and found.low > 0 and found.p < LEVEL:
        verdict = "holds"
    elif knows_noise and most < size:
        verdict = "contradicted"
    published = claim.published
    if isinstance(published, dict):
        there = [published[name] for name in names if name in published]
        published = float(np.std(there, ddof=1)) if len(there) > 1 else None
    parts = [
        f"{card.title} of {found.rows} rows has a standard deviation of {found.sd:.3f} beyond noise ({found.low:.3f}..{found.high:.3f}; "
        f"measured {found.raw_sd:.3f}, noise {found.noise_sd:.3f}; 95 % interval over {found.pictures} pictures and {found.seeds} seeds)",
        f"two rows differ by {typical:.3f} (root mean square)",
        _p(found.p),
    ]
    if not knows_noise:
        parts.append("one seed cannot tell this from noise between seeds")
    if published is not None:
        parts.append(f"published {published:.3f}, noise included")
    below = typical < size
    return Judgement(
        claim=claim,
        effect=found.sd,
        low=found.low,
        high=found.high,
        percent=None,
        p=found.p,
        published=published,
        verdict="undecided" if below and verdict == "holds" else verdict,
        sentence=_sentence(parts, below, floor),
        comparisons=1,
    )


def _judge_agreement(claim: Claim, scores: Mapping[str, ArrayLike], floor: NoiseFloor | None) -> Judgement:
    assert isinstance(claim.published, dict)  # Claim.check
    names = [name for name in claim.rows or tuple(scores) if name in claim.published]
    found = rank_agreement({name: scores[name] for name in names}, claim.published)
    parts = [
        f"the order of {len(found.rows)} rows by {column_of(claim.metric).title} agrees with the published one with tau {found.tau:+.2f} "
        f"({found.low:+.2f}..{found.high:+.2f} over resampled pictures and seeds)",
        _p(found.p),
    ]
    return Judgement(
        claim=claim,
        effect=found.tau,
        low=found.low,
        high=found.high,
        percent=None,
        p=found.p,
        published=None,
        verdict=_decided(found.low, found.high, found.p),
        sentence=_sentence(parts, False, floor),
        comparisons=1,
    )


# what a claim of several comparisons comes to: the first of these that one of them has
_GRAVITY: tuple[Verdict, ...] = ("contradicted", "undecided", "holds")


def _decided(low: float, high: float, p: float) -> Verdict:
    if p >= LEVEL or not (low > 0 or high < 0):
        return "undecided"
    return "holds" if low > 0 else "contradicted"


def _mean_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"mean of {', '.join(names)}"


def _lead(printed: Mapping[str, float], pair: RowPair, sign: float) -> float | None:
    lead = sign * (printed.get(pair.first, float("nan")) - printed.get(pair.second, float("nan")))
    return lead if np.isfinite(lead) else None


def _effect(title: str, unit: str, effect: float, percent: float | None) -> str:
    """`CC +0.090 (+14.1 %)`."""
    words = [title, f"{effect:+.3f}", unit, f"({percent:+.1f} %)" if percent is not None else ""]
    return " ".join(word for word in words if word)


def _p(p: float) -> str:
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def _sentence(parts: Sequence[str], below: bool, floor: NoiseFloor | None) -> str:
    size = [f"below the noise floor of {floor.size:.3f}"] if below and floor is not None else []
    return "; ".join([*parts, *size])
