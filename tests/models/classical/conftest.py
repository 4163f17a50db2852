"""The pictures that the original programs were run on, and their maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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
