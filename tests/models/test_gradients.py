"""The network as a torch module: batches of tensors go in, and gradients come back to the picture."""

from __future__ import annotations

import doctest

import torch

from salquest.models import load_model
from salquest.models.deep import network as networks


def test_the_example_of_the_docs_runs() -> None:
    (example,) = (test for test in doctest.DocTestFinder().find(networks) if test.examples)
    assert example.name.endswith("densities")
    assert doctest.DocTestRunner().run(example).failed == 0


def test_gradients_reach_the_picture(small_run) -> None:
    network = load_model(small_run).network
    pictures = torch.rand(2, 3, 96, 128, generator=torch.Generator().manual_seed(0), requires_grad=True)
    maps = network.densities(pictures)
    assert maps.shape == (2, 48, 64)
    torch.testing.assert_close(maps.sum(dim=(1, 2)), torch.ones(2))
    maps[0, 24, 32].log().backward()
    assert pictures.grad is not None
    assert pictures.grad[0].abs().max() > 0
    assert pictures.grad[1].abs().max() == 0  # pictures of a batch do not see each other


def test_the_gradient_is_the_slope(small_run) -> None:
    network = load_model(small_run).network.double()
    picture = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    way = torch.randn(picture.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def attended(pictures: torch.Tensor) -> torch.Tensor:
        return network.densities(pictures)[0, :24].sum()  # the upper half's share of attention

    attended(picture).backward()
    step = 1e-8  # of hundreds of thousands of ReLUs none changes its side
    slope = (attended(picture.detach() + step * way) - attended(picture.detach() - step * way)) / (2 * step)
    torch.testing.assert_close((picture.grad * way).sum(), slope, rtol=1e-3, atol=1e-9)
