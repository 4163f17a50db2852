"""An expression made ready for a network: which activation it is paired with, and the value of each part for a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from salquest.errors import InputError
from salquest.losses.catalogue import LOSSES, LossCard
from salquest.losses.expression import Expression
from salquest.losses.maps import Activation, Prediction, Targets

# which activations give the form that a card asks for
ACTIVATIONS: Mapping[str, tuple[Activation, ...]] = {
    "values": ("relu", "sigmoid", "softmax"),
    "unit": ("relu", "sigmoid"),
    "density": ("relu", "sigmoid", "softmax"),
    "logits": ("sigmoid",),
}


@dataclass(frozen=True)
class Objective:
    """A weighted sum of losses paired with an activation; called with raw maps and targets it answers its parts.

    Attributes:
        expression: the sum.
        activation: what turns the network's raw map into values.
        losses: the catalogue that the names stand in.

    Raises:
        InputError: a term cannot be had from this activation.
    """

    expression: Expression
    activation: Activation
    losses: Mapping[str, LossCard] = field(default_factory=lambda: LOSSES)

    def __post_init__(self) -> None:
        for term in self.expression.terms:
            possible = ACTIVATIONS[self.losses[term.name].prediction]
            if self.activation not in possible:
                raise InputError(
                    f"{term.name} cannot be had from a {self.activation} map; it goes with the activation {' or '.join(possible)}"
                )

    def __call__(self, raw: Tensor, targets: Targets) -> dict[str, Tensor]:
        """The weighted parts, each (B,), by the terms' labels; what is lowered is their sum.

        Args:
            raw: the network's raw maps, (B, H, W).
            targets: of the same size.
        """
        if raw.shape != targets.density.shape:
            raise InputError(f"the prediction is {tuple(raw.shape)} but the targets are {tuple(targets.density.shape)}; maps are (B, H, W)")
        prediction = Prediction(raw, self.activation)
        parts = {}
        for term in self.expression.terms:
            card = self.losses[term.name]
            form = prediction.form("values" if card.prediction == "unit" else card.prediction)
            parts[term.label] = term.weight * card.compute(form, targets.form(card.against), **dict(term.arguments))
        return parts
