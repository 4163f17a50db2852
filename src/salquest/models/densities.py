"""From plain maps to densities: a monotone non-linearity, a centre bias and a blur, fitted by likelihood (Kümmerer 2015).

    fit = fit_density(model, data)             # on pictures that nothing will be scored on
    fit.save("gbvs-density.json")
    density_model = FittedDensity(model, fit)

A saliency map has no likelihood; how its values stand for probabilities is anybody's choice. Here the choice is fitted, so that information
gain is told of what the map knows, not of its scale:

    log p(x) = f(blurred map at x) + g(distance of x from the middle) - log of the sum over pixels

f is piecewise linear and never falls; g is piecewise linear. For a blur this is an exponential family: the likelihood is concave in the knots,
and the maximum is the only one. The blur is searched around that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.datasets import DataSet
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import SaliencyMap, Stimulus, blur, resize_map
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model
from salquest.runs import write_json

FORMAT = "salquest density 1"
VALUE_KNOTS = 20
CENTRE_KNOTS = 12
# blurs that are tried, as fractions of the longer side
BLURS = (0.0, 0.01, 0.02, 0.035, 0.05, 0.08)
# maps are fitted at this length of their longer side: knots are a few dozen numbers, which a coarse map tells as well
FIT_LENGTH = 128
# log-values change by at most this much from knot to knot: an empty top bin would send them to infinity
STEEPEST = 20.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DensityFit:
    """How a model's map becomes a density.

    Attributes:
        low, high: values of the blurred map that became 0 and 1; values beyond are clipped.
        blur: standard deviation of the Gaussian put over the map first, as a fraction of its longer side; mirrored at the border.
        values: log-density at equidistant knots of 0..1, never falling, beginning with 0.
        centre: log-density at equidistant knots of the distance from the middle, beginning with 0; the last is the corner.
        bits: log-likelihood on the pictures it was fitted on, bit per fixation over uniform, at the size of the fit.
        fitted_on: the data set, for people.
        pictures: how many.
    """

    low: float
    high: float
    blur: float
    values: tuple[float, ...]
    centre: tuple[float, ...]
    bits: float = float("nan")
    fitted_on: str = ""
    pictures: int = 0

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.blur, *self.values, *self.centre)
        if len(self.values) < 2 or len(self.centre) < 2 or not np.isfinite(numbers).all():
            raise InputError("a fitted density has two or more knots of values and of the centre, all of them finite numbers")
        if self.blur < 0 or self.high <= self.low or np.diff(self.values).min() < -1e-12:
            raise InputError("a fitted density has a blur of 0 or more, high above low, and values that never fall")

    def density(self, saliency: ArrayLike) -> Floats:
        """The density, (H, W), of a map (H, W)."""
        blurred = _blurred(np.asarray(saliency, dtype=np.float64), self.blur)
        log = _piecewise(_scaled(blurred, self.low, self.high), self.values) + _piecewise(_distance(blurred.shape), self.centre)
        density = np.exp(log - log.max())
        return density / density.sum()

    def save(self, path: str | Path) -> None:
        """Write it as JSON."""
        write_json(Path(path), {"format": FORMAT, **asdict(self)})

    @classmethod
    def load(cls, path: str | Path) -> DensityFit:
        """Read it back, equal to what was saved.

        Raises:
            DataNotFound: no such file. BrokenFile: not a fitted density.
        """
        source = Path(path)
        try:
            content = json.loads(source.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataNotFound(f"there is no fitted density at {source}; check the path") from error
        except ValueError as error:
            raise BrokenFile(f"{source} is not JSON: {error}") from error
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise BrokenFile(f"{source} is not a fitted density: its format is not {FORMAT!r}")
        try:
            return cls(**{**content, "values": tuple(content["values"]), "centre": tuple(content["centre"])})
        except (KeyError, TypeError, InputError) as error:
            raise BrokenFile(f"{source} is not a whole fitted density: {error}") from error


class FittedDensity(Model):
    """A model of plain maps as a density.

    Args:
        model: whose maps are taken.
        fit: made by `fit_density` for this model.
    """

    is_density = True

    def __init__(self, model: Model, fit: DensityFit) -> None:
        self.model, self.fit, self.name = model, fit, f"{model.name} as density"

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density of a data set's stimulus."""
        return SaliencyMap(self.fit.density(self.model.predict_stimulus(stimulus).values).astype(np.float32), "density")

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB."""
        return SaliencyMap(self.fit.density(self.model.predict_pixels(pixels).values).astype(np.float32), "density")


def fit_density(
    model: Model,
    data: DataSet,
    *,
    blurs: Sequence[float] = BLURS,
    value_knots: int = VALUE_KNOTS,
    centre_knots: int = CENTRE_KNOTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DensityFit:
    """Fit the non-linearity, the centre bias and the blur under which the fixations of a data set are most likely.

    Args:
        model: of any maps.
        data: pictures with fixations, none of which will be scored; a few dozen are enough for some 30 numbers.
        blurs: tried one after the other, as fractions of the longer side.
        value_knots, centre_knots: of f and g, two or more.
        progress: called with (blurs done, blurs).

    Raises:
        InputError: no fixations, maps without spread, fewer than two knots, or no blur.
    """
    if value_knots < 2 or centre_knots < 2 or not blurs:
        raise InputError("fitting a density needs two or more knots of values and of the centre, and a blur to try (0 for none)")
    maps, counts = [], []
    for sample in data:
        if sample.fixations is not None and len(sample.fixations):
            values = model.predict_stimulus(sample.stimulus).values.astype(np.float64)
            shrink = min(1.0, FIT_LENGTH / max(values.shape))
            size = (max(1, round(values.shape[0] * shrink)), max(1, round(values.shape[1] * shrink)))
            maps.append(resize_map(values, size))
            counts.append(sample.fixations.resized(size).count_map())
    if not maps:
        raise InputError(f"a density is fitted to fixations; {data.name} has none")
    best: tuple[float, DensityFit] | None = None
    start = np.zeros(value_knots + centre_knots - 2)
    for number, width in enumerate(blurs, start=1):
        blurred = [_blurred(values, width) for values in maps]
        low, high = min(float(one.min()) for one in blurred), max(float(one.max()) for one in blurred)
        if high <= low:
            raise InputError(f"the maps of {model.name} have no spread: a density of them would be the centre bias alone")
        family = _Family([_scaled(one, low, high) for one in blurred], counts, value_knots, centre_knots)
        bits, start = family.fit(start)
        values, centre = np.cumsum([0.0, *start[: value_knots - 1]]), np.array([0.0, *start[value_knots - 1 :]])
        if best is None or bits > best[0]:
            fit = DensityFit(low, high, float(width), tuple(values.tolist()), tuple(centre.tolist()), bits, data.name, len(maps))
            best = (bits, fit)
        progress(number, len(blurs))
    assert best is not None
    return best[1]


class _Family:
    """The likelihood of knots: each pixel's log-density is linear in the rises between value knots and in the centre knots."""

    def __init__(self, scaled: Sequence[Floats], counts: Sequence[Floats], value_knots: int, centre_knots: int) -> None:
        self.value_knots, self.centre_knots = value_knots, centre_knots
        self.picture = np.repeat(np.arange(len(scaled)), [one.size for one in scaled])
        self.counts = np.concatenate([one.reshape(-1) for one in counts])
        self.per_picture = np.array([one.sum() for one in counts])
        self.values = _hats(np.concatenate([one.reshape(-1) for one in scaled]), value_knots)
        self.centre = _hats(np.concatenate([_distance(one.shape).reshape(-1) for one in scaled]), centre_knots)
        self.starts = np.cumsum([0, *(one.size for one in scaled)])[:-1]
        self.uniform = float((self.per_picture * np.log([one.size for one in scaled])).sum())

    def fit(self, start: Floats) -> tuple[float, Floats]:
        """(bit per fixation over uniform, the best rises and centre knots)."""
        from scipy.optimize import minimize  # late, so that reading and showing maps does not wait for it

        rises = self.value_knots - 1
        bounds = [(0.0, STEEPEST)] * rises + [(-STEEPEST, STEEPEST)] * (self.centre_knots - 1)
        found = minimize(self.cost, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
        return float(-found.fun / np.log(2)), np.asarray(found.x, dtype=np.float64)

    def cost(self, parameters: Floats) -> tuple[float, Floats]:
        """Negative log-likelihood in nat per fixation over uniform, and its gradient: the model's expectations less the observed ones."""
        rises = self.value_knots - 1
        log = _at(self.values, np.cumsum([0.0, *parameters[:rises]])) + _at(self.centre, np.array([0.0, *parameters[rises:]]))
        highest = np.maximum.reduceat(log, self.starts)
        raw = np.exp(log - highest[self.picture])
        total = np.add.reduceat(raw, self.starts)
        likelihood = float(self.counts @ log) - float(self.per_picture @ (np.log(total) + highest)) + self.uniform
        surplus = raw * (self.per_picture / total)[self.picture] - self.counts
        by_value, by_centre = _sums(self.values, surplus, self.value_knots), _sums(self.centre, surplus, self.centre_knots)
        # a rise lifts all knots above it
        by_rise = np.cumsum(by_value[::-1])[::-1][1:]
        number = float(self.per_picture.sum())
        return -likelihood / number, np.concatenate([by_rise, by_centre[1:]]) / number


Hats = tuple[NDArray[np.int64], Floats]


def _hats(positions: Floats, knots: int) -> Hats:
    """For positions in 0..1: (the knot below, how far towards the next)."""
    scaled = positions * (knots - 1)
    below = np.minimum(scaled.astype(np.int64), knots - 2)
    return below, scaled - below


def _at(hats: Hats, knots: Floats) -> Floats:
    below, step = hats
    return (1 - step) * knots[below] + step * knots[below + 1]


def _sums(hats: Hats, weights: Floats, knots: int) -> Floats:
    below, step = hats
    sums = np.bincount(below, (1 - step) * weights, minlength=knots) + np.bincount(below + 1, step * weights, minlength=knots)
    return sums.astype(np.float64)


def _piecewise(positions: Floats, knots: Sequence[float]) -> Floats:
    return np.interp(positions, np.linspace(0, 1, len(knots)), knots)


def _scaled(values: Floats, low: float, high: float) -> Floats:
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _blurred(values: Floats, width: float) -> Floats:
    return blur(values, width * max(values.shape), border="reflect") if width else values


def _distance(shape: tuple[int, ...]) -> Floats:
    """Distance from the middle in fractions of the sides, 1 in the corners, (H, W)."""
    y, x = ((np.arange(length) + 0.5) / length - 0.5 for length in shape)
    return np.hypot(y[:, None], x[None, :]) * np.sqrt(2)
