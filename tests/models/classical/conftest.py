"""The pictures that the original programs were run on, and their maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.models.classical.imresize import imresize


@pytest.fixture(scope="session")
def originals(shared) -> Path:
    """The folder of reference maps."""
    return shared / "reference" / "classical"


@pytest.fixture(scope="session")
def reference(originals) -> Callable[[str], Mapping[str, np.ndarray]]:
    """Arrays of one of the reference files, by the file's name."""
    return lambda name: np.load(originals / f"{name}.npz")


@pytest.fixture(scope="session")
def photographs(originals) -> np.ndarray:
    """The twenty pictures, (20, 300, 400, 3) uint8, in the order of the reference maps."""
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sorted((originals / "images").glob("*.jpg"))])


@pytest.fixture(scope="session")
def mini_patches() -> Callable[[int], np.ndarray]:
    """Patches of osie-mini's pictures, halved as for learning, (N, 3 * side * side), each without its mean."""
    from salquest.datasets import load_dataset

    pictures = [sample.stimulus.pixels() for sample in load_dataset("osie-mini")][::4]

    def draw(side: int) -> np.ndarray:
        rng = np.random.default_rng(0)
        drawn = []
        for picture in pictures:
            planes = imresize(picture.transpose(2, 0, 1) / 255, (120, 160))
            windows = np.lib.stride_tricks.sliding_window_view(planes / planes.std(), (side, side), axis=(1, 2))
            rows, columns = rng.integers(0, windows.shape[1], 200), rng.integers(0, windows.shape[2], 200)
            drawn.append(windows[:, rows, columns].swapaxes(0, 1).reshape(200, -1))
        patches = np.concatenate(drawn)
        return patches - patches.mean(axis=1, keepdims=True)

    return draw
