"""The fixed blur: its printed weights, its border, and scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from salquest.decoders import FixedGaussian
from salquest.errors import InputError


def test_the_weights_are_the_printed_ones():
    side = FixedGaussian().kernel[0, 0].sum(dim=0)
    np.testing.assert_allclose(side, [0.05448868, 0.24420134, 0.40261995, 0.24420134, 0.05448868], atol=1e-7)


@pytest.mark.parametrize(("padding", "mode"), [("replicate", "nearest"), ("zeros", "constant")])
def test_it_agrees_with_scipy_up_to_the_border(padding, mode):
    maps = torch.rand(2, 9, 7, generator=torch.Generator().manual_seed(0))
    # truncate 2 standard deviations = the same five weights
    expected = [ndimage.gaussian_filter(one.numpy(), 1.0, truncate=2, mode=mode) for one in maps]
    np.testing.assert_allclose(FixedGaussian(padding=padding)(maps), expected, atol=1e-6)


def test_a_constant_map_stays_what_it_is_to_its_corners():
    torch.testing.assert_close(FixedGaussian()(torch.full((1, 4, 5), 3.0)), torch.full((1, 4, 5), 3.0))
    assert FixedGaussian(padding="zeros")(torch.ones(1, 4, 5))[0, 0, 0] < 0.6


def test_it_learns_nothing_and_follows_the_type_of_its_map():
    blur = FixedGaussian()
    assert not list(blur.parameters())
    assert not blur.state_dict()
    assert blur(torch.rand(1, 4, 4, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("options", [{"sigma_cells": 0}, {"size": 4}, {"size": -1}, {"padding": "reflect"}])
def test_a_blur_that_cannot_be_meant_is_refused(options):
    with pytest.raises(InputError, match="a positive sigma, an odd size and replicate or zeros"):
        FixedGaussian(**options)
