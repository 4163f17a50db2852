"""What a network that names pictures lowers: binary cross-entropy of its logits."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from salquest.errors import InputError
from salquest.losses.expression import Term, parse
from salquest.losses.maps import Targets
from salquest.losses.objective import Objective


class LabelObjective(Objective):
    """An objective that asks for labels of whole pictures where others ask for maps.

    Called with logits (B, L) and targets whose `labels` are (B, L), it answers one part, "bce": per picture the binary cross-entropy of the
    logistic function of the logits, the mean over labels, in nats, (B,). Labels do not exclude each other.

    Raises:
        InputError: targets without labels, or of another shape than the logits.
    """

    def __init__(self) -> None:
        super().__init__(parse("bce"), "sigmoid")

    def _values(self, raw: Tensor, targets: Targets) -> list[tuple[Term, Tensor]]:
        if targets.labels is None or raw.shape != targets.labels.shape:
            found = "none" if targets.labels is None else f"{tuple(targets.labels.shape)}"
            raise InputError(f"the logits are {tuple(raw.shape)} but the labels are {found}; both are (B, L)")
        each = F.binary_cross_entropy_with_logits(raw.float(), targets.labels, reduction="none")
        return [(self.expression.terms[0], each.mean(dim=1))]
