"""Judd's model (2009): a linear support vector machine on features of every pixel, trained on where people looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

import array_api_compat
import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.datasets import DataSet
from salquest.datasets.duplicates import perceptual_hashes
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import resize_map
from salquest.models.classical.arrays import Array, as_numpy, like
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.judd_features import FEATURES, SIZE, judd_features
from salquest.models.classical.saliency_toolbox import SaliencyToolbox
from salquest.runs.atomic import write_json

# the SaliencyToolbox's own limit; its three features are the only ones that see the picture's size
LONGEST = 800


class JuddWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What training found, and from what.

    Attributes:
        features: names, in order.
        mean, spread: of each feature over the training samples; a feature is whitened with them.
        weights, bias: of the whitened features; the map is their sum.
        data, edition: the data set's name and edition.
        num_pictures, num_samples: that were learned from.
        cost: of the support vector machine.
        seed: of the samples' places.
        trained_on: key -> perceptual hash of the pictures.
    """

    features: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    data: str
    edition: str
    num_pictures: int
    num_samples: int
    cost: float
    seed: int
    trained_on: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.features != FEATURES:
            raise ValueError(f"features are {', '.join(FEATURES)}; found {', '.join(self.features)}")
        if {len(self.mean), len(self.spread), len(self.weights)} != {len(FEATURES)}:
            raise ValueError(f"mean, spread and weights are {len(FEATURES)} numbers each")
        if min(self.spread) <= 0:
            raise ValueError("spread is positive")

    def save(self, path: str | Path) -> None:
        """Write them as one JSON file, whole or not at all."""
        write_json(Path(path), msgspec.to_builtins(self))

    @classmethod
    def load(cls, path: str | Path) -> JuddWeights:
        """Read what `save` wrote.

        Raises:
            DataNotFound: no such file. BrokenFile: it holds something else.
        """
        try:
            return msgspec.json.decode(Path(path).read_bytes(), type=cls)
        except OSError as error:
            raise DataNotFound(f"there are no weights of Judd's model at {path}; train_judd(data).save(path) makes them") from error
        except msgspec.DecodeError as error:
            raise BrokenFile(f"{path} does not hold weights of Judd's model: {error}") from error


@lru_cache(maxsize=1)
def shipped_weights() -> JuddWeights:
    """The weights that travel inside the package: OSIE's training part, by tools/train_judd.py."""
    with resources.as_file(resources.files("salquest.models.classical") / "judd_weights.json") as path:
        return JuddWeights.load(path)


@dataclass(frozen=True, eq=False, kw_only=True)
class Judd(ClassicalModel):
    """Judd, Ehinger, Durand and Torralba (2009): the distance from a plane between looked-at and other pixels in 29 of their 33 features.

    The original was trained on 903 pictures of MIT1003 and had detectors of horizon, cars, persons and faces, which are not here
    (judd_features.py says what else departs). Its weights were not published; these were trained on the 500 pictures of OSIE's training part.

    Attributes:
        longest: 800 as for the SaliencyToolbox, whose maps are three of the features; weights belong to the size they were trained at.
        weights: those of `train_judd`; the shipped ones where they are not given.
    """

    name = "judd"
    longest: int | None = LONGEST
    weights: JuddWeights = field(default_factory=shipped_weights, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trained_on", self.weights.trained_on)

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the features' size, (B, 200, 200): any real numbers, positive where the machine says that people look."""
        xp = array_api_compat.array_namespace(pictures)
        features = judd_features(pictures)
        slopes = np.array(self.weights.weights) / np.array(self.weights.spread)
        offset = self.weights.bias - float(slopes @ np.array(self.weights.mean))
        return xp.sum(features * like(slopes, features)[:, None, None], axis=1) + offset


def train_judd(
    data: DataSet,
    *,
    positives: int = 10,
    negatives: int = 10,
    top: float = 0.2,
    bottom: float = 0.7,
    rim: int = 10,
    cost: float = 1.0,
    sigma_px: float | None = None,
    longest: int | None = LONGEST,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> JuddWeights:
    """Learn the weights as the paper did: looked-at and other pixels of every picture, features whitened, a linear support vector machine.

    Args:
        data: pictures with gaze.
        positives, negatives: pixels of each picture, drawn without repetition.
        top: positives come from this share of the pixels, the densest.
        bottom: negatives come from this share, the least dense.
        rim: pixels of 200 at the border that are never drawn; the source says that it leaves some out, not how many.
        cost: of a sample on the wrong side; liblinear's default.
        sigma_px: of the density, in pixels of the stimuli; one degree where it is not given.
        longest: size of the pictures, as of the model that will use the weights.
        seed: of the draw.
        progress: called with (pictures done, pictures).

    Raises:
        InputError: no picture, or a number that cannot be meant.
    """
    if len(data) == 0:
        raise InputError("Judd's model learns from pictures with gaze; found none")
    if min(positives, negatives) < 1 or not 0 < top < 1 or not 0 < bottom < 1 or not 0 <= rim < SIZE[0] // 2 or not cost > 0:
        raise InputError(
            "positives and negatives are at least 1, top and bottom shares between 0 and 1, rim in 0..99, cost positive; "
            f"found {positives}, {negatives}, {top}, {bottom}, {rim}, {cost}"
        )
    sigma = data.sigma_px if sigma_px is None else sigma_px
    draw = np.random.Generator(np.random.PCG64(seed))
    sizing = SaliencyToolbox(longest=longest)  # its features are those that the size matters to
    samples, labels = [], []
    for done, sample in enumerate(data, start=1):
        density = resize_map(sample.density(sigma), SIZE)
        inner = np.zeros(SIZE, dtype=bool)
        inner[rim : SIZE[0] - rim, rim : SIZE[1] - rim] = True
        looked_at = np.flatnonzero(inner & (density >= np.quantile(density, 1 - top)))
        elsewhere = np.flatnonzero(inner & (density <= np.quantile(density, bottom)))
        features = as_numpy(judd_features(sizing.prepared(sample.stimulus.pixels()[None]))).reshape(len(FEATURES), -1)
        for places, wanted, label in ((looked_at, positives, 1.0), (elsewhere, negatives, -1.0)):
            chosen = draw.choice(places, min(wanted, places.size), replace=False)
            samples.append(features[:, chosen].T)
            labels.append(np.full(chosen.size, label))
        progress(done, len(data))
    x, y = np.concatenate(samples), np.concatenate(labels)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    weights, bias = squared_hinge_machine((x - mean) / spread, y, cost=cost)
    return JuddWeights(
        features=FEATURES,
        mean=tuple(mean.tolist()),
        spread=tuple(spread.tolist()),
        weights=tuple(weights.tolist()),
        bias=bias,
        data=data.name,
        edition=data.edition(),
        num_pictures=len(data),
        num_samples=len(y),
        cost=cost,
        seed=seed,
        trained_on=perceptual_hashes(data),
    )


def squared_hinge_machine(
    x: NDArray[np.float64], y: NDArray[np.float64], *, cost: float = 1.0, tolerance: float = 1e-10, most: int = 100
) -> tuple[NDArray[np.float64], float]:
    """The linear support vector machine with squared hinge loss: min |w|^2 / 2 + cost * sum max(0, 1 - y (x w + b))^2.

    Newton's method on the samples inside the margin with a halving line search (Keerthi and DeCoste 2005); it ends after finitely many
    steps. liblinear's L2-loss machine is this, but for the bias, which it leaves out unless it is asked for, and then regularises.

    Args:
        x: samples, (N, F).
        y: -1 or 1, (N,).
        cost: of being inside the margin.
        tolerance: of the gradient, relative to that at 0.
        most: Newton steps.

    Returns:
        w, (F,), and b.
    """
    columns = np.column_stack([x, np.ones(len(x))])
    ridge = np.append(np.ones(x.shape[1]), 0.0)  # the bias is free

    def value(w: NDArray[np.float64]) -> float:
        return float(0.5 * (ridge * w**2).sum() + cost * (np.maximum(0, 1 - y * (columns @ w)) ** 2).sum())

    w = np.zeros(columns.shape[1])
    first = None
    for _ in range(most):
        inside = y * (columns @ w) < 1
        held = columns[inside]
        gradient = ridge * w - 2 * cost * held.T @ (y[inside] - held @ w)
        size = float(np.abs(gradient).max())
        first = size if first is None else first
        if size <= tolerance * first:
            break
        # a little on the bias keeps the equations solvable when nothing is inside
        step = np.linalg.solve(np.diag(ridge + 1e-12) + 2 * cost * held.T @ held, -gradient)
        length, now, slope = 1.0, value(w), float(gradient @ step)
        while value(w + length * step) > now + 1e-4 * length * slope and length > 1e-10:
            length /= 2
        w = w + length * step
    return w[:-1], float(w[-1])
