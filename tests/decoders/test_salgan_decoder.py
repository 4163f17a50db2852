"""SalGAN's decoder: its argument for each place where paper and code leave a choice."""

from __future__ import annotations

import pytest
import torch

from salquest.decoders import SalganDecoder
from salquest.errors import InputError


def test_the_first_upsampling_repeats_cells_as_released_or_interpolates() -> None:
    cells = torch.tensor([[[[0.0, 1.0]]]])
    nearest, bilinear = (SalganDecoder((1,), width=0.01, upsampling=kind)._doubled(cells) for kind in ("nearest", "bilinear"))
    assert nearest[0, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]
    assert bilinear[0, 0].tolist() == [[0, 0.25, 0.75, 1], [0, 0.25, 0.75, 1]]


def test_a_width_of_an_eighth_has_an_eighth_of_the_maps_in_each_block() -> None:
    found = [block[-2].out_channels for block in SalganDecoder((8,), width=0.125).blocks]
    assert found == [64, 64, 32, 16, 8]


def test_he_keeps_the_variance_through_thirteen_layers_and_glorot_halves_it_in_each() -> None:
    taps = [torch.randn(1, 64, 6, 8)]
    spreads = {init: float(SalganDecoder((64,), width=0.5, init=init)(taps).detach().std()) for init in ("he", "glorot")}
    assert 0.1 < spreads["he"] < 10
    assert spreads["glorot"] < 0.05


def test_the_start_is_glorot_with_biases_at_0() -> None:
    decoder = SalganDecoder((512,), width=0.125)
    first = decoder.blocks[0][0]
    bound = (6 / (9 * (512 + 64))) ** 0.5
    assert first.weight.abs().max() <= bound
    assert first.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert not first.bias.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width of the decoder is a share of the printed maps, above 0 and up to 4; found 0"),
        ({"init": "torch"}, "init is one of 'glorot', 'he'; found 'torch'"),
        ({"upsampling": "bicubic"}, "upsampling is one of 'nearest', 'bilinear'; found 'bicubic'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SalganDecoder((4,), **arguments)
