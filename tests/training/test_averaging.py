"""The running mean of the weights, by hand."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn

from salquest.training.averaging import Average


@pytest.fixture
def network() -> nn.Module:
    layer = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, affine=False))
    with torch.no_grad():
        layer[0].weight.fill_(100.0)  # where it starts does not count
    return layer


def step_to(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        network[0].weight.fill_(value)
        network[1].running_mean.fill_(-value)


def test_after_three_steps_the_mean_is_the_weighted_one_without_the_bias_of_its_beginning(network: nn.Module) -> None:
    average = Average(network, network.state_dict(), decay=0.5)
    for value in (1.0, 2.0, 4.0):
        step_to(network, value)
        average.follow()
    # weights (1 - d) d**k / (1 - d**3) for k = 2, 1, 0 steps ago: 1/7, 2/7, 4/7
    expected = (1 * 1 + 2 * 2 + 4 * 4) / 7
    with average.in_place():
        assert network[0].weight.item() == pytest.approx(expected, rel=1e-6)
        assert network[1].running_mean.item() == pytest.approx(-expected, rel=1e-6)
    assert network[0].weight.item() == 4.0
    assert network[1].running_mean.item() == -4.0


def test_the_first_mean_is_the_first_step(network: nn.Module) -> None:
    average = Average(network, ["0.weight"], decay=0.999)
    step_to(network, 3.0)
    average.follow()
    assert average.tensors()["0.weight"].item() == pytest.approx(3.0)


def test_a_mean_that_goes_on_from_a_file_equals_one_that_never_stopped(network: nn.Module) -> None:
    whole = Average(network, ["0.weight"], decay=0.9)
    step_to(network, 1.0)
    whole.follow()
    resumed = Average(network, ["0.weight"], decay=0.9)
    resumed.load({name: tensor.clone() for name, tensor in whole.tensors().items()}, whole.steps)
    step_to(network, 5.0)
    whole.follow()
    resumed.follow()
    assert torch.equal(whole.tensors()["0.weight"], resumed.tensors()["0.weight"])


def test_counters_are_left_alone(network: nn.Module) -> None:
    assert "1.num_batches_tracked" not in Average(network, network.state_dict(), decay=0.9).tensors()


def test_the_network_is_itself_again_even_after_an_error(network: nn.Module) -> None:
    average = Average(network, ["0.weight"], decay=0.9)
    step_to(network, 7.0)
    with contextlib.suppress(InterruptedError), average.in_place():
        assert network[0].weight.item() == 100.0
        raise InterruptedError
    assert network[0].weight.item() == 7.0
