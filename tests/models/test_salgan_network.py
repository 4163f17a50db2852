"""SalGAN's generator as printed: parameters, what learns, grids; and on other encoders."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from salquest.models.deep.network import build_network, network_spec, rebuild_network


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def count(module: nn.Module, *, learning: bool = False) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad or not learning)


def test_the_generator_has_31_787_009_parameters_of_which_30_051_521_learn() -> None:
    with torch.device("meta"):
        network = build_network("salgan", weights="none", activation="sigmoid", size=(192, 256))
    assert network.encoder.taps == ("relu5_3",)
    network.encoder.freeze().unfreeze("conv4_1")
    assert (count(network), count(network, learning=True)) == (31_787_009, 30_051_521)
    assert count(network.decoder) == 17_072_321


def test_a_picture_of_192_x_256_becomes_12_x_16_in_the_middle_and_its_own_size_in_the_end() -> None:
    with torch.device("meta"):
        network = build_network("salgan", weights="none", activation="sigmoid", size=(192, 256))
        taps = network.encoder(torch.empty(1, 3, 192, 256))
        assert taps[0].shape == (1, 512, 12, 16)
        assert network.decoder(taps).shape == (1, 192, 256)


@pytest.mark.parametrize(("encoder", "tap"), [("mobilenet_v2", "features.13"), ("resnet50", "layer3"), ("efficientnet_lite0", "blocks.10")])
def test_on_another_encoder_it_reads_the_deepest_tap_of_stride_16(encoder: str, tap: str) -> None:
    network = build_network(
        "salgan", encoder=encoder, weights="none", activation="sigmoid", size=(64, 96), decoder_options={"width": 1 / 16}
    ).eval()
    assert network.encoder.taps == (tap,)
    with torch.no_grad():
        assert network(torch.rand(1, 3, 64, 96)).shape == (1, 64, 96)


def test_taps_that_are_named_are_read_together() -> None:
    options = {"width": 1 / 16}
    network = build_network(
        "salgan", encoder="vgg16", weights="none", taps=("pool4", "relu5_3"), activation="sigmoid", size=(64, 64), decoder_options=options
    )
    assert network.decoder.blocks[0][0].in_channels == 1024
    again = rebuild_network(network_spec("salgan", network, options))
    again.load_state_dict(network.state_dict())


def test_odd_sizes_and_a_batch_of_one_go_forward_and_backward() -> None:
    network = build_network(
        "salgan",
        encoder="mobilenet_v2",
        weights="none",
        activation="sigmoid",
        size=(97, 131),
        map_size=(33, 47),
        decoder_options={"width": 1 / 16},
    )
    raw = network(torch.rand(1, 3, 97, 131))
    raw.square().sum().backward()
    assert raw.shape == (1, 33, 47)
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.decoder.parameters())


def test_a_small_form_reads_two_taps_and_has_an_eighth_of_the_maps() -> None:
    taps = ("features.13", "features.17")
    options = {"width": 0.125}
    network = build_network(
        "salgan", encoder="mobilenet_v2", weights="none", taps=taps, activation="sigmoid", size=(192, 256), decoder_options=options
    )
    with torch.no_grad():
        taps = network.encoder(torch.rand(1, 3, 192, 256))
    assert [tuple(tap.shape[1:]) for tap in taps] == [(96, 12, 16), (320, 6, 8)]
    assert network.decoder.blocks[0][0].weight.shape == (64, 416, 3, 3)
    assert count(network.decoder) == 469_977
