"""SAM's decoder: its counts, its steps in order, its options."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.decoders import SamDecoder
from salquest.errors import InputError


def taps_of(pictures=2, channels=(6,), size=(6, 8)):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(pictures, count, *size, generator=generator) for count in channels]


def small(channels=(6,), **options):
    return SamDecoder(channels, **{"width": 4, "gaussians": 3, **options}).eval()


def test_one_convolution_behind_priors_has_6_758_912_parameters():
    with torch.device("meta"):
        decoder = SamDecoder((512,))
    assert [sum(parameter.numel() for parameter in layer.parameters()) for layer in decoder.prior_convolutions] == [6_758_912] * 2
    assert decoder.reduce is None


def test_the_forward_pass_written_out():
    decoder = small(last_bias=0.3)
    (tap,) = taps_of()
    weights = decoder.state_dict()

    def convolve(inputs, name, **options):
        return F.conv2d(inputs, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)

    with torch.no_grad():
        features = decoder.lstm(F.relu(convolve(tap, "reduce", padding=1)))
        for stage in (0, 1):
            maps = decoder.priors[stage]((6, 8))
            merged = torch.cat([features, torch.stack([maps, maps])], dim=1)
            features = F.relu(convolve(merged, f"prior_convolutions.{stage}", padding=8, dilation=4))
        torch.testing.assert_close(decoder([tap]), torch.einsum("bchw,c->bhw", features, weights["last.weight"][0, :, 0, 0]) + 0.3)


def test_the_two_sets_of_priors_are_different_ones():
    decoder = small()
    assert not torch.equal(decoder.priors[0].mu_x, decoder.priors[1].mu_x)


def test_taps_with_as_many_channels_as_the_width_are_not_reduced():
    assert small((4,)).reduce is None
    assert small((1, 3)).reduce is None
    assert small((5,)).reduce.kernel_size == (3, 3)
    assert small((5,), reduction=1).reduce.kernel_size == (1, 1)


def test_several_taps_meet_on_the_grid_of_the_first():
    decoder = small((2, 2))
    fine, coarse = taps_of(1, (2,))[0], taps_of(1, (2,), (3, 4))[0]
    with torch.no_grad():
        expected = torch.cat([fine, F.interpolate(coarse, size=(6, 8), mode="bilinear", align_corners=False)], dim=1)
        torch.testing.assert_close(decoder.reduced([fine, coarse]), expected)
        assert decoder([fine, coarse]).shape == (1, 6, 8)


def test_a_rectified_map_is_the_raw_one_without_its_negative_part():
    with torch.no_grad():
        raw, rectified = (small(last_bias=-0.01, activation_before_resize=option)(taps_of()) for option in (None, "relu"))
    assert raw.min() < 0 < raw.max()
    assert torch.equal(rectified, raw.clamp(min=0))


def test_a_small_start_is_almost_flat_around_its_bias():
    with torch.no_grad():
        full, start = small(last_bias=-3.0)(taps_of()), small(last_bias=-3.0, last_scale=0.1)(taps_of())
    torch.testing.assert_close(start + 3, (full + 3) * 0.1, atol=1e-6, rtol=1e-4)


def test_options_of_one_part_do_not_move_the_start_of_another():
    one, other = small().state_dict(), small((9,), steps=2, gaussians=5).state_dict()
    assert torch.equal(one["lstm.gate_state.weight"], other["lstm.gate_state.weight"])
    assert torch.equal(one["priors.0.mu_x"], small(steps=2).state_dict()["priors.0.mu_x"])


def test_training_steps_lower_the_loss():
    decoder, taps = small(last_scale=0.1).train(), taps_of()
    wanted = torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(3))
    optimizer = torch.optim.SGD(decoder.parameters(), lr=0.05)
    losses = []
    for _ in range(4):
        loss = (decoder(taps) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction": 2}, "reduction is an odd number of cells; found 2"),
        ({"prior_kernel": 4}, "prior_kernel is an odd number of cells; found 4"),
        ({"activation_before_resize": "sigmoid"}, "activation_before_resize is one of 'relu', None; found 'sigmoid'"),
        ({"steps": 0}, "one step or more"),
        ({"gaussians": 0}, "one Gaussian or more"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        small(**options)
