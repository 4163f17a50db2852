"""From samples to batches: pictures decoded once, densities made once, order and mirroring drawn from the seed and the epoch alone.

Whether a batch holds pictures or the cached taps of a frozen encoder is nobody's business but this file's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from salquest.datasets import DataSet, Sample
from salquest.encoders import FeatureCache
from salquest.losses import Targets

Inputs = Tensor | tuple[Tensor, ...]

# taps of a part that take less than this stay in memory; larger ones are read from their files in every epoch
IN_MEMORY_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Population:
    """Where people look in the training pictures taken together: what the centre-bias term and the shuffled surrogate compare with.

    Attributes:
        prior: mean of the saliency maps (each with a maximum of 1), (h, w).
        counts: all fixations per cell, (h, w).
    """

    prior: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Batch:
    """What one step sees.

    Attributes:
        inputs: pictures (B, 3, H, W) in 0..1, or taps (B, C, h, w) each.
        targets: where people looked, at the map's size.
        share: what each picture weighs in this process' part of the mean, (B,); over all processes the shares sum to 1.
        keys: of the pictures.
        whole: pictures of this batch over all processes.
    """

    inputs: Inputs
    targets: Targets
    share: Tensor
    keys: tuple[str, ...]
    whole: int

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        moved = self.inputs.to(device) if isinstance(self.inputs, Tensor) else tuple(tap.to(device) for tap in self.inputs)
        return Batch(moved, self.targets.to(device), self.share.to(device), self.keys, self.whole)


class Examples:
    """The samples of one part, ready for batches; everything is decoded once and kept in memory at the network's size.

    Args:
        data: the part.
        size, map_size: (height, width) of pictures and of targets.
        sigma_px: of the densities, in pixels of the stimuli.
        cache: the features of a frozen encoder; without it batches hold pictures.
        mirrored_too: encode every picture mirrored as well.
        population: of the training pictures; None says that these are they, and that each picture's own fixations are not "elsewhere".
        progress: called after each picture with (pictures done, pictures).
    """

    def __init__(
        self,
        data: DataSet,
        *,
        size: tuple[int, int],
        map_size: tuple[int, int],
        sigma_px: float,
        cache: FeatureCache | None = None,
        mirrored_too: bool = False,
        population: Population | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.keys = data.keys
        self.map_size = map_size
        self._cache = cache
        self._samples = data.samples
        self._size = size
        self._densities = torch.empty((len(data), *map_size), dtype=torch.float32)
        self._cells: list[tuple[np.ndarray, np.ndarray]] = []
        self._pictures: list[np.ndarray | None] = []
        self._digests: list[str] = []
        self._kept: dict[tuple[int, bool], tuple[Tensor, ...]] = {}
        self._kept_bytes = 0
        for number, sample in enumerate(data):
            self._densities.numpy()[number] = sample.density(sigma_px, size=map_size)
            self._cells.append(_cells(sample, map_size))
            if cache is None:
                self._pictures.append(self._decode(sample))
            else:
                # the pass through the encoder happens here, once per picture, not inside an epoch
                self._digests.append(sample.stimulus.digest())
                for mirrored in (False, True)[: 1 + mirrored_too]:
                    self._taps(number, mirrored=mirrored)
            progress(number + 1, len(data))
        self._takes_own_out = population is None
        self.population = population or self._as_population()

    def __len__(self) -> int:
        return len(self.keys)

    def batch(self, indices: Sequence[int], mirrored: Sequence[bool], share: Sequence[float], *, whole: int | None = None) -> Batch:
        """The batch of these examples, each mirrored left to right or not; `whole` where other processes have more of it."""
        density = torch.stack(
            [self._densities[i].flip(-1) if flip else self._densities[i] for i, flip in zip(indices, mirrored, strict=True)]
        )
        counts, elsewhere = (torch.zeros((len(indices), *self.map_size)) for _ in range(2))
        for row, (i, flip) in enumerate(zip(indices, mirrored, strict=True)):
            rows, columns = self._cells[i]
            np.add.at(counts[row].numpy(), (rows, self.map_size[1] - 1 - columns if flip else columns), 1.0)
            elsewhere[row] = self.population.counts.flip(-1) if flip else self.population.counts
        if self._takes_own_out:
            elsewhere -= counts
        return Batch(
            inputs=self._inputs(indices, mirrored),
            targets=Targets(density, counts, prior=self.population.prior, elsewhere=elsewhere),
            share=torch.tensor(share, dtype=torch.float32),
            keys=tuple(self.keys[i] for i in indices),
            whole=len(indices) if whole is None else whole,
        )

    def _inputs(self, indices: Sequence[int], mirrored: Sequence[bool]) -> Inputs:
        if self._cache is None:
            pictures = [_as_tensor(self._pictures[i], flip) for i, flip in zip(indices, mirrored, strict=True)]
            return torch.stack(pictures).float() / 255
        each = [self._taps(i, mirrored=bool(flip)) for i, flip in zip(indices, mirrored, strict=True)]
        return tuple(torch.stack(tap) for tap in zip(*each, strict=True))

    def _taps(self, index: int, *, mirrored: bool) -> tuple[Tensor, ...]:
        assert self._cache is not None
        if (index, mirrored) in self._kept:
            return self._kept[index, mirrored]
        taps = self._cache.taps(self._digests[index], mirrored, lambda: self._decode(self._samples[index]))
        size = sum(tap.nbytes for tap in taps)
        if self._cache.folder is not None and self._kept_bytes + size <= IN_MEMORY_BYTES:
            self._kept[index, mirrored] = taps
            self._kept_bytes += size
        return taps

    def _as_population(self) -> Population:
        counts = torch.zeros(self.map_size)
        for rows, columns in self._cells:
            np.add.at(counts.numpy(), (rows, columns), 1.0)
        highest = self._densities.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
        return Population((self._densities / highest).mean(dim=0), counts)

    def _decode(self, sample: Sample) -> np.ndarray:
        return np.array(sample.stimulus.pixels(self._size))  # a copy: torch wants arrays that may be written to


def epoch_batches(examples: Examples, *, batch: int, seed: int, epoch: int, mirror: bool, rank: int = 0, world: int = 1) -> Iterator[Batch]:
    """The batches of one epoch of training, this process' share of each.

    Order and mirroring depend on seed and epoch alone: a run that goes on sees what it would have seen, and all losses of a quest see the same.
    A batch is dealt out to the processes one picture at a time; a process that gets none takes the first one with no weight.
    """
    draw = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = draw.permutation(len(examples))
    flips = draw.random(len(examples)) < 0.5 if mirror else np.zeros(len(examples), dtype=bool)
    for start in range(0, len(order), batch):
        whole = order[start : start + batch]
        mine = whole[rank::world]
        share = 1.0 / len(whole) if len(mine) else 0.0
        indices = mine if len(mine) else whole[:1]
        yield examples.batch(indices.tolist(), flips[indices].tolist(), [share] * len(indices), whole=len(whole))


def plain_batches(examples: Examples, *, batch: int) -> Iterator[Batch]:
    """All examples in order, none mirrored, each weighing 1: for validation."""
    for start in range(0, len(examples), batch):
        indices = list(range(start, min(start + batch, len(examples))))
        yield examples.batch(indices, [False] * len(indices), [1.0] * len(indices))


def first_batch(examples: Examples, number: int) -> Batch:
    """The first examples as they are, none mirrored: what gradients of different losses and epochs are compared on."""
    number = min(number, len(examples))
    return examples.batch(range(number), [False] * number, [1.0 / number] * number)


def _cells(sample: Sample, map_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    if sample.fixations is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    here = sample.fixations.resized(map_size)
    return here.rows, here.columns


def _as_tensor(pixels: np.ndarray | None, mirrored: bool) -> Tensor:
    assert pixels is not None
    return torch.from_numpy(np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)).permute(2, 0, 1)
