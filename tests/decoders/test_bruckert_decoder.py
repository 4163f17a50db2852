"""The decoder of the loss paper: its count, its order of steps, and each place where the paper is silent."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.decoders import BruckertDecoder, FixedGaussian
from salquest.errors import InputError


def taps_of(pictures=1, size=(12, 16), channels=(3, 5), seed=0):
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    return [
        torch.rand(pictures, count, height // stride, width // stride, generator=generator)
        for count, stride in zip(channels, (1, 2), strict=True)
    ]


def small(**options):
    return BruckertDecoder((3, 5), **{"reduction": 8, "branch": 4, **options}).eval()


def count(**options):
    return sum(parameter.numel() for parameter in BruckertDecoder((256, 512, 512), **options).parameters())


def test_with_vgg16_it_trains_1_622_401_parameters_and_the_other_readings_of_the_paper_do_not():
    assert count() == 1_622_401
    assert count(biases=False) == 1_622_144
    assert count(kernel=1) == 311_681


def test_the_blur_is_no_parameter_and_no_weight():
    assert {key.split(".")[0] for key in BruckertDecoder((3, 5)).state_dict()} == {"reduce", "branches", "last"}


def test_the_forward_pass_is_the_papers_written_out():
    decoder = small(last_bias=0.3)
    taps = taps_of(2)
    weights = decoder.state_dict()
    merged = torch.cat([taps[0], F.interpolate(taps[1], size=(12, 16), mode="bilinear", align_corners=False)], dim=1)
    reduced = F.relu(F.conv2d(merged, weights["reduce.weight"], weights["reduce.bias"], padding=1))
    branches = [
        F.relu(F.conv2d(reduced, weights[f"branches.{i}.weight"], weights[f"branches.{i}.bias"], padding=dilation, dilation=dilation))
        for i, dilation in enumerate((1, 3, 6, 12))
    ]
    raw = torch.einsum("bchw,c->bhw", torch.cat(branches, dim=1), weights["last.weight"][0, :, 0, 0]) + 0.3
    with torch.no_grad():
        torch.testing.assert_close(decoder(taps), FixedGaussian()(raw), atol=1e-5, rtol=1e-5)


def test_the_rectified_map_is_blurred_and_not_the_other_way_round():
    plain, rectified = small(blur=False), small(activation_before_blur="relu")
    with torch.no_grad():
        raw = plain(taps_of())
        assert raw.min() < 0 < raw.max()
        torch.testing.assert_close(rectified(taps_of()), FixedGaussian()(raw.clamp(min=0)))
        assert not torch.allclose(rectified(taps_of()), FixedGaussian()(raw).clamp(min=0))


@pytest.mark.parametrize(("dilations", "reach"), [((1,), 2), ((1, 3), 4), ((1, 3, 6, 12), 13)])
def test_a_branch_looks_as_far_as_its_dilation(dilations, reach):
    # one cell of the reduction and `dilation` of the branch; two more when the blur stands behind
    for blur, further in ((False, 0), (True, 2)):
        decoder = BruckertDecoder((2,), reduction=4, branch=4, dilations=dilations, blur=blur).eval()
        tap = torch.rand(1, 2, 41, 41, generator=torch.Generator().manual_seed(0), requires_grad=True)
        decoder([tap])[0, 20, 20].backward()
        seen = tap.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten()
        assert (seen.min().item(), seen.max().item()) == (20 - reach - further, 20 + reach + further)


@pytest.mark.parametrize(("grid", "size"), [("first", (12, 16)), (0, (12, 16)), ("last", (6, 8)), (1, (6, 8))])
def test_the_map_is_on_the_grid_of_the_chosen_tap(grid, size):
    assert small(grid=grid)(taps_of()).shape == (1, *size)


@pytest.mark.parametrize("resize", ["bilinear_corners", "nearest"])
def test_each_way_to_resize_is_another_function(resize):
    with torch.no_grad():
        assert not torch.allclose(small(resize=resize)(taps_of()), small()(taps_of()))


@pytest.mark.parametrize("option", ["relu_after_reduction", "relu_after_branches"])
def test_without_a_relu_the_rest_sees_negative_values(option):
    with torch.no_grad():
        assert not torch.allclose(small(**{option: False})(taps_of()), small()(taps_of()))


@pytest.mark.parametrize(("place", "is_hit"), [("features", True), ("before_last", False)])
def test_dropout_stands_where_it_is_told_and_only_in_training(place, is_hit):
    decoder = small(dropout=1.0, dropout_place=place, last_bias=0.5, blur=False).train()
    seen = []
    decoder.reduce.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].abs().max().item() == 0))
    with torch.no_grad():
        dropped = decoder(taps_of())
        kept = decoder.eval()(taps_of())
    assert seen == [is_hit, False]
    assert (dropped == 0.5).all()  # nothing is left but the last bias, for the other biases start at zero
    assert kept.std() > 0


def test_dropout_of_whole_maps_leaves_no_map_half():
    decoder = small(dropout=0.5, dropout_place="features", dropout_whole_maps=True).train()
    seen = []
    decoder.reduce.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    torch.manual_seed(0)
    decoder(taps_of())
    zeros = (seen[0] == 0).float().mean(dim=(2, 3))
    assert set(zeros.unique().tolist()) == {0.0, 1.0}


def test_glorot_uniform_by_its_bounds_and_zero_biases():
    decoder = BruckertDecoder((256, 512, 512))
    bound = math.sqrt(6 / (9 * 1280 + 9 * 128))
    assert bound * 0.999 < decoder.reduce.weight.abs().max() <= bound
    assert decoder.reduce.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert all(layer.bias.abs().max() == 0 for layer in (decoder.reduce, *decoder.branches, decoder.last))


def test_the_rms_of_a_tap_by_hand():
    decoder = BruckertDecoder((1, 1), reduction=2, branch=2, tap_norm="rms")
    decoder.measure_tap_rms([torch.tensor([[[[3.0, 4.0]]]]), torch.full((2, 1, 1, 1), 2.0)])
    assert decoder.tap_rms.tolist() == pytest.approx([math.sqrt(12.5), 2.0])


def test_with_measured_rms_the_scale_of_the_taps_no_longer_matters():
    taps = taps_of()
    loud = [taps[0] * 30, taps[1] * 5]
    with torch.no_grad():
        quiet = small(tap_norm="rms").measure_tap_rms(taps)(taps)
        torch.testing.assert_close(small(tap_norm="rms").measure_tap_rms(loud)(loud), quiet)
        torch.testing.assert_close(quiet, small()([tap / tap.square().mean().sqrt() for tap in taps]))


def test_l2map_scales_each_tap_of_each_picture():
    taps = taps_of(2)
    uneven = [tap * torch.tensor([30.0, 0.2]).view(2, 1, 1, 1) for tap in taps]
    with torch.no_grad():
        torch.testing.assert_close(small(tap_norm="l2map")(uneven), small(tap_norm="l2map")(taps))
        torch.testing.assert_close(
            small(tap_norm="l2map")(taps), small()([tap / tap.square().mean((1, 2, 3), True).sqrt() for tap in taps])
        )


def test_the_measured_rms_travels_with_the_weights():
    measured = small(tap_norm="rms").measure_tap_rms(taps_of())
    loaded = small(tap_norm="rms", seed=9)
    loaded.load_state_dict(measured.state_dict())
    with torch.no_grad():
        assert torch.equal(loaded(taps_of()), measured(taps_of()))


def test_an_unmeasured_rms_is_refused_also_after_loading_one():
    unmeasured = small(tap_norm="rms")
    loaded = small(tap_norm="rms").measure_tap_rms(taps_of())
    loaded.load_state_dict(unmeasured.state_dict())
    for decoder in (unmeasured, loaded):
        with pytest.raises(InputError, match="call measure_tap_rms on training features first"):
            decoder(taps_of())


def test_an_rms_that_cannot_be_divided_by_is_refused():
    with pytest.raises(InputError, match="has to be a positive number"):
        small(tap_norm="rms").measure_tap_rms([tap * 0 for tap in taps_of()])
    with pytest.raises(InputError, match="made with tap_norm='none'"):
        small().measure_tap_rms(taps_of())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": 2}, "grid is one of 'first', 'last', 0, 1; found 2"),
        ({"grid": "middle"}, "found 'middle'"),
        ({"tap_norm": "l2"}, "tap_norm is one of 'none', 'rms', 'l2map'; found 'l2'"),
        ({"resize": "cubic"}, "resize is one of"),
        ({"dropout_place": "top"}, "dropout_place is one of"),
        ({"activation_before_blur": "sigmoid"}, "activation_before_blur is one of 'relu', None"),
        ({"init": "he"}, "init is one of 'glorot', 'torch'"),
        ({"biases": False, "last_bias": -2.0}, "last_bias is -2.0, but biases are left out"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(InputError) as caught:
        small(**options)
    assert message in str(caught.value)
