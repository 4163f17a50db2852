"""AttentiveConvLSTM: a recurrent layer that looks at the same features several times, each time weighted by another attention map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from salquest.errors import InputError

# Keras 1, by which the published network starts: deviation of "normal", gain of "orthogonal"
NORMAL_DEVIATION, ORTHOGONAL_GAIN = 0.05, 1.1


class AttentiveConvLSTM(nn.Module):
    """A convolutional LSTM over `steps` looks at the same features X (Cornia 2018, as released).

    From H(0) = C(0) = 0, and with . element by element:

        A(t) = softmax over all positions of V_a * tanh(W_a * H(t-1) + U_a * X)
        X~(t) = A(t) . X
        I, F, O = sigmoid(W * X~(t) + U * H(t-1)),  G = tanh(W * X~(t) + U * H(t-1)), each with W and U of its own
        C(t) = F . C(t-1) + I . G,  H(t) = O . tanh(C(t))

    Convolutions keep the size (zeros are padded); all but V_a have biases. With 512 channels 23 602 688 parameters. Start as published:
    W_a, U_a and the W of the gates normal with deviation 0.05, the U of the gates orthogonal with gain 1.1, V_a and biases zero: the
    first attention is therefore uniform, and the gates see X divided by the number of positions.

    Args:
        channels: of the features, of the attention and of the state.
        steps: looks, T.
        kernel: of all convolutions, odd.
        seed: of the start; torch's global generator is left as it was.

    Raises:
        InputError: no step, or an even kernel.
    """

    def __init__(self, channels: int = 512, *, steps: int = 4, kernel: int = 3, seed: int = 0) -> None:
        super().__init__()
        if steps < 1 or kernel < 1 or kernel % 2 == 0:
            raise InputError(f"an attentive LSTM takes one step or more and an odd kernel; found {steps} steps, kernel {kernel}")
        self.channels, self.steps = channels, steps
        pad = kernel // 2
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.attend_state = nn.Conv2d(channels, channels, kernel, padding=pad)  # W_a
            self.attend_input = nn.Conv2d(channels, channels, kernel, padding=pad)  # U_a
            self.attend = nn.Conv2d(channels, 1, kernel, padding=pad, bias=False)  # V_a
            # the four gates I, F, O, G are one convolution: the same numbers in fewer calls
            self.gate_input = nn.Conv2d(channels, 4 * channels, kernel, padding=pad)
            self.gate_state = nn.Conv2d(channels, 4 * channels, kernel, padding=pad)
            for layer in (self.attend_state, self.attend_input, self.gate_input):
                nn.init.normal_(layer.weight, 0.0, NORMAL_DEVIATION)
            with torch.no_grad():
                for gate in self.gate_state.weight.chunk(4):
                    nn.init.orthogonal_(gate, ORTHOGONAL_GAIN)
        nn.init.zeros_(self.attend.weight)
        for layer in (self.attend_state, self.attend_input, self.gate_input, self.gate_state):
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels, h, w) to the last state H(T) of the same shape, in -1..1."""
        return self._unroll(features)[0]

    def attention(self, features: Tensor) -> Tensor:
        """The attention maps A(1) to A(T) of features (B, channels, h, w): (B, steps, h, w), each summing to 1."""
        return torch.stack(self._unroll(features)[1], dim=1)

    def _unroll(self, features: Tensor) -> tuple[Tensor, list[Tensor]]:
        keys = self.attend_input(features)  # U_a * X is the same at every step
        state, cell = None, torch.zeros_like(features)
        attentions = []
        for _ in range(self.steps):
            energy: Tensor = self.attend(torch.tanh(_of_state(self.attend_state, state) + keys))
            attention = energy.flatten(1).softmax(dim=1).view_as(energy)
            gates = self.gate_input(features * attention) + _of_state(self.gate_state, state)
            write, keep, read, candidate = gates.chunk(4, dim=1)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(write) * torch.tanh(candidate)
            state = torch.sigmoid(read) * torch.tanh(cell)
            attentions.append(attention[:, 0])
        assert state is not None
        return state, attentions


def _of_state(layer: nn.Conv2d, state: Tensor | None) -> Tensor:
    """The layer of a state; of the first state, zero throughout, only the biases are left."""
    assert layer.bias is not None
    found: Tensor = layer.bias[:, None, None] if state is None else layer(state)
    return found
