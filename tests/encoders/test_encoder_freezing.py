"""What is frozen stays frozen, and batch norm stays still unless asked."""

import pytest
import torch
from torch import nn

from salquest.encoders import build_encoder
from salquest.errors import UnknownName


def one_step(encoder):
    """Train everything that learns for one step of SGD on random pictures; answer with the names of the tensors that changed."""
    readout = nn.Conv2d(encoder.channels[-1], 1, 1)
    network = nn.Sequential(encoder, readout).train()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    torch.manual_seed(0)
    readout(encoder(torch.rand(2, 3, 32, 32))[-1]).square().mean().backward()
    optimizer.step()
    return {key for key, value in encoder.state_dict().items() if not torch.equal(value, before[key])}


def shallow(**options):
    return build_encoder("mobilenet_v2", weights="none", taps=["features.3"], **options)


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize("batch_norm", ["eval", "train"])
def test_a_step_changes_nothing_of_a_frozen_encoder_and_makes_no_gradients_for_it(batch_norm):
    encoder = shallow(batch_norm=batch_norm).freeze()
    assert one_step(encoder) == set()
    assert encoder.is_frozen
    assert all(parameter.grad is None for parameter in encoder.parameters())


def test_freezing_lets_gradients_go():
    encoder = shallow()
    encoder(torch.rand(1, 3, 32, 32))[0].sum().backward()
    encoder.freeze()
    assert all(parameter.grad is None for parameter in encoder.parameters())


def test_batch_norm_in_eval_mode_learns_its_scale_and_keeps_its_statistics():
    changed = one_step(shallow())
    assert "features.3.conv.3.bias" in changed
    assert not any(key.endswith(STATISTICS) for key in changed)


def test_batch_norm_in_train_mode_moves_its_statistics():
    assert {"features.0.1.running_mean", "features.3.conv.3.running_var"} <= one_step(shallow(batch_norm="train"))


def test_batch_norm_in_train_mode_is_still_in_eval_mode():
    encoder = shallow(batch_norm="train").eval()
    assert not any(module.training for module in encoder.modules())


def test_from_one_stage_on_the_rest_learns():
    encoder = shallow(batch_norm="train").freeze().unfreeze("features.2")
    changed = one_step(encoder)
    assert {key.split(".")[1] for key in changed} == {"2", "3"}
    assert any(key.endswith(STATISTICS) for key in changed)
    assert not encoder.is_frozen


def test_a_list_of_stages_means_exactly_these():
    changed = one_step(shallow().freeze().unfreeze(["features.1", "features.3"]))
    assert {key.split(".")[1] for key in changed} == {"1", "3"}


def test_everything_learns_again():
    encoder = shallow().freeze().unfreeze()
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_a_stage_goes_by_its_name_or_its_place():
    by_name = build_encoder("vgg16", weights="none", taps=["relu2_1"]).freeze().unfreeze("conv2_1")
    by_place = build_encoder("vgg16", weights="none", taps=["relu2_1"]).freeze().unfreeze("features.5")
    learning = [[key for key, parameter in encoder.named_parameters() if parameter.requires_grad] for encoder in (by_name, by_place)]
    assert learning[0] == learning[1] == ["features.5.weight", "features.5.bias"]


def test_a_stage_beyond_the_deepest_tap_is_refused():
    with pytest.raises(UnknownName, match=r"no stage of mobilenet_v2 is called 'features.14'"):
        shallow().unfreeze("features.14")
