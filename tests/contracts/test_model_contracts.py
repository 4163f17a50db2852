"""What every model of the catalogue that is ready to use must do; a new one inherits these by standing in MODELS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from salquest.errors import InputError
from salquest.gaze import SaliencyMap
from salquest.models import MODELS, Model, load_model
from salquest.models.classical import ClassicalModel

SMALL = 256

# a model that fills all cores by itself takes seconds for a picture
READY = [
    name if load_model(name).is_cheap else pytest.param(name, marks=pytest.mark.slow)
    for name, card in sorted(MODELS.items())
    if card.build is not None
]
TO_BE_TRAINED = sorted(name for name, card in MODELS.items() if card.build is None)


@pytest.fixture(scope="module", params=READY)
def model(request) -> Model:
    found = load_model(request.param)
    # what holds at a small size of the input holds at the model's own, and costs a tenth
    return replace(found, longest=SMALL) if isinstance(found, ClassicalModel) and (found.longest or 0) > SMALL else found


@pytest.fixture
def photograph():
    return np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (30, 40), (97, 61)])
def test_a_map_has_the_picture_s_size(model, size):
    assert model.predict(np.zeros((*size, 3), np.uint8)).size == size


def test_a_map_is_finite_float32(model, photograph):
    found = model.predict(photograph)
    assert isinstance(found, SaliencyMap)
    assert (found.values.dtype, bool(np.isfinite(found.values).all())) == (np.float32, True)


def test_the_same_picture_gets_the_same_map(model, photograph):
    np.testing.assert_array_equal(model.predict(photograph).values, model.predict(photograph.copy()).values)


def test_a_list_gives_a_list_of_the_same_maps(model, photograph):
    several = model.predict([photograph, photograph[:20]])
    assert [saliency.size for saliency in several] == [(30, 40), (20, 40)]
    np.testing.assert_array_equal(several[1].values, model.predict(photograph[:20]).values)


def test_predicting_does_not_change_the_picture(model, photograph):
    before = photograph.copy()
    model.predict(photograph)
    np.testing.assert_array_equal(photograph, before)


PICTURES = {
    "grey array": lambda: np.zeros((30, 40), np.uint8),
    "transparent array": lambda: np.zeros((30, 40, 4), np.uint8),
    "floats": lambda: np.full((30, 40, 3), 0.5),
    "grey PIL": lambda: Image.new("L", (40, 30)),
    "palette PIL": lambda: Image.new("P", (40, 30)),
    "transparent PIL": lambda: Image.new("RGBA", (40, 30)),
    "16-bit PIL": lambda: Image.fromarray(np.full((30, 40), 40000, np.uint16)),
    "print colours": lambda: Image.new("CMYK", (40, 30)),
}


@pytest.mark.parametrize("what", PICTURES)
def test_pictures_of_every_mode_are_predicted(model, what):
    assert model.predict(PICTURES[what]()).size == (30, 40)


def test_a_file_gets_the_map_of_its_pixels(model, photograph, tmp_path):
    Image.fromarray(photograph).save(tmp_path / "a.png")
    expected = model.predict(photograph).values
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_array_equal(model.predict(path).values, expected)


def test_what_is_no_picture_is_refused(model):
    with pytest.raises(InputError, match="a picture is"):
        model.predict(np.zeros((30, 40), np.uint16))


def test_a_map_is_a_density_where_the_model_says_so(model, photograph):
    assert model.predict(photograph).kind == {True: "density", False: "values"}[model.is_density]


@pytest.mark.parametrize("name", TO_BE_TRAINED)
def test_a_network_without_weights_says_how_to_get_them(name):
    with pytest.raises(
        InputError, match=rf"{name} is a network without trained weights; train it \(salquest train --network {name} --out RUN\)"
    ):
        load_model(name)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_says_what_it_is_and_where_it_comes_from(name):
    assert len(MODELS[name].title) > 3
    assert MODELS[name].source
    assert MODELS[name].licence
