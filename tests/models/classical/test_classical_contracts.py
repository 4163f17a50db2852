"""What every classical model of the catalogue must do besides what every model must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from salquest.models import MODELS, load_model
from salquest.models.classical import ClassicalModel

# of the input: laws hold at any, and the models' own sizes cost ten times as much
SMALL = 256

# a model that fills all cores by itself takes seconds for a picture
CLASSICAL = [
    name if load_model(name).is_cheap else pytest.param(name, marks=pytest.mark.slow)
    for name, card in sorted(MODELS.items())
    if card.family == "classical"
]


@pytest.fixture(scope="module", params=CLASSICAL)
def model(request) -> ClassicalModel:
    found = load_model(request.param)
    assert isinstance(found, ClassicalModel)
    return replace(found, longest=SMALL) if (found.longest or 0) > SMALL else found


def scene(size: tuple[int, int], *, seed: int = 0) -> np.ndarray:
    """A smooth picture in colours, (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    waves = [sum(np.sin(2 * np.pi * (a * x + b * y) + c) for a, b, c in rng.random((6, 3)) * (9, 9, 6)) for _ in range(3)]
    picture = np.stack(waves, axis=-1)
    return np.rint(255 * (picture - picture.min()) / np.ptp(picture)).astype(np.uint8)


def popout(size: tuple[int, int] = (240, 320), place: tuple[int, int] = (60, 240)) -> np.ndarray:
    """Green discs on grey, one of them red, (H, W, 3) uint8."""
    picture = np.full((*size, 3), 128, np.uint8)
    y, x = np.mgrid[: size[0], : size[1]]
    for row in range(30, size[0], 30):
        for column in range(30, size[1], 30):
            inside = (y - row) ** 2 + (x - column) ** 2 < 64
            picture[inside] = (200, 60, 60) if (row, column) == place else (60, 150, 60)
    return picture


def test_a_batch_gives_what_single_pictures_give(model):
    pictures = [scene((120, 160), seed=seed) for seed in range(3)]
    together = model.predict([*pictures, scene((160, 120))])
    for picture, found in zip(pictures, together, strict=False):
        np.testing.assert_allclose(found.values, model.predict(picture).values, atol=1e-6)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (301, 399), (200, 64)])
def test_pictures_of_odd_sizes_are_taken(model, size):
    found = model.predict(scene(size))
    assert found.size == size
    assert np.ptp(found.values) == pytest.approx(1)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_constant_picture_gives_a_finite_map(model, level):
    assert np.isfinite(model.predict(np.full((120, 160, 3), level, np.uint8)).values).all()


def test_bytes_and_floats_of_one_picture_give_one_map(model):
    picture = scene((120, 160))
    np.testing.assert_array_equal(model.predict(picture).values, model.predict(picture / 255).values)


def test_torch_gives_what_numpy_gives(model):
    pytest.importorskip("torch")
    picture = scene((120, 160))
    on_torch = replace(model, device="torch").predict(picture).values
    # SUN is in single precision, and raises small responses to powers of about a third (reached: 1.4e-4)
    np.testing.assert_allclose(on_torch, model.predict(picture).values, atol=2e-4)
