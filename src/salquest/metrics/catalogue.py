"""All metrics by name. Whoever scores asks here what a metric needs, which direction is better, and in which unit it is told.

One metric of one picture, or of a batch of pictures of one size:

    target = Target(fixations=fixations, density=density, others=others, baseline=centre_bias)     # leave out what is not at hand
    METRICS["nss"].compute(saliency, target, convention="tuebingen")                               # float for (H, W), (B,) for (B, H, W)

Several of them, sharing the work that they have in common:

    scores(saliency, target, metrics=("auc", "nss", "kl"), convention="mit")                       # {"auc": 0.83, "nss": 1.9, "kl": 0.7}

`METRICS[name].missing(target)` names what a target lacks for a metric; `CONVENTIONS[name].line(metric)` is what a table prints beside a
score. A map of another size than its picture is resized by the convention's rule. A new metric is a function in a sibling file and one card
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from salquest.errors import InputError, UnknownName
from salquest.metrics.area_under_curve import auc, auc_borji, auc_judd, auc_shuffled, judd_chance
from salquest.metrics.conventions import Convention, ResizeRule, convention_named
from salquest.metrics.distributions import kl, sim
from salquest.metrics.earth_mover import emd
from salquest.metrics.fixation_histograms import fixation_kl
from salquest.metrics.fixations import OTHERS, FixationsLike, as_cells
from salquest.metrics.information import information_gain, log_likelihood
from salquest.metrics.maps import Array, Maps, open_maps
from salquest.metrics.resizing import resize_maps
from salquest.metrics.standard_scores import cc, nss

Need = Literal["fixations", "density", "others", "baseline"]
Direction = Literal["up", "down"]
Unit = Literal["", "bit", "nat", "bins"]

_CALLED: Mapping[Need, str] = {"fixations": "fixations", "density": "density", "others": OTHERS, "baseline": "baseline density"}


@dataclass(frozen=True, eq=False)
class Target:
    """What maps are compared against, of one picture or of a batch; each metric takes what its card names.

    Attributes:
        fixations: where people looked at these pictures.
        density: observed density, of the maps' shape, non-negative, any scale (gaze.fixation_density).
        others: fixations on other pictures, moved to this picture's size (Fixations.resized); for auc_shuffled.
        baseline: density of the baseline, of the maps' shape, usually the centre bias; for ig.
    """

    fixations: FixationsLike | None = None
    density: Array | Maps | None = None
    others: FixationsLike | None = None
    baseline: Array | Maps | None = None


def _no_chance(num_cells: int) -> float | None:
    return None


def _half(num_cells: int) -> float | None:
    return 0.5


def _zero(num_cells: int) -> float | None:
    return 0.0


@dataclass(frozen=True, kw_only=True)
class MetricCard:
    """What there is to know about a metric.

    Attributes:
        name: its key in METRICS, on the command line and in tables.
        title: as papers write it.
        function: the pure function; its first argument are the maps, then what `needs` names.
        needs: fields of `Target` that it takes, in order.
        direction: "up": more is better; "down": less is.
        unit: "bit", "nat", "bins", or "" for a bare number.
        range: smallest and greatest possible score.
        chance: number of distinct fixated pixels -> the score of a map that knows nothing, on average; None where it depends on the data.
        source: whom it cites.
        set_level: it scores a whole set of pictures with one number: a list of maps, and lists in the Target.
        resizes: its function takes maps of another size itself.
    """

    name: str
    title: str
    function: Callable[..., Any]
    needs: tuple[Need, ...]
    direction: Direction
    unit: Unit
    range: tuple[float, float]
    chance: Callable[[int], float | None]
    source: str
    set_level: bool = False
    resizes: bool = False

    @property
    def against(self) -> Need:
        """What the maps are compared against first: "fixations" or "density"."""
        return self.needs[0]

    def missing(self, target: Target) -> tuple[Need, ...]:
        """What this metric needs and the target lacks."""
        return tuple(need for need in self.needs if getattr(target, need) is None)

    def compute(
        self, saliency: Array | Maps, target: Target, *, convention: str | Convention = "exact", **arguments: object
    ) -> float | Array:
        """Score maps (H, W) -> float, or (B, H, W) -> (B,), under a convention; keyword arguments go before the convention's.

        Raises:
            InputError: the target lacks something, or as the function raises. UnknownName: no such convention.
        """
        chosen = convention_named(convention)
        if missing := self.missing(target):
            raise InputError(f"{self.name} needs {', '.join(self.needs)}; missing: {', '.join(missing)}; add it to the Target")
        if not self.set_level:
            saliency = open_maps(saliency)
            target = _opened(target, self.needs, saliency)
            if not self.resizes:
                saliency, target = _of_one_size(saliency, target, _size(target, self.against), chosen.resize)
        pieces = [getattr(target, need) for need in self.needs]
        return self.function(saliency, *pieces, **{**chosen.arguments(self.name), **arguments})


_CARDS = (
    MetricCard(
        name="auc",
        title="AUC (exact, all pixels)",
        function=auc,
        needs=("fixations",),
        direction="up",
        unit="",
        range=(0.0, 1.0),
        chance=_half,
        source="Kümmerer 2018; pysaliency, MIT/Tübingen benchmark",
    ),
    MetricCard(
        name="auc_judd",
        title="AUC-Judd",
        function=auc_judd,
        needs=("fixations",),
        direction="up",
        unit="",
        range=(0.0, 1.0),
        chance=judd_chance,
        source="Judd 2012; Bylinskii 2018",
    ),
    MetricCard(
        name="auc_borji",
        title="AUC-Borji",
        function=auc_borji,
        needs=("fixations",),
        direction="up",
        unit="",
        range=(0.0, 1.0),
        chance=_half,
        source="Borji 2013; Bylinskii 2018",
    ),
    MetricCard(
        name="auc_shuffled",
        title="sAUC",
        function=auc_shuffled,
        needs=("fixations", "others"),
        direction="up",
        unit="",
        range=(0.0, 1.0),
        chance=_half,
        source="Zhang 2008; Borji 2013",
    ),
    MetricCard(
        name="nss",
        title="NSS",
        function=nss,
        needs=("fixations",),
        direction="up",
        unit="",
        range=(-float("inf"), float("inf")),
        chance=_zero,
        source="Peters 2005",
    ),
    MetricCard(
        name="cc",
        title="CC",
        function=cc,
        needs=("density",),
        direction="up",
        unit="",
        range=(-1.0, 1.0),
        chance=_zero,
        source="Le Meur 2007; Bylinskii 2018",
    ),
    MetricCard(
        name="sim",
        title="SIM",
        function=sim,
        needs=("density",),
        direction="up",
        unit="",
        range=(0.0, 1.0),
        chance=_no_chance,
        source="Judd 2012; Bylinskii 2018",
    ),
    MetricCard(
        name="kl",
        title="KL",
        function=kl,
        needs=("density",),
        direction="down",
        unit="nat",
        range=(0.0, float("inf")),
        chance=_no_chance,
        source="Bylinskii 2018",
    ),
    MetricCard(
        name="ig",
        title="IG",
        function=information_gain,
        needs=("fixations", "baseline"),
        direction="up",
        unit="bit",
        range=(-float("inf"), float("inf")),
        chance=_no_chance,
        source="Kümmerer 2015",
    ),
    MetricCard(
        name="ll",
        title="LL",
        function=log_likelihood,
        needs=("fixations",),
        direction="up",
        unit="bit",
        range=(-float("inf"), float("inf")),
        chance=_zero,
        source="Kümmerer 2015",
    ),
    MetricCard(
        name="emd",
        title="EMD",
        function=emd,
        needs=("density",),
        direction="down",
        unit="bins",
        range=(0.0, float("inf")),
        chance=_no_chance,
        source="Rubner 2000; Bylinskii 2018",
        resizes=True,
    ),
    MetricCard(
        name="fixation_kl",
        title="fixation-based KL",
        function=fixation_kl,
        needs=("fixations", "others"),
        direction="up",
        unit="nat",
        range=(0.0, float("inf")),
        chance=_zero,
        source="Itti 2005; pysaliency",
        set_level=True,
    ),
)

METRICS: Mapping[str, MetricCard] = {card.name: card for card in _CARDS}


def scores(
    saliency: Array | Maps, target: Target, metrics: Iterable[str] | None = None, *, convention: str | Convention = "exact"
) -> dict[str, float | Array]:
    """Score maps by several metrics at once, sharing the checks and sums that they have in common.

    Args:
        saliency: (H, W) or (B, H, W).
        target: what they are compared against.
        metrics: keys of METRICS; None: all that the target has everything for. Set-level metrics have no value for one picture: not here.
        convention: a name of CONVENTIONS, or a Convention.

    Returns:
        Metric -> float or (B,), in the order asked for.

    Raises:
        UnknownName: no such metric or convention. InputError: a set-level metric, or as `MetricCard.compute`.
    """
    cards = (
        [card for card in _CARDS if not (card.set_level or card.missing(target))]
        if metrics is None
        else [metric_named(name) for name in metrics]
    )
    if alone := [card.name for card in cards if card.set_level]:
        raise InputError(f"{', '.join(alone)} scores a whole set of pictures with one number; ask METRICS[{alone[0]!r}].compute")
    chosen, maps = convention_named(convention), open_maps(saliency)
    opened = _opened(target, {need for card in cards for need in card.needs}, maps)
    sized = {size: _of_one_size(maps, opened, size, chosen.resize) for size in {_size(opened, card.against) for card in cards}}
    found = {}
    for card in cards:
        own = (maps, opened) if card.resizes else sized[_size(opened, card.against)]
        found[card.name] = card.compute(*own, convention=chosen)
    return found


def metric_named(name: str) -> MetricCard:
    """The card of a metric. Raises UnknownName, with the nearest ones."""
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    return METRICS[name]


def _opened(target: Target, needs: Iterable[Need], maps: Maps) -> Target:
    """Only what is needed of a target, checked once."""
    pieces: dict[str, Any] = {}
    for need in needs:
        piece, what = getattr(target, need), _CALLED[need]
        if piece is not None:
            pieces[need] = as_cells(piece, maps.size, what) if need in ("fixations", "others") else open_maps(piece, what)
    return Target(**pieces)


def _size(target: Target, need: Need) -> tuple[int, int]:
    size: tuple[int, int] = getattr(target, need).size
    return size


def _of_one_size(maps: Maps, target: Target, size: tuple[int, int], rule: ResizeRule) -> tuple[Maps, Target]:
    """Maps, density and baseline brought to the size that the metric is scored at; as they are where the convention refuses to."""
    if rule == "refuse":
        return maps, target

    def at_size(values: Maps | None) -> Maps | None:
        return values if values is None or values.size == size else resize_maps(values, size, rule)

    def without_overshoot(values: Maps | None) -> Maps | None:
        return values if values is None or values.low.min() >= 0 else values.holding(values.xp.clip(values.raw, 0.0, None))

    density, baseline = (without_overshoot(at_size(opened)) for opened in (target.density, target.baseline))
    return at_size(maps) or maps, replace(target, density=density, baseline=baseline)
