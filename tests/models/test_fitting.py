"""Sizes that keep a picture's aspect: few, of one area, and the same for training and prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from salquest.models.deep.fitting import fitted_map_size, fitted_size
from salquest.models.deep.network import build_network, network_spec, rebuild_network


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_squashed_pictures_have_the_nominal_size_whatever_they_are() -> None:
    assert {fitted_size((240, 320), picture) for picture in ((1, 1), (20000, 10), (480, 640))} == {(240, 320)}
    assert fitted_size((37, 41), (480, 640)) == (37, 41)


@pytest.mark.parametrize(
    ("picture", "size"),
    [((384, 512), (240, 320)), ((683, 1024), (224, 336)), ((1024, 768), (320, 240)), ((1080, 1920), (208, 368)), ((500, 500), (272, 272))],
)
def test_usual_pictures_keep_their_aspect(picture: tuple[int, int], size: tuple[int, int]) -> None:
    assert fitted_size((240, 320), picture, "aspect") == size
    assert size[0] / size[1] == pytest.approx(picture[0] / picture[1], rel=0.01)


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5])
def test_sizes_are_few_of_about_one_area_and_multiples_of_sixteen(scale: float) -> None:
    draw = np.random.default_rng(0)
    pictures = [(int(height), int(width)) for height, width in draw.integers(30, 3000, (400, 2))]
    found = {picture: fitted_size((240, 320), picture, "aspect", scale) for picture in pictures}
    assert len(set(found.values())) <= 13
    for picture, (height, width) in found.items():
        assert height % 16 == 0
        assert width % 16 == 0
        assert height * width == pytest.approx(240 * 320 * scale**2, rel=0.08)
        if 0.5 <= picture[0] / picture[1] <= 2:
            assert abs(math.log(height / width) - math.log(picture[0] / picture[1])) < 0.12


def test_a_sliver_is_shown_at_three_to_one() -> None:
    assert fitted_size((240, 320), (10, 20000), "aspect") == (160, 480)


def test_maps_have_the_share_of_the_size_that_the_nominal_map_has() -> None:
    assert fitted_map_size((320, 240), (240, 320), (120, 160)) == (160, 120)
    assert fitted_map_size((37, 41), (37, 41), (5, 7)) == (5, 7)


def test_a_network_answers_maps_of_its_share_and_predicts_at_the_fitted_size() -> None:
    network = build_network(
        "light", encoder="mobilenet_v2", weights="none", activation="softmax", size=(96, 128), map_size=(48, 64), fit="aspect"
    ).eval()
    seen: list[tuple[int, ...]] = []
    network.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(tuple(inputs[0].shape[-2:])))
    with torch.no_grad():
        assert network(torch.rand(2, 3, 128, 96)).shape == (2, 64, 48)
    assert network.predict_pixels(np.zeros((90, 60, 3), np.uint8)).size == (90, 60)
    assert network.predict_pixels(np.zeros((90, 60, 3), np.uint8), scale=1.5).size == (90, 60)
    assert seen == [(128, 96), (128, 96), (208, 128)]


def test_the_fit_travels_with_the_spec_and_older_specs_squash() -> None:
    kept = build_network("light", encoder="mobilenet_v2", weights="none", activation="softmax", size=(64, 96), fit="aspect")
    squashed = build_network("light", encoder="mobilenet_v2", weights="none", activation="softmax", size=(64, 96))
    assert rebuild_network(network_spec("light", kept, {})).fit == "aspect"
    assert "fit" not in network_spec("light", squashed, {})
    assert rebuild_network(network_spec("light", squashed, {})).fit == "squash"
