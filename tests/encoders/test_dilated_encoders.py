"""Dilated forms: the same weights on a finer last grid, and nothing else changed."""

import numpy as np
import pytest
import torch
from torch import nn

from salquest.encoders import ENCODERS, FeatureCache, build_encoder, rebuild_encoder
from salquest.encoders.padded import SameMaxPool2d
from salquest.encoders.rows import Row, blocks_of
from salquest.errors import InputError, UnknownName

NAMES = sorted(name for name, card in ENCODERS.items() if card.dilated is not None)
FIRST_CHANGED = {"vgg16": "pool4", "resnet50": "layer3", "mobilenet_v2": "features.14", "efficientnet_lite0": "blocks.11"}


def pictures(size=(64, 96), number=1):
    return torch.rand(number, 3, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", NAMES)
def test_every_tap_of_the_dilated_form_has_its_channels_and_its_cells(name):
    card = ENCODERS[name]
    encoder = build_encoder(name, weights="none", dilated=True, taps=[tap.name for tap in card.dilated.taps])
    with torch.no_grad():
        found = [tuple(tap.shape[1:]) for tap in encoder(pictures((97, 131)))]
    rounded = (lambda side, stride: side // stride) if card.rounding == "floor" else (lambda side, stride: -(-side // stride))
    assert found == [(tap.channels, rounded(97, tap.stride), rounded(131, tap.stride)) for tap in card.dilated.taps]


@pytest.mark.parametrize(
    ("name", "channels", "grid"),
    [
        ("vgg16", (512,), (30, 40)),
        ("resnet50", (2048,), (30, 40)),
        ("mobilenet_v2", (96, 320), (15, 20)),
        ("efficientnet_lite0", (112, 320), (15, 20)),
    ],
)
def test_the_default_taps_lie_on_the_last_grid(name, channels, grid):
    with torch.device("meta"):  # shapes only
        encoder = build_encoder(name, weights="none", dilated=True)
        assert [tuple(tap.shape) for tap in encoder(torch.empty(1, 3, 240, 320))] == [(1, count, *grid) for count in channels]


@pytest.mark.parametrize("name", NAMES)
def test_both_forms_have_the_same_weights_and_agree_up_to_the_first_changed_stage(name):
    card = ENCODERS[name]
    names = [tap.name for tap in card.dilated.taps]
    plain = build_encoder(name, weights="none", taps=names)
    dilated = build_encoder(name, weights="none", taps=names, dilated=True)
    assert plain.parameters_digest() == dilated.parameters_digest()
    place = names.index(FIRST_CHANGED[name])
    with torch.no_grad():
        one, other = plain(pictures()), dilated(pictures())
    assert all(torch.equal(a, b) for a, b in zip(one[:place], other[:place], strict=True))
    assert one[place].shape != other[place].shape


@pytest.mark.parametrize(("padding", "first"), [("symmetric", 0), ("same", 1)])
@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_lite0"])
def test_every_other_cell_of_the_dilated_grid_is_the_plain_one(name, padding, first):
    card = ENCODERS[name]
    torch.manual_seed(0)
    plain, dilated = card.build(padding).eval(), card.dilated.build(padding).eval()
    dilated.load_state_dict(plain.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(dilated(pictures())[:, :, first::2, first::2], plain(pictures()), atol=1e-6, rtol=1e-4)


def test_every_other_cell_of_block_5_of_vgg16_is_the_plain_one():
    plain = build_encoder("vgg16", weights="none", taps=["relu5_3"])
    dilated = build_encoder("vgg16", weights="none", taps=["relu5_3"], dilated=True)
    with torch.no_grad():
        torch.testing.assert_close(dilated(pictures())[0][:, :, ::2, ::2], plain(pictures())[0], atol=1e-4, rtol=1e-4)


def dilations(features, kernel):
    return [module.dilation[0] for module in features.modules() if isinstance(module, nn.Conv2d) and module.kernel_size[0] == kernel]


def test_the_dilations_are_those_of_the_released_encoders():
    assert dilations(ENCODERS["vgg16"].dilated.build("symmetric"), 3) == [1] * 10 + [2] * 3
    assert dilations(ENCODERS["resnet50"].dilated.build("symmetric"), 3) == [1] * 7 + [2] * 6 + [4] * 3
    for name in NAMES:
        assert {module.dilation[0] for module in ENCODERS[name].build("symmetric").modules() if isinstance(module, nn.Conv2d)} == {1}


def test_strides_beyond_the_last_one_become_dilation_of_what_follows():
    rows = (Row(1, 3, 2, 6, 8), Row(2, 3, 2, 6, 16), Row(2, 3, 2, 6, 24))  # behind the stem: strides 4, 8, 16
    assert [(block.stride, block.dilation) for block in blocks_of(rows, end_stride=4)] == [(2, 1), (1, 1), (1, 2), (1, 2), (1, 4)]
    assert [(block.stride, block.dilation) for block in blocks_of(rows)] == [(2, 1), (2, 1), (1, 1), (2, 1), (1, 1)]


def test_a_same_pooling_by_hand():
    row = torch.tensor([-4.0, -3, -5, -1, -2]).expand(1, 1, 2, 5)
    assert SameMaxPool2d(2, 1)(row)[0, 0, 0].tolist() == [-3, -3, -1, -1, -2]  # the border is no zero
    assert SameMaxPool2d(3, 2)(row)[0, 0, 0].tolist() == [-3, -1, -1]


def test_a_dilated_encoder_is_rebuilt_as_one_and_an_older_spec_means_the_plain_form():
    encoder = build_encoder("vgg16", weights="none", dilated=True, taps=["relu5_1"])
    again = rebuild_encoder(encoder.spec())
    again.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        assert torch.equal(encoder(pictures())[0], again(pictures())[0])
    assert again.spec() == encoder.spec()
    older = {key: value for key, value in encoder.spec().items() if key != "dilated"}
    assert not rebuild_encoder(older).dilated


def test_cached_features_of_the_two_forms_lie_apart_and_the_plain_key_is_what_it_was(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    plain, dilated = (
        FeatureCache(tmp_path, build_encoder("mobilenet_v2", taps=["features.15"], dilated=form).freeze(), (48, 64))
        for form in (False, True)
    )
    assert [cache.taps("a", False, lambda: picture)[0].shape for cache in (plain, dilated)] == [(160, 2, 2), (160, 3, 4)]
    assert plain.folder.name == "mobilenet_v2_77bd69f5fd03_features.15_48x64_float32_v1"
    assert dilated.folder.name == "mobilenet_v2-dilated_77bd69f5fd03_features.15_48x64_float32_v1"
    assert "dilated" not in plain.key  # folders from before there was the choice are still right
    assert dilated.key["dilated"] is True


def test_what_has_no_dilated_form_is_refused():
    with pytest.raises(InputError, match=r"timm:resnet18 has no dilated form; these have one: mobilenet_v2, vgg16, resnet50"):
        build_encoder("timm:resnet18", weights="none", dilated=True)
    with pytest.raises(UnknownName, match="no encoder is called 'vgg61'"):
        build_encoder("vgg61", weights="none", dilated=True)
    with pytest.raises(UnknownName, match="no tap is called 'pool5'"):
        build_encoder("vgg16", weights="none", dilated=True, taps=["pool5"])
