"""Models that read saliency off the Fourier spectrum of a small picture: residual of its amplitude, its phase alone, quaternions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.models.classical.arrays import Array, as_numpy, like, min_max, on_device
from salquest.models.classical.colour import rounded_grey
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate, correlate_separable, gaussian_taps
from salquest.models.classical.imresize import imresize
from salquest.models.classical.opencv import as_bytes, grey, resize_linear_exact

# a Fourier coefficient below this is rounding noise of pictures in 0..1: it has no phase, and its logarithm would be anything
SILENCE = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class SpectralResidual(ClassicalModel):
    """What the logarithm of the amplitude spectrum has beyond its local mean, with the picture's phase (Hou and Zhang 2007).

    Attributes:
        width: of the small picture, in pixels.
        average: side of the mean of the log spectrum, in coefficients; the residual is what the mean leaves over.
        window, sigma: of the last blur, in pixels of the small picture; the even window shifts the map by half a pixel to the upper left, as
            in the original.
    """

    name = "spectral-residual"
    width: int = 64
    average: int = 3
    window: int = 10
    sigma: float = 2.5

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the small size, (B, ceil(64 H / W), 64), in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        factor = self.width / pictures.shape[-1]
        small = imresize(rounded_grey(pictures), (ceil(pictures.shape[-2] * factor), self.width), scale=factor)
        spectrum = xp.fft.fftn(small, axes=(-2, -1))
        amplitude = xp.abs(spectrum)
        phase = spectrum / xp.clip(amplitude, SILENCE, None)
        rebuilt = xp.fft.ifftn(xp.exp(self.log_amplitude(amplitude)) * phase, axes=(-2, -1))
        return min_max(correlate_separable(xp.abs(rebuilt) ** 2, gaussian_taps(self.window, self.sigma)))

    def log_amplitude(self, amplitude: Array) -> Array:
        """The logarithm of the amplitude that the map is rebuilt with, (B, h, w), of the picture's amplitude, both with frequency 0 first."""
        xp = array_api_compat.array_namespace(amplitude)
        log = xp.log(xp.clip(amplitude, SILENCE, None))
        return log - correlate_separable(log, np.full(self.average, 1 / self.average), border="replicate")


@dataclass(frozen=True, eq=False, kw_only=True)
class PhaseSpectrum(SpectralResidual):
    """The picture rebuilt from its phase alone, every amplitude 1 (PFT, Guo, Ma and Zhang 2008)."""

    name = "phase-spectrum"

    def log_amplitude(self, amplitude: Array) -> Array:
        """Zero everywhere."""
        return amplitude * 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenCVSpectralResidual(ClassicalModel):
    """Spectral residual as OpenCV's `StaticSaliencySpectralResidual` computes it.

    It differs from the paper's in that the picture becomes a square without averaging, 1 is added inside the logarithm, and the blur comes
    before the square, which makes the map noisier.

    Attributes:
        side: of the small square picture, in pixels.
        average: side of the mean of the log spectrum.
        window, sigma: of the blur, in pixels of the small picture; the window is far shorter than the deviation, as in OpenCV.
    """

    name = "spectral-residual-opencv"
    side: int = 64
    average: int = 3
    window: int = 5
    sigma: float = 8.0

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the small size, (B, 64, 64), the greatest value 1."""
        small = on_device(resize_linear_exact(grey(as_bytes(as_numpy(pictures))), (self.side, self.side)).astype(np.float64), self.device)
        xp = array_api_compat.array_namespace(small)
        spectrum = xp.fft.fftn(small, axes=(-2, -1))
        amplitude = xp.abs(spectrum)
        log = xp.log(amplitude + 1)
        residual = log - correlate_separable(log, np.full(self.average, 1 / self.average), border="mirror")
        rebuilt = xp.abs(xp.fft.ifftn(xp.exp(residual) * spectrum / xp.clip(amplitude, SILENCE, None), axes=(-2, -1)))
        energy = correlate_separable(rebuilt, gaussian_taps(self.window, self.sigma), border="mirror") ** 2
        return energy / xp.clip(xp.max(energy, axis=(-2, -1), keepdims=True), SILENCE, None)


@dataclass(frozen=True, eq=False, kw_only=True)
class QuaternionPhase(ClassicalModel):
    """The phase of a quaternion spectrum whose parts are two colour oppositions and the intensity (PQFT, Guo and Zhang 2010).

    The part for motion is 0: these are still pictures.

    Attributes:
        height, width: of the small picture, in pixels, whatever the picture's shape.
        radius: of the disc that blurs the map, in pixels of the small picture.
    """

    name = "pqft"
    height: int = 64
    width: int = 85
    radius: float = 3.0

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the small size, (B, 64, 85), in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        small = imresize(pictures, (self.height, self.width))
        r, g, b = small[:, 0], small[:, 1], small[:, 2]
        red, green, blue = r - (g + b) / 2, g - (r + b) / 2, b - (r + g) / 2
        yellow = xp.clip((r + g) / 2 - xp.abs(r - g) / 2 - b, 0.0, None)
        # q = 0 + RG i + BY j + I k = (RG i) + (BY + I i) j: two complex pictures, and two transforms, one on each side of j
        simplex = xp.fft.fftn((red - green) * 1j, axes=(-2, -1))
        perplex = xp.fft.fftn((blue - yellow) + (r + g + b) / 3 * 1j, axes=(-2, -1))
        norm = xp.clip(xp.sqrt(xp.abs(simplex) ** 2 + xp.abs(perplex) ** 2), SILENCE, None)
        energy = sum(xp.abs(xp.fft.ifftn(part / norm, axes=(-2, -1))) ** 2 for part in (simplex, perplex))
        inside = np.zeros((self.height, self.width))
        inside[1:-1, 1:-1] = 1
        return min_max(correlate(energy * like(inside, energy), disc(self.radius)))


@lru_cache(maxsize=8)
def disc(radius: float) -> NDArray[np.float64]:
    """`fspecial('disk', radius)`: the share of every pixel that a disc covers, divided by the disc's area; (K, K) with odd K.

    Raises:
        InputError: a radius of 0 or less.
    """
    if radius <= 0:
        raise InputError(f"a disc has a radius above 0; found {radius}")
    reach = ceil(radius - 0.5)
    edges = np.arange(-reach, reach + 2) - 0.5
    x, y = np.minimum(np.abs(edges)[None, :], radius), np.minimum(np.abs(edges)[:, None], radius)

    def under(t: NDArray[np.float64]) -> NDArray[np.float64]:  # antiderivative of the quarter circle
        return (t * np.sqrt(np.maximum(radius**2 - t**2, 0)) + radius**2 * np.arcsin(t / radius)) / 2

    # area of the quarter disc within [0, x] x [0, y]: full height up to where the circle comes below y, the circle from there on
    bend = np.minimum(np.sqrt(np.maximum(radius**2 - y**2, 0)), x)
    quarter = y * bend + under(x) - under(bend)
    signed = quarter * np.sign(edges)[None, :] * np.sign(edges)[:, None]
    return np.diff(np.diff(signed, axis=0), axis=1) / (np.pi * radius**2)
