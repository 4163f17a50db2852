"""Gabor filters: the orientation channel of the Itti and GBVS programs."""

from __future__ import annotations

from functools import lru_cache, partial
from math import ceil, pi

import array_api_compat
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array


def gabor(angle: float, phase: float, *, half: int, period: float, deviation: float, elongation: float) -> NDArray[np.float64]:
    """A Gabor filter (2 half + 1, 2 half + 1) of mean 0 and norm 1.

    Args:
        angle, phase: in degrees; phase 0 is the even filter, 90 the odd one.
        half: how far it reaches from its centre, in pixels.
        period: of the wave, in pixels.
        deviation: of the envelope across the stripes, in pixels; along them it is `elongation` times that.
    """
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    cosine, sine = np.cos(np.radians(angle)), -np.sin(np.radians(angle))
    across, along = y * cosine + x * sine, y * sine - x * cosine
    envelope = np.exp(-(across**2) / (2 * deviation**2) - along**2 / (2 * (elongation * deviation) ** 2))
    wave = np.cos(2 * pi * across / period + np.radians(phase)) * envelope
    wave -= wave.mean()
    return wave / np.linalg.norm(wave)


def gabor_energy(maps: Array, angles: tuple[float, ...], *, period: float = pi, deviation: float = 2.0, elongation: float = 2.0) -> Array:
    """|even response| + |odd response| at each angle, borders replicated: (B, H, W) becomes (B, angles, H, W).

    The defaults are those of the GBVS bundle: filters of 27 x 27. Both phases travel through one complex transform.
    """
    xp = array_api_compat.array_namespace(maps)
    half = ceil(deviation * elongation * np.sqrt(10))
    height, width = maps.shape[-2:]
    size = (scipy.fft.next_fast_len(height + 2 * half), scipy.fft.next_fast_len(width + 2 * half))
    bank = _spectra(size, angles, half, period, deviation, elongation)
    spectra = xp.fft.fftn(_replicated(maps, half), s=size, axes=(-2, -1))[:, None]
    if not isinstance(maps, np.ndarray):
        bank = xp.asarray(np.array(bank), device=array_api_compat.device(maps))
    responses = xp.fft.ifftn(spectra * bank, axes=(-2, -1))[..., 2 * half : 2 * half + height, 2 * half : 2 * half + width]
    return xp.abs(xp.real(responses)) + xp.abs(xp.imag(responses))


def _replicated(maps: Array, border: int) -> Array:
    """Maps (B, H, W) with their outermost pixels repeated."""
    xp = array_api_compat.array_namespace(maps)
    wide = xp.concat([xp.repeat(maps[..., :1], border, axis=-1), maps, xp.repeat(maps[..., -1:], border, axis=-1)], axis=-1)
    return xp.concat([xp.repeat(wide[..., :1, :], border, axis=-2), wide, xp.repeat(wide[..., -1:, :], border, axis=-2)], axis=-2)


@lru_cache(maxsize=32)
def _spectra(
    size: tuple[int, int], angles: tuple[float, ...], half: int, period: float, deviation: float, elongation: float
) -> NDArray[np.complex128]:
    """Transforms of even + i odd filters, (angles, H, W)."""
    of = partial(gabor, half=half, period=period, deviation=deviation, elongation=elongation)
    pairs = np.stack([of(angle, 0) + 1j * of(angle, 90) for angle in angles])
    spectra = np.fft.fft2(pairs, s=size)
    spectra.flags.writeable = False
    return spectra
