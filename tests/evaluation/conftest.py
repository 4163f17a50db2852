"""What the tests of scoring share: a few real pictures, and folders of maps of them in 8 and in 16 bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import DataSet, load_dataset
from salquest.gaze import fixation_density


@pytest.fixture(scope="session")
def few() -> DataSet:
    """12 of the embedded pictures."""
    data = load_dataset("osie-mini")
    return data.subset(data.keys[::10])


@pytest.fixture
def write_maps(tmp_path: Path, few: DataSet) -> Callable[..., Path]:
    """Writes a folder of maps of the few pictures: the density of the first observers, as .npy or as .png of 8 or 16 bits."""

    def write(name: str, *, observers: int = 2, sigma_px: float = 8.0, bits: int = 32, without: tuple[str, ...] = ()) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for sample in few:
            if sample.stimulus.key in without or sample.fixations is None:
                continue
            shown = fixation_density(sample.fixations[sample.fixations.observer <= observers], sigma_px=sigma_px)
            stem = folder / sample.stimulus.stem
            if bits == 32:
                np.save(stem.with_suffix(".npy"), shown.astype(np.float32))
            else:
                levels = np.rint(shown / shown.max() * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
                Image.fromarray(levels).save(stem.with_suffix(".png"))
        return folder

    return write
