"""SalGAN's discriminator: both readings counted, what it refuses, and that it learns to tell people's maps from a network's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from salquest.errors import InputError
from salquest.models.deep.discriminator import Discriminator, UnitNormConv2d


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def draw(pictures: int, size: tuple[int, int], seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(pictures, 3, *size, generator=generator), torch.rand(pictures, *size, generator=generator)


@pytest.mark.parametrize(("reading", "whole", "fc4"), [("printed", 5_045_696, 4_915_300), ("released", 1_359_296, 1_228_900)])
def test_the_printed_and_the_released_network_have_their_parameters(reading: str, whole: int, fc4: int) -> None:
    with torch.device("meta"):
        found = Discriminator((192, 256), reading=reading)
    assert (count(found), count(found.verdict[0])) == (whole, fc4)


@pytest.mark.parametrize("reading", ["printed", "released"])
@pytest.mark.parametrize("size", [(33, 47), (60, 80), (16, 16)])
def test_one_picture_of_an_odd_size_gets_one_logit_and_gradients_reach_everything(reading: str, size: tuple[int, int]) -> None:
    judge = Discriminator(size, reading=reading, width=0.25)
    pictures, maps = draw(1, size)
    logit = judge(pictures, maps.requires_grad_())
    logit.sum().backward()
    assert logit.shape == (1,)
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in judge.parameters())


def test_the_map_is_the_last_channel_as_printed_and_the_first_as_released() -> None:
    pictures, maps = draw(1, (32, 32))
    for reading, place in (("printed", 3), ("released", 0)):
        judge = Discriminator((32, 32), reading=reading)
        seen = []
        judge.convolutions[0].register_forward_hook(lambda _, inputs, __, seen=seen: seen.append(inputs[0]))
        judge(pictures, maps)
        assert torch.equal(seen[0][:, place], maps)


def test_raw_pictures_saturate_the_first_tanh_and_pictures_in_0_to_1_do_not() -> None:
    saturated = {}
    for pictures in ("unit", "raw255"):
        judge = Discriminator((96, 128), pictures=pictures)
        hidden = []
        judge.verdict[1].register_forward_hook(lambda _, __, output, hidden=hidden: hidden.append(output))
        with torch.no_grad():
            judge(*draw(4, (96, 128)))
        saturated[pictures] = float((hidden[0].abs() > 0.99).float().mean())
    assert saturated["unit"] < 0.01
    assert saturated["raw255"] > 0.5


def test_the_normalised_convolution_does_not_see_how_long_its_weights_are() -> None:
    layer = UnitNormConv2d(2, 3, 3, padding=1)
    features = torch.rand(1, 2, 5, 5)
    with torch.no_grad():
        before = layer(features)
        norm = (layer.weight / (layer.weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-6).sqrt()).flatten(1).norm(dim=1)
        layer.weight.mul_(7)
        torch.testing.assert_close(layer(features), before, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm, torch.ones(3), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("reading", ["printed", "released"])
def test_it_learns_to_tell_blobs_from_constant_maps(reading: str) -> None:
    size = (32, 32)
    judge = Discriminator(size, reading=reading, width=0.25)
    optimizer = torch.optim.Adam(judge.parameters(), lr=1e-3)
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    generator = torch.Generator().manual_seed(3)

    def pairs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        middle = 4 + 24 * torch.rand(8, 2, 1, 1, generator=generator)
        blobs = torch.exp(-((rows - middle[:, 0]).square() + (columns - middle[:, 1]).square()) / 32)
        level = 0.2 + 0.8 * torch.rand(8, 1, 1, generator=generator).expand(8, *size)
        return torch.rand(8, 3, *size, generator=generator), blobs, level

    for _ in range(60):
        pictures, real, fake = pairs()
        loss = F.softplus(-judge(pictures, real)).mean() + F.softplus(judge(pictures, fake)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pictures, real, fake = pairs()
    with torch.no_grad():
        assert (judge(pictures, real) > 0).all()
        assert (judge(pictures, fake) < 0).all()


def test_a_seed_decides_the_start_and_torchs_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    one, same, other = (Discriminator((16, 16), width=0.1, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert not all(torch.equal(value, other[name]) for name, value in one.items())
    assert torch.equal(torch.get_rng_state(), before)


def test_maps_of_another_size_are_refused() -> None:
    pictures, maps = draw(2, (24, 32))
    with pytest.raises(
        InputError, match=r"made for pictures \(B, 3, 32, 32\) and maps \(B, 32, 32\); found pictures .* and maps \(2, 24, 32\)"
    ):
        Discriminator((32, 32), width=0.1)(pictures, maps)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (4, 64)}, r"pools maps by 8; maps of 4 x 64 \(H x W\) leave it nothing to see"),
        ({"size": (12, 64), "reading": "released"}, "pools maps by 16"),
        ({"size": (32, 32), "reading": "paper"}, "reading of the discriminator is one of 'printed', 'released'; found 'paper'"),
        ({"size": (32, 32), "pictures": "rgb"}, "pictures of the discriminator is one of 'unit', 'raw255'; found 'rgb'"),
        ({"size": (32, 32), "width": 0}, "width of the discriminator is a share of the printed maps"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Discriminator(**arguments)
