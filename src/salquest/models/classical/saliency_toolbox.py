"""Itti, Koch and Niebur's model as Walther's SaliencyToolbox computes it: centre-surround contrast in three channels, then competition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log, pi, sqrt
from typing import Literal, get_args

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.errors import UnknownName
from salquest.models.classical.arrays import Array, like
from salquest.models.classical.colour import GREY
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.imresize import imresize, nearest_indices

Normalisation = Literal["iterative", "localmax", "none"]

# the toolbox's low-pass filter; the last 1 is doubled there, which makes it lopsided
TAPS = np.array([1, 5, 10, 10, 5, 1, 1]) / 33
# maps whose range is below this differ by rounding only; the toolbox would blow that up to full contrast
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class SaliencyToolbox(ClassicalModel):
    """Itti-Koch-Niebur in the form of the SaliencyToolbox (Walther and Koch 2006): its maps to 1e-7.

    One line departs from the program on purpose. It wants to make up for Gabor energy lost at the top and bottom border by a quotient that is
    0 but for rounding, so that these rows become 0, or at 90 degrees whatever the machine rounds to; here they are 0.

    Attributes:
        longest: the toolbox, used by hand, shrinks pictures to a longer side of 800, and its maps need large pictures.
        normalisation: how maps compete: "iterative" (differences of Gaussians, the toolbox's default), "localmax" (N of the 1998 paper) or
            "none". The iterative one leaves a few peaks and zeros, which no score that ranks pixels likes.
        centres, deltas: levels of the pyramid, the picture being 1: each centre c is compared with c + d.
        map_level: the level whose size the map has: 1/16 of the picture's at 5.
        grey: weights of red, green and blue in intensity: MATLAB's `rgb2gray`. Octave's have six digits, which moves maps by 4e-7.
        angles: of the Gabor filters, in degrees.
        wavelength, gabor_sigma, gabor_radius: of the Gabor filters, in pixels of each level; they are 2 radius + 1 pixels wide.
        dark: pixels whose greatest colour is below this have no hue.
        border: width of the fading rim of contrast maps, as a share of their longer side.
        iterations: of the iterative normalisation.
        excitation, inhibition: its Gaussians: gain, and standard deviation as a share of the longer side.
        global_inhibition: share of the maximum that each iteration takes away.
        weights: of colour, intensity and orientation.

    Raises:
        UnknownName: a normalisation that there is not.
    """

    name = "saliency-toolbox"
    longest: int | None = 800
    normalisation: Normalisation = "iterative"
    centres: tuple[int, ...] = (3, 4, 5)
    deltas: tuple[int, ...] = (3, 4)
    map_level: int = 5
    grey: tuple[float, float, float] = GREY
    angles: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0)
    wavelength: float = 7.0
    gabor_sigma: float = 2.3333
    gabor_radius: int = 4
    dark: float = 0.1
    border: float = 0.05
    iterations: int = 3
    excitation: tuple[float, float] = (0.5, 0.02)
    inhibition: tuple[float, float] = (1.5, 0.25)
    global_inhibition: float = 0.02
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.normalisation not in get_args(Normalisation):
            raise UnknownName("normalisation", self.normalisation, get_args(Normalisation))

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the size of `map_level`, (B, H / 16, W / 16), in 0..2 before the last competition."""
        xp = array_api_compat.array_namespace(pictures)
        total = xp.sum(self.conspicuity_maps(pictures), axis=1)
        return self._compete(scaled(total, 2.0), threshold=0.2, ceiling=2.0)

    def conspicuity_maps(self, pictures: Array) -> Array:
        """The maps of colour, intensity and orientation, (B, 3, h, w); their sum is the map before the last competition.

        Args:
            pictures: (B, 3, H, W) float64 in 0..1; a side below 32 is enlarged to that, the other with it, for else no surround is left.
        """
        xp = array_api_compat.array_namespace(pictures)
        height, width = pictures.shape[-2:]
        # each level halves: the least that has the map's level, a centre and its surround
        smallest = 2 ** (max(self.map_level, min(self.centres) + min(self.deltas)) - 1)
        if min(height, width) < smallest:
            factor = smallest / min(height, width)
            pictures = xp.clip(imresize(pictures, (ceil(height * factor), ceil(width * factor))), 0.0, 1.0)
        red_green, blue_yellow = opponent_colours(pictures, self.dark)
        intensity = sum(weight * pictures[:, colour] for colour, weight in enumerate(self.grey))
        levels = pyramid(xp.stack([intensity, red_green, blue_yellow], axis=1), max(self.centres) + max(self.deltas))
        size = tuple(levels[self.map_level - 1].shape[-2:])
        opponents = [imresize(level, size, method="nearest") for level in levels]
        oriented = {number: self._gabor_energies(levels[number - 1][:, 0], size) for number in range(min(self.centres), len(levels) + 1)}
        contrasts = [
            xp.concat([opponents[c - 1] - opponents[c + d - 1], oriented[c] - oriented[c + d]], axis=1)
            for c in self.centres
            for d in self.deltas
            if c + d <= len(levels)
        ]
        rim = like(np.outer(*(fading(side, floor(self.border * max(size) + 0.5)) for side in size)), pictures)
        competing = [self._compete(scaled(xp.abs(contrast) * rim, 10.0), threshold=1.0, ceiling=10.0) for contrast in contrasts]
        each = self._compete(sum(competing[1:], competing[0]), threshold=1.0)
        channels = [
            self._compete(xp.sum(each[:, 1:3], axis=1), threshold=1.0) / 2,
            each[:, 0],
            self._compete(xp.sum(each[:, 3:], axis=1), threshold=1.0) / len(self.angles),
        ]
        return xp.stack([weight * channel / 3 for weight, channel in zip(self.weights, channels, strict=True)], axis=1)

    def _gabor_energies(self, level: Array, size: tuple[int, int]) -> Array:
        """Energy of each angle at the pixels of a level (B, H, W) that the map's size takes from it, (B, angles, h, w).

        Only these are computed: of the finest level, one pixel in sixteen.
        """
        xp = array_api_compat.array_namespace(level)
        radius, (height, width) = self.gabor_radius, level.shape[-2:]
        rows, columns = (nearest_indices(side, wanted) for side, wanted in zip((height, width), size, strict=True))
        padded = xp.zeros((level.shape[0], height + 2 * radius, width + 2 * radius), dtype=level.dtype, device=level.device)
        padded[:, radius:-radius, radius:-radius] = level
        window = np.arange(2 * radius + 1)
        patches = padded[:, (rows[:, None] + window).ravel(), :][:, :, (columns[:, None] + window).ravel()]
        patches = xp.reshape(patches, (-1, size[0], window.size, size[1], window.size))
        patches = xp.reshape(xp.permute_dims(patches, (0, 1, 3, 2, 4)), (-1, size[0] * size[1], window.size**2))
        bank = np.stack([gabor(a, p, self.wavelength, self.gabor_sigma, radius) for a in self.angles for p in (0.0, 90.0)])
        # a convolution sees the filter turned round
        responses = xp.abs(patches @ like(bank[:, ::-1, ::-1].reshape(len(bank), -1).T, level))
        energies = xp.reshape(xp.sum(xp.reshape(responses, (*responses.shape[:2], -1, 2)), axis=-1), (-1, *size, len(self.angles)))
        kept = np.ones((height, width))
        if height >= radius:
            kept[:radius, radius : max(radius, width - radius)] = 0
            kept[height - radius :, radius : max(radius, width - radius)] = 0
        return xp.permute_dims(energies, (0, 3, 1, 2)) * like(kept[rows][:, columns], level)

    def _compete(self, maps: Array, *, threshold: float, ceiling: float | None = None) -> Array:
        """Maps (..., h, w) after competition: few strong peaks gain, many alike lose.

        Args:
            threshold: from which value on a local maximum counts ("localmax").
            ceiling: the maximum of maps that were scaled; each map's own where it is not given ("localmax").
        """
        if self.normalisation == "iterative":
            return self._iterate(maps)
        return by_local_maxima(maps, threshold, ceiling) if self.normalisation == "localmax" else maps

    def _iterate(self, maps: Array) -> Array:
        xp = array_api_compat.array_namespace(maps)
        size = maps.shape[-2:]
        (e_down, e_across), (i_down, i_across) = (
            [like(gaussian_matrix(side, gain, share * max(size), min(size)), maps) for side in size]
            for gain, share in (self.excitation, self.inhibition)
        )
        for _ in range(self.iterations):
            peak = xp.max(maps, axis=(-2, -1), keepdims=True)
            pushed = maps + e_down @ maps @ e_across.T - i_down @ maps @ i_across.T - self.global_inhibition * peak
            maps = xp.clip(pushed, 0.0, None)
        return maps


def opponent_colours(pictures: Array, dark: float) -> tuple[Array, Array]:
    """Red-green and blue-yellow of pictures (B, 3, H, W), each (B, H, W), signed, divided by the greatest of the three colours."""
    xp = array_api_compat.array_namespace(pictures)
    greatest = xp.max(pictures, axis=1)
    divisor = xp.where(greatest < dark, xp.ones_like(greatest), greatest)
    bright = xp.where(greatest < dark, xp.zeros_like(greatest), 1 / divisor)
    red, green, blue = pictures[:, 0], pictures[:, 1], pictures[:, 2]
    return (red - green) * bright, (blue - xp.minimum(red, green)) * bright


def pyramid(images: Array, most: int) -> list[Array]:
    """The dyadic Gaussian pyramid of images (..., H, W): at most so many levels, the first the images, until the smaller side is 1."""
    levels = [images]
    while len(levels) < most and min(levels[-1].shape[-2:]) > 1:
        levels.append(halved(halved(levels[-1], -2), -1))
    return levels


def halved(images: Array, axis: int) -> Array:
    """Every other pixel along the axis -2 or -1 of images (..., H, W) low-passed by TAPS, the first included: floor(n / 2) of them.

    Beyond the border nothing is added and the sum of the taps inside is scaled to the whole filter's. Of three pixels the mean
    is weighted 1, 2, 1; of two it is plain; one stays.
    """
    length = images.shape[axis]
    if length <= 3:
        weights = like({1: [[1.0]], 2: [[0.5, 0.5]], 3: [[0.25, 0.5, 0.25]]}[length], images)
        return weights @ images if axis == -2 else images @ weights.T
    wanted = length // 2
    total: Array = 0.0
    inside = np.zeros(wanted)
    xp = array_api_compat.array_namespace(images)
    for tap, weight in enumerate(TAPS):
        # tap k of 0..6 of a convolution lies on pixel 2 i + 3 - k; those from first to last - 1 are inside
        offset = 3 - tap
        first, last = max(0, ceil(-offset / 2)), min(wanted, (length - 1 - offset) // 2 + 1)
        inside[first:last] += weight
        taken = slice(2 * first + offset, 2 * (last - 1) + offset + 1, 2)
        part = weight * (images[..., taken, :] if axis == -2 else images[..., taken])
        if (first, last) != (0, wanted):
            shape = list(images.shape)
            shape[axis] = wanted
            whole = xp.zeros(shape, dtype=images.dtype, device=images.device)
            whole[(..., slice(first, last), slice(None)) if axis == -2 else (..., slice(first, last))] = part
            part = whole
        total = total + part
    scale = like(1 / inside, images)
    return total * (scale[:, None] if axis == -2 else scale)


def gabor(angle: float, phase: float, wavelength: float, sigma: float, radius: int) -> NDArray[np.float64]:
    """A Gabor filter, (2 radius + 1, 2 radius + 1), of mean 0 and length 1; angle and phase in degrees."""
    cosine, sine = np.cos(np.radians(angle)), -np.sin(np.radians(angle))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    along, across = y * cosine + x * sine, y * sine - x * cosine
    wave = np.cos(2 * pi * along / wavelength + np.radians(phase)) * np.exp(-(along**2 + across**2) / (2 * sigma**2))
    wave -= wave.mean()
    return wave / np.sqrt((wave**2).sum())


def fading(length: int, rim: int) -> NDArray[np.float64]:
    """Weights (length,) that rise over so many pixels from either end, k / (rim + 1) at the k-th, to 1."""
    ramp = np.arange(1, rim + 1) / (rim + 1)
    weights = np.ones(length)
    weights[:rim] *= ramp[:length]
    weights[::-1][:rim] *= ramp[:length]
    return weights


def scaled(maps: Array, top: float) -> Array:
    """Maps (..., h, w) clamped at 0 and stretched to 0..top each; a constant one becomes top / 2."""
    xp = array_api_compat.array_namespace(maps)
    clamped = xp.clip(maps, 0.0, None)
    low, high = xp.min(clamped, axis=(-2, -1), keepdims=True), xp.max(clamped, axis=(-2, -1), keepdims=True)
    varies = high - low > ROUNDING
    stretched = (clamped - low) * (top / xp.where(varies, high - low, xp.ones_like(high)))
    return xp.where(varies, stretched, xp.full_like(stretched, top / 2))


def by_local_maxima(maps: Array, threshold: float, ceiling: float | None = None) -> Array:
    """N of the 1998 paper: maps (..., h, w) times the squared distance of their maximum from the mean of their local maxima.

    A local maximum is an inner pixel that none of its four neighbours exceeds. A map with one of them is multiplied by the squared maximum, a
    map with none stays (the toolbox stops there).

    Args:
        threshold: the least value of a local maximum.
        ceiling: taken for the maximum; each map's own where it is not given.
    """
    xp = array_api_compat.array_namespace(maps)
    inner = maps[..., 1:-1, 1:-1]
    is_peak = inner >= threshold
    for neighbour in (maps[..., :-2, 1:-1], maps[..., 2:, 1:-1], maps[..., 1:-1, :-2], maps[..., 1:-1, 2:]):
        is_peak = is_peak & (inner >= neighbour)
    peaks = xp.astype(is_peak, maps.dtype)
    count = xp.sum(peaks, axis=(-2, -1), keepdims=True)
    mean = xp.sum(peaks * inner, axis=(-2, -1), keepdims=True) / xp.clip(count, 1.0, None)
    top = xp.max(maps, axis=(-2, -1), keepdims=True) if ceiling is None else xp.full_like(mean, ceiling)
    gain = (top - xp.where(count > 1, mean, xp.zeros_like(mean))) ** 2
    return maps * xp.where(count > 0, gain, xp.ones_like(gain))


@lru_cache(maxsize=64)
def gaussian_matrix(length: int, gain: float, sigma: float, shorter: int) -> NDArray[np.float64]:
    """The matrix (length, length) that correlates one axis with a Gaussian of peak gain / (sigma sqrt(2 pi)); read-only.

    The Gaussian ends at 1 % of its peak, or before half the map's shorter side. At the border each row's sum is scaled to the whole
    filter's, as everywhere in the toolbox.
    """
    radius = floor(sigma * sqrt(-2 * log(0.01)))
    half = shorter // 2 - 1
    radius = min(radius, half) if half > 0 else radius
    distance = np.abs(np.arange(length)[:, None] - np.arange(length))
    taps = gain / (sigma * sqrt(2 * pi)) * np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    matrix = np.where(distance <= radius, taps[radius + np.minimum(distance, radius)], 0.0)
    matrix *= taps.sum() / matrix.sum(axis=1, keepdims=True)
    matrix.flags.writeable = False
    return matrix
