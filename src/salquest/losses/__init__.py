"""What training lowers: pure functions of maps (B, H, W) that answer one number per picture, and sums of them written as in the papers.

A new loss is a function in the file of its family and one card in `catalogue.LOSSES`. Torch lives here; the yardsticks of the same name
in `salquest.metrics` share no code with these on purpose: what measures must not repeat the mistake of what is measured.
"""

from salquest.losses.catalogue import LOSSES, LossCard
from salquest.losses.distribution import kld
from salquest.losses.expression import Expression, Term, parse
from salquest.losses.maps import Activation, Prediction, Targets
from salquest.losses.objective import Objective
from salquest.losses.pixel import bce, mse
from salquest.losses.saliency import cc, nss
from salquest.losses.transport import emd

__all__ = [
    "LOSSES",
    "Activation",
    "Expression",
    "LossCard",
    "Objective",
    "Prediction",
    "Targets",
    "Term",
    "bce",
    "cc",
    "emd",
    "kld",
    "mse",
    "nss",
    "parse",
]
