"""An encoder as the judge of maps: which stages, what goes in, that it is frozen and lets gradients through."""

from __future__ import annotations

import pytest
import torch

from salquest.encoders import perceive
from salquest.encoders.perception import usual_stages
from salquest.errors import DataNotFound, InputError, UnknownName
from salquest.losses import Objective, Targets, df, gm, parse
from salquest.losses.maps import as_density


def maps(height: int = 64, width: int = 64, pictures: int = 2) -> torch.Tensor:
    return torch.rand(pictures, height, width, generator=torch.Generator().manual_seed(0))


def test_the_usual_stages_are_vgg_s_pools_and_elsewhere_the_last_of_each_resolution():
    assert usual_stages("vgg16") == ["pool1", "pool2", "pool3", "pool4", "pool5"]
    assert usual_stages("mobilenet_v2") == ["features.1", "features.3", "features.6", "features.13", "features.18"]
    assert usual_stages("efficientnet_lite0") == ["blocks.0", "blocks.2", "blocks.4", "blocks.10", "head"]


def test_the_five_pools_have_1472_channels_not_1920():
    found = perceive("vgg16", "none", "", "unit")(maps(32, 32))
    assert [tuple(stage.shape[1:]) for stage in found] == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2), (512, 1, 1)]


def test_the_input_is_what_its_name_says():
    seen = {name: perceive("vgg16", "none", "conv1_1", name) for name in ("unit", "imagenet", "caffe")}
    first = maps(8, 8)
    direct = perceive("vgg16", "none", "conv1_1", "unit")
    # the first convolution is affine: differences of its answers show the scale, answers to 0 the offset
    zero = torch.zeros_like(first)
    (scaled,), (plain,) = ([a - b for a, b in zip(see(first), see(zero), strict=True)] for see in (seen["caffe"], direct))
    torch.testing.assert_close(scaled, 255 * plain, rtol=1e-4, atol=1e-3)
    assert seen["unit"](zero)[0].abs().max().item() == 0  # nothing is subtracted
    assert seen["imagenet"](zero)[0].abs().max().item() > 0.1


def test_a_small_map_is_enlarged_to_what_the_deepest_stage_needs():
    found = perceive("vgg16", "none", "", "unit")(maps(15, 20))
    assert tuple(found[-1].shape[2:]) == (1, 1)
    assert tuple(found[0].shape[2:]) == (16, 21)  # of 32 x 43


def test_gradients_reach_the_map_and_nothing_else():
    see = perceive("mobilenet_v2", "embedded", "features.1,features.6", "imagenet")
    values = maps().requires_grad_()
    sum(stage.sum() for stage in see(values)).backward()
    assert values.grad.abs().max().item() > 0
    assert see(maps())[0].requires_grad is False


def test_a_source_is_built_once():
    assert perceive("vgg16", "none", "pool1", "unit") is perceive("vgg16", "none", "pool1", "unit")


def test_maps_in_double_precision_are_seen_in_float32():
    assert perceive("mobilenet_v2", "embedded", "features.1", "unit")(maps().double())[0].dtype is torch.float32


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("vgg16", "none", "", "rgb"), InputError, "as one of unit, imagenet, caffe; found 'rgb'"),
        (("", "none", "", "unit"), InputError, r"no encoder is named, and outside of training .* name one: df\(encoder='vgg16'\)"),
        (("vgg16", "none", "pool6", "unit"), UnknownName, "no tap is called 'pool6'"),
        (("vgg61", "none", "", "unit"), UnknownName, r"no encoder is called 'vgg61' \(did you mean 'vgg16'\?\)"),
        (("vgg16", "/nowhere/vgg.pth", "", "unit"), DataNotFound, "there is no weights file /nowhere/vgg.pth"),
        (("efficientnet_lite0", "imagenet", "", "unit"), DataNotFound, "efficientnet_lite0 wants efficientnet-lite0-57934424.pth"),
    ],
)
def test_what_cannot_be_built_says_so_in_a_sentence(arguments, error, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(error, match=sentence):
        perceive(*arguments)


def test_the_range_of_the_input_decides_the_scale_of_the_perceptual_losses():
    # LOSSES.md 2.4, random VGG-16, 64 x 64: df 1.1, 7.5 and 27 000; gm 0.4, 40 and 5.5e8. Another seed, so only the orders are held
    values = torch.sigmoid(0.5 * torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(1)))
    rows = torch.arange(64.0)
    saliency = torch.exp(-((rows[:, None] - 30) ** 2 + (rows - 20) ** 2) / 50)[None]
    deep, gram = (
        {
            name: loss(values, saliency, perceive, encoder="vgg16", weights="none", input_=name).item()
            for name in ("unit", "imagenet", "caffe")
        }
        for loss in (df, gm)
    )
    assert deep["unit"] < deep["imagenet"] < 1e-2 * deep["caffe"]
    assert gram["unit"] < gram["imagenet"] < 1e-5 * gram["caffe"]
    assert deep["caffe"] / deep["unit"] > 1e3
    assert gram["caffe"] / gram["unit"] > 1e7


def test_an_objective_learns_through_an_encoder():
    saliency = torch.exp(-((torch.arange(32.0)[:, None] - 16) ** 2 + (torch.arange(40.0) - 12) ** 2) / 30)[None]
    looked = Targets(as_density(saliency), torch.zeros_like(saliency))
    term = "df(encoder='mobilenet_v2', weights='embedded', stages='features.1,features.3')"
    made = Objective(parse(term), "sigmoid", features=perceive)
    raw = torch.zeros_like(saliency).requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=0.3)
    values = []
    for _ in range(15):
        optimizer.zero_grad()
        total = made(raw, looked)[str(parse(term))].sum()
        total.backward()
        optimizer.step()
        values.append(total.item())
    assert values[-1] < 0.7 * values[0]
