"""Fitting the few numbers that bring a trained network to a new data set, from some fifty pictures (after Kümmerer 2025).

    fit = adapt("runs/first", load_dataset("mine", "MYDIR"), "runs/first-mine")
    load_model("runs/first-mine").predict("photo.jpg")

The network is frozen: its densities at every scale are computed once, and the numbers are found by the likelihood of the fixations, in
seconds and with exact gradients. So this is no training: no epochs, no batches, nothing for the one loop to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salquest.datasets import DataSet, Duplicate, Sample, Split
from salquest.datasets.duplicates import find_near, perceptual_hashes
from salquest.errors import InputError, UnknownName
from salquest.evaluation import Interval, bootstrap_mean
from salquest.models import load_model
from salquest.models.adaptation import CENTRE_BOUNDS, LAPSE_BOUNDS, SCALES, SLOPE_BOUNDS, SPREAD_BOUNDS, Adaptation, adapted_densities
from salquest.models.adapted_network import AdaptedFolder, AdaptedRecord, grid_size, predicted_densities
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.contract import Network
from salquest.models.network_digest import network_digest
from salquest.models.shipped import shipped_networks
from salquest.runs import RunFolder, versions

PICTURES = 50
# fewer say less than the numbers ask; with more, training says more than a few numbers can hold
FEWEST, MOST = 5, 500
# weights of scales below this are taken for nothing, which spares a pass through the network
LEAST_WEIGHT = 0.02
# a picture counts as so many independent fixations against the pull: its observers look at the same things, so it is not all of them
EVIDENCE = 10
# the spread's variance is fitted in units of this fraction of the longer side, squared
SPREAD_UNIT = 0.02
TINY = 1e-300
# maps are fitted at this length of their longer side, a third of a degree for most sets: spread and centre are fractions of the sides
FIT_LENGTH = 96

Floats = NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class AdaptationFit:
    """What `fit_adaptation` found.

    Attributes:
        adaptation: the numbers; those that change nothing where the fitted ones did not help.
        fitted: the numbers that were fitted, whether they helped or not.
        gain: log-likelihood of the validation pictures' gaze with the fitted numbers less that without, in bit per fixation.
        before, after: log-likelihood over uniform of the pictures that were fitted to, in bit per fixation.
        fitted_to, checked_on: keys of the pictures.
        seen: those of `fitted_to` that the network has learnt from.
    """

    adaptation: Adaptation
    fitted: Adaptation
    gain: Interval
    before: float
    after: float
    fitted_to: tuple[str, ...]
    checked_on: tuple[str, ...]
    seen: tuple[Duplicate, ...] = ()

    @property
    def helped(self) -> bool:
        """Whether the fitted numbers foretell the gaze on the validation pictures better than the network as it is."""
        return self.gain.mean > 0


def adapt(
    model: str | Path,
    data: DataSet,
    parts: Split,
    out: str | Path,
    *,
    images: int = PICTURES,
    seed: int = 0,
    device: str = "cpu",
    force: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> AdaptationFit:
    """Adapt a trained network to a data set and write the folder that `load_model` reads.

    Args:
        model: a run folder, the folder of a checkpoint, or the name of a network that ships.
        data: pictures with fixations or maps.
        parts: of it; training pictures are fitted to, validation pictures decide whether that helped, test pictures are not looked at.
        out: the folder.
        images: how many training pictures are fitted to, and at most so many validation pictures are checked on.
        seed: which they are.
        device: where the network runs.
        force: write over an adapted network.
        progress: called with (what is done, pictures done, pictures).

    Raises:
        InputError: another model or number of pictures. Refused: something is there. And as `load_model`.
    """
    folder = AdaptedFolder(Path(out))
    folder.check_free(force=force)
    root = _network_folder(model)
    # torch where a run has it; a checkpoint's own choice else: both have the same numbers
    network = load_model(model, device=device)
    if not isinstance(network, Network):
        raise InputError(f"{model} is no trained network; adapt a run folder, a checkpoint's folder or the name of a network that ships")
    chosen = {"fitting": choose(data, parts.train, images, seed), "checking": choose(data, parts.val, images, seed)}
    fit = fit_adaptation(network, chosen["fitting"], chosen["checking"], progress=progress)
    record = AdaptedRecord(
        network=str(model) if root is None else folder.path_to(root),
        found="name" if root is None else "path",
        fingerprint=network_digest(root or shipped_networks()[str(model)].root),
        adaptation=fit.adaptation,
        helped=fit.helped,
        fitted={
            "data": data.name,
            "edition": data.edition(),
            "seed": seed,
            "pictures": len(fit.fitted_to),
            "checked_on": len(fit.checked_on),
            "bits_before": fit.before,
            "bits_after": fit.after,
            "gain": fit.gain.mean,
        },
        pictures=perceptual_hashes(chosen["fitting"]),
        salquest=versions("salquest").get("salquest", ""),
    )
    folder.write(record)
    return fit


def choose(data: DataSet, keys: tuple[str, ...], number: int, seed: int) -> DataSet:
    """So many pictures of those of these keys that somebody looked at, drawn by seed.

    Raises:
        InputError: a number that is none, or too few such pictures.
    """
    if not FEWEST <= number <= MOST:
        raise InputError(f"an adaptation is fitted to {FEWEST} to {MOST} pictures; found {number} (with more, train: salquest train)")
    looked = sorted(sample.stimulus.key for sample in data.subset(keys) if _has_gaze(sample))
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(looked))
    return data.subset(looked[place] for place in order[:number])


def fit_adaptation(
    network: Network,
    fitting: DataSet,
    checking: DataSet,
    *,
    scales: tuple[float, ...] = SCALES,
    progress: Progress = lambda what, done, total: None,
) -> AdaptationFit:
    """Find the numbers under which the gaze of some pictures is most likely, and see on others whether they help.

    What is lowered is the mean over pictures of the negative log-likelihood of their fixations: the one score that a density cannot gain by
    telling anything but what it expects, and the one that needs no choice of a Gaussian, which would teach the spread our own blur. Where a
    set has maps instead of fixations their cross entropy stands for it, KLD up to a constant. Every number is pulled to where it changes
    nothing, by a Gaussian against which every picture counts as ten fixations: 5 pictures move little, 50 what they agree on.

    Args:
        network: as it was trained.
        fitting, checking: pictures that share none.
        scales: at which the network sees them, 1 among them.
        progress: called with (what is done, pictures done, pictures).

    Raises:
        InputError: fewer than five pictures to fit to, none to check on, or scales without 1.
    """
    if len(fitting) < FEWEST or not len(checking):
        raise InputError(
            f"an adaptation needs {FEWEST} or more training pictures with gaze and a validation picture or more; "
            f"{fitting.name} has {len(fitting)} and {len(checking)}"
        )
    family = _Family(scales)
    seen = _looked_at(network, fitting, scales, lambda done, total: progress("seeing pictures at every scale", done, total))
    fitted = family.fit(seen)
    needed = _only_needed(fitted)
    unseen = _looked_at(network, checking, needed.scales, lambda done, total: progress("checking on other pictures", done, total))
    identity = Adaptation(scales=needed.scales, weights=tuple(float(scale == 1) for scale in needed.scales))
    gain = bootstrap_mean(_bits(unseen, needed) - _bits(unseen, identity))
    plain = Adaptation(scales=scales, weights=tuple(float(scale == 1) for scale in scales))
    return AdaptationFit(
        adaptation=fitted if gain.mean > 0 else plain,
        fitted=fitted,
        gain=gain,
        before=float(_bits(seen, plain).mean()),
        after=float(_bits(seen, fitted).mean()),
        fitted_to=fitting.keys,
        checked_on=checking.keys,
        seen=tuple(find_near(fitting, network.trained_on)),
    )


@dataclass(frozen=True)
class _Pictures:
    """Pictures of one shape: what the network predicts at its scales, (S, B, h, w), and where people looked, (B, h, w) summing to 1."""

    predicted: Tensor
    looked: Tensor

    def bits(self, densities: Tensor) -> Tensor:
        """Log-likelihood over uniform, (B,), in bit per fixation, of densities (B, h, w)."""
        pixels = densities.shape[-2] * densities.shape[-1]
        return (self.looked * torch.log2(densities.clamp(min=TINY) * pixels)).sum(dim=(-2, -1))


def _looked_at(network: Network, data: DataSet, scales: tuple[float, ...], progress: Callable[[int, int], None]) -> list[_Pictures]:
    groups: dict[tuple[int, int], list[tuple[Floats, Floats]]] = {}
    for done, sample in enumerate(data, start=1):
        size = grid_size(sample.stimulus.size, FIT_LENGTH)
        predicted = predicted_densities(network, sample.stimulus.pixels(), scales, length=FIT_LENGTH)
        groups.setdefault(size, []).append((predicted, _gaze(sample, size)))
        progress(done, len(data))
    return [
        _Pictures(*(torch.from_numpy(np.stack(arrays, axis=axis)) for axis, arrays in zip((1, 0), zip(*group, strict=True), strict=True)))
        for group in groups.values()
    ]


def _has_gaze(sample: Sample) -> bool:
    return sample.map_path is not None or (sample.fixations is not None and len(sample.fixations) > 0)


def _gaze(sample: Sample, size: tuple[int, int]) -> Floats:
    """Where people looked, (h, w), summing to 1: fixations counted in cells, or the distributed map where there are none."""
    if sample.fixations is not None and len(sample.fixations):
        return sample.fixations.resized(size).count_map() / len(sample.fixations)
    return sample.density(0.0, size=size)


def _bits(pictures: list[_Pictures], adaptation: Adaptation) -> Floats:
    """Log-likelihood of each picture's gaze over uniform, in bit per fixation."""
    return torch.cat([group.bits(adaptation.densities(group.predicted)) for group in pictures]).numpy()


@dataclass(frozen=True)
class _Number:
    """A group of numbers of the fit: where it changes nothing, the deviation of the Gaussian that pulls it there, and its bounds."""

    length: int
    start: float
    width: float
    bounds: tuple[float, float]


class _Family:
    """The numbers of an adaptation as one vector: logits of the weights of the other scales than 1, slopes, centre, variance, lapses."""

    def __init__(self, scales: tuple[float, ...]) -> None:
        if 1.0 not in scales:
            raise InputError(f"an adaptation starts from the network as it is: 1 is one of its scales; found {scales}")
        self.scales, self.own = scales, scales.index(1.0)
        numbers = {
            # five percent at the start: at no weight at all a logit is infinite
            "logits": _Number(len(scales) - 1, -3.0, 2.0, (-8.0, 8.0)),
            "slopes": _Number(4, 1.0, 0.5, SLOPE_BOUNDS),
            "centre": _Number(4, 0.0, 1.0, CENTRE_BOUNDS),
            "variance": _Number(1, 0.0, 10.0, (0.0, (SPREAD_BOUNDS[1] / SPREAD_UNIT) ** 2)),
            "lapses": _Number(1, 0.0, 0.1, LAPSE_BOUNDS),
        }
        self.lengths = [number.length for number in numbers.values()]
        self.start = np.concatenate([np.full(number.length, number.start) for number in numbers.values()])
        self.widths = np.concatenate([np.full(number.length, number.width) for number in numbers.values()])
        self.bounds = [number.bounds for number in numbers.values() for _ in range(number.length)]

    def fit(self, pictures: list[_Pictures]) -> Adaptation:
        """The numbers of the least cost, from where they change nothing."""
        from scipy.optimize import minimize

        def cost(numbers: Floats) -> tuple[float, Floats]:
            vector = torch.tensor(numbers, requires_grad=True)
            found = self.cost(vector, pictures)
            found.backward()  # type: ignore[no-untyped-call]
            assert vector.grad is not None
            return found.item(), vector.grad.numpy()

        found = minimize(cost, self.start, jac=True, method="L-BFGS-B", bounds=self.bounds, options={"maxiter": 200})
        weights, slopes, centre, variance, lapses = self._parts(torch.from_numpy(np.asarray(found.x, dtype=np.float64)))
        kept = torch.where(weights < LEAST_WEIGHT, 0.0, weights)
        return Adaptation(
            scales=self.scales,
            weights=tuple((kept / kept.sum()).tolist()),
            slopes=tuple(slopes.tolist()),
            centre=tuple(centre.tolist()),
            spread=float(variance.sqrt()),
            lapses=float(lapses),
        )

    def cost(self, vector: Tensor, pictures: list[_Pictures]) -> Tensor:
        """Mean negative log-likelihood in nat per fixation, and the pull to where nothing changes."""
        weights, slopes, centre, variance, lapses = self._parts(vector)
        bits = torch.cat([group.bits(adapted_densities(group.predicted, weights, slopes, centre, variance, lapses)) for group in pictures])
        pull = (((vector - torch.from_numpy(self.start)) / torch.from_numpy(self.widths)) ** 2).sum() / 2
        return pull / (EVIDENCE * len(bits)) - bits.mean() * np.log(2)

    def _parts(self, vector: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(weights, slopes, centre, variance as a fraction of the longer side squared, lapses)."""
        logits, slopes, centre, variance, lapses = vector.split(self.lengths)  # type: ignore[no-untyped-call]
        own = torch.zeros(1, dtype=vector.dtype)
        weights = torch.cat([logits[: self.own], own, logits[self.own :]]).softmax(dim=0)
        return weights, slopes, centre, variance[0] * SPREAD_UNIT**2, lapses[0]


def _only_needed(adaptation: Adaptation) -> Adaptation:
    """The same numbers without the scales of no weight, but with that of 1."""
    kept = [place for place, (scale, weight) in enumerate(zip(adaptation.scales, adaptation.weights, strict=True)) if weight or scale == 1]
    picked: Mapping[str, tuple[float, ...]] = {
        "scales": tuple(adaptation.scales[place] for place in kept),
        "weights": tuple(adaptation.weights[place] for place in kept),
    }
    return Adaptation(**picked, slopes=adaptation.slopes, centre=adaptation.centre, spread=adaptation.spread, lapses=adaptation.lapses)


def _network_folder(model: str | Path) -> Path | None:
    """The folder of a network; None for one that ships.

    Raises:
        UnknownName, InputError: no such folder, or no network that can be adapted.
    """
    if str(model) in shipped_networks():
        return None
    path = Path(model).expanduser()
    if AdaptedFolder(path).exists():
        raise InputError(f"{model} is an adapted network already; adapt the network that it adapts")
    if CheckpointFolder(path).exists() or RunFolder(path).exists():
        return path
    if path.exists() or "/" in str(model):
        raise InputError(f"{model} is no trained network; adapt a run folder, a checkpoint's folder or the name of a network that ships")
    raise UnknownName("run folder or network that ships", str(model), shipped_networks())
