"""The losses by name. Adding one is a function in the file of its family, a card here, and a golden value in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from salquest.losses.distribution import kld
from salquest.losses.pixel import bce, mse
from salquest.losses.saliency import cc, nss
from salquest.losses.transport import emd


@dataclass(frozen=True)
class LossCard:
    """What is known about a loss; command line, tables, tests and objectives read this and nothing else.

    Attributes:
        compute: (prediction, target, **arguments) -> one number per picture, (B,).
        prediction: the form of the map that it takes: "values" (any activation), "unit" (values in 0..1), "density" or "logits".
        against: the form of the target: "saliency" (maximum 1), "density" (sum 1) or "counts" (fixations per cell).
        direction: "down" if less is better, "up" if more is.
        family: pixel, distribution or saliency.
        range: of the value, for people.
        source: who defined it, and the equation.
        title: one line for people.
    """

    compute: Callable[..., Tensor]
    prediction: Literal["values", "unit", "density", "logits"]
    against: Literal["saliency", "density", "counts"]
    direction: Literal["down", "up"]
    family: Literal["pixel", "distribution", "saliency"]
    range: str
    source: str
    title: str


LOSSES: Mapping[str, LossCard] = {
    "mse": LossCard(mse, "unit", "saliency", "down", "pixel", "0..1", "Bruckert 2021, eq. 1", "mean squared error"),
    "bce": LossCard(
        bce, "logits", "saliency", "down", "pixel", "entropy of the target..inf", "Bruckert 2021, eq. 7", "binary cross-entropy"
    ),
    "kld": LossCard(
        kld, "density", "density", "down", "distribution", "0..inf nats", "Bruckert 2021, eq. 5", "Kullback-Leibler divergence"
    ),
    "emd": LossCard(
        emd,
        "density",
        "density",
        "down",
        "distribution",
        "0..39 bins",
        "Feydy 2019; Cuturi 2013",
        "earth mover's distance (Sinkhorn divergence)",
    ),
    "cc": LossCard(cc, "values", "density", "up", "saliency", "-1..1", "Bruckert 2021, eq. 12", "Pearson's correlation"),
    "nss": LossCard(nss, "values", "counts", "up", "saliency", "any", "Bruckert 2021, eq. 11", "normalised scanpath saliency"),
}
