"""What every decoder of the catalogue promises."""

import pytest
import torch

from salquest.decoders import DECODERS
from salquest.errors import InputError

NAMES = sorted(DECODERS)
CHANNELS = (4, 6, 8)
SMALL = {"salgan": {"width": 1 / 16}, "sam": {"width": 8}}  # 17 and 37 million parameters by default


def build(name, **options):
    return DECODERS[name].build(CHANNELS, **SMALL.get(name, {}), **options)


def taps_of(pictures, size=(13, 17), seed=0):
    """Random non-negative taps of a network that rounds up: strides 1, 2, 4 of the first one's grid."""
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    return [
        torch.rand(pictures, channels, -(-height // stride), -(-width // stride), generator=generator)
        for channels, stride in zip(CHANNELS, (1, 2, 4), strict=True)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_card_counts_the_parameters(name):
    for channels, count in DECODERS[name].parameters.items():
        with torch.device("meta"):  # counted, not allocated
            decoder = DECODERS[name].build(channels)
        assert sum(parameter.numel() for parameter in decoder.parameters() if parameter.requires_grad) == count


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(13, 17), (30, 40), (1, 1), (1, 9)])
def test_one_picture_of_any_size_gives_a_map_without_channel_axis_on_the_first_grid_or_as_much_finer_as_the_card_says(name, size):
    decoder = build(name).eval()
    with torch.no_grad():
        raw = decoder(taps_of(1, size))
    finer = DECODERS[name].finer
    assert raw.shape == (1, finer * size[0], finer * size[1])
    assert raw.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_alone_gives_what_it_gives_in_a_batch(name):
    decoder = build(name).eval()
    with torch.no_grad():
        together = decoder(taps_of(3))
        alone = [decoder([tap[i : i + 1] for tap in taps_of(3)]) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_after_one_step_a_gradient_reaches_every_parameter_and_every_tap(name):
    # not before it where a layer starts at zero and hides those in front of it (the attention of SAM)
    decoder = build(name)
    taps = [tap.requires_grad_() for tap in taps_of(2)]
    torch.manual_seed(0)  # of the dropout
    optimizer = torch.optim.SGD(decoder.parameters(), lr=1e-3)
    for _ in range(2):
        optimizer.step()
        optimizer.zero_grad()
        raw = decoder(taps)
        (raw * torch.rand(raw.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    assert all(tensor.grad is not None and tensor.grad.abs().sum() > 0 for tensor in (*decoder.parameters(), *taps))


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_start_and_torchs_generator_is_left_alone(name):
    before = torch.get_rng_state()
    one, same, other = (build(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not all(torch.equal(value, other[key]) for key, value in one.items())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_bias_starts_where_it_is_told(name):
    assert build(name, last_bias=-2.0).last.bias.tolist() == [-2]
    assert build(name).last.bias.tolist() == [0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [lambda taps: taps[:2], lambda taps: taps[::-1], lambda taps: [tap[0] for tap in taps]])
def test_other_taps_than_it_was_made_for_are_refused(name, change):
    with pytest.raises(InputError, match=r"reads taps of \(B, C, h, w\) with 4, 6, 8 channels; found shapes"):
        build(name)(change(taps_of(1)))
