"""How well people predict each other: the ceiling that a model of the picture alone is measured against.

    mixture = fit_observers(data, baseline=centre_bias)             # bandwidth and weights, by held-out likelihood
    other_observers(data, metrics=("nss", "ig"), baseline=centre_bias, mixture=mixture)

Each observer is predicted from the others who saw the same picture, by

    kernel * (the others' fixations, each a Gaussian of bandwidth h) + centre * (the centre bias) + uniform * (the uniform density)

That is a lower bound of what a perfect model of pictures could reach; `AllObservers`, the observers predicting themselves, is an upper one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet, Sample
from salquest.errors import InputError
from salquest.evaluation.mixture import mixture_weights
from salquest.evaluation.scores import Scores
from salquest.gaze import Fixations, SaliencyMap, Stimulus, as_density, fixation_density, gaussian_operator
from salquest.gaze.pictures import Pixels
from salquest.metrics import METRICS, Target
from salquest.metrics.catalogue import scores
from salquest.metrics.conventions import Convention, convention_named
from salquest.models import Model
from salquest.runs import Columns

# bandwidths that are tried, as fractions of the longest side of the set's pictures
BANDWIDTHS = (0.004, 0.008, 0.014, 0.02, 0.028, 0.04, 0.06, 0.1)

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
Equal = Literal["observers", "fixations"]


@dataclass(frozen=True)
class ObserverMixture:
    """How to predict an observer from the others: what `fit_observers` found.

    Attributes:
        bandwidth_px: of the Gaussian around each of the others' fixations, in pixels of the stimuli.
        kernel, centre, uniform: weights of the three parts, summing to 1.
        bits: held-out log-likelihood, in bit per fixation over the uniform density; mean over fixations.
        bits_over_centre: the same over the centre bias.
    """

    bandwidth_px: float
    kernel: float
    centre: float
    uniform: float
    bits: float = float("nan")
    bits_over_centre: float = float("nan")

    def density(self, observed: NDArray, centre_bias: NDArray) -> Floats:
        """The mixture as a density, (H, W).

        Args:
            observed: blurred fixations of the others, any scale, (H, W).
            centre_bias: density, (H, W).
        """
        return self.kernel * as_density(observed) + self.centre * as_density(centre_bias) + self.uniform / observed.size


def fit_observers(
    data: DataSet,
    *,
    baseline: Model,
    bandwidth_px: float | None = None,
    progress: Progress = lambda done, total: None,
) -> ObserverMixture:
    """The bandwidth and the weights under which each observer's fixations are most likely, given all the others' of the same picture.

    Every (picture, observer) is a fold, every fixation counts. For a bandwidth the weights are found by expectation maximisation on the
    held-out likelihoods; the bandwidth by a search over a grid and between its neighbours. No map is made but the baseline's: the sums of
    Gaussians are evaluated at the held-out fixations, and are those of the maps to rounding. Three weights and a bandwidth are fitted on
    the same folds that `bits` is told of: optimistic by a negligible amount.

    Args:
        data: pictures with at least two observers; others are skipped.
        baseline: the centre bias; one that leaves the scored picture out.
        bandwidth_px: fits only the weights for this bandwidth.
        progress: called with (pictures prepared, pictures).

    Raises:
        InputError: no picture with two observers.
    """
    from scipy.optimize import minimize_scalar  # late: a fifth of a second that scoring alone does not need

    folds = _Folds.of(data, baseline, progress)
    centre_bits = float(np.log2(folds.centre).mean())
    last: list[Floats] = []

    def fitted(bandwidth: float) -> ObserverMixture:
        parts = np.stack([folds.kernel(bandwidth), folds.centre, np.ones(len(folds.centre))], axis=1)
        # a share that fell to nothing would never come back: start a little inside
        weights = mixture_weights(parts, start=0.97 * last[-1] + 0.01 if last else None)
        last.append(weights)
        bits = float(np.log2(parts @ weights).mean())
        return ObserverMixture(bandwidth, float(weights[0]), float(weights[1]), float(weights[2]), bits, bits - centre_bits)

    if bandwidth_px is not None:
        return fitted(bandwidth_px)
    longest = max(max(picture.size) for picture in folds.pictures)
    tried = [fitted(fraction * longest) for fraction in BANDWIDTHS]
    best = int(np.argmax([mixture.bits for mixture in tried]))
    low, high = tried[max(best - 1, 0)].bandwidth_px, tried[min(best + 1, len(tried) - 1)].bandwidth_px
    between = minimize_scalar(
        lambda log_bandwidth: -fitted(float(np.exp(log_bandwidth))).bits,
        bounds=(np.log(low), np.log(high)),
        method="bounded",
        options={"xatol": 0.005},
    )
    return max(fitted(float(np.exp(between.x))), tried[best], key=lambda mixture: mixture.bits)


def other_observers_nss(sample: Sample, sigma_px: float, *, distinct: bool = False) -> float:
    """NSS of each observer under the density of all the others, averaged over observers.

    Args:
        sample: with at least two observers.
        sigma_px: of the density, in pixels of the stimulus; nothing outside the picture, every fixation counts.
        distinct: score each observer's cells once, however often they were looked at.

    Raises:
        InputError: fewer than two observers.
    """
    found = [
        float(scores(others, Target(fixations=own.distinct() if distinct else own), metrics=("nss",))["nss"])
        for own, others in _leave_one_out(sample, sigma_px)
    ]
    if not found:
        raise InputError(f"{sample.stimulus.key} has fewer than two observers; nobody is left to predict them")
    return float(np.mean(found))


def other_observers(
    data: DataSet,
    *,
    metrics: Sequence[str],
    sigma_px: float | None = None,
    baseline: Model,
    share: float = 0.1,
    mixture: ObserverMixture | None = None,
    equal: Equal = "observers",
    convention: str | Convention = "exact",
    progress: Progress = lambda done, total: None,
) -> Scores:
    """Scores of the other observers as a model: each observer under (1 - share) * the others' density + share * the centre bias.

    It says how well a new person can be predicted from these people, so that it bounds from below what a perfect model of pictures could
    reach; metrics that compare with a density have no such ceiling and are left out (`split_half` has one for them).

    Args:
        data: with at least two observers per picture.
        metrics: names; those that need no density are scored.
        sigma_px: of the others' density; one degree where it is not given.
        baseline: the centre bias.
        share: of the centre bias.
        mixture: fitted by `fit_observers`, in place of sigma_px and share.
        equal: what weighs the same in a picture's score, its "observers" or their "fixations". A model's score weighs fixations: take
            that for shares of the ceiling. Observers who looked more are weighed more then.
        convention: whose definitions.
        progress: called with (pictures done, pictures).

    Returns:
        One row per picture: the mean over its observers.

    Raises:
        InputError: no metric that can be scored, a sigma_px beside a mixture, or something else made equal.
    """
    possible = tuple(name for name in metrics if set(METRICS[name].needs) <= {"fixations", "baseline"})
    if not possible:
        raise InputError(f"other observers can be scored by fixations only; found {', '.join(metrics)}")
    if equal not in get_args(Equal):
        raise InputError(f"what weighs the same is {' or '.join(get_args(Equal))}; found {equal!r}")
    if mixture is not None and sigma_px is not None:
        raise InputError("give the width of the others' density once: as sigma_px, or inside the mixture")
    if mixture is None:
        mixture = ObserverMixture(sigma_px if sigma_px is not None else data.sigma_px, 1 - share, share, 0.0)
    chosen = convention_named(convention)
    rows: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for number, sample in enumerate(data, start=1):
        floor = baseline.predict_stimulus(sample.stimulus).density()
        folds = list(_leave_one_out(sample, mixture.bandwidth_px))
        each = [
            scores(mixture.density(others, floor), Target(fixations=own, baseline=floor), metrics=possible, convention=chosen)
            for own, others in folds
        ]
        if each:
            weights = [len(own) if equal == "fixations" else 1 for own, _ in folds]
            means = {name: float(np.average([float(one[name]) for one in each], weights=weights)) for name in possible}
            rows.append({"image": sample.stimulus.key, **means})
        else:
            missing[sample.stimulus.key] = "fewer than two observers"
        progress(number, len(data))
    return Scores(
        "other observers", data.name, Columns.of_rows(rows), possible, chosen.name, mixture.bandwidth_px, missing, edition=data.edition()
    )


def split_half(data: DataSet, *, metrics: Sequence[str] = ("cc", "sim"), sigma_px: float | None = None, seed: int = 0) -> Scores:
    """One random half of the observers as a model of the other half's density: the ceiling of metrics that compare with a density.

    It is that of half as many observers; `spearman_brown` says what CC it means for all of them.

    Args:
        data: with at least two observers per picture.
        metrics: names that need only a density.
        sigma_px: of both densities; one degree where it is not given.
        seed: of the halves.

    Raises:
        InputError: a metric that needs more than a density.
    """
    if wrong := [name for name in metrics if set(METRICS[name].needs) != {"density"}]:
        raise InputError(f"halves are compared as densities; {', '.join(wrong)} needs fixations: ask other_observers for it")
    sigma = sigma_px if sigma_px is not None else data.sigma_px
    draw = np.random.Generator(np.random.PCG64(seed))
    rows: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for sample in data:
        people = [] if sample.fixations is None else sample.fixations.observers
        if sample.fixations is None or len(people) < 2:
            missing[sample.stimulus.key] = "fewer than two observers"
            continue
        first = np.isin(sample.fixations.observer, draw.permutation(people)[: len(people) // 2])
        one, other = (fixation_density(sample.fixations[chosen], sigma_px=sigma) for chosen in (first, ~first))
        row = scores(one, Target(density=other), metrics=tuple(metrics))
        rows.append({"image": sample.stimulus.key, **{name: float(row[name]) for name in metrics}})
    return Scores("split half", data.name, Columns.of_rows(rows), tuple(metrics), "exact", sigma, missing)


def spearman_brown(correlation: float) -> float:
    """The correlation that two groups of twice the size would have: 2 r / (1 + r) (Spearman 1910, Brown 1910)."""
    return 2 * correlation / (1 + correlation)


class AllObservers(Model):
    """All observers of a picture as its model, the scored ones included: over-fitted, so an upper bound of the ceiling.

    Args:
        data: where people looked.
        mixture: fitted by `fit_observers`.
        baseline: the centre bias.
    """

    name = "all observers"
    is_density = True

    def __init__(self, data: DataSet, mixture: ObserverMixture, *, baseline: Model) -> None:
        self._looked = {sample.stimulus.key: sample.fixations for sample in data}
        self.mixture, self.baseline = mixture, baseline

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The mixture of everybody's fixations on this stimulus.

        Raises:
            InputError: nobody looked at it.
        """
        fixations = self._looked.get(stimulus.key)
        if fixations is None or len(fixations) == 0:
            raise InputError(f"nobody looked at {stimulus.key}; all observers as a model need fixations")
        floor = self.baseline.predict_stimulus(stimulus).density()
        found = self.mixture.density(fixation_density(fixations, sigma_px=self.mixture.bandwidth_px), floor)
        return SaliencyMap(found.astype(np.float32), "density")

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """Not possible: observers predict only what they saw. Raises InputError."""
        raise InputError("all observers as a model know only the stimuli of their data set; a new picture has no fixations")


@dataclass(frozen=True)
class _Picture:
    """The fixated cells of one picture and who looked: (K,) each."""

    size: tuple[int, int]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    observer: NDArray[np.int64]

    def kernel(self, bandwidth_px: float) -> Floats:
        """Density of the other observers at each fixation, over the uniform density, (K,): exactly as their map would have it."""
        down, across = (gaussian_operator(length, bandwidth_px) for length in self.size)
        weights = down[np.ix_(self.rows, self.rows)] * across[np.ix_(self.columns, self.columns)]
        weights[self.observer[:, None] == self.observer[None, :]] = 0.0
        mass = down.sum(axis=0)[self.rows] * across.sum(axis=0)[self.columns]
        others = mass.sum() - np.bincount(self.observer, mass)[self.observer]
        return weights.sum(axis=1) / others * (self.size[0] * self.size[1])


@dataclass(frozen=True)
class _Folds:
    """All pictures that two or more observers saw; `centre` is the baseline at their fixations, over uniform, (N,)."""

    pictures: list[_Picture]
    centre: Floats

    @classmethod
    def of(cls, data: DataSet, baseline: Model, progress: Progress) -> _Folds:
        pictures, centre = [], []
        for number, sample in enumerate(data, start=1):
            held = sample.fixations
            if held is not None and len(held.observers) > 1:
                pictures.append(_Picture(held.size, held.rows, held.columns, np.unique(held.observer, return_inverse=True)[1]))
                floor = baseline.predict_stimulus(sample.stimulus).density()
                centre.append(np.maximum(floor[held.rows, held.columns] * floor.size, np.finfo(float).tiny))
            progress(number, len(data))
        if not pictures:
            raise InputError(f"predicting observers from each other needs pictures that two or more saw; {data.name} has none")
        return cls(pictures, np.concatenate(centre))

    def kernel(self, bandwidth_px: float) -> Floats:
        return np.concatenate([picture.kernel(bandwidth_px) for picture in self.pictures])


def _leave_one_out(sample: Sample, sigma_px: float) -> Iterator[tuple[Fixations, Floats]]:
    """For each observer: (the own fixations, the blurred counts of everybody else's), where both are there."""
    fixations = sample.fixations
    if fixations is None:
        return
    rows, columns = gaussian_operator(fixations.size[0], sigma_px), gaussian_operator(fixations.size[1], sigma_px)
    each = {number: fixations[fixations.observer == number] for number in fixations.observers}
    blurred = {number: rows[:, own.rows] @ columns[:, own.columns].T for number, own in each.items()}
    if len(each) < 2:
        return
    total = sum(blurred.values(), np.zeros(fixations.size))
    for number, own in each.items():
        yield own, np.maximum(total - blurred[number], 0.0)
