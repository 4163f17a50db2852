"""What OpenCV computes of 8-bit pictures, to the bit, in numpy: grey, Lab, resizes, median, blur, and the eigenvectors of three colours."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, hypot

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


def as_bytes(pictures: NDArray[np.float64]) -> Bytes:
    """Pictures in 0..1 as 8-bit ones."""
    return np.rint(pictures * 255).astype(np.uint8)


def grey(pictures: Bytes) -> Bytes:
    """`cvtColor(RGB2GRAY)`: (B, 3, H, W) becomes (B, H, W); weights in 1/32768."""
    red, green, blue = (pictures[:, channel].astype(np.int32) for channel in range(3))
    return ((9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15).astype(np.uint8)


def lab(pictures: Bytes) -> Bytes:
    """`cvtColor(RGB2Lab)`, (B, 3, H, W): L * 255 / 100, a + 128, b + 128; tables with 15 bits behind the point, sums with 12."""
    gamma, root = _lab_tables()
    linear = gamma[pictures]
    white = (0.950456, 1.0, 1.088754)
    from_srgb = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
    x, y, z = (
        root[(sum(round(4096 * weight / level) * linear[:, channel] for channel, weight in enumerate(row)) + (1 << 11)) >> 12]
        for row, level in zip(from_srgb, white, strict=True)
    )
    half = 1 << 14
    parts = (296 * y - (16 * 255 * 32768 + 50) // 100, 500 * (x - y) + 128 * 32768, 200 * (y - z) + 128 * 32768)
    return np.stack([((part + half) >> 15).clip(0, 255).astype(np.uint8) for part in parts], axis=1)


@lru_cache(maxsize=1)
def _lab_tables() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Linear light in 0..2040 of a byte of sRGB, and the cube root of that with 15 bits."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    # two entries are ties within float32, which OpenCV computes the table in
    share = np.arange(3072, dtype=np.float32) / np.float32(2040)
    line = (share.astype(np.float64) * np.float32(841 / 108) + np.float32(16 / 116)).astype(np.float32)
    root = np.where(share < np.float32(216 / 24389), line, np.cbrt(share))
    return np.rint(2040 * light).astype(np.int32), np.rint(32768 * root).astype(np.int32)


def resize_linear_exact(maps: Bytes, size: tuple[int, int]) -> Bytes:
    """`resize(INTER_LINEAR_EXACT)` of (..., H, W): no averaging when it shrinks; weights with 8 bits an axis."""
    (top, bottom, down), (left, right, across) = (_linear_taps(*lengths) for lengths in zip(maps.shape[-2:], size, strict=True))
    upper, lower = (
        at[..., left] * (256 - across) + at[..., right] * across
        for at in (maps[..., rows, :].astype(np.int64) for rows in (top, bottom))  # only rows that count
    )
    total = np.asarray(upper * (256 - down)[:, None] + lower * down[:, None], dtype=np.int64)
    return ((total + (1 << 15)) >> 16).astype(np.uint8)


def _linear_taps(length: int, wanted: int) -> tuple[Ints, Ints, Ints]:
    """The two pixels that each wanted one lies between, and the weight of the second in 1/256."""
    centres = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, length - 1)
    first = np.floor(centres).astype(np.int64)
    return first, np.minimum(first + 1, length - 1), np.rint((centres - first) * 256).astype(np.int64)


def resize_area(maps: Bytes, size: tuple[int, int]) -> Bytes:
    """`resize(INTER_AREA)` of (..., H, W): the mean over each new pixel's area, in float32; a linear form of its own when enlarging."""
    height, width = maps.shape[-2:]
    if (height, width) == tuple(size):
        return maps
    scales = 1 / (size[0] / height), 1 / (size[1] / width)
    if min(scales) < 1:
        return _enlarge_area(maps, size)
    whole = round(scales[0]), round(scales[1])
    if max(abs(scales[0] - whole[0]), abs(scales[1] - whole[1])) < np.finfo(np.float64).eps:
        return _shrink_whole(maps, size, whole)
    # OpenCV sums along the row first, tap by tap
    levels = maps.astype(np.float32)
    rows = np.zeros((*maps.shape[:-1], size[1]), np.float32)
    for pixels, shares in zip(*_area_taps(width, size[1]), strict=True):
        rows += np.take(levels, pixels, axis=-1) * shares
    total = np.zeros((*maps.shape[:-2], *size), np.float32)
    for pixels, shares in zip(*_area_taps(height, size[0]), strict=True):
        total += np.take(rows, pixels, axis=-2) * shares[:, None]
    return np.rint(total).astype(np.uint8)


def _shrink_whole(maps: Bytes, size: tuple[int, int], by: tuple[int, int]) -> Bytes:
    """By whole numbers: sums of integers, times one float32."""
    total = np.zeros((*maps.shape[:-2], *size), np.int32)
    for row, column in np.ndindex(by):
        total += maps[..., row :: by[0], column :: by[1]][..., : size[0], : size[1]]
    if by == (2, 2):
        return ((total + 2) >> 2).astype(np.uint8)
    return np.rint(total.astype(np.float32) * np.float32(1 / (by[0] * by[1]))).astype(np.uint8)


@lru_cache(maxsize=16)
def _area_taps(length: int, wanted: int) -> tuple[Ints, NDArray[np.float32]]:
    """The pixels under each new one and their shares of it, both (taps, wanted); a missing tap has the share 0."""
    scale = 1 / (wanted / length)
    taps = ceil(scale) + 1
    pixels, shares = np.zeros((taps, wanted), np.int64), np.zeros((taps, wanted), np.float32)
    for new in range(wanted):
        begin, end = new * scale, new * scale + scale
        cell = min(scale, length - begin)
        last = min(floor(end), length - 1)
        first = min(ceil(begin), last)
        found = [(first - 1, (first - begin) / cell)] if first - begin > 1e-3 else []
        found += [(pixel, 1 / cell) for pixel in range(first, last)]
        if end - last > 1e-3:
            found.append((last, min(end - last, 1.0, cell) / cell))
        for tap, (pixel, share) in enumerate(found):
            pixels[tap, new], shares[tap, new] = pixel, share
    return pixels, shares


def _enlarge_area(maps: Bytes, size: tuple[int, int]) -> Bytes:
    """Linear between neighbours, with the weights by which new pixels lie across two old ones; 11 bits an axis."""
    (rows, down), (columns, across) = (_enlarging_taps(*lengths) for lengths in zip(maps.shape[-2:], size, strict=True))
    wide = sum(maps[..., at].astype(np.int64) * weights for at, weights in zip(columns, across, strict=True))
    upper, lower = (weights[:, None] * (wide[..., at, :] >> 4) >> 16 for at, weights in zip(rows, down, strict=True))  # type: ignore[index]
    return ((upper + lower + 2) >> 2).clip(0, 255).astype(np.uint8)


def _enlarging_taps(length: int, wanted: int) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """The two pixels that each wanted one lies across, and their weights in 1/2048."""
    factor = wanted / length
    new = np.arange(wanted)
    first = np.floor(new * (1 / factor)).astype(np.int64)
    share = ((new + 1) - (first + 1) * factor).astype(np.float32)
    share = np.where((share <= 0) | (first >= length - 1), np.float32(0), share - np.floor(share))
    first = np.minimum(first, length - 1)
    near, far = (np.rint(part * np.float32(2048)).astype(np.int64) for part in (np.float32(1) - share, share))
    return (first, np.minimum(first + 1, length - 1)), (near, far)


def median3(maps: Bytes) -> Bytes:
    """`medianBlur(3)` of (..., H, W), border pixels repeated: a network of 19 comparisons."""
    padded = np.pad(maps, [(0, 0)] * (maps.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    height, width = maps.shape[-2:]
    p = [padded[..., row : row + height, column : column + width] for row in range(3) for column in range(3)]
    for low, high in _MEDIAN_NETWORK:
        p[low], p[high] = np.minimum(p[low], p[high]), np.maximum(p[low], p[high])
    return p[4]


# Paeth 1990, Graphics Gems: after these exchanges the middle one of nine is the median
_MEDIAN_NETWORK = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8)),
    *((0, 3), (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)


def gaussian_blur(maps: Bytes, length: int, sigma: float) -> Bytes:
    """`GaussianBlur` of (..., H, W) with an odd window, reflect-101: weights with 8 bits, rounded once at the end."""
    taps = gaussian_bytes(length, sigma)
    total = maps
    for axis in (-1, -2):
        total = ndimage.correlate1d(total, taps, axis=axis, output=np.int32, mode="mirror")
    return ((total + (1 << 15)) >> 16).astype(np.uint8)


@lru_cache(maxsize=16)
def gaussian_bytes(length: int, sigma: float) -> tuple[int, ...]:
    """The window's weights in 1/256, what rounding takes from one given to the next, summing to 256."""
    offsets = np.arange(length) - length // 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights *= 256 / weights.sum()
    half, error = [], 0.0
    for weight in weights[: length // 2]:
        wanted = weight + error
        half.append(int(np.rint(wanted)))
        error = wanted - half[-1]
    return (*half, 256 - 2 * sum(half), *half[::-1])


def dilate(maps: Bytes, reach: int) -> Bytes:
    """`dilate` of (..., H, W) with a square of 2 reach + 1 pixels, which is what `reach` times 3 x 3 comes to."""
    height, width = maps.shape[-2:]
    found = np.zeros((*maps.shape[:-2], height + 2 * reach, width + 2 * reach), np.uint8)
    found[..., reach : reach + height, reach : reach + width] = maps
    window, wanted = 1, 2 * reach + 1
    while window < wanted:  # maxima of windows that double
        step = min(window, wanted - window)
        found = np.maximum(found[..., :-step, :], found[..., step:, :])
        found = np.maximum(found[..., :-step], found[..., step:])
        window += step
    return found


def erode(maps: Bytes, reach: int) -> Bytes:
    """`erode` of (..., H, W) with a square of 2 reach + 1 pixels."""
    return 255 - dilate(255 - maps, reach)


def symmetric_axes(matrix: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Singular values (3,), falling, and vectors (3, 3) in columns of a symmetric matrix, with the signs that OpenCV's `SVD` gives them.

    One-sided Jacobi rotations in float32, sums in double. Another solver finds the same axes and may turn them round.
    """
    rows = matrix.T.copy()
    energy = [float(np.sum(row.astype(np.float64) ** 2)) for row in rows]
    for _ in range(30):
        changed = False
        for i, j in ((0, 1), (0, 2), (1, 2)):
            a, b = energy[i], energy[j]
            product = float(np.sum(rows[i].astype(np.float64) * rows[j]))
            if abs(product) <= 2 * np.finfo(np.float32).eps * np.sqrt(a * b):
                continue
            changed = True
            product *= 2
            difference = a - b
            gamma = hypot(product, difference)
            if difference < 0:
                sine = np.float32(np.sqrt((gamma - difference) / 2 / gamma))
                cosine = np.float32(product / (gamma * float(sine) * 2))
            else:
                cosine = np.float32(np.sqrt((gamma + difference) / (gamma * 2)))
                sine = np.float32(product / (gamma * float(cosine) * 2))
            rows[i], rows[j] = cosine * rows[i] + sine * rows[j], -sine * rows[i] + cosine * rows[j]
            energy[i], energy[j] = (float(np.sum(rows[k].astype(np.float64) ** 2)) for k in (i, j))
        if not changed:
            break
    values = np.sqrt(energy)
    order = np.argsort(-values, kind="stable")
    return values[order].astype(np.float32), (rows[order] / values[order, None]).T.astype(np.float32)
