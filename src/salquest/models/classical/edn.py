"""eDN: six networks of random filters whose structure was searched for, and one linear readout (Vig, Dorr and Cox 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import ceil
from typing import Literal

import array_api_compat
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from salquest.models.classical.arrays import Array, as_numpy, like, on_device
from salquest.models.classical.bank import correlate_bank
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate_separable, gaussian_taps

# pixels of maps that are pooled together: within a processor's second cache
AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Normalisation:
    """Division by the length of the values in a window over all channels.

    Attributes:
        side: of the window.
        stretch: factor on the length before it is compared; below `threshold` nothing is divided.
        removes_mean: whether the window's mean is taken away first.
    """

    side: int
    stretch: float
    threshold: float
    removes_mean: bool = False


@dataclass(frozen=True)
class Layer:
    """Random filters, clamp, pooling at every second pixel, normalisation.

    Attributes:
        side, count: of the filters.
        low, high: what their responses are clamped to.
        pool, exponent: (sum of x ** exponent over a window) ** (1 / exponent).
        norm: what follows.
    """

    side: int
    count: int
    low: float | None
    high: float | None
    pool: int
    exponent: int
    norm: Normalisation


@dataclass(frozen=True)
class Network:
    """One of the six, as found by the authors' search."""

    colour: Literal["rgb", "yuv"]
    norm: Normalisation
    layers: tuple[Layer, ...]


NETWORKS = (
    Network(
        "rgb",
        Normalisation(7, 10, 1),
        (
            Layer(3, 32, None, None, 3, 10, Normalisation(7, 1, 1)),
            Layer(7, 16, None, 1, 5, 10, Normalisation(9, 10, 1)),
            Layer(9, 128, 0, None, 9, 10, Normalisation(9, 1, 0.1)),
        ),
    ),
    Network(
        "yuv",
        Normalisation(3, 0.1, 10),
        (
            Layer(5, 32, None, 1, 9, 10, Normalisation(3, 0.1, 10)),
            Layer(7, 32, 0, 1, 7, 10, Normalisation(7, 1, 10)),
            Layer(5, 128, None, 1, 9, 1, Normalisation(3, 0.1, 10, removes_mean=True)),
        ),
    ),
    Network(
        "yuv",
        Normalisation(3, 10, 10),
        (
            Layer(5, 32, None, 1, 9, 10, Normalisation(3, 0.1, 10)),
            Layer(7, 32, 0, 1, 7, 10, Normalisation(5, 1, 10)),
            Layer(5, 128, None, None, 9, 1, Normalisation(5, 0.1, 10, removes_mean=True)),
        ),
    ),
    Network(
        "yuv",
        Normalisation(7, 0.1, 0.1),
        (
            Layer(5, 16, None, None, 3, 2, Normalisation(5, 1, 1)),
            Layer(9, 64, 0, 1, 9, 10, Normalisation(7, 0.1, 1)),
        ),
    ),
    Network(
        "rgb",
        Normalisation(7, 1, 1),
        (
            Layer(3, 16, None, None, 7, 10, Normalisation(7, 1, 0.1, removes_mean=True)),
            Layer(7, 64, 0, None, 9, 10, Normalisation(9, 0.1, 0.1, removes_mean=True)),
            Layer(7, 256, None, 1, 9, 2, Normalisation(9, 0.1, 10, removes_mean=True)),
        ),
    ),
    Network(
        "rgb",
        Normalisation(9, 10, 10),
        (
            Layer(9, 32, None, None, 7, 1, Normalisation(5, 0.1, 1)),
            Layer(5, 32, 0, None, 7, 10, Normalisation(7, 0.1, 10, removes_mean=True)),
            Layer(7, 128, None, None, 9, 2, Normalisation(7, 0.1, 10)),
        ),
    ),
)


@dataclass(frozen=True, eq=False, kw_only=True)
class EnsembleOfDeepNetworks(ClassicalModel):
    """eDN's score: 832 features of random filters, weighted by the authors' support vector machine.

    Nothing but the last weights was learnt (from MIT1003's fixations): every filter is drawn from the seed 42. The networks compute in
    single precision, as the original. They see the picture at about 512 x 384 whatever its size, so `longest` stays None.

    Attributes:
        has_centre: whether the distance to the centre is a feature; the authors published weights for both.
        sigma: of the last blur, in cells of the map, which stand 8 pixels apart in the resized picture: the authors' 30 pixels of a picture
            of 1024 are 15 of 512 and 1.875 cells.
    """

    name = "edn"
    is_cheap = False  # its matrix products take all cores
    has_centre: bool = True
    sigma: float = 1.875

    def native_maps(self, pictures: Array) -> Array:
        """The blurred scores, (B, h, w), at an eighth of the resized picture."""
        taps = gaussian_taps(2 * int(4 * self.sigma + 0.5) + 1, self.sigma)
        return correlate_separable(self.scores(pictures), taps, border="symmetric")

    def scores(self, pictures: Array) -> Array:
        """The weighted sum of the standardised features, (B, h, w) float64, in the support vector machine's units."""
        xp = array_api_compat.array_namespace(pictures)
        pixels = np.rint(as_numpy(pictures) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
        return xp.stack([self._score(one) for one in pixels])

    def _score(self, pixels: NDArray[np.uint8]) -> Array:
        resized = resized_for_networks(pixels)
        inputs = {"rgb": resized, "yuv": luma_and_chroma(resized)}
        planes = {name: on_device(values.transpose(2, 0, 1).astype(np.float32), self.device) for name, values in inputs.items()}
        size = (ceil(resized.shape[0] / 8), ceil(resized.shape[1] / 8))
        weights, offset = readout(self.has_centre)
        total, begin = -offset, 0
        if self.has_centre:
            distance = on_device(distance_to_centre(*resized.shape[:2])[None], self.device)
            total, begin = total + weights[0] * zoomed(distance, size)[0], 1
        for network in NETWORKS:
            features = zoomed(responses(network, planes[network.colour]), size)
            here = like(weights[begin : begin + features.shape[0]], features)
            total = total + (here[None, :] @ features.reshape(features.shape[0], -1)).reshape(size)
            begin += features.shape[0]
        return total


def resized_for_networks(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) by Pillow's bicubic to sides whose mean ratio to 512 x 384 is 1.

    No side becomes longer than 2048 pixels, which the original does not ask: it holds back banners nine times as long as they are wide.
    """
    height, width = pixels.shape[:2]
    factor = min(0.5 * 512 / max(height, width) + 0.5 * 384 / min(height, width), 2048 / max(height, width))
    size = max(1, int(width * factor)), max(1, int(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def luma_and_chroma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """YCbCr of a picture (H, W, 3) whose least and greatest values were first stretched to 0 and 255, as scipy's `toimage` once did."""
    low, high = int(pixels.min()), int(pixels.max())
    stretched = ((pixels.astype(np.float64) - low) * (255 / max(high - low, 1)) + 0.5).astype(np.uint8)
    return np.asarray(Image.fromarray(stretched).convert("YCbCr"))


def distance_to_centre(height: int, width: int) -> NDArray[np.float64]:
    """Whole pixels to the centre, divided by the greatest, (H, W)."""
    y, x = np.mgrid[:height, :width]
    distance = np.floor(np.hypot(y - height // 2, x - width // 2))
    return distance / distance.max()


def responses(network: Network, planes: Array) -> Array:
    """A network's features, (N, h, w), of a picture (3, H, W) float32 in 0..255."""
    maps = normalised(planes, network.norm)
    for layer in network.layers:
        filters = like(random_filters(layer.count, layer.side, maps.shape[0]), maps)
        maps = normalised(clamped_and_pooled(correlate_bank(padded(maps, layer.side // 2), filters), layer), layer.norm)
    return maps


def normalised(maps: Array, norm: Normalisation) -> Array:
    """Maps (C, H, W) divided by the length of their window, zeros beyond the border."""
    xp = array_api_compat.array_namespace(maps)
    energy = window_sum(xp.sum(maps * maps, axis=0)[None], norm.side)[0]
    if norm.removes_mean:
        sums = window_sum(xp.sum(maps, axis=0)[None], norm.side)[0]
        count = norm.side**2 * maps.shape[0]
        maps = maps - sums / count
        energy = energy - sums * sums / count
    length = (xp.sqrt(xp.clip(energy, 0.0, None)) + 1e-4) * norm.stretch
    length = xp.where(length < norm.threshold + 1e-4, xp.ones_like(length), length)
    return maps * (norm.stretch / length)


def clamped_and_pooled(maps: Array, layer: Layer) -> Array:
    """A layer's clamp and pooling of its responses (N, H, W), at every second pixel from the first."""
    xp = array_api_compat.array_namespace(maps)
    together = max(1, AT_ONCE // (maps.shape[1] * maps.shape[2]))
    parts = []
    for start in range(0, maps.shape[0], together):
        part = maps[start : start + together]
        part = part if layer.low is None and layer.high is None else xp.clip(part, layer.low, layer.high)
        parts.append(window_sum(whole_power(part, layer.exponent), layer.pool, stride=2))
    total = xp.concat(parts, axis=0)
    return total if layer.exponent == 1 else total ** (1 / layer.exponent)


def whole_power(values: Array, exponent: int) -> Array:
    """Values to a power of 1, 2 or 10, by multiplications."""
    if exponent == 1:
        return values
    square = values * values
    if exponent == 2:
        return square
    fourth = square * square
    return fourth * fourth * square


def window_sum(maps: Array, side: int, *, stride: int = 1) -> Array:
    """Sums over side x side windows around every stride-th pixel of maps (N, H, W), zeros beyond the border."""
    height, width = maps.shape[-2:]
    around = padded(maps, side // 2)
    down = around[:, :height:stride] + around[:, 1 : 1 + height : stride]
    for offset in range(2, side):
        down += around[:, offset : offset + height : stride]
    across = down[:, :, :width:stride] + down[:, :, 1 : 1 + width : stride]
    for offset in range(2, side):
        across += down[:, :, offset : offset + width : stride]
    return across


def padded(maps: Array, margin: int) -> Array:
    """Maps (N, H, W) with zeros around."""
    xp = array_api_compat.array_namespace(maps)
    count, height, width = maps.shape
    result = xp.zeros((count, height + 2 * margin, width + 2 * margin), dtype=maps.dtype, device=array_api_compat.device(maps))
    result[:, margin : margin + height, margin : margin + width] = maps
    return result


@lru_cache(maxsize=32)
def random_filters(count: int, side: int, depth: int) -> NDArray[np.float32]:
    """The filters (N, C, K, K) of every layer of this shape: the same seed for all, without mean, of length 1."""
    drawn = np.random.RandomState(42).uniform(size=[count, side, side, depth])
    drawn -= drawn.mean(axis=(1, 2, 3), keepdims=True)
    drawn /= np.sqrt((drawn**2).sum(axis=(1, 2, 3), keepdims=True))
    filters = np.ascontiguousarray(drawn.transpose(0, 3, 1, 2), dtype=np.float32)
    filters.flags.writeable = False
    return filters


def zoomed(maps: Array, size: Sequence[int]) -> Array:
    """Maps (N, H, W) at another size by `scipy.ndimage.zoom` with cubic splines, which keeps corners on corners."""
    if tuple(maps.shape[1:]) == tuple(size):
        return maps
    down, across = (like(zoom_matrix(*lengths), maps) for lengths in zip(maps.shape[1:], size, strict=True))
    return down @ maps @ across.T


@lru_cache(maxsize=32)
def zoom_matrix(length: int, wanted: int) -> NDArray[np.float64]:
    """`zoom` of one axis as a matrix (wanted, length)."""
    # the authors' factor, a little too large so that rounding never loses a pixel
    return np.stack([ndimage.zoom(unit, wanted * (1 + 1e-5) / length, order=3) for unit in np.eye(length)], axis=1)


@lru_cache(maxsize=2)
def readout(has_centre: bool) -> tuple[NDArray[np.float64], float]:
    """Weights on the raw features, (833,) with the centre's first or (832,), and what is taken off their sum."""
    folder = resources.files("salquest.models.classical") / "embedded" / "edn"
    ending = "_centre" if has_centre else ""
    with resources.as_file(folder / "weights.npz") as path, np.load(path, allow_pickle=False) as published:
        weights, mean, deviation = (published[name + ending] for name in ("svm", "mean", "std"))
    return weights / deviation, float(weights @ (mean / deviation))
