"""The attentive LSTM: its count, its equations one gate at a time, its attention."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.decoders import AttentiveConvLSTM
from salquest.errors import InputError


def features(pictures=2, channels=4, size=(5, 6)):
    return torch.randn(pictures, channels, *size, generator=torch.Generator().manual_seed(0))


def looking(**options):
    """A small one whose attention is no longer uniform and whose biases are no longer zero."""
    lstm = AttentiveConvLSTM(4, **options)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in lstm.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return lstm


def test_with_512_channels_it_has_23_602_688_parameters():
    with torch.device("meta"):
        lstm = AttentiveConvLSTM()
    assert sum(parameter.numel() for parameter in lstm.parameters()) == 23_602_688 == 2 * 2_359_808 + 4_608 + 8 * 2_359_808


def test_the_last_state_is_the_equations_written_out_gate_by_gate():
    lstm, seen = looking(), features()
    w = {key: value.detach() for key, value in lstm.named_parameters()}

    def convolve(inputs, name, gate=None):
        weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        return (
            F.conv2d(inputs, weight, bias, padding=1) if gate is None else F.conv2d(inputs, *(t[gate] for t in (weight, bias)), padding=1)
        )

    state, cell = torch.zeros_like(seen), torch.zeros_like(seen)
    for _ in range(4):
        energy = F.conv2d(torch.tanh(convolve(state, "attend_state") + convolve(seen, "attend_input")), w["attend.weight"], padding=1)
        weights = torch.exp(energy) / torch.exp(energy).sum(dim=(1, 2, 3), keepdim=True)
        looked = weights * seen
        i, f, o, g = (
            convolve(looked, "gate_input", slice(4 * n, 4 * n + 4)) + convolve(state, "gate_state", slice(4 * n, 4 * n + 4))
            for n in range(4)
        )
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        state = torch.sigmoid(o) * torch.tanh(cell)
    with torch.no_grad():
        torch.testing.assert_close(lstm(seen), state, atol=1e-6, rtol=1e-5)


def test_one_step_on_one_cell_by_hand():
    lstm = AttentiveConvLSTM(1, steps=1, kernel=1)
    with torch.no_grad():
        lstm.gate_input.weight.copy_(torch.tensor([1.0, 2, 3, 4]).view(4, 1, 1, 1))
        found = lstm(torch.full((1, 1, 1, 1), 0.5)).item()  # the only position has weight 1
    cell = 1 / (1 + math.exp(-0.5)) * math.tanh(2.0)
    assert found == pytest.approx(1 / (1 + math.exp(-1.5)) * math.tanh(cell), rel=1e-6)


def test_attention_starts_uniform_and_sums_to_one_when_it_has_learned():
    with torch.no_grad():
        start, later = AttentiveConvLSTM(4, steps=3).attention(features()), looking().attention(features())
    assert start.shape == (2, 3, 5, 6)
    torch.testing.assert_close(start, torch.full_like(start, 1 / 30))
    assert later.shape == (2, 4, 5, 6)
    torch.testing.assert_close(later.sum(dim=(2, 3)), torch.ones(2, 4))
    assert later.std() > 0.01
    assert not torch.allclose(later[:, 0], later[:, 3])  # it looks elsewhere once it remembers


def test_the_start_is_the_released_one():
    lstm = AttentiveConvLSTM(32)
    for layer in (lstm.attend_state, lstm.attend_input, lstm.gate_input):
        assert layer.weight.std().item() == pytest.approx(0.05, rel=0.05)
        assert layer.bias.abs().max() == 0
    assert lstm.attend.weight.abs().max() == 0
    assert lstm.gate_state.bias.abs().max() == 0
    for gate in lstm.gate_state.weight.detach().chunk(4):
        torch.testing.assert_close(gate.flatten(1) @ gate.flatten(1).T, 1.1**2 * torch.eye(32), atol=1e-5, rtol=1e-5)


def test_gradients_of_all_steps_are_right():
    lstm = looking(steps=3, kernel=1).double()
    torch.autograd.gradcheck(lstm, features(1, 4, (2, 2)).double().requires_grad_(), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("options", [{"steps": 0}, {"kernel": 2}])
def test_what_cannot_be_meant_is_refused(options):
    with pytest.raises(InputError, match="one step or more and an odd kernel"):
        AttentiveConvLSTM(4, **options)
