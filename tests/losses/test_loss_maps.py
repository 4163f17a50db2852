"""The forms of prediction and target that losses ask for."""

from __future__ import annotations

import pytest
import torch

from salquest.errors import InputError
from salquest.gaze import as_density as density_of_arrays
from salquest.losses import Objective, Prediction, Targets, parse
from salquest.losses.maps import as_density, standardised

RAW = torch.tensor([[[-1.0, 0.0], [1.0, 2.0]], [[3.0, 3.0], [0.0, -2.0]]])


def test_relu_cuts_what_is_below_nought():
    assert Prediction(RAW, "relu").values[0].tolist() == [[0, 0], [1, 2]]


def test_sigmoid_answers_probabilities():
    torch.testing.assert_close(Prediction(RAW, "sigmoid").values, 1 / (1 + torch.exp(-RAW)))


def test_softmax_answers_one_density_per_picture():
    found = Prediction(RAW, "softmax")
    torch.testing.assert_close(found.values[1], torch.exp(RAW[1]) / torch.exp(RAW[1]).sum())
    assert found.density is found.values


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "softmax"])
def test_a_density_sums_to_one_in_each_picture(activation):
    torch.testing.assert_close(Prediction(RAW, activation).density.sum(dim=(1, 2)), torch.ones(2))


def test_an_empty_map_stays_empty():
    assert Prediction(-RAW.abs(), "relu").density.sum().item() == 0


def test_the_density_of_tensors_is_that_of_arrays():
    values = torch.rand(3, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(as_density(values), torch.from_numpy(density_of_arrays(values.numpy())))


def test_only_a_sigmoid_has_logits():
    assert Prediction(RAW, "sigmoid").logits is RAW
    with pytest.raises(InputError, match=r"needs a map of probabilities \(activation sigmoid\); the network's activation is relu"):
        _ = Prediction(RAW, "relu").logits


def test_a_map_with_a_channel_axis_is_refused():
    with pytest.raises(InputError, match=r"maps are \(B, H, W\); the network answered \(2, 1, 2, 2\)"):
        Prediction(RAW[:, None], "relu")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_left_at_the_door(dtype):
    assert Prediction(RAW.to(dtype), "sigmoid").density.dtype == torch.float32


def test_saliency_is_the_density_with_its_greatest_value_at_one():
    targets = Targets(density=torch.tensor([[[0.1, 0.4]], [[0.5, 0.5]]]), counts=torch.zeros(2, 1, 2))
    torch.testing.assert_close(targets.saliency, torch.tensor([[[0.25, 1.0]], [[1.0, 1.0]]]))


def test_the_saliency_of_an_empty_density_is_empty():
    assert Targets(density=torch.zeros(1, 2, 2), counts=torch.zeros(1, 2, 2)).saliency.sum().item() == 0


def test_standard_scores_have_mean_0_and_population_deviation_1():
    found = standardised(RAW.double())
    torch.testing.assert_close(found.mean(dim=(1, 2)), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.std(dim=(1, 2), correction=0), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-7)


def test_a_constant_map_has_standard_scores_of_0():
    assert standardised(torch.full((1, 3, 3), 0.1)).abs().max().item() < 1e-3


@pytest.mark.parametrize(
    ("text", "activation", "sentence"),
    [
        ("kld + bce", "relu", "bce cannot be had from a relu map; it goes with the activation sigmoid"),
        ("bce", "softmax", "bce cannot be had from a softmax map; it goes with the activation sigmoid"),
        ("mse", "softmax", "mse cannot be had from a softmax map; it goes with the activation relu or sigmoid"),
    ],
)
def test_a_pairing_that_means_nothing_is_refused(text, activation, sentence):
    with pytest.raises(InputError, match=sentence):
        Objective(parse(text), activation)


def targets_like(raw: torch.Tensor) -> Targets:
    return Targets(density=as_density(torch.ones_like(raw)), counts=torch.ones_like(raw))


def test_an_objective_answers_its_weighted_parts_by_their_labels():
    parts = Objective(parse("10*kld(eps=1e-3) - 2*cc"), "sigmoid")(RAW, targets_like(RAW))
    alone = Objective(parse("kld(eps=1e-3)"), "sigmoid")(RAW, targets_like(RAW))
    assert {name: tuple(part.shape) for name, part in parts.items()} == {"kld(eps=0.001)": (2,), "cc": (2,)}
    torch.testing.assert_close(parts["kld(eps=0.001)"], 10 * alone["kld(eps=0.001)"])


def test_the_sign_of_a_score_is_turned_so_that_lowering_the_sum_raises_it():
    looked = Targets(density=as_density(RAW.sigmoid()), counts=torch.ones_like(RAW))
    torch.testing.assert_close(Objective(parse("-2*cc"), "sigmoid")(RAW, looked)["cc"], torch.full((2,), -2.0), rtol=0, atol=1e-5)


def test_targets_of_another_size_are_refused_with_both_shapes():
    with pytest.raises(InputError, match=r"the prediction is \(2, 2, 2\) but the targets are \(1, 2, 2\); maps are \(B, H, W\)"):
        Objective(parse("kld"), "sigmoid")(RAW, targets_like(RAW[:1]))
