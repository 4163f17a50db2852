"""Learned priors: where they lie, how wide they are, what is clipped."""

import math

import pytest
import torch

from salquest.decoders import LearnedPriors
from salquest.errors import InputError


def one(mu_x=0.5, mu_y=0.5, sigma_x=0.3, sigma_y=0.3):
    priors = LearnedPriors(1)
    with torch.no_grad():
        for name, value in (("mu_x", mu_x), ("mu_y", mu_y), ("sigma_x", sigma_x), ("sigma_y", sigma_y)):
            getattr(priors, name).fill_(value)
    return priors


def test_sixteen_gaussians_are_64_parameters():
    assert sum(parameter.numel() for parameter in LearnedPriors().parameters()) == 64


@pytest.mark.parametrize("size", [(30, 40), (15, 20), (40, 30), (1, 1), (1, 7)])
def test_each_map_has_the_grids_size_and_a_maximum_of_one(size):
    maps = LearnedPriors(16)(size)
    assert maps.shape == (16, *size)
    torch.testing.assert_close(maps.amax(dim=(1, 2)), torch.ones(16))
    assert maps.min() >= 0


def test_values_by_hand():
    # x in 0, .5, 1; the height is a third of the width: one row, centred on y = 0.5
    maps = one(mu_x=0.5, sigma_x=0.25)((1, 3)).detach()
    edge = math.exp(-0.25 / (2 * 0.0625 + 1e-7))
    torch.testing.assert_close(maps[0, 0], torch.tensor([edge, 1, edge]))
    # the mean lies beside the cells: the nearest one is divided by itself
    maps = one(mu_x=0.7, sigma_x=0.25)((1, 3)).detach()
    torch.testing.assert_close(maps[0, 0, 1:], torch.tensor([1.0, math.exp((0.04 - 0.09) / 0.125)]), atol=1e-5, rtol=1e-5)


def test_a_round_gaussian_is_round_on_a_grid_that_is_not_square():
    maps = one(sigma_x=0.25, sigma_y=0.25)((31, 61))[0].detach()  # cells 1/60 wide; rows (31/61) / 30 = 0.0169 apart
    assert maps.argmax().item() == 15 * 61 + 30
    across, down = maps[15, 30 + 12].item(), maps[15 + 12, 30].item()
    assert across == pytest.approx(math.exp(-((12 / 60) ** 2) / 0.125), rel=1e-4)
    assert down == pytest.approx(math.exp(-((12 * 31 / 61 / 30) ** 2) / 0.125), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "below", "inside", "above", "low", "high"),
    [
        ("mu_x", 0.2, 0.4, 0.8, 0.25, 0.75),
        ("mu_y", 0.3, 0.4, 0.7, 0.35, 0.65),
        ("sigma_x", 0.05, 0.3, 1.0, 0.1, 0.9),
        ("sigma_y", 0.1, 0.3, 0.9, 0.2, 0.8),
    ],
)
def test_a_clipped_number_draws_the_bounds_map_and_has_no_gradient(name, below, inside, above, low, high):
    for value, drawn in ((below, low), (above, high), (inside, inside)):
        priors = one(**{name: value})
        maps = priors((6, 8))
        torch.testing.assert_close(maps, one(**{name: drawn})((6, 8)))
        (maps * torch.arange(48.0).view(6, 8)).sum().backward()
        assert (getattr(priors, name).grad.item() == 0) == (value != inside)


def test_the_start_is_the_released_one():
    priors = LearnedPriors(2000)
    for name, low, high in (("mu_x", 0.3, 0.7), ("mu_y", 0.3, 0.7), ("sigma_x", 0.05, 0.3), ("sigma_y", 0.05, 0.3)):
        drawn = getattr(priors, name)
        assert (drawn.min().item(), drawn.max().item()) == (pytest.approx(low, abs=0.002), pytest.approx(high, abs=0.002))
    assert (priors.sigma_y < 0.2).float().mean().item() == pytest.approx(0.6, abs=0.03)


def test_none_at_all_is_refused():
    with pytest.raises(InputError, match="one Gaussian or more; found 0"):
        LearnedPriors(0)
