"""Maps at the door of this room: checked once, and from then on (pictures x pixels) with the few numbers that the metrics share.

Maps may be numpy arrays, torch tensors or other arrays of the Python array API, (H, W) or (B, H, W), of any real dtype, on any device that
knows float64. What passed the door once passes it again for nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.errors import ConstantMapWarning, InputError
from salquest.gaze import SaliencyMap

Array = Any  # an array of any namespace that array_api_compat knows
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Constant = Literal["chance", "nan"]

HOST_BLOCK, DEVICE_BLOCK = 1 << 17, 1 << 24  # pixels that are worked on at a time
RUN = 1 << 13  # numbers that are summed at a time: BLAS starts threads for more, which wait for each other when all cores are busy
_ONES = np.ones(RUN)


@dataclass(frozen=True)
class Block:
    """A part of a stack of maps: some pictures, some of their pixels."""

    pictures: slice
    pixels: slice


class Maps:
    """One or several maps of one size, checked, with the few numbers per map that the metrics share, made when first asked for.

    Pixels are gone through in blocks that fit a processor's cache: a temporary array of a whole map costs more than the arithmetic. On
    other devices a block holds several maps.

    Attributes:
        raw: (B, H*W) as handed over (uint8, uint16, float32 or float64; other types are widened).
        size: (height, width).
        single: whether the caller handed over one map (H, W), so that scores are floats.
        what: how errors call them.
        home: the array namespace and device that the caller's scores belong to.
        xp, device: those that the work is done in: numpy for maps in main memory, whosever they are.
        low, high: smallest and greatest value of each map, (B,) float64 in numpy.
    """

    def __init__(self, raw: Array, size: tuple[int, int], *, single: bool, what: str, home: tuple[Any, Any]) -> None:
        self.raw, self.size, self.single, self.what, self.home = raw, size, single, what, home
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
            values = self.values(block)
            return row_sums(values - self.column(self.offset, block) if self.offset.any() else values)

        return self.total(summed) / self.pixels

    @cached_property
    def squares(self) -> Floats:
        """Sum of the squares of `centred` over all pixels, (B,)."""

        def squared(block: Block) -> Array:
            centred = self.centred(block)
            return row_sums(centred, centred)

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
        while (beyond := (found > low) & ((np.nextafter(found, low) - low) / spread >= thresholds)).any():
            found = np.where(beyond, np.nextafter(found, low), found)
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
        return self.holding(self.raw[index : index + 1, :], single=True)

    def holding(self, raw: Array, *, size: tuple[int, int] | None = None, single: bool | None = None) -> Maps:
        """Other values (B, H*W) for maps of the same home and name."""
        return Maps(raw, size or self.size, single=self.single if single is None else single, what=self.what, home=self.home)

    def column(self, values: Floats, block: Block) -> Array:
        """A number per map, (B,) in numpy, as a column beside a block."""
        part = values[block.pictures, None]
        return part if isinstance(self.raw, np.ndarray) else self.xp.asarray(part, device=self.device)

    def answer(self, scores: Array) -> float | Array:
        """What the caller gets: a float for one map, (B,) float64 of the maps' own namespace for a batch."""
        if self.single:
            return float(scores[0])
        xp, device = self.home
        return xp.asarray(scores, dtype=xp.float64, device=device)

    @property
    def in_main_memory(self) -> bool:
        """Whether the work is done in numpy."""
        return isinstance(self.raw, np.ndarray)


def row_sums(values: Array, times: Array | None = None) -> Array:
    """Sum of each row of `values`, (rows, pixels) float64, or of its products with another array; (rows,)."""
    if not isinstance(values, np.ndarray):
        return array_api_compat.array_namespace(values).sum(values if times is None else values * times, axis=1)
    rows, pixels = values.shape
    whole = pixels - pixels % RUN
    runs, rest = values[:, :whole].reshape(rows, -1, RUN), values[:, whole:]
    if times is None:
        return np.vecdot(runs, _ONES).sum(axis=1) + rest.sum(axis=1)
    return np.vecdot(runs, times[:, :whole].reshape(runs.shape)).sum(axis=1) + np.vecdot(rest, times[:, whole:])


def open_maps(values: Array | Maps, what: str = "saliency map", *, through_numpy: bool = True) -> Maps:
    """Check maps (H, W) or (B, H, W) and prepare them.

    Args:
        values: an array of any namespace, or a SaliencyMap.
        what: how errors shall call them.
        through_numpy: look at arrays of other namespaces that lie in main memory through numpy (nothing is copied), which is best at many
            small steps. False works in the array's own namespace, as on every other device.

    Raises:
        InputError: not an array, fixations, another number of axes, an empty map, complex numbers, NaN or infinity.
    """
    if isinstance(values, Maps):
        return values
    array = values.values if isinstance(values, SaliencyMap) else values
    if not array_api_compat.is_array_api_obj(array):
        raise InputError(f"a {what} is an array (H, W) or (B, H, W); found {type(values).__name__} (gaze.fixation_density blurs fixations)")
    if array_api_compat.is_torch_array(array):
        array = _without_gradient(array)
    shape = tuple(int(length) for length in array.shape)
    if len(shape) not in (2, 3) or min(shape[-2:]) < 1:
        raise InputError(f"a {what} is an array (H, W) or (B, H, W), without channel axis; found shape {shape}")
    home = array_api_compat.array_namespace(array), array_api_compat.device(array)
    array = _plain_dtype(array, home[0], what)
    if through_numpy and str(home[1]) == "cpu":
        array = on_host(array)
    raw = array_api_compat.array_namespace(array).reshape(array, (1 if len(shape) == 2 else shape[0], shape[-2] * shape[-1]))
    return Maps(raw, (shape[-2], shape[-1]), single=len(shape) == 2, what=what, home=home)


def open_density(values: Array | Maps, maps: Maps, what: str = "density", *, any_size: bool = False) -> Maps:
    """Check what maps are compared against: non-negative maps of the same shape (or of any size), of the same array namespace.

    Raises:
        InputError: as `open_maps`; another shape, negative values, or an array of a foreign namespace.
    """
    if isinstance(values, np.ndarray) and not maps.in_main_memory:
        values = maps.xp.asarray(np.array(values), device=maps.device)
    density = open_maps(values, what, through_numpy=maps.in_main_memory)
    if (len(density), density.single) != (len(maps), maps.single) or (density.size != maps.size and not any_size):
        raise InputError(
            f"the {what} is {density.shape} but the saliency map is {maps.shape}; resize one of them first (salquest.metrics.resize)"
        )
    if density.xp is not maps.xp or str(density.device) != str(maps.device):
        raise InputError(f"the {what} lives on {density.device} but the saliency map on {maps.device}; move one of them")
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
