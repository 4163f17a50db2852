"""An expression made ready for a network: which activation it is paired with, and the value of each part for a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from salquest.errors import InputError
from salquest.losses.catalogue import LOSSES, LossCard
from salquest.losses.expression import Argument, Expression, Term, parameters_of
from salquest.losses.maps import Activation, Prediction, Targets
from salquest.losses.perceptual import FeatureSource

# which activations give the form that a card asks for
ACTIVATIONS: Mapping[str, tuple[Activation, ...]] = {
    "raw": ("relu", "sigmoid", "softmax"),
    "values": ("relu", "sigmoid", "softmax"),
    "unit": ("relu", "sigmoid"),
    "density": ("relu", "sigmoid", "softmax"),
    "logits": ("sigmoid",),
}


@dataclass(frozen=True)
class Objective:
    """A weighted sum of losses paired with an activation; called with raw maps and targets it answers its parts.

    With a softmax, losses that have a form for logarithms of densities are computed in it: no eps, bounded gradients. A term that gives
    an argument which only the other form has, such as `kld(eps=1e-6)`, is computed as it says.

    Attributes:
        expression: the sum.
        activation: what turns the network's raw map into values.
        losses: the catalogue that the names stand in.
        features: where perceptual losses get features from (`salquest.encoders.perceive`).

    Raises:
        InputError: a term cannot be had from this activation, or needs features and there are none.
    """

    expression: Expression
    activation: Activation
    losses: Mapping[str, LossCard] = field(default_factory=lambda: LOSSES)
    features: FeatureSource | None = None

    def __post_init__(self) -> None:
        for term in self.expression.terms:
            card = self.losses[term.name]
            possible = ACTIVATIONS[card.prediction]
            if self.activation not in possible:
                raise InputError(
                    f"{term.name} cannot be had from a {self.activation} map; it goes with the activation {' or '.join(possible)}"
                )
            if card.features and self.features is None:
                raise InputError(f"{term.name} compares the features of an image network; give the objective its features")

    def __call__(self, raw: Tensor, targets: Targets, *, epoch: float = math.inf) -> dict[str, Tensor]:
        """The weighted parts, each (B,), by the terms' labels; what is lowered is their sum.

        Args:
            raw: the network's raw maps, (B, H, W).
            targets: of the same size.
            epoch: how far training is, in epochs and fractions; weights are those of this moment, the final ones by default.

        Raises:
            InputError: sizes that differ, or targets without what a term is compared with.
        """
        return {term.label: term.weight.at(epoch) * value for term, value in self._values(raw, targets)}

    @property
    def taught(self) -> tuple[Term, ...]:
        """The terms that compare with what teachers say."""
        return tuple(term for term in self.expression.terms if "teacher" in (self.losses[term.name].against, *self.losses[term.name].also))

    def of_gaze(self) -> Objective:
        """The objective without the terms that compare with what teachers say: what validation asks.

        Raises:
            InputError: there is no other term.
        """
        terms = tuple(term for term in self.expression.terms if term not in self.taught)
        if not terms:
            raise InputError(
                f"{self.expression} compares with teachers alone; add a term about gaze, such as kld, which validation can ask"
            )
        return replace(self, expression=Expression(terms)) if self.taught else self

    def gaps(self, raw: Tensor, targets: Targets) -> dict[str, Tensor]:
        """How far each term is from its best, (B,), unweighted and never negative, by the terms' labels.

        The best is 0 for a distance, 1 for cc and sim, and depends on the picture for others, such as nss (what the fixations allow) and
        bce (the entropy of its targets); see `LossCard.best`.

        Raises:
            InputError: as for a call, and a term that is raised and whose card names no best.
        """
        return {term.label: (self._best(term, targets) - value).abs() for term, value in self._values(raw, targets)}

    def _values(self, raw: Tensor, targets: Targets) -> list[tuple[Term, Tensor]]:
        if raw.shape != targets.density.shape:
            raise InputError(f"the prediction is {tuple(raw.shape)} but the targets are {tuple(targets.density.shape)}; maps are (B, H, W)")
        prediction = Prediction(raw, self.activation)
        features = None if self.features is None else _SeenOnce(self.features)
        return [(term, self._value(term, prediction, targets, features)) for term in self.expression.terms]

    def _value(self, term: Term, prediction: Prediction, targets: Targets, features: FeatureSource | None) -> Tensor:
        card, arguments = self.losses[term.name], self._arguments(term)
        wanted: list[object] = [targets.form(name) for name in (card.against, *card.also)]
        if card.features:
            wanted.append(self.features)
        of_log = card.of_log_density
        if self.activation == "softmax" and of_log is not None and dict(term.arguments).keys() <= parameters_of(of_log).keys():
            return of_log(prediction.log_density, *wanted, **arguments)
        return card.compute(prediction.form(card.prediction), *wanted, **arguments)

    def _best(self, term: Term, targets: Targets) -> float | Tensor:
        card = self.losses[term.name]
        if callable(card.best):
            with torch.no_grad():
                return card.best(targets, **self._arguments(term))
        if card.best is None and card.direction == "up":
            raise InputError(f"{term.name} is raised, and its card names no best value; give the card its 'best'")
        return card.best or 0.0

    def _arguments(self, term: Term) -> dict[str, Argument]:
        """A term's arguments by the names that Python has for them."""
        names = {key: parameter.name for key, parameter in parameters_of(self.losses[term.name].compute).items()}
        return {names[key]: value for key, value in term.arguments}


class _SeenOnce:
    """A feature source that looks at each map once, however many terms ask: df and gm share the costly pass."""

    def __init__(self, source: FeatureSource) -> None:
        self._source = source
        self._seen: dict[tuple[object, ...], tuple[Tensor, Sequence[Tensor]]] = {}

    def __call__(self, encoder: str, weights: str, stages: str, input: str) -> Callable[[Tensor], Sequence[Tensor]]:  # noqa: A002
        asked = (encoder, weights, stages, input)

        def see(maps: Tensor) -> Sequence[Tensor]:
            key = (*asked, id(maps), torch.is_grad_enabled())
            if key not in self._seen:
                self._seen[key] = (maps, self._source(*asked)(maps))  # the map is kept so that its id stays its own
            return self._seen[key][1]

        return see
