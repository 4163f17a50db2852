"""Boolean map saliency: what thresholded pictures surround, in the forms of 2016 and 2013, to the bit of the original program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.models.classical import opencv
from salquest.models.classical.arrays import Array, as_numpy, on_device
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.opencv import Bytes

# sweeps over the whole picture go on while they leave more than this share of pixels to raise; the rest is followed pixel by pixel
LEFT_TO_FOLLOW = 0.002


@dataclass(frozen=True, eq=False, kw_only=True)
class BooleanMaps(ClassicalModel):
    """Surroundedness in Boolean maps, one per threshold and colour component (Zhang and Sclaroff 2016).

    The program floods every Boolean map from its border. Here two grey reconstructions per component say for all thresholds at once what
    the flood reaches: the maps are the same. It works on the processor, whatever the device.

    Attributes:
        side: what the picture's longer side becomes, by area averaging or enlarged, before anything else.
        step: between thresholds, in levels of 0..255; the first is the component's least value.
        growth: of each surrounded region on all sides, in pixels; 3 is a square of 7.
        last_growth: of the bright spots of the sum.
        sigma: of the last blur, in pixels; its window has 4 sigma + 1 pixels, at most 51.
        is_swapped: whether red and blue change places: the program takes its BGR picture for RGB.
    """

    name = "bms"
    side: int = 400
    step: int = 8
    growth: int = 3
    last_growth: int = 4
    sigma: float = 9.0
    is_swapped: bool = True

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the small size, (B, h, w), whole numbers in 0..255."""
        pixels = opencv.as_bytes(as_numpy(pictures))
        small = opencv.resize_area(pixels[:, ::-1] if self.is_swapped else pixels, self.small_size(*pixels.shape[-2:]))
        maps = np.stack([self.raw_map(one) for one in small])
        window = min(2 * int(2 * self.sigma) + 1, 51)
        blurred = opencv.gaussian_blur(opencv.dilate(maps, self.last_growth), window, self.sigma)
        return on_device(blurred.astype(np.float64), self.device)

    def small_size(self, height: int, width: int) -> tuple[int, int]:
        """What a picture is resized to: cut to whole pixels, in single precision, as in the program."""
        high, wide = (int(np.float32(self.side) * np.float32(side) / np.float32(max(height, width))) for side in (height, width))
        return max(1, high), max(1, wide)

    def raw_map(self, picture: Bytes) -> Bytes:
        """The sum of all attention maps in 0..255, (h, w), of a small picture (3, h, w), before it grows and is blurred."""
        total = np.zeros(picture.shape[1:], np.float32)
        for regions in self.regions(self.components(picture)):
            one, other = (_of_length_one(region) for region in opencv.dilate(regions, self.growth))
            total += one + other
        low, high = float(total.min()), float(total.max())
        scale = 255 / (high - low) if high > low else 0.0
        return np.rint(total * np.float32(scale) - np.float32(low * scale)).astype(np.uint8)

    def components(self, picture: Bytes) -> Bytes:
        """Whitened Lab, (3, h, w), each component stretched to 0..255 and through a median."""
        lab = opencv.lab(picture[None])[0]
        values = lab.reshape(3, -1).astype(np.float64)
        # the program's 50 on the diagonal turns no axis, and the stretch undoes its scale: it only keeps a constant picture from dividing by 0
        covariance = np.cov(values, bias=True).astype(np.float32) + np.float32(50) * np.eye(3, dtype=np.float32)
        energies, axes = opencv.symmetric_axes(covariance)
        turned = (axes.T.astype(np.float64) @ values).astype(np.float32)
        whitened = turned * (np.float32(1) / np.sqrt(energies))[:, None]
        return opencv.median3(np.stack([_stretched(one) for one in whitened]).reshape(lab.shape))

    def regions(self, components: Bytes) -> Iterator[Bytes]:
        """Per component and threshold, the bright and the dark regions that do not touch the border, (2, h, w) of 0 and 1."""
        for thresholds in surrounded(*levels_of(components, self.step)):
            yield from thresholds


@dataclass(frozen=True, eq=False, kw_only=True)
class BooleanMaps2013(BooleanMaps):
    """The first form: wider picture, no whitening, holes closed before the flood, a broader blur (Zhang and Sclaroff 2013).

    Attributes:
        side: what the picture's width becomes (no side more than four times this, so that a banner ends in time).
        closing: how often Boolean maps grow and shrink before the flood; 2 closes gaps of up to 4 pixels.
    """

    name = "bms-2013"
    side: int = 600
    last_growth: int = 11
    sigma: float = 20.0
    closing: int = 2

    def small_size(self, height: int, width: int) -> tuple[int, int]:
        """What a picture is resized to."""
        wide = min(self.side, 4 * self.side * width // height)
        return max(1, int(wide * (height / width))), max(1, wide)

    def components(self, picture: Bytes) -> Bytes:
        """Lab of the slightly blurred picture, (3, h, w)."""
        return opencv.lab(opencv.gaussian_blur(picture, 3, 1.0)[None])[0]

    def regions(self, components: Bytes) -> Iterator[Bytes]:
        """Per component and threshold, what does not touch the border in the closed map and in its closed complement, (2, h, w)."""
        levels, counts = levels_of(components, self.step)
        # closing every set above a threshold closes the plane; closing every set below one opens it
        closed = opencv.erode(opencv.dilate(levels, self.closing), self.closing)
        opened = opencv.dilate(opencv.erode(levels, self.closing), self.closing)
        found = list(surrounded(np.concatenate([closed, opened]), np.concatenate([counts, counts])))
        for of_map, of_complement in zip(found[: len(levels)], found[len(levels) :], strict=True):
            for one, other in zip(of_map, of_complement, strict=True):
                yield np.stack([one[0] | one[1], other[0] | other[1]])


def levels_of(components: Bytes, step: int) -> tuple[Bytes, Bytes]:
    """Components (C, h, w) as the number of thresholds below each level, and the number of thresholds, (C,).

    Thresholds begin at the least level, are `step` apart, and end below the greatest.
    """
    lowest = components.min(axis=(-2, -1), keepdims=True).astype(np.int16)
    levels = (-((lowest - components) // step)).astype(np.uint8)
    return levels, levels.max(axis=(-2, -1))


def surrounded(planes: Bytes, counts: Bytes) -> Iterator[Iterator[Bytes]]:
    """For each of the planes, per threshold, the bright and the dark regions that do not touch the border, (2, h, w) of 0 and 1.

    With U the greatest level at which brighter pixels join a pixel to the border, a flood of {f > t} leaves {f > t, U <= t}; the dark
    regions are the bright ones of the negative.

    Args:
        planes: (P, h, w) as of `levels_of`; counts: (P,).
    """
    both = np.stack([planes, counts[:, None, None] - planes], axis=1)
    reached = reached_from_border(both.reshape(-1, *planes.shape[1:])).reshape(both.shape)
    for pair, from_border, count in zip(both, reached, counts, strict=True):
        yield _left_by_flood(pair, from_border, int(count))


def _left_by_flood(pair: Bytes, from_border: Bytes, count: int) -> Iterator[Bytes]:
    for threshold in range(count):
        limits = np.array([threshold, count - 1 - threshold], np.uint8)[:, None, None]
        yield ((pair > limits) & (from_border <= limits)).view(np.uint8)


def reached_from_border(planes: Bytes) -> Bytes:
    """Grey reconstruction by dilation from the border: per pixel the greatest, over 8-connected paths to the border, of the path's minimum.

    Args:
        planes: (P, H, W), reconstructed each for itself.
    """
    count, height, width = planes.shape
    # a ring of 255 around stands for the outside. Rows of all planes lie side by side, so that one step of a sweep takes them together
    caps = np.full((height + 2, count, width + 2), 255, np.uint8)
    caps[1:-1, :, 1:-1] = planes.transpose(1, 0, 2)
    found = np.where(caps == 255, caps, np.uint8(0))
    found[1:-1, :, 1:-1] = 0
    turned_caps = _turned(caps)
    left = found.size
    while left > LEFT_TO_FOLLOW * found.size:
        _sweep(found, caps)
        turned = _turned(found)
        _sweep(turned, turned_caps)
        swept = _turned(turned)
        found = _dilated_under(swept, caps)
        left = int(np.count_nonzero(found != swept))
    _follow(found, caps)
    return np.ascontiguousarray(found[1:-1, :, 1:-1].transpose(1, 0, 2))


def _turned(planes: Bytes) -> Bytes:
    """(H, P, W) as (W, P, H), plane by plane: twice as fast as all at once."""
    turned = np.empty(planes.shape[::-1], np.uint8)
    for place in range(planes.shape[1]):
        turned[:, place] = planes[:, place].T
    return turned


def _sweep(found: Bytes, caps: Bytes) -> None:
    """Carry levels down and up along the first axis, in place."""
    rows = list(zip(found, caps, strict=True))
    for order in (rows, rows[::-1]):
        before = order[0][0]
        for row, cap in order[1:]:
            np.maximum(row, before, out=row)
            np.minimum(row, cap, out=row)
            before = row


def _dilated_under(found: Bytes, caps: Bytes) -> Bytes:
    """One step to all eight neighbours, (H, P, W)."""
    across = found.copy()
    np.maximum(across[:, :, 1:], found[:, :, :-1], out=across[:, :, 1:])
    np.maximum(across[:, :, :-1], found[:, :, 1:], out=across[:, :, :-1])
    grown = across.copy()
    np.maximum(grown[1:], across[:-1], out=grown[1:])
    np.maximum(grown[:-1], across[1:], out=grown[:-1])
    return np.minimum(grown, caps, out=grown)


def _follow(found: Bytes, caps: Bytes) -> None:
    """Finish the reconstruction from the pixels that still change, in place: each wave goes on from what the last one raised."""
    row = found.shape[1] * found.shape[2]
    steps = np.array([side + down for down in (-row, 0, row) for side in (-1, 0, 1) if side or down])
    level, cap = found.reshape(-1), caps.reshape(-1)
    raised = _dilated_under(found, caps)
    front = np.flatnonzero(raised != found)
    level[front] = raised.reshape(-1)[front]
    while front.size:
        neighbours = (front[:, None] + steps).ravel()
        offered = np.minimum(np.repeat(level[front], len(steps)), cap[neighbours])
        rises = offered > level[neighbours]
        neighbours = neighbours[rises]
        np.maximum.at(level, neighbours, offered[rises])
        front = np.unique(neighbours)


def _of_length_one(region: Bytes) -> NDArray[np.float32]:
    """A region of 0 and 1 divided by its norm; an empty one stays empty."""
    count = np.count_nonzero(region.view(np.bool_))  # many times faster than of bytes
    return region * np.float32(1 / np.sqrt(count) if count else 0.0)


def _stretched(values: NDArray[np.float32]) -> Bytes:
    """Least to 0, greatest to 255; of equal values all 0."""
    low, high = float(values.min()), float(values.max())
    scale = 255 / (high - low) if high - low > np.finfo(np.float64).eps else 0.0
    return np.rint(values * np.float32(scale) - np.float32(low * scale)).astype(np.uint8)
