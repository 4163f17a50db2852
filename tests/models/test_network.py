"""The loss paper's network as printed, and what every network has to hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from salquest.errors import InputError, UnknownName
from salquest.models.deep.network import NETWORKS, build_network, network_spec, rebuild_network


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_the_loss_papers_network_trains_1_622_401_parameters_and_answers_the_pool3_grid() -> None:
    network = build_network("bruckert", encoder="vgg16", weights="none", activation="relu", size=(300, 400))
    network.encoder.freeze()
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 1_622_401
    assert sum(p.numel() for p in network.encoder.parameters()) == 14_714_688
    with torch.no_grad():
        taps = network.encoder(torch.rand(1, 3, 300, 400))
        assert network.decoder(taps).shape == (1, 37, 50)
        assert network(taps).shape == (1, 300, 400)


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("size", [(64, 64), (97, 131)])
def test_a_network_answers_one_map_per_picture_of_its_map_size(name: str, size: tuple[int, int]) -> None:
    network = build_network(
        name,
        encoder="mobilenet_v2",
        weights="none",
        activation="sigmoid",
        size=size,
        map_size=(13, 17),
        # 37 and 17 million parameters by default
        decoder_options={"width": 8} if name.startswith("sam") else {"width": 1 / 16} if name.startswith("salgan") else {},
    ).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, *size)).shape == (2, 13, 17)


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "softmax"])
def test_a_prediction_is_a_density_of_the_pictures_size(activation: str) -> None:
    network = build_network("bruckert", encoder="mobilenet_v2", weights="none", activation=activation, size=(64, 96), map_size=(16, 24))
    found = network.eval().predict_pixels(np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8))
    assert found.kind == "density"
    assert found.size == (50, 70)
    assert found.values.sum() == pytest.approx(1, abs=1e-5)


def test_a_picture_that_may_not_be_written_to_is_predicted_without_a_warning() -> None:
    network = build_network("light", weights="none", activation="sigmoid", size=(32, 40)).eval()
    for size in ((32, 40), (30, 50)):
        pixels = np.full((*size, 3), 90, dtype=np.uint8)
        pixels.setflags(write=False)
        assert network.predict_pixels(pixels).values.shape == size


def test_a_network_is_rebuilt_from_its_spec_without_a_weights_file() -> None:
    options = {"last_bias": -3.0, "tap_norm": "l2map"}
    network = build_network(
        "bruckert", encoder="mobilenet_v2", activation="relu", size=(64, 96), map_size=(16, 24), decoder_options=options
    ).eval()
    again = rebuild_network(network_spec("bruckert", network, options)).eval()
    again.load_state_dict(network.state_dict())
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(network(picture), again(picture))


def test_the_seed_decides_the_new_layers_and_leaves_torchs_generator_alone() -> None:
    before = torch.random.get_rng_state()
    one, same, other = (
        build_network("light", encoder="mobilenet_v2", activation="sigmoid", size=(64, 64), seed=seed).decoder.state_dict()
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_unknown_parts_and_options_are_told() -> None:
    with pytest.raises(UnknownName, match="no network is called 'bruckrt'"):
        build_network("bruckrt", activation="relu", size=(64, 64))
    with pytest.raises(InputError, match=r"the decoder light cannot be built so: .*last_scale"):
        build_network("light", encoder="mobilenet_v2", activation="relu", size=(64, 64), decoder_options={"last_scale": 0.1})
