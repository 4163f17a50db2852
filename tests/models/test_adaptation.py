"""The formula of an adaptation: worked out by hand, the same in torch with gradients, nothing changed by its defaults, and fewer than 20 numbers."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch

from salquest.errors import InputError
from salquest.models.adaptation import KNOTS, MOST_SCALES, SCALES, Adaptation, adapted_densities

RANDOM = np.random.default_rng(5)
TWO = np.array([[[0.2, 0.8]]])


def densities(*shape: int) -> np.ndarray:
    raw = RANDOM.random(shape) ** 3
    return raw / raw.sum(axis=(-2, -1), keepdims=True)


@pytest.mark.parametrize("number", [len(SCALES), MOST_SCALES])
def test_there_are_fewer_than_twenty_numbers(number: int) -> None:
    scales = tuple(0.5 + place / 4 for place in range(number))
    assert Adaptation(scales=scales, weights=tuple(1 / number for _ in scales)).num_parameters < 20
    assert Adaptation(scales=scales, weights=tuple(1 / number for _ in scales)).num_parameters == number + 9


def test_its_defaults_change_nothing() -> None:
    predicted = densities(1, 7, 9, 12)
    np.testing.assert_allclose(Adaptation().densities(predicted), predicted[0], rtol=1e-9, atol=1e-10)  # the floor of empty pixels
    assert Adaptation().is_identity
    assert Adaptation(scales=(0.5, 1.0), weights=(0.0, 1.0)).is_identity
    assert not Adaptation(lapses=0.01).is_identity


def test_densities_are_mixed_not_their_logarithms() -> None:
    adaptation = Adaptation(scales=(0.5, 1.0), weights=(0.25, 0.75))
    found = adaptation.densities(np.array([[[1.0, 0.0]], [[0.2, 0.8]]]))
    np.testing.assert_allclose(found, [[0.4, 0.6]], rtol=1e-9)


def test_a_slope_of_two_squares() -> None:
    np.testing.assert_allclose(Adaptation(slopes=(2, 2, 2, 2)).densities(TWO), [[0.04 / 0.68, 0.64 / 0.68]])


def test_each_stretch_has_its_slope() -> None:
    # one pixel in 100 has exp(3) times the uniform density: 2 of the 3 nats at the third slope, 1 at the fourth; the rest lie just below 0
    high = math.exp(3) / 100
    predicted = np.full((1, 10, 10), (1 - high) / 99)
    predicted[0, 4, 4] = high
    found = Adaptation(slopes=(1.0, 0.5, 1.5, 3.0)).densities(predicted)
    below = 0.5 * math.log(100 * (1 - high) / 99)
    assert math.log(found[4, 4] / found[0, 0]) == pytest.approx(2 * 1.5 + 3.0 - below)
    assert KNOTS == (-2.0, 0.0, 2.0)


def test_the_centre_is_told_as_shares_at_the_borders() -> None:
    adaptation = Adaptation(centre=(0.3, 0.0, -0.5, 0.0))
    row = adaptation.densities(np.full((1, 2, 400), 1 / 800))[0]
    middle, right, left = row[199:201].mean(), row[-1], row[0]
    assert math.log(right / middle) == pytest.approx(-0.2, abs=0.01)
    assert math.log(left / middle) == pytest.approx(-0.8, abs=0.01)
    assert "0.45 times what the network says at the left border, 0.82 at the right, 1.00 at the top" in adaptation.sentences()[2]


def test_the_spread_has_the_variance_that_it_says_and_keeps_everything() -> None:
    point = np.zeros((1, 61, 81))
    point[0, 30, 40] = 1.0
    found = Adaptation(spread=0.05, slopes=(1, 1, 1, 1)).densities(point)
    y, x = np.arange(61) - 30.0, np.arange(81) - 40.0
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1)
    # the floor of empty pixels, 1e-8 of uniform, reaches far
    assert (found.sum(axis=0) * x**2).sum() == pytest.approx(4.05**2, rel=1e-4)
    assert (found.sum(axis=1) * y**2).sum() == pytest.approx(4.05**2, rel=1e-4)


def test_the_spread_is_mirrored_at_the_border() -> None:
    np.testing.assert_allclose(Adaptation(spread=0.2).densities(np.full((1, 5, 8), 1 / 40)), 1 / 40)


def test_lapses_are_spread_over_all_pixels() -> None:
    np.testing.assert_allclose(Adaptation(lapses=0.1).densities(TWO), [[0.9 * 0.2 + 0.05, 0.9 * 0.8 + 0.05]])


def test_torch_has_the_values_of_numpy() -> None:
    adaptation = Adaptation(
        scales=(0.7, 1.0, 1.4), weights=(0.2, 0.5, 0.3), slopes=(0.8, 1, 1.2, 1.5), centre=(0.1, -0.2, -0.4, 0.3), spread=0.03, lapses=0.02
    )
    predicted = densities(3, 4, 9, 12)
    torch.testing.assert_close(
        adaptation.densities(torch.from_numpy(predicted)), torch.from_numpy(adaptation.densities(predicted)), rtol=1e-12, atol=0
    )


def test_the_gradient_is_the_slope_even_where_the_spread_is_nothing() -> None:
    predicted = torch.from_numpy(densities(2, 1, 5, 6))
    weights, slopes, centre = torch.tensor([0.4, 0.6]), torch.tensor([0.9, 1.1, 1.2, 0.8]), torch.tensor([0.1, 0.2, -0.3, 0.4])
    numbers = [values.double().requires_grad_() for values in (weights, slopes, centre, torch.tensor(0.001), torch.tensor(0.05))]
    assert torch.autograd.gradcheck(lambda *given: adapted_densities(predicted, *given), numbers)
    variance = torch.zeros((), dtype=torch.float64, requires_grad=True)
    adapted_densities(predicted, *numbers[:3], variance, numbers[4])[0, 2, 3].backward()
    assert variance.grad is not None
    assert abs(variance.grad.item()) > 1e-3


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"weights": (0.5,)}, "the weights of scales sum to 1; found 0.5"),
        ({"weights": (0.5, 0.5)}, "an adaptation has 1 to 8 scales and a weight for each; found 1 and 2"),
        ({"scales": (1.0, 0.5), "weights": (0.5, 0.5)}, "scales stand in increasing order, each once"),
        ({"scales": (100.0,)}, r"an adaptation's scales lie in 0.25..4; found 100"),
        ({"slopes": (1, 1, -1, 1)}, r"an adaptation's slopes lie in 0.05..4; found 1, 1, -1, 1"),
        ({"slopes": (1, 1)}, "an adaptation has 4 slopes and 4 numbers of the centre"),
        ({"centre": (0, 0, math.nan, 0)}, r"an adaptation's centre lie in -5..5; found 0, 0, nan, 0"),
        ({"spread": math.inf}, r"an adaptation's spread lie in 0..0.25; found inf"),
        ({"lapses": 0.9}, r"an adaptation's lapses lie in 0..0.5; found 0.9"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(numbers: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Adaptation(**numbers)


def test_it_comes_back_from_json_equal() -> None:
    adaptation = Adaptation(scales=(0.7, 1.0), weights=(1 / 3, 2 / 3), centre=(0.1, 0.30000000000000004, -1 / 3, 0), spread=0.02)
    assert msgspec.json.decode(msgspec.json.encode(adaptation), type=Adaptation) == adaptation


def test_the_numbers_are_told_in_plain_words() -> None:
    told = Adaptation(scales=(0.5, 1.0, 2.0), weights=(0.5, 0.0, 0.5), spread=0.01, lapses=0.03)
    assert told.scale == pytest.approx(1.0)
    assert told.sentences(longer_side=500, pixels_per_degree=10)[0] == (
        "Pictures are seen at 1 times the network's size on average: 0.5 (weight 0.50), 2 (weight 0.50)."
    )
    assert told.sentences(longer_side=500, pixels_per_degree=10)[3] == "Spread: maps are blurred by 1 % of the longer side, 0.5 degrees."
    assert told.sentences()[4] == "Lapses: 3 % of fixations fall anywhere."
    assert Adaptation().sentences() == ["The network is left as it is."]
