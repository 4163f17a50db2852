"""From samples to batches: pictures decoded once, densities made once, or both anew for each view of them; all drawn from seed and epoch alone.

Whether a batch holds pictures or the cached taps of a frozen encoder is nobody's business but this file's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from salquest.datasets import DataSet, Sample
from salquest.encoders import FeatureCache
from salquest.gaze import as_density, fixation_density, resize_map, resize_picture
from salquest.gaze.pictures import Pixels
from salquest.losses import Targets
from salquest.models.fitting import Fit, fitted_map_size, fitted_ratio, fitted_size
from salquest.training.augmentation import Augmentation, View, Window
from salquest.training.order import Mix, epoch_order, made_ahead
from salquest.training.teaching import Teachers

Inputs = Tensor | tuple[Tensor, ...]
Size = tuple[int, int]

# taps of a part, or stored pictures, that take less than this stay in memory; larger ones are read from their files in every epoch
IN_MEMORY_BYTES = 2 * 2**30
# after seed, epoch, picture and turn: what a view is drawn from, apart from what the order is drawn from
VIEWS = 1


@dataclass(frozen=True)
class Population:
    """Where people look in the training pictures taken together: what the centre-bias term and the shuffled surrogate compare with.

    Attributes:
        prior: mean of the saliency maps (each with a maximum of 1), (h, w).
        counts: all fixations per cell, (h, w).
    """

    prior: Tensor
    counts: Tensor

    def seen_through(self, window: Window | None, picture: Size, map_size: Size) -> tuple[Tensor, Tensor]:
        """Prior and counts of a part of a picture, at another size: interpolated, the counts with their sum kept."""
        if window is None and self.counts.shape == tuple(map_size):
            return self.prior, self.counts
        prior, counts = (torch.from_numpy(_part(values.numpy(), window, picture, map_size)) for values in (self.prior, self.counts))
        inside = 1.0 if window is None else window.height * window.width / (picture[0] * picture[1])
        return prior, counts * (inside * self.counts.numel() / (map_size[0] * map_size[1]))


@dataclass(frozen=True)
class LabelTable:
    """What whole pictures are named.

    Attributes:
        names: of the labels.
        held: key -> 1 for every label that it has and 0 for the others, (L,).
    """

    names: tuple[str, ...]
    held: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Batch:
    """What one step sees.

    Attributes:
        inputs: pictures (B, 3, H, W) in 0..1, or taps (B, C, h, w) each.
        targets: where people looked, at the map's size; and the pictures' labels, where those are learned.
        share: what each picture weighs in this process' part of the mean, (B,); over all processes the shares sum to 1.
        keys: of the pictures.
        whole: pictures of this batch over all processes.
        pictures: (B, 3, h, w) in 0..1 at the map's size, for who looks at pictures and maps together; None where nobody asked.
    """

    inputs: Inputs
    targets: Targets
    share: Tensor
    keys: tuple[str, ...]
    whole: int
    pictures: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        moved = self.inputs.to(device) if isinstance(self.inputs, Tensor) else tuple(tap.to(device) for tap in self.inputs)
        pictures = None if self.pictures is None else self.pictures.to(device)
        return Batch(moved, self.targets.to(device), self.share.to(device), self.keys, self.whole, pictures)


@dataclass(frozen=True)
class Shown:
    """One picture as a batch shows it, before it is mirrored.

    Attributes:
        pixels: (H, W, 3) uint8; None where the taps of a frozen encoder stand for it.
        density: (h, w).
        cells: rows and columns of its fixations.
        window: the part of the stored picture that it is.
        taught: what teachers say, (h, w); None where there are none.
        small: the picture at the map's size, (h, w, 3) uint8, where it is asked for.
    """

    pixels: Pixels | None
    density: Tensor
    cells: tuple[NDArray[np.int64], NDArray[np.int64]]
    window: Window | None = None
    taught: Tensor | None = None
    small: Pixels | None = None


class Examples:
    """The samples of one part, ready for batches; decoded once and kept in memory at the network's size, or stored to be viewed in many ways.

    Args:
        data: the part.
        size, map_size: (height, width) of pictures and of targets; nominal ones where `fit` is "aspect".
        sigma_px: of the densities, in pixels of the stimuli: one for all, or one for each picture.
        fit, scale: how pictures are brought to a size (`fitted_size`).
        viewed: batches will ask for other scales or views than the plain one, so that pictures are kept as they are stored.
        groups: the set that each picture belongs to; one for all where it is not given.
        with_pictures: batches hold the pictures at the map's size as well.
        cache: the features of a frozen encoder; without it batches hold pictures.
        mirrored_too: encode every picture mirrored as well.
        teachers: whose densities the targets hold too; each picture is shown to them once, here.
        population: of the training pictures; None says that these are they, and that each picture's own fixations are not "elsewhere".
        labels: what the pictures are named, where that is learned.
        progress: called after each picture with (pictures done, pictures).

    Attributes:
        viewed: whether pictures are kept as they are stored.
        keys, groups, ratios: of the pictures: their names, sets, and the ratios of sides that they are shown at; one ratio to a batch.
    """

    def __init__(
        self,
        data: DataSet,
        *,
        size: Size,
        map_size: Size,
        sigma_px: float | Sequence[float],
        fit: Fit = "squash",
        scale: float = 1.0,
        viewed: bool = False,
        groups: Sequence[str] | None = None,
        with_pictures: bool = False,
        cache: FeatureCache | None = None,
        mirrored_too: bool = False,
        teachers: Teachers | None = None,
        population: Population | None = None,
        labels: LabelTable | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.keys = data.keys
        self.groups = tuple(groups) if groups is not None else (data.name,) * len(data)
        self.map_size = map_size
        self._cache, self._with_pictures = cache, with_pictures
        self._labels = None if labels is None else torch.from_numpy(np.stack([labels.held[key] for key in self.keys]))
        self._samples = data.samples
        self._size, self._fit, self._scale, self.viewed = size, fit, scale, viewed
        self.ratios = tuple(fitted_ratio(size, sample.stimulus.size, fit) for sample in data)
        self._sigmas = [float(sigma_px)] * len(data) if isinstance(sigma_px, (int, float)) else [float(sigma) for sigma in sigma_px]
        self._stored: dict[int, Pixels] = {}
        self._stored_bytes = 0
        self._taught: list[NDArray[np.float32]] = []
        self._shown: list[Shown] = []
        self._digests: list[str] = []
        self._kept: dict[tuple[int, bool], tuple[Tensor, ...]] = {}
        self._kept_bytes = 0
        for number, sample in enumerate(data):
            if teachers is not None:
                self._taught.append(teachers.density(sample.stimulus))
            if not viewed:
                self._shown.append(self._show(number, self._size_of(number, scale), View()))
            if cache is not None:
                # the pass through the encoder happens here, once per picture, not inside an epoch
                self._digests.append(sample.stimulus.digest())
                for mirrored in (False, True)[: 1 + mirrored_too]:
                    self._taps(number, mirrored=mirrored)
            progress(number + 1, len(data))
        self._takes_own_out = population is None
        self.population = population or self._as_population()

    def __len__(self) -> int:
        return len(self.keys)

    def batch(
        self,
        indices: Sequence[int],
        mirrored: Sequence[bool],
        share: Sequence[float],
        *,
        whole: int | None = None,
        views: Sequence[View] | None = None,
        scale: float | None = None,
    ) -> Batch:
        """The batch of these examples, all of one ratio.

        Args:
            indices: of the examples.
            mirrored: each mirrored left to right or not.
            share: what each weighs.
            whole: pictures of the batch over all processes, where others have more of it.
            views, scale: how each is shown and how large, where the examples are `viewed`.
        """
        shown = [self._shown_as(i, None if views is None else views[row], scale) for row, i in enumerate(indices)]
        map_size = (shown[0].density.shape[0], shown[0].density.shape[1])
        density = torch.stack([one.density.flip(-1) if flip else one.density for one, flip in zip(shown, mirrored, strict=True)])
        counts, elsewhere = (torch.zeros((len(indices), *map_size)) for _ in range(2))
        priors = []
        for row, (i, one, flip) in enumerate(zip(indices, shown, mirrored, strict=True)):
            rows, columns = one.cells
            np.add.at(counts[row].numpy(), (rows, map_size[1] - 1 - columns if flip else columns), 1.0)
            prior, others = self.population.seen_through(one.window, self._samples[i].stimulus.size, map_size)
            elsewhere[row] = others.flip(-1) if flip else others
            priors.append(prior.flip(-1) if flip and one.window is not None else prior)
        if self._takes_own_out:
            elsewhere = (elsewhere - counts).clamp_min(0)
        taught = [one.taught.flip(-1) if flip else one.taught for one, flip in zip(shown, mirrored, strict=True) if one.taught is not None]
        same = all(prior is priors[0] for prior in priors)
        return Batch(
            inputs=self._inputs(indices, shown, mirrored),
            targets=Targets(
                density,
                counts,
                prior=priors[0] if same else torch.stack(priors),
                elsewhere=elsewhere,
                teacher=torch.stack(taught) if taught else None,
                labels=None if self._labels is None else self._labels[list(indices)],
            ),
            share=torch.tensor(share, dtype=torch.float32),
            keys=tuple(self.keys[i] for i in indices),
            whole=len(indices) if whole is None else whole,
            pictures=_stacked([one.small for one in shown], mirrored) if self._with_pictures else None,
        )

    def view(self, index: int, augment: Augmentation, random: np.random.Generator) -> View:
        """How an example is shown once, drawn from a generator."""
        sample = self._samples[index]
        return augment.draw(random, sample.stimulus.size, lambda window: _gaze_inside(sample, window))

    def _size_of(self, index: int, scale: float) -> Size:
        return fitted_size(self._size, self._samples[index].stimulus.size, self._fit, scale)

    def _shown_as(self, index: int, view: View | None, scale: float | None) -> Shown:
        if not self.viewed:
            return self._shown[index]
        return self._show(index, self._size_of(index, self._scale if scale is None else scale), view or View())

    def _show(self, index: int, size: Size, view: View) -> Shown:
        sample, window = self._samples[index], view.window
        map_size = fitted_map_size(size, self._size, self.map_size)
        pixels = None
        if self._cache is None or self._with_pictures:
            pixels = view.paint(resize_picture(_cut(self._pixels(index), window), size)) if self.viewed else sample.stimulus.pixels(size)
        small = np.array(resize_picture(pixels, map_size)) if self._with_pictures and pixels is not None else None
        if self._cache is not None:
            pixels = None
        density, cells = _gaze(sample, self._sigmas[index], window, map_size)
        taught = None
        if self._taught:
            taught = torch.from_numpy(as_density(_part(self._taught[index], window, sample.stimulus.size, map_size)).astype(np.float32))
        looked = torch.from_numpy(density.astype(np.float32))
        return Shown(None if pixels is None else np.array(pixels), looked, cells, window, taught, small)

    def _pixels(self, index: int) -> Pixels:
        """The stored picture, from memory where there is room."""
        found = self._stored.get(index)
        if found is None:
            found = self._samples[index].stimulus.pixels()
            if self._stored_bytes + found.nbytes <= IN_MEMORY_BYTES:
                self._stored[index] = found
                self._stored_bytes += found.nbytes
        return found

    def _inputs(self, indices: Sequence[int], shown: Sequence[Shown], mirrored: Sequence[bool]) -> Inputs:
        if self._cache is None:
            return _stacked([one.pixels for one in shown], mirrored)
        each = [self._taps(i, mirrored=bool(flip)) for i, flip in zip(indices, mirrored, strict=True)]
        return tuple(torch.stack(tap) for tap in zip(*each, strict=True))

    def _taps(self, index: int, *, mirrored: bool) -> tuple[Tensor, ...]:
        assert self._cache is not None
        if (index, mirrored) in self._kept:
            return self._kept[index, mirrored]
        taps = self._cache.taps(self._digests[index], mirrored, lambda: self._samples[index].stimulus.pixels(self._size))
        size = sum(tap.nbytes for tap in taps)
        if self._cache.folder is not None and self._kept_bytes + size <= IN_MEMORY_BYTES:
            self._kept[index, mirrored] = taps
            self._kept_bytes += size
        return taps

    def _as_population(self) -> Population:
        counts = torch.zeros(self.map_size)
        densities = torch.empty((len(self), *self.map_size), dtype=torch.float32)
        for index, sample in enumerate(self._samples):
            if not self.viewed and self._shown[index].density.shape == self.map_size:
                density, cells = self._shown[index].density.numpy(), self._shown[index].cells
            else:
                density, cells = _gaze(sample, self._sigmas[index], None, self.map_size)
            densities.numpy()[index] = density
            np.add.at(counts.numpy(), cells, 1.0)
        highest = densities.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
        return Population((densities / highest).mean(dim=0), counts)


def epoch_batches(
    examples: Examples,
    *,
    batch: int,
    seed: int,
    epoch: int,
    mirror: bool,
    mix: Mix = "pictures",
    scales: Sequence[float] = (1.0,),
    augment: Augmentation | None = None,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Batch]:
    """The batches of one epoch of training, this process' share of each.

    Order, mirroring, scales and views depend on seed and epoch alone: a run that goes on sees what it would have seen, and all losses of a quest
    see the same. A batch is dealt out to the processes one picture at a time; a process that gets none takes the first one with no weight.
    """
    order = epoch_order(examples.ratios, examples.groups, batch=batch, seed=seed, epoch=epoch, mirror=mirror, mix=mix, scales=scales)

    def made() -> Iterator[Batch]:
        for together in order:
            number = len(together.indices)
            mine = range(number)[rank::world] or range(1)
            share = 1.0 / number if rank < number else 0.0
            indices = [together.indices[place] for place in mine]
            views = None
            if augment is not None:
                keys = [[seed, epoch, together.indices[place], together.times[place], VIEWS] for place in mine]
                generators = [np.random.Generator(np.random.PCG64(key)) for key in keys]
                views = [examples.view(index, augment, random) for index, random in zip(indices, generators, strict=True)]
            yield examples.batch(
                indices,
                [together.mirrored[place] for place in mine],
                [share] * len(indices),
                whole=number,
                views=views,
                scale=together.scale,
            )

    return made_ahead(made()) if examples.viewed else made()


def plain_batches(examples: Examples, *, batch: int) -> Iterator[Batch]:
    """All examples as they are, each weighing 1, in order (those of one ratio after the other): for validation."""
    for ratio in dict.fromkeys(examples.ratios):
        alike = [index for index, own in enumerate(examples.ratios) if own == ratio]
        for start in range(0, len(alike), batch):
            indices = alike[start : start + batch]
            yield examples.batch(indices, [False] * len(indices), [1.0] * len(indices))


def first_batch(examples: Examples, number: int) -> Batch:
    """The first examples of one ratio as they are, none mirrored: what gradients of different losses and epochs are compared on."""
    indices = [index for index, ratio in enumerate(examples.ratios) if ratio == examples.ratios[0]][:number]
    return examples.batch(indices, [False] * len(indices), [1.0 / len(indices)] * len(indices))


def _gaze(
    sample: Sample, sigma_px: float, window: Window | None, map_size: Size
) -> tuple[NDArray[np.float64], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Density and fixated cells of a sample, or of the part of it in a window, at the map's size."""
    nowhere = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if window is None:
        density = sample.density(sigma_px, size=map_size)
        if sample.fixations is None:
            return density, nowhere
        here = sample.fixations.resized(map_size)
        return density, (here.rows, here.columns)
    if sample.fixations is None or not len(sample.fixations):
        return as_density(resize_map(_cut(sample.distributed_map(), window), map_size)), nowhere
    inside = sample.fixations.cropped(window.top, window.left, window.size)
    here = inside.resized(map_size)
    return fixation_density(inside, sigma_px=sigma_px, size=map_size), (here.rows, here.columns)


def _gaze_inside(sample: Sample, window: Window) -> float:
    """The share of a sample's gaze that lies inside a window; 0 where nothing is left to learn from."""
    if sample.fixations is None or not len(sample.fixations):
        return float(_cut(sample.distributed_map(), window).sum())
    return len(sample.fixations.cropped(window.top, window.left, window.size)) / len(sample.fixations)


def _cut(values: NDArray, window: Window | None) -> NDArray:
    if window is None:
        return values
    return np.ascontiguousarray(values[window.top : window.top + window.height, window.left : window.left + window.width])


def _part(values: NDArray[np.float32], window: Window | None, picture: Size, size: Size) -> NDArray[np.float32]:
    """The part of a coarse map of a whole picture that a window of that picture shows, at another size, interpolated."""
    top, left, height, width = window or (0, 0, *picture)
    down, across = values.shape[0] / picture[0], values.shape[1] / picture[1]
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    return np.array(Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box), dtype=np.float32)


def _stacked(pictures: Sequence[Pixels | None], mirrored: Sequence[bool]) -> Tensor:
    """Pictures of one size as (B, 3, H, W) in 0..1."""
    return torch.stack([_as_tensor(one, flip) for one, flip in zip(pictures, mirrored, strict=True)]).float() / 255


def _as_tensor(pixels: np.ndarray | None, mirrored: bool) -> Tensor:
    assert pixels is not None
    return torch.from_numpy(np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)).permute(2, 0, 1)
