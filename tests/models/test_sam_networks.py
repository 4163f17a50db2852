"""SAM as printed: parameters and grids of both published networks, and the small form for two cores."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from salquest.errors import InputError
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec, rebuild_network


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def published(name: str) -> SaliencyNetwork:
    with torch.device("meta"):  # counts and shapes, no memory
        return build_network(name, weights="none", activation="relu", size=(240, 320), map_size=(480, 640))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_sam_vgg_has_51_835_841_parameters() -> None:
    assert count(published("sam-vgg")) == 51_835_841


def test_sam_resnet_has_the_70_146_561_that_keras_counts() -> None:
    network = published("sam-resnet")
    assert count(network.decoder) == 46_558_849
    # Keras' ResNet-50 has a bias at each convolution, and its count takes in the running statistics of batch norm
    biases = sum(module.out_channels for module in network.encoder.modules() if isinstance(module, nn.Conv2d))
    statistics = sum(2 * module.num_features for module in network.encoder.modules() if isinstance(module, nn.BatchNorm2d))
    assert (biases, statistics) == (26_560, 53_120)
    assert count(network) + biases + statistics == 70_146_561


@pytest.mark.parametrize(("name", "taps"), [("sam-vgg", [(1, 512, 30, 40)]), ("sam-resnet", [(1, 2048, 30, 40)])])
def test_a_picture_of_240_x_320_becomes_a_grid_of_30_x_40_and_a_map_of_480_x_640(name: str, taps: list[tuple[int, ...]]) -> None:
    network = published(name)
    found = network.encoder(torch.empty(1, 3, 240, 320, device="meta"))
    assert [tuple(tap.shape) for tap in found] == taps
    assert network.decoder(found).shape == (1, 30, 40)
    assert network(found).shape == (1, 480, 640)


def test_the_small_form_has_64_maps_on_15_x_20() -> None:
    network = build_network("sam-mobilenet", weights="none", activation="sigmoid", size=(240, 320)).eval()
    assert count(network.decoder) == 652_865
    with torch.no_grad():
        taps = network.encoder(torch.rand(1, 3, 240, 320))
        assert network.decoder(taps).shape == (1, 15, 20)
        attention = network.decoder.lstm.attention(network.decoder.reduced(taps))
    torch.testing.assert_close(attention.sum(dim=(2, 3)), torch.ones(1, 4))


@pytest.mark.parametrize(("activation", "rectifies"), [("relu", True), ("sigmoid", False), ("softmax", False)])
def test_the_map_is_rectified_on_its_own_grid_where_a_relu_makes_it_into_values(activation: str, rectifies: bool) -> None:
    options = {"width": 8, "last_bias": -0.01}
    network = build_network("sam-mobilenet", weights="none", activation=activation, size=(64, 64), decoder_options=options)
    assert network.decoder.rectifies is rectifies


def test_it_is_rebuilt_from_its_spec_without_a_weights_file() -> None:
    options = {"width": 8, "last_bias": -3.0}
    network = build_network("sam-mobilenet", activation="relu", size=(64, 96), map_size=(16, 24), decoder_options=options).eval()
    again = rebuild_network(network_spec("sam-mobilenet", network, options)).eval()
    again.load_state_dict(network.state_dict())
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(network(picture), again(picture))
    assert again.encoder.dilated


def test_an_encoder_without_a_dilated_form_is_refused() -> None:
    with pytest.raises(InputError, match="timm:resnet18 has no dilated form"):
        build_network("sam-mobilenet", encoder="timm:resnet18", weights="none", activation="sigmoid", size=(64, 64))
