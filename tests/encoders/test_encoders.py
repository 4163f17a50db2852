"""Every encoder of the catalogue keeps what its card declares, and what all of them promise."""

import subprocess
import sys

import pytest
import torch

from salquest.encoders import ENCODERS, build_encoder, rebuild_encoder
from salquest.errors import InputError, UnknownName

NAMES = sorted(ENCODERS)
ODD = (97, 131)


def cells(size, stride, rounding):
    return tuple(side // stride if rounding == "floor" else -(-side // stride) for side in size)


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_tap_has_its_channels_and_its_cells_on_an_odd_size(name):
    card = ENCODERS[name]
    encoder = build_encoder(name, weights="none", taps=[tap.name for tap in card.taps])
    with torch.no_grad():
        found = [tuple(tap.shape[1:]) for tap in encoder(torch.rand(1, 3, *ODD))]
    assert found == [(tap.channels, *cells(ODD, tap.stride, card.rounding)) for tap in card.taps]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("padding", ["same", "symmetric"])
def test_both_paddings_give_the_same_grid_on_even_and_odd_sizes(name, padding):
    card = ENCODERS[name]
    features = card.build(padding)[:5]
    last = card.taps[4]
    with torch.no_grad():
        for size in ((32, 48), (33, 47)):
            assert tuple(features(torch.rand(1, 3, *size)).shape[2:]) == cells(size, last.stride, card.rounding)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_counts_the_parameters(name):
    assert sum(parameter.numel() for parameter in ENCODERS[name].build("symmetric").parameters()) == ENCODERS[name].parameters


def test_vgg16_has_the_published_number_of_parameters_block_by_block():
    # NETWORKS 1.1, by arithmetic: (9 * in + 1) * out per convolution
    encoder = build_encoder("vgg16", weights="none")
    blocks = [encoder.features[first:last] for first, last in ((0, 5), (5, 10), (10, 17), (17, 24), (24, 30))]
    counts = [sum(parameter.numel() for parameter in block.parameters()) for block in blocks]
    assert counts == [38_720, 221_440, 1_475_328, 5_899_776, 7_079_424]
    assert sum(counts) == sum(parameter.numel() for parameter in encoder.parameters()) == 14_714_688


def test_vgg16_has_torchvisions_keys():
    convolutions = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    expected = {f"features.{index}.{tensor}" for index in convolutions for tensor in ("weight", "bias")}
    assert set(build_encoder("vgg16", weights="none").state_dict()) == expected


def test_mobilenet_v2_has_torchvisions_keys():
    keys = set(build_encoder("mobilenet_v2", weights="none", taps=["features.18"]).state_dict())
    assert len(keys) == 312  # of torchvision's 314, without classifier.1.{weight,bias}
    assert {
        "features.0.0.weight",
        "features.0.1.running_mean",
        "features.1.conv.0.0.weight",
        "features.1.conv.2.num_batches_tracked",
        "features.17.conv.1.0.weight",
        "features.17.conv.3.running_var",
        "features.18.1.bias",
    } <= keys


@pytest.mark.parametrize(("name", "eps"), [("mobilenet_v2", 1e-5), ("efficientnet_lite0", 1e-3)])
def test_batch_norm_adds_what_the_weights_were_trained_with(name, eps):
    norms = [module for module in ENCODERS[name].build("same").modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {eps}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_beyond_the_deepest_tap_is_built(name):
    shallow = ENCODERS[name].taps[3]
    encoder = build_encoder(name, weights="none", taps=[shallow.name])
    assert len(encoder.features) == len(encoder.stages) == 4
    assert encoder.stages[-1] == shallow.name


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_random_weights_whatever_is_tapped_and_leaves_torchs_generator_alone(name):
    before = torch.get_rng_state()
    first = next(build_encoder(name, weights="none", seed=3).parameters())
    shallow = next(build_encoder(name, weights="none", seed=3, taps=[ENCODERS[name].taps[0].name]).parameters())
    other = next(build_encoder(name, weights="none", seed=4).parameters())
    assert torch.equal(first, shallow)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_random_weights_neither_vanish_nor_explode(name):
    with torch.no_grad():
        spreads = [tap.std().item() for tap in build_encoder(name, weights="none")(torch.rand(1, 3, 64, 96))]
    assert min(spreads) > 0.1
    assert max(spreads) < 30


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_alone_gives_what_it_gives_in_a_batch(name):
    encoder = build_encoder(name, weights="none")
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        together, alone = encoder(pictures), [encoder(pictures[i : i + 1]) for i in range(2)]
    for index, tap in enumerate(together):
        torch.testing.assert_close(tap, torch.cat([one[index] for one in alone]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_rebuilt_encoder_with_the_state_dict_is_the_same_function(name):
    encoder = build_encoder(name, weights="none", seed=5, batch_norm="train", taps=[tap.name for tap in ENCODERS[name].taps[:4]])
    again = rebuild_encoder(encoder.spec())
    again.load_state_dict(encoder.state_dict())
    pictures = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        assert all(torch.equal(one, other) for one, other in zip(encoder(pictures), again(pictures), strict=True))
    assert again.spec() == encoder.spec()
    assert again.parameters_digest() == encoder.parameters_digest()


def test_a_rebuilt_encoder_keeps_normalisation_and_padding_of_weights_that_are_gone():
    encoder = build_encoder("mobilenet_v2", taps=["features.3"])
    again = rebuild_encoder(encoder.spec())
    again.load_state_dict(encoder.state_dict())
    pictures = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(encoder(pictures)[0], again(pictures)[0])
    assert (again.padding, again.weights_digest) == ("same", encoder.weights_digest)


def test_the_normalisation_is_inside_the_encoder():
    encoder = build_encoder("vgg16", weights="none", taps=["conv1_1"])
    grey = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    with torch.no_grad():
        assert encoder(grey)[0].abs().max() == 0  # the mean becomes zero, and biases start at zero
        red = grey + torch.tensor([0.229, 0, 0]).view(1, 3, 1, 1)
        expected = encoder.features[0](torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 8, 8))
        torch.testing.assert_close(encoder(red)[0], expected, atol=1e-5, rtol=1e-5)


def test_a_tap_before_a_relu_is_not_changed_by_it():
    encoder = build_encoder("vgg16", weights="none", taps=["conv1_2", "relu1_2"])
    with torch.no_grad():
        before, after = encoder(torch.rand(1, 3, 16, 16))
    assert before.min() < 0
    assert torch.equal(before.clamp(min=0), after)


def test_taps_come_back_in_the_order_of_the_network():
    encoder = build_encoder("vgg16", weights="none", taps=["pool2", "relu1_1", "pool1"])
    assert encoder.taps == ("relu1_1", "pool1", "pool2")
    assert (encoder.channels, encoder.strides) == ((64, 64, 128), (1, 2, 4))
    with torch.no_grad():
        assert [tap.shape[1:] for tap in encoder(torch.rand(1, 3, 8, 12))] == [(64, 8, 12), (64, 4, 6), (128, 2, 3)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "mobilenet_v3"}, UnknownName, "no encoder is called 'mobilenet_v3' (did you mean 'mobilenet_v2'?)"),
        ({"name": "vgg16", "taps": ["pool6"]}, UnknownName, "no tap is called 'pool6' (did you mean 'pool5'?)"),
        ({"name": "vgg16", "taps": []}, InputError, "found none"),
        ({"name": "vgg16", "taps": ["pool1", "pool1"]}, InputError, "found pool1, pool1"),
        ({"name": "vgg16", "taps": ["pool1"], "batch_norm": "on"}, InputError, "'eval' or 'train', not 'on'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(arguments, error, message):
    with pytest.raises(error) as caught:
        build_encoder(**{"weights": "none", **arguments})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 32, 32), "pictures of (B, 3, H, W); found (3, 32, 32)"),
        ((1, 1, 32, 32), "found (1, 1, 32, 32)"),
        ((1, 3, 1, 1), "vgg16 up to pool3 reads pictures of 8 pixels or more a side; found 1 x 1"),
        ((1, 3, 40, 7), "found 40 x 7 (H x W)"),
    ],
)
def test_pictures_that_cannot_be_read_are_refused_in_a_sentence(shape, message):
    encoder = build_encoder("vgg16", weights="none", taps=["pool3"])
    with pytest.raises(InputError) as caught:
        encoder(torch.rand(shape))
    assert message in str(caught.value)


def test_the_catalogues_are_read_without_torch():
    code = "import sys, salquest.encoders, salquest.decoders; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
