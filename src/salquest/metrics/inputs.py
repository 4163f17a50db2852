"""The door of this room: whatever a caller hands over becomes `Maps` (pictures x pixels) and `FixatedCells` (which pixels, how often).

Maps may be numpy arrays, torch tensors or other arrays of the Python array API, on any device that knows float64; (H, W) or (B, H, W); any
real dtype. Fixations are `gaze.Fixations` (a sequence of them for a batch), or `Coordinates`, `BinaryMap`, `CountMap`: wrappers that say
what their array means, because a density taken for fixations gives a plausible wrong number. What passed the door once passes it again for
nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.errors import ConstantMapWarning, InputError
from salquest.gaze import Fixations, SaliencyMap
from salquest.gaze.fixations import cell, inside

Array = Any  # an array of any namespace that array_api_compat knows
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Constant = Literal["chance", "nan"]

HOST_BLOCK, DEVICE_BLOCK = 1 << 16, 1 << 24  # pixels that are worked on at a time
OTHERS = "fixations on other pictures"  # what the second fixations of a metric are called in its errors


# ---------------------------------------------------------------------------------------------------------------------------- maps
@dataclass(frozen=True)
class Block:
    """A part of a stack of maps: some pictures, some of their pixels."""

    pictures: slice
    pixels: slice


class Maps:
    """One or several maps of one size, checked, with the few numbers per map that the metrics share, made when first asked for.

    Pixels are gone through in blocks that fit a processor's cache: a temporary array of a whole map costs more than the arithmetic. On
    other devices a block is as large as their memory allows.

    Attributes:
        raw: (B, H*W) as handed over (uint8, uint16, float32 or float64; other types are widened).
        size: (height, width).
        single: whether the caller handed over one map (H, W), so that scores are floats.
        what: how errors call them.
        xp, device: the array namespace, and where the maps live.
        low, high: smallest and greatest value of each map, (B,) float64 in numpy.
    """

    def __init__(self, raw: Array, size: tuple[int, int], *, single: bool, what: str) -> None:
        self.raw, self.size, self.single, self.what = raw, size, single, what
        self.xp, self.device = array_api_compat.array_namespace(raw), array_api_compat.device(raw)
        self.low = on_host(self.xp.min(raw, axis=1)).astype(np.float64)
        self.high = on_host(self.xp.max(raw, axis=1)).astype(np.float64)
        with np.errstate(over="ignore"):
            # NaN and infinity show in the smallest or the greatest value; the sum of the map must stay within float64 too
            bad = np.flatnonzero(~np.isfinite((np.abs(self.high) + np.abs(self.low)) * self.pixels))
        if bad.size:
            raise InputError(
                f"a {what} holds finite numbers; picture {bad[0]} of {len(self)} (counted from 0) holds NaN, infinity or too great ones"
            )

    def __len__(self) -> int:
        return int(self.raw.shape[0])

    @property
    def pixels(self) -> int:
        """H * W."""
        return self.size[0] * self.size[1]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as the caller sees it: (H, W) or (B, H, W)."""
        return self.size if self.single else (len(self), *self.size)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which maps have no spread, (B,)."""
        constant: NDArray[np.bool_] = self.low == self.high
        return constant

    @property
    def spread(self) -> Floats:
        """Greatest minus smallest value of each map, (B,); 1 where there is none."""
        return np.where(self.constant, 1.0, self.high - self.low)

    @cached_property
    def offset(self) -> Floats:
        """What is subtracted first, (B,): the smallest value of maps whose level is far above their spread, to keep digits; else 0."""
        return np.where(np.abs(self.low) > self.spread, self.low, 0.0)

    @cached_property
    def mean(self) -> Floats:
        """Mean of each map above its offset, (B,)."""

        def summed(block: Block) -> Array:
            values = self.raw[block.pictures, block.pixels]
            above = values - self.column(self.offset, block) if self.offset.any() else values
            return self.xp.sum(above, axis=1, dtype=self.xp.float64)

        return self.total(summed) / self.pixels

    @cached_property
    def squares(self) -> Floats:
        """Sum of the squares of `centred` over all pixels, (B,)."""

        def squared(block: Block) -> Array:
            centred = self.centred(block)
            return self.xp.linalg.vecdot(centred, centred, axis=-1)

        return self.total(squared)

    def centred(self, block: Block) -> Array:
        """The values of a block minus their map's mean; divided by the spread of maps whose squares would leave float64."""
        values = self.values(block)
        if self.offset.any():
            values = values - self.column(self.offset, block)
        values = values - self.column(self.mean, block)
        return values / self.column(self.unit, block) if (self.unit != 1).any() else values

    @cached_property
    def unit(self) -> Floats:
        """What `centred` is divided by, (B,)."""
        extreme = (self.spread > 1e140) | (self.spread < 1e-140)
        return np.where(extreme, self.spread, 1.0)

    def z_scores(self, values: Floats, ddof: int) -> Floats:
        """Values of each map, (B, K) in numpy, in standard deviations above its mean; 0 for maps without spread."""
        deviation = np.sqrt(self.squares / max(self.pixels - ddof, 1))
        above = (values - self.offset[:, None] - self.mean[:, None]) / self.unit[:, None]
        return above / np.where(self.constant, 1.0, deviation)[:, None]

    def in_range(self, values: Floats) -> Floats:
        """Values of each map, (B, K) in numpy, on a scale from 0 (its smallest) to 1 (its greatest)."""
        scaled: Floats = (values - self.low[:, None]) / self.spread[:, None]
        return scaled

    def from_range(self, thresholds: Floats) -> Floats:
        """For each map the smallest numbers that `in_range` puts at or above thresholds (T,) in 0..1; (B, T) in numpy."""
        low, spread = self.low[:, None], self.spread[:, None]
        found = low + thresholds * spread
        while (short := (found - low) / spread < thresholds).any():
            found = np.where(short, np.nextafter(found, np.inf), found)
        while (beyond := (np.nextafter(found, -np.inf) - low) / spread >= thresholds).any():
            found = np.where(beyond, np.nextafter(found, -np.inf), found)
        return found

    def blocks(self) -> Iterator[Block]:
        """All pixels of all maps, in parts."""
        if self.in_main_memory:
            for picture in range(len(self)):
                for start in range(0, self.pixels, HOST_BLOCK):
                    yield Block(slice(picture, picture + 1), slice(start, start + HOST_BLOCK))
        else:
            step = max(DEVICE_BLOCK // self.pixels, 1)
            for start in range(0, len(self), step):
                yield Block(slice(start, start + step), slice(None))

    def values(self, block: Block) -> Array:
        """The values of a block in float64."""
        return self.xp.astype(self.raw[block.pictures, block.pixels], self.xp.float64, copy=False)

    def total(self, of: Callable[[Block], Array]) -> Floats:
        """Sum over all blocks of what a function makes of each, one number per picture of the block; (B,) in numpy."""
        totals = np.zeros(len(self))
        for block in self.blocks():
            totals[block.pictures] += on_host(of(block))
        return totals

    @cached_property
    def levels(self) -> Integers | None:
        """For integer maps how many pixels hold each grey level 0, 1, 2, ..., (B, levels); None for maps of real numbers."""
        if not self.xp.isdtype(self.raw.dtype, "integral"):
            return None
        top = int(self.high.max(initial=0)) + 1
        return np.stack([on_host(self.xp.bincount(self.raw[index, :], minlength=top)) for index in range(len(self))]).astype(np.int64)

    def at(self, cells: Integers) -> Floats:
        """The values at pixels of each map, (B, K) float64 in numpy."""
        flat = cells + self.pixels * np.arange(len(self), dtype=np.int64)[:, None]
        index = self.xp.asarray(flat.reshape(-1), device=self.device)
        return on_host(self.xp.take(self.xp.reshape(self.raw, (-1,)), index, axis=0)).astype(np.float64).reshape(cells.shape)

    def picture(self, index: int) -> Maps:
        """One of the maps, as Maps."""
        return Maps(self.raw[index : index + 1, :], self.size, single=True, what=self.what)

    def column(self, values: Floats, block: Block) -> Array:
        """A number per map, (B,) in numpy, as a column beside a block."""
        part = values[block.pictures, None]
        return part if isinstance(self.raw, np.ndarray) else self.xp.asarray(part, device=self.device)

    def answer(self, scores: Array) -> float | Array:
        """What the caller gets: a float for one map, (B,) float64 of the maps' own namespace for a batch."""
        if self.single:
            return float(scores[0])
        return self.xp.asarray(scores, dtype=self.xp.float64, device=self.device)

    @property
    def in_main_memory(self) -> bool:
        """Whether numpy can look at the maps without copying them from another device."""
        return isinstance(self.raw, np.ndarray) or str(self.device) == "cpu"


def open_maps(values: Array | Maps, what: str = "saliency map") -> Maps:
    """Check maps (H, W) or (B, H, W) and prepare them.

    Raises:
        InputError: not an array, fixations, another number of axes, an empty map, complex numbers, NaN or infinity.
    """
    if isinstance(values, Maps):
        return values
    if isinstance(values, (Fixations, Coordinates, BinaryMap, CountMap)) or _are_fixations(values):
        raise InputError(
            f"a {what} is an array (H, W) or (B, H, W); found fixations ({type(values).__name__}); blur them: gaze.fixation_density"
        )
    array = values.values if isinstance(values, SaliencyMap) else values
    if not array_api_compat.is_array_api_obj(array):
        raise InputError(f"a {what} is an array (H, W) or (B, H, W); found {type(values).__name__}")
    if array_api_compat.is_torch_array(array):
        array = _without_gradient(array)
    xp = array_api_compat.array_namespace(array)
    shape = tuple(int(length) for length in array.shape)
    if len(shape) not in (2, 3) or min(shape[-2:]) < 1:
        raise InputError(f"a {what} is an array (H, W) or (B, H, W), without channel axis; found shape {shape}")
    array = _plain_dtype(array, xp, what)
    raw = xp.reshape(array, (1 if len(shape) == 2 else shape[0], shape[-2] * shape[-1]))
    return Maps(raw, (shape[-2], shape[-1]), single=len(shape) == 2, what=what)


def open_density(values: Array | Maps, maps: Maps, what: str = "density", *, any_size: bool = False) -> Maps:
    """Check what maps are compared against: non-negative maps of the same shape (or of any size), of the same array namespace.

    Raises:
        InputError: as `open_maps`; another shape, negative values, or an array of a foreign namespace.
    """
    if not isinstance(values, Maps) and isinstance(values, np.ndarray) and not array_api_compat.is_numpy_namespace(maps.xp):
        values = maps.xp.asarray(np.array(values), device=maps.device)
    density = open_maps(values, what)
    if (len(density), density.single) != (len(maps), maps.single) or (density.size != maps.size and not any_size):
        raise InputError(
            f"the {what} is {density.shape} but the saliency map is {maps.shape}; resize one of them first (salquest.metrics.resize)"
        )
    if density.xp is not maps.xp:
        raise InputError(
            f"the {what} is an array of {density.xp.__name__} but the saliency map is one of {maps.xp.__name__}; convert one of them"
        )
    if density.low.min(initial=0.0) < 0:
        raise InputError(f"a {what} is non-negative; picture {int(density.low.argmin())} goes down to {density.low.min():g}")
    return density


def _plain_dtype(array: Array, xp: Any, what: str) -> Array:
    """The array in one of the types that `Maps` keeps; every conversion is exact but for integers beyond 2**53 and long doubles."""
    if array.dtype in (xp.uint8, xp.float32, xp.float64):
        return array
    if xp.isdtype(array.dtype, "bool"):
        return xp.astype(array, xp.uint8)
    if xp.isdtype(array.dtype, "complex floating"):
        raise InputError(f"a {what} holds real numbers; found {array.dtype}")
    if xp.isdtype(array.dtype, "integral"):
        # torch counts and compares few of its unsigned types
        kept = array_api_compat.is_numpy_namespace(xp) and array.dtype == xp.uint16
        return array if kept else xp.astype(array, xp.float64)
    return xp.astype(array, xp.float32 if array.dtype.itemsize == 2 else xp.float64)


def _without_gradient(tensor: Any) -> Array:
    return tensor.detach()


def on_host(array: Array) -> NDArray:
    """An array of any namespace and device in numpy; without a copy where it is in main memory already."""
    return array if isinstance(array, np.ndarray) else np.asarray(array_api_compat.to_device(array, "cpu"))


def settle_constant(maps: Maps, scores: Floats, chance: float, constant: Constant) -> Floats:
    """Give maps without spread their score, (B,): chance with a warning, or NaN. Pictures whose score is NaN already stay so."""
    if constant not in ("chance", "nan"):
        raise InputError(f"a constant map scores 'chance' or 'nan'; found {constant!r}")
    where = maps.constant & ~np.isnan(scores)
    if not where.any():
        return scores
    if constant == "chance":
        warn_constant(f"{pictures_named(where)} without spread scored at chance ({chance:g})")
    return np.where(where, chance if constant == "chance" else np.nan, scores)


def warn_constant(sentence: str) -> None:
    """Warn the caller of a metric that a map said nothing."""
    warnings.warn(sentence, ConstantMapWarning, stacklevel=4)


def pictures_named(where: NDArray[np.bool_]) -> str:
    """`2 of 8 maps (picture 1, 4)`, for a warning."""
    numbers = ", ".join(str(index) for index in np.flatnonzero(where)[:5])
    return f"{int(where.sum())} of {len(where)} maps (picture {numbers}{', ...' if where.sum() > 5 else ''})"


# ----------------------------------------------------------------------------------------------------------------------- fixations
@dataclass(frozen=True, eq=False)
class Coordinates:
    """Fixations as padded coordinates, for code that keeps batches in arrays.

    Args:
        xy: (K, 2) for one map or (B, K, 2) for a batch: x right, y down, in pixels of the maps, 0-based with pixel centres at integers.
        counts: how many of the K are real, for each picture, (B,); the rest is padding. None: all of them.
    """

    xy: Array
    counts: Array | None = None


@dataclass(frozen=True, eq=False)
class BinaryMap:
    """Fixations as a map (H, W) or (B, H, W) that holds 0, and one other positive number where somebody looked."""

    array: Array


@dataclass(frozen=True, eq=False)
class CountMap:
    """Fixations as a map (H, W) or (B, H, W) of whole numbers: how many fixations each pixel holds."""

    array: Array


@dataclass(frozen=True)
class FixatedCells:
    """Fixations of B pictures as pixels: for each the distinct pixels in increasing order, and how many fixations each holds.

    Attributes:
        cells: per picture, indices row * W + column, (K_b,).
        weights: per picture, fixations in each of these pixels, (K_b,), float64.
        size: (height, width) of the pictures.
    """

    cells: tuple[Integers, ...]
    weights: tuple[Floats, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.cells)

    def counted(self, *, repeats: bool) -> FixatedCells:
        """Every fixation counts (repeats), or every pixel that was looked at once."""
        return self if repeats else FixatedCells(self.cells, tuple(np.ones(len(held)) for held in self.cells), self.size)

    def without(self, other: FixatedCells) -> FixatedCells:
        """Only the pixels that `other` does not hold."""
        kept = [~np.isin(mine, theirs) for mine, theirs in zip(self.cells, other.cells, strict=True)]
        return FixatedCells(
            tuple(held[keep] for held, keep in zip(self.cells, kept, strict=True)),
            tuple(held[keep] for held, keep in zip(self.weights, kept, strict=True)),
            self.size,
        )

    @cached_property
    def padded(self) -> tuple[Integers, Floats]:
        """The cells and weights as (B, K) arrays; padding is pixel 0 with weight 0."""
        longest = max((len(held) for held in self.cells), default=0)
        cells, weights = np.zeros((len(self), longest), dtype=np.int64), np.zeros((len(self), longest))
        for index, (held, weight) in enumerate(zip(self.cells, self.weights, strict=True)):
            cells[index, : len(held)], weights[index, : len(held)] = held, weight
        return cells, weights

    def mean(self, values: Floats) -> Floats:
        """Mean over the fixations of each picture of values (B, K) at the padded cells, (B,); NaN where there are none."""
        weights = self.padded[1]
        total = weights.sum(axis=1)
        summed = np.where(weights > 0, weights * values, 0.0).sum(axis=1)
        return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)


FixationsLike = Fixations | Sequence[Fixations] | Coordinates | BinaryMap | CountMap | FixatedCells


def open_fixations(fixations: FixationsLike, maps: Maps, what: str = "fixations") -> FixatedCells:
    """Check fixations against the maps that they belong to: one picture for each map, the same size, all inside.

    Raises:
        InputError: a plain array (it could be a density), another number of pictures, another size, a fixation outside.
    """
    opened = as_cells(fixations, maps.size, what)
    if len(opened) != len(maps):
        raise InputError(f"{what} of {len(opened)} pictures were handed over with {len(maps)} maps; each map needs its own")
    if opened.size != maps.size:
        raise InputError(
            f"the {what} lie in pictures of {opened.size} but the saliency map is {maps.size} (height, width); resize the map "
            f"(salquest.metrics.resize) or move the fixations (Fixations.resized)"
        )
    return opened


def as_cells(fixations: FixationsLike, size: tuple[int, int], what: str = "fixations") -> FixatedCells:
    """Fixations in the form that the metrics read; `size` is what bare coordinates refer to. Raises as `open_fixations`."""
    if isinstance(fixations, FixatedCells):
        return fixations
    if isinstance(fixations, Fixations):
        return _from_fixations([fixations], what)
    if isinstance(fixations, Coordinates):
        return _from_coordinates(fixations, size, what)
    if isinstance(fixations, (BinaryMap, CountMap)):
        return _from_map(fixations, what)
    if _are_fixations(fixations):
        return _from_fixations(fixations, what)
    found = f"an array of shape {tuple(fixations.shape)}" if hasattr(fixations, "shape") else type(fixations).__name__
    raise InputError(
        f"{what} are gaze.Fixations (a list of them for a batch), Coordinates, BinaryMap or CountMap; found {found}, which could be "
        f"a density; if it marks the pixels that were looked at, say so: BinaryMap(array)"
    )


def _are_fixations(value: object) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(isinstance(item, Fixations) for item in value)
    )


def _from_fixations(pictures: Sequence[Fixations], what: str) -> FixatedCells:
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        raise InputError(f"the {what} of a batch lie in pictures of one size; found {sorted(sizes)}; score one picture at a time")
    size = sizes.pop()
    return _gathered([picture.rows * size[1] + picture.columns for picture in pictures], size)


def _from_coordinates(fixations: Coordinates, size: tuple[int, int], what: str) -> FixatedCells:
    xy = on_host(fixations.xy).astype(np.float64)
    if xy.ndim not in (2, 3) or xy.shape[-1] != 2:
        raise InputError(f"coordinates of {what} are (K, 2) or (B, K, 2), each (x, y); found shape {xy.shape}")
    xy = xy.reshape(-1, *xy.shape[-2:])
    counts = np.full(len(xy), xy.shape[1]) if fixations.counts is None else np.atleast_1d(on_host(fixations.counts))
    if counts.shape != (len(xy),) or (counts < 0).any() or (counts > xy.shape[1]).any():
        raise InputError(f"counts of {what} say for each of {len(xy)} pictures how many of {xy.shape[1]} are real; found {counts.tolist()}")
    real = [picture[: int(count)] for picture, count in zip(xy, counts, strict=True)]
    for index, picture in enumerate(real):
        outside = ~inside(picture[:, 0], picture[:, 1], size)
        if outside.any():
            first = picture[outside][0]
            raise InputError(
                f"{int(outside.sum())} {what} of picture {index} lie outside its {size[1]} x {size[0]} px, the first at "
                f"x={first[0]:g}, y={first[1]:g}; drop them first"
            )
    return _gathered([cell(picture[:, 1]) * size[1] + cell(picture[:, 0]) for picture in real], size)


def _from_map(fixations: BinaryMap | CountMap, what: str) -> FixatedCells:
    name = type(fixations).__name__
    maps = open_maps(fixations.array, name)
    if maps.low.min(initial=0.0) < 0:
        raise InputError(f"a {name} of {what} is non-negative; found {maps.low.min():g}")
    cells, weights = [], []
    for index in range(len(maps)):
        held = on_host(maps.xp.nonzero(maps.raw[index, :])[0]).astype(np.int64)
        values = maps.picture(index).at(held[None])[0]
        if isinstance(fixations, BinaryMap):
            if len(values) and values.min() != values.max():
                raise InputError(
                    f"a BinaryMap of {what} holds 0 and one other number; picture {index} holds several, from {values.min():g} to "
                    f"{values.max():g}; counts are a CountMap, and a density is no map of fixations"
                )
            values = np.ones(len(held))
        elif (values != np.rint(values)).any():
            raise InputError(f"a CountMap of {what} holds whole numbers; picture {index} holds fractions: a density is no map of fixations")
        cells.append(held)
        weights.append(values)
    return FixatedCells(tuple(cells), tuple(weights), maps.size)


def _gathered(pictures: Sequence[Integers], size: tuple[int, int]) -> FixatedCells:
    found = [np.unique(picture, return_counts=True) for picture in pictures]
    return FixatedCells(tuple(cells for cells, _ in found), tuple(count.astype(np.float64) for _, count in found), size)
