"""Learn the filters of SUN and AIM from natural photographs: `python tools/train_ica.py OSIE_FOLDER`, some minutes on one core.

Pictures are taken from the train part only and halved, which leaves nothing of their compression's blocks and full resolution of colour.
Independent components are found by FastICA (Hyvarinen 1999): symmetric, tanh. The same seed gives the same filters on the same machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from salquest.datasets import load_dataset
from salquest.models.classical.imresize import imresize

SEED = 2008
PATCHES = 120_000
ITERATIONS = 200
TARGET = Path(__file__).parents[1] / "src" / "salquest" / "models" / "classical" / "embedded"


def main(folder: str) -> None:
    """Write both sets of filters anew."""
    data = load_dataset("osie", folder)
    pictures = [halved(data[key].stimulus.pixels()) for key in sorted(data.parts["train"])]
    rng = np.random.default_rng(SEED)
    write_sun(pictures, rng)
    write_aim(pictures, rng)


def write_sun(pictures: list[NDArray[np.float64]], rng: np.random.Generator) -> None:
    """SUN (Zhang 2008): 11 x 11 x 3, patches without their mean, and the distribution of each component.

    The authors kept all 362 components. The weakest half holds a thousandth of the variance, of which compression leaves noise: filters
    learnt from it answer to that noise, and gaze on the train part is foretold worse.
    """
    patches = draw_patches([picture / picture.std(ddof=1) for picture in pictures], 11, rng)
    patches -= patches.mean(axis=1, keepdims=True)
    whitening = principal_axes(patches, share=0.999)
    filters = (independent_axes(patches @ whitening.T, rng) @ whitening).astype(np.float16)
    exact = filters.astype(np.float64)
    exact -= exact.mean(axis=1, keepdims=True)  # as the model restores what rounding took
    fits = np.array([fit_generalised_gaussian(patches @ one) for one in exact])
    order = np.argsort(fits[:, 1], kind="stable")
    target = TARGET / "sun" / "filters.npz"
    np.savez_compressed(
        target,
        filters=filters[order].reshape(-1, 3, 11, 11),
        scale=fits[order, 0].astype(np.float32),
        shape=fits[order, 1].astype(np.float32),
    )
    print(f"{target}: {len(filters)} filters, {target.stat().st_size} bytes; shapes {np.percentile(fits[:, 1], [0, 50, 100]).round(3)}")


def write_aim(pictures: list[NDArray[np.float64]], rng: np.random.Generator) -> None:
    """AIM (Bruce and Tsotsos 2006): 21 x 21 x 3, the principal components that hold 95 % of the variance."""
    patches = draw_patches(pictures, 21, rng)
    patches -= patches.mean(axis=0)
    whitening = principal_axes(patches, share=0.95)
    filters = (independent_axes(patches @ whitening.T, rng) @ whitening).astype(np.float16)
    target = TARGET / "aim" / "filters.npz"
    np.savez_compressed(target, filters=filters.reshape(-1, 3, 21, 21))
    print(f"{target}: {len(filters)} filters, {target.stat().st_size} bytes")


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A picture (H, W, 3) at half its size, (3, h, w) in 0..1."""
    height, width = pixels.shape[:2]
    return imresize(pixels.transpose(2, 0, 1) / 255, (height // 2, width // 2)).clip(0, 1)


def draw_patches(pictures: list[NDArray[np.float64]], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Patches (N, 3 * side * side), as many from each picture, anywhere in it."""
    each = PATCHES // len(pictures)
    drawn = []
    for picture in pictures:
        windows = sliding_window_view(picture, (side, side), axis=(1, 2))
        places = rng.integers(0, windows.shape[1:3], (each, 2))
        drawn.append(windows[:, places[:, 0], places[:, 1]].transpose(1, 0, 2, 3).reshape(each, -1).astype(np.float32))
    return np.concatenate(drawn)


def principal_axes(patches: NDArray[np.float32], *, share: float) -> NDArray[np.float32]:
    """The principal axes (K, D) that hold a share of the variance, scaled so that projections have variance 1."""
    covariance = (patches.T.astype(np.float64) @ patches) / len(patches)
    variances, axes = np.linalg.eigh(covariance)
    variances, axes = variances[::-1], axes[:, ::-1]
    count = int(np.searchsorted(np.cumsum(variances) / variances.sum(), share)) + 1
    return (axes[:, :count] / np.sqrt(variances[:count])).T.astype(np.float32)


def independent_axes(whitened: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The rotation (K, K) that makes projections of whitened data (N, K) most independent."""
    rotation = orthogonal(rng.normal(size=(whitened.shape[1],) * 2))
    for _ in range(ITERATIONS):
        pulled, slope = np.zeros_like(rotation), np.zeros(len(rotation))
        for start in range(0, len(whitened), 10_000):
            chunk = whitened[start : start + 10_000]
            bent = np.tanh(chunk @ rotation.T.astype(np.float32))
            pulled += bent.T @ chunk
            slope += (1 - bent**2).sum(axis=0)
        turned = orthogonal((pulled - slope[:, None] * rotation) / len(whitened))
        change = float(np.abs(np.abs(np.einsum("ij,ij->i", turned, rotation)) - 1).max())
        rotation = turned
        if change < 1e-4:
            break
    print(f"{len(rotation)} components, last change {change:.1e}")
    return rotation.astype(np.float32)


def orthogonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest matrix with orthonormal rows."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def fit_generalised_gaussian(values: NDArray[np.floating]) -> tuple[float, float]:
    """Scale and shape of the density exp(-|x / scale| ** shape) that make the values most likely."""
    size = np.maximum(np.abs(values), 1e-12)

    def scale_of(shape: float) -> float:
        return float((shape * np.mean(size**shape)) ** (1 / shape))

    def cost(shape: float) -> float:
        return float(np.log(scale_of(shape)) + np.log(2) + gammaln(1 + 1 / shape) + 1 / shape)

    shape = float(minimize_scalar(cost, bounds=(0.2, 3.0), method="bounded", options={"xatol": 1e-4}).x)
    return scale_of(shape), shape


if __name__ == "__main__":
    main(sys.argv[1])
