"""The earth mover's distance as a loss, held against exact transport (POT) of the same bins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from salquest.datasets import load_dataset
from salquest.errors import InputError
from salquest.gaze import as_density, blur
from salquest.losses import LOSSES, emd, parse
from salquest.losses.transport import grid_of
from salquest.metrics import emd as exact_emd

GRID = (24, 32)


def scenes() -> tuple[np.ndarray, np.ndarray]:
    """Predictions from good to poor and observed densities of six pictures of osie-mini, averaged into 24 x 32 bins."""
    data, draw = load_dataset("osie-mini"), np.random.default_rng(0)
    observed, predicted = [], []
    for sample in data.samples[:6]:
        density = sample.density(data.sigma_px).reshape(24, 10, 32, 10).sum(axis=(1, 3))
        observed.append(density)
        predicted.append(as_density(blur(density, 2) + 0.1 * draw.random(GRID) / 768))
        observed.append(density)
        predicted.append(as_density(np.exp(3 * blur(draw.standard_normal(GRID), 2))))
    return np.stack(predicted), np.stack(observed)


def test_the_value_lies_as_far_below_exact_transport_as_the_docstring_says():
    predicted, observed = scenes()
    exact = exact_emd(predicted, observed, downsize=1)
    for eps, furthest in ((0.125, 0.55), (0.25, 0.80), (0.5, 1.36)):
        lower = exact - emd(torch.from_numpy(predicted), torch.from_numpy(observed), eps=eps).numpy()
        assert lower.min() > 0
        assert lower.max() < furthest


def test_moving_everything_by_three_bins_costs_three():
    predicted, observed = torch.zeros(1, 12, 16), torch.zeros(1, 12, 16)
    predicted[0, 5, 4] = observed[0, 5, 7] = 1.0
    assert emd(predicted, observed).item() == pytest.approx(3.0, abs=1e-4)


def test_equal_maps_are_at_distance_zero_and_stay_where_they_are():
    _, observed = scenes()
    density = torch.from_numpy(observed[:2]).requires_grad_()
    value = emd(density, density.detach())
    (gradient,) = torch.autograd.grad(value.sum(), density)
    assert value.abs().max() < 1e-12
    assert gradient.abs().max() < 1e-9


def test_the_gradient_is_that_of_the_value():
    draw = torch.Generator().manual_seed(3)
    values, observed = (torch.rand(2, 4, 5, generator=draw, dtype=torch.float64) + 0.1 for _ in range(2))

    def of(free: torch.Tensor) -> torch.Tensor:
        shares = free / free.sum(dim=(1, 2), keepdim=True)
        return emd(shares, observed / observed.sum(dim=(1, 2), keepdim=True), eps=2.0)

    assert torch.autograd.gradcheck(of, values.requires_grad_(), eps=1e-6, atol=1e-5)


def test_descending_the_gradient_brings_the_map_closer_by_the_exact_distance_too():
    predicted, observed = scenes()
    logits = torch.from_numpy(np.log(predicted[:1] + 1e-6)).requires_grad_()
    target = torch.from_numpy(observed[:1])
    optimizer = torch.optim.Adam([logits], lr=0.2)
    for _ in range(15):
        optimizer.zero_grad()
        emd(logits.flatten(1).softmax(dim=1).view(1, *GRID), target).sum().backward()
        optimizer.step()
    moved = logits.detach().flatten(1).softmax(dim=1).view(1, *GRID).numpy()
    assert exact_emd(moved, observed[:1], downsize=1)[0] < 0.7 * exact_emd(predicted[:1], observed[:1], downsize=1)[0]


def test_pictures_of_a_batch_do_not_mix():
    predicted, observed = (torch.from_numpy(maps[:3]) for maps in scenes())
    alone = torch.cat([emd(predicted[i : i + 1], observed[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(emd(predicted, observed), alone)


def test_the_grid_is_at_most_24_by_32_and_keeps_the_shape():
    assert grid_of(768, 1024) == (24, 32)
    assert grid_of(1024, 768) == (32, 24)
    assert grid_of(600, 800) == (24, 32)
    assert grid_of(60, 80) == (24, 32)
    assert grid_of(12, 16) == (12, 16)
    assert grid_of(100, 1000) == (3, 32)


def test_a_map_without_mass_counts_as_uniform_and_float32_stays_float32():
    observed = torch.from_numpy(scenes()[1][:1]).float()
    empty, uniform = torch.zeros(1, *GRID), torch.full((1, *GRID), 1 / 768)
    assert emd(empty, observed).dtype is torch.float32
    torch.testing.assert_close(emd(empty, observed), emd(uniform, observed))


def test_an_eps_beyond_float64_is_refused_and_the_card_reads_eps():
    maps = torch.full((1, *GRID), 1 / 768)
    with pytest.raises(InputError, match=r"eps of at least 0\.121 bins"):
        emd(maps, maps, eps=0.1)
    assert LOSSES["emd"].direction == "down"
    assert str(parse("emd(eps=0.5) - cc")) == "-cc + emd(eps=0.5)"
