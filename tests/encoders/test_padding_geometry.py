"""Where a unit looks: the padding of the weights decides it."""

import pytest
import torch

from salquest.encoders import ENCODERS
from salquest.encoders.padded import convolution, same_padding


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [(6, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (6, 5, 2, (1, 2)), (7, 5, 2, (2, 2)), (6, 3, 1, (1, 1)), (1, 3, 2, (1, 1)), (4, 1, 2, (0, 0))],
)
def test_same_padding_by_hand(size, kernel, stride, padding):
    # TensorFlow: max((ceil(n / s) - 1) * s + k - n, 0) cells, the odd one at the end
    assert same_padding(size, kernel, stride) == padding


@pytest.mark.parametrize(("padding", "sums"), [("same", [6, 12, 11]), ("symmetric", [3, 9, 15])])
def test_windows_of_a_stride_two_layer_by_hand(padding, sums):
    layer = convolution(1, 1, 3, stride=2, padding=padding)
    torch.nn.init.zeros_(layer.weight)
    with torch.no_grad():
        layer.weight[0, 0, 1] = 1  # the middle row of a window; all rows of the input are alike
        found = layer(torch.arange(1.0, 7).expand(1, 1, 2, 6))
    assert found.flatten().tolist() == sums


def centre_of_sight(padding, depth, unit, size):
    """The middle of the pixels, along a row, that change unit `unit` of MobileNetV2 after `depth` stages; equal weights do not cancel."""
    features = ENCODERS["mobilenet_v2"].build(padding)[:depth].double().eval()
    for module in features.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    picture = torch.full((1, 3, *size), 0.01, dtype=torch.float64, requires_grad=True)
    features(picture)[0, :, unit, unit].sum().backward()
    seen = picture.grad[0].abs().sum(dim=(0, 1)).nonzero().flatten()
    return (seen.min() + seen.max()).item() / 2


@pytest.mark.parametrize(("depth", "stride"), [(1, 2), (3, 4), (5, 8)])
@pytest.mark.parametrize("unit", [4, 5])
def test_a_unit_is_centred_on_its_stride_or_one_less_than_the_next(depth, stride, unit):
    size = (96, 96)
    assert centre_of_sight("symmetric", depth, unit, size) == stride * unit
    assert centre_of_sight("same", depth, unit, size) == stride * unit + stride - 1
