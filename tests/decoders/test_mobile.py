"""The shipped network's readout: its grid, its learned blur and prior, and what exporting it needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from salquest.decoders import MobileReadout
from salquest.decoders.mobile import LEAST_BLUR, PRIOR_CELLS, PRIOR_WIDTH, _onto
from salquest.errors import InputError
from salquest.gaze import gaussian_operator
from salquest.models.deep.network import build_network

CHANNELS = (4, 6, 8, 10)


def taps(size: tuple[int, int], pictures: int = 1) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return [
        torch.rand(pictures, channels, -(-size[0] // stride), -(-size[1] // stride), generator=draw)
        for channels, stride in zip(CHANNELS, (4, 8, 16, 32), strict=True)
    ]


def silent(**options: int) -> MobileReadout:
    """A readout whose features say nothing: the map is the centre prior."""
    decoder = MobileReadout(CHANNELS, 8, **options).eval()
    with torch.no_grad():
        decoder.last.weight.zero_()
    return decoder


@pytest.mark.parametrize("size", [(240, 320), (224, 336), (97, 131), (320, 240)])
def test_the_map_has_so_many_times_the_grid_of_its_level(size: tuple[int, int]) -> None:
    decoder = MobileReadout(CHANNELS, 8, level=1, grow=4).eval()
    with torch.no_grad():
        assert decoder(taps(size, 2)).shape == (2, 4 * -(-size[0] // 8), 4 * -(-size[1] // 8))


def test_it_starts_as_a_centre_bias_of_a_quarter_of_the_sides() -> None:
    with torch.no_grad():
        density = silent(level=1, grow=4)(taps((240, 320)))[0].flatten().softmax(0).view(120, 160).double().numpy()
    x = (np.arange(160) + 0.5) / 160 - 0.5
    bell = np.exp(-0.5 * (x / PRIOR_WIDTH) ** 2)
    np.testing.assert_allclose(
        density.sum(axis=0) / density.sum(axis=0).max(), bell, atol=0.07
    )  # flatter at the border, where cells beyond are missing


def test_the_prior_is_stretched_to_every_size() -> None:
    decoder = silent(grow=4)
    with torch.no_grad():
        small, large = decoder(taps((96, 128)))[0], decoder(taps((192, 256)))[0]
    folded = large.view(96, 2, 128, 2).mean(dim=(1, 3))
    torch.testing.assert_close(folded, small, atol=0.02, rtol=0)


def test_the_learned_blur_is_a_gaussian_of_a_fraction_of_the_picture() -> None:
    decoder = MobileReadout(CHANNELS, 8)
    with torch.no_grad():
        decoder.log_blur.fill_(math.log(0.05))
    spike = torch.zeros(1, 60, 80)
    spike[0, 30, 40] = 1
    found = decoder._blurred(spike)[0].detach().numpy()
    sigma = math.sqrt((0.05**2) * 60 * 80 + LEAST_BLUR**2)
    expected = np.outer(gaussian_operator(60, sigma)[:, 30], gaussian_operator(80, sigma)[:, 40])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_constant_map_stays_constant_up_to_the_border_when_it_is_blurred_and_grows() -> None:
    decoder = MobileReadout(CHANNELS, 8, grow=3)
    torch.testing.assert_close(decoder._blurred(torch.full((2, 7, 9), 2.5)), torch.full((2, 21, 27), 2.5))


def test_a_coarse_tap_is_enlarged_by_a_whole_factor_and_what_juts_out_is_cut_off() -> None:
    tap = torch.arange(8.0).view(1, 1, 8, 1).expand(1, 1, 8, 10)
    enlarged = _onto(tap, (30, 40))
    assert enlarged.shape == (1, 1, 30, 40)
    # rows 4 i + 1.5 of the fine grid are the centre of coarse row i, whatever the fine grid's length
    torch.testing.assert_close((enlarged[0, 0, 5, 0] + enlarged[0, 0, 6, 0]) / 2, torch.tensor(1.0))
    torch.testing.assert_close((enlarged[0, 0, 25, 0] + enlarged[0, 0, 26, 0]) / 2, torch.tensor(6.0))


def test_the_whole_network_has_fewer_than_two_million_parameters_and_reads_four_strides() -> None:
    network = build_network("mobile", weights="none", activation="softmax", size=(96, 128))
    assert network.encoder.strides == (4, 8, 16, 32)
    assert sum(parameter.numel() for parameter in network.parameters()) < 2_000_000
    assert network.decoder.prior.shape == PRIOR_CELLS


def test_chosen_taps_go_before_the_network_s_strides() -> None:
    network = build_network(
        "mobile", weights="none", taps=("features.6", "features.13"), activation="softmax", size=(96, 128), decoder_options={"level": 0}
    )
    assert network.encoder.strides == (8, 16)


def test_the_map_is_float32_where_the_features_are_bfloat16() -> None:
    decoder = MobileReadout(CHANNELS, 8).eval()
    with torch.no_grad():
        exact = decoder(taps((96, 128)))
        with torch.autocast("cpu", torch.bfloat16):
            mixed = decoder(taps((96, 128)))
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, exact, atol=0.02, rtol=0)


def test_a_level_beyond_the_taps_is_refused() -> None:
    with pytest.raises(InputError, match="level is one of the 4 taps, from 0, and grow 1 or more; found 4 and 1"):
        MobileReadout(CHANNELS, level=4)
