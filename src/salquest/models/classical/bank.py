"""Banks of filters over pictures: as one matrix product where channels are many, by Fourier transforms of tiles where windows are wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import array_api_compat
import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, on_device

# floats of the windows that one product takes: within a processor's second cache
AT_ONCE = 1 << 19
# the longest side of a tile, and the filters that are transformed back together: larger ones leave the cache, smaller ones waste their margins
TILE = 128
FILTERS_TOGETHER = 8


def correlate_bank(maps: Array, filters: Array) -> Array:
    """Correlation of maps (C, H, W) with filters (N, C, K, L), where the whole window fits: (N, H - K + 1, W - L + 1).

    On numpy windows are copied side by side, a few rows at a time, which one matrix product then takes; torch has its own convolution.
    """
    if array_api_compat.is_torch_array(maps):
        from torch.nn import functional

        return functional.conv2d(maps[None], filters)[0]
    count, window = filters.shape[0], filters.shape[2:]
    weights = filters.reshape(count, -1)
    views: NDArray = sliding_window_view(maps, window, axis=(1, 2)).transpose(0, 3, 4, 1, 2)
    height, width = views.shape[-2:]
    result = np.empty((count, height * width), maps.dtype)
    rows = max(1, AT_ONCE // (weights.shape[1] * width))
    for top in range(0, height, rows):
        below = min(top + rows, height)
        columns = np.ascontiguousarray(views[..., top:below, :]).reshape(weights.shape[1], -1)
        np.matmul(weights, columns, out=result[:, top * width : below * width])
    return result.reshape(count, height, width)


@dataclass(frozen=True, eq=False)
class Tiling:
    """Filters as spectra of a tile's size, to be correlated with pictures of one size.

    Attributes:
        spectra: conjugate transforms of the filters, (N, C, h, w // 2 + 1), in the filters' precision.
        sums: of each filter's channels, (N, C).
        tile: (height, width) that a tile reads. step: (height, width) of the responses that it answers.
        size: (height, width) of all responses.
    """

    spectra: Array
    sums: Array
    tile: tuple[int, int]
    step: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def of(cls, filters: NDArray[np.floating], size: tuple[int, int], device: str) -> Tiling:
        """For filters (N, C, K, L) over pictures of a size, which must be as large as the filters."""
        wholes = (size[0] - filters.shape[2] + 1, size[1] - filters.shape[3] + 1)
        step, tile = [], []
        for whole, window in zip(wholes, filters.shape[2:], strict=True):
            count = ceil(whole / (TILE - window + 1))
            step.append(ceil(whole / count))
            tile.append(scipy.fft.next_fast_len(step[-1] + window - 1, real=True))
        on = on_device(filters, device)
        xp = array_api_compat.array_namespace(on)
        spectra = xp.conj(transforms_of(on).rfftn(on, s=tuple(tile), axes=(-2, -1)))
        return cls(spectra, xp.sum(on, axis=(-2, -1)), (tile[0], tile[1]), (step[0], step[1]), wholes)

    def correlate(self, maps: Array) -> Iterator[tuple[slice, slice, slice, Array]]:
        """Responses to maps (C, H, W) of the filters' precision, piece by piece.

        Yields:
            Which filters, rows and columns of all responses these are, and the responses themselves, (n, h, w).
        """
        xp, fourier = array_api_compat.array_namespace(maps), transforms_of(maps)
        # what all pixels share is taken off before the transform, in whose rounding everything else would drown
        mean = xp.mean(maps, axis=(-2, -1))
        base = self.sums @ mean
        rest = maps - mean[:, None, None]
        for top in range(0, self.size[0], self.step[0]):
            for left in range(0, self.size[1], self.step[1]):
                height, width = min(self.step[0], self.size[0] - top), min(self.step[1], self.size[1] - left)
                spectrum = fourier.rfftn(rest[:, top : top + self.tile[0], left : left + self.tile[1]], s=self.tile, axes=(-2, -1))
                for first in range(0, self.spectra.shape[0], FILTERS_TOGETHER):
                    chosen = slice(first, min(first + FILTERS_TOGETHER, self.spectra.shape[0]))
                    product = self.spectra[chosen, 0] * spectrum[0]
                    for channel in range(1, maps.shape[0]):
                        product += self.spectra[chosen, channel] * spectrum[channel]
                    found = fourier.irfftn(product, s=self.tile, axes=(-2, -1))[:, :height, :width]
                    yield chosen, slice(top, top + height), slice(left, left + width), found + base[chosen, None, None]


def transforms_of(maps: Array) -> Any:
    """The module of Fourier transforms: scipy's for numpy's arrays, as it takes several at a stride, or that of the arrays' own library."""
    return scipy.fft if isinstance(maps, np.ndarray) else array_api_compat.array_namespace(maps).fft


def with_border(answers: Callable[[Array], Array], picture: Array, side: int) -> Array:
    """A map (H, W) of a picture (C, H, W), where a function only answers for pixels that a whole window fits around.

    The border gets the least value inside. Border pixels of pictures smaller than the window are repeated until it fits.

    Args:
        answers: of (C, H', W') gives (H' - side + 1, W' - side + 1).
        side: of the window, odd.
    """
    height, width = picture.shape[-2:]
    high, wide = max(height, side), max(width, side)
    top, left = (high - height) // 2, (wide - width) // 2
    if (high, wide) != (height, width):
        rows, columns = np.clip(np.arange(high) - top, 0, height - 1), np.clip(np.arange(wide) - left, 0, width - 1)
        picture = picture[:, rows, :][:, :, columns]
    inside = answers(picture)
    xp = array_api_compat.array_namespace(inside)
    whole = xp.zeros((high, wide), dtype=inside.dtype, device=array_api_compat.device(inside)) + xp.min(inside)
    margin = side // 2
    whole[margin : margin + inside.shape[0], margin : margin + inside.shape[1]] = inside
    return whole[top : top + height, left : left + width]
