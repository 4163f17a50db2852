"""Decorrelation inside a picture: principal components of its colours, and distances that count every direction alike."""

from __future__ import annotations

import array_api_compat

from salquest.models.classical.arrays import Array

# eigenvalues below this share of the greatest are rounding: grey pictures have two of them
FLOOR = 1e-8
# and so are variances below this: one pixel in a million that differs by 1/255 makes 1e-11
ROUNDING = 1e-20


def principal_components(planes: Array, *, whiten: bool = False) -> Array:
    """Planes (B, C, H, W) as uncorrelated ones of mean 0, the one of greatest variance first.

    A direction has the sign that makes the sum of its weights positive; one without variance (the hues of a grey picture) is 0.

    Args:
        whiten: divide each by its standard deviation.
    """
    xp = array_api_compat.array_namespace(planes)
    centred, values, vectors = _decomposed(planes)
    sums = xp.sum(vectors, axis=-2, keepdims=True)
    vectors = vectors * xp.where(sums < 0, -xp.ones_like(sums), xp.ones_like(sums))
    is_there = values > xp.clip(FLOOR * xp.max(values, axis=-1, keepdims=True), ROUNDING, None)
    gain = xp.where(is_there, values if whiten else xp.ones_like(values), xp.ones_like(values)) ** -0.5
    gain = xp.where(is_there, gain, xp.zeros_like(gain))
    components = xp.matrix_transpose(vectors * gain[:, None, :]) @ centred
    return xp.reshape(xp.flip(components, axis=1), planes.shape)


def squared_distances(planes: Array) -> Array:
    """Hotelling's T^2 of each pixel's vector: its squared length after whitening, planes (B, C, H, W) to (B, H, W)."""
    xp = array_api_compat.array_namespace(planes)
    centred, values, vectors = _decomposed(planes)
    divisor = xp.maximum(values, xp.clip(FLOOR * xp.max(values, axis=-1, keepdims=True), ROUNDING, None))
    whitened = xp.matrix_transpose(vectors / xp.sqrt(divisor)[:, None, :]) @ centred
    return xp.reshape(xp.sum(whitened**2, axis=1), (planes.shape[0], *planes.shape[-2:]))


def _decomposed(planes: Array) -> tuple[Array, Array, Array]:
    """Centred vectors (B, C, N), and eigenvalues (B, C) and -vectors (B, C, C) of their covariance, rising."""
    xp = array_api_compat.array_namespace(planes)
    vectors = xp.reshape(planes, (*planes.shape[:2], -1))
    centred = vectors - xp.mean(vectors, axis=-1, keepdims=True)
    values, directions = xp.linalg.eigh(centred @ xp.matrix_transpose(centred) / centred.shape[-1])
    return centred, xp.clip(values, 0.0, None), directions
