"""Our metrics as torchmetrics: one class, named by the metric; what it keeps are sums, so that several processes add up.

nss = SaliencyMetric("nss")
nss.update(saliency, fixations=fixations)       # (B, H, W), and a gaze.Fixations for each; or log it from a LightningModule
nss.compute()                                   # the mean over all pictures of all processes
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from salquest.errors import InputError, MissingExtra
from salquest.metrics import METRICS, Convention, Target
from salquest.metrics.catalogue import metric_named
from salquest.metrics.conventions import convention_named
from salquest.metrics.fixations import as_cells

try:
    from torchmetrics import Metric
except ImportError as error:
    raise MissingExtra("salquest.evaluation.doors.torchmetrics_door", "torchmetrics") from error


class SaliencyMetric(Metric):
    """The mean of one of our metrics over pictures.

    Args:
        name: a key of `salquest.metrics.METRICS`; not a metric that scores a whole set with one number.
        convention: whose definition; under one that averages over fixations (pysaliency) pictures weigh as many as they have.
        arguments: of the metric's function, before the convention's, such as {"repeats": False}.
        others: of `torchmetrics.Metric`.

    Attributes:
        higher_is_better: from the metric's card.
        total, weight: sum of the scores and of the pictures (or fixations) that they stand for, float64; both are summed over processes.
        unscored: pictures without a score (no fixations, for example): they are left out of the mean, and counted.

    Raises:
        UnknownName: no such metric or convention. InputError: a metric of a whole set.
    """

    is_differentiable = False
    full_state_update = False
    total: Tensor
    weight: Tensor
    unscored: Tensor

    def __init__(
        self, name: str, *, convention: str | Convention = "exact", arguments: dict[str, object] | None = None, **others: Any
    ) -> None:
        super().__init__(**others)
        self.card = metric_named(name)
        if self.card.set_level:
            possible = ", ".join(key for key, card in METRICS.items() if not card.set_level)
            raise InputError(f"{name} scores a whole set with one number and cannot be summed picture by picture; there are: {possible}")
        self.convention, self.arguments = convention_named(convention), dict(arguments or {})
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("weight", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("unscored", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool:
        """Whether a greater mean is better."""
        return self.card.direction == "up"

    def update(self, saliency: Tensor, target: Target | None = None, **pieces: Any) -> None:
        """Score the maps of a batch.

        Args:
            saliency: (B, H, W), or (H, W) for one picture.
            target: what the maps are compared against; or its fields by name: fixations, density, others, baseline.

        Raises:
            InputError: the target lacks what the metric needs, or as the metric raises.
        """
        if (target is None) == (not pieces):
            raise InputError(
                f"give a Target, or its fields by name ({', '.join(self.card.needs)}); found {'both' if pieces else 'neither'}"
            )
        seen = target if target is not None else Target(**pieces)
        found = self.card.compute(saliency, seen, convention=self.convention, **self.arguments)
        scores = np.atleast_1d(np.asarray(found.cpu() if isinstance(found, Tensor) else found, dtype=np.float64))
        weights = self._weights(seen, (int(saliency.shape[-2]), int(saliency.shape[-1])), len(scores))
        scored = ~np.isnan(scores)
        self.total += float((weights[scored] * scores[scored]).sum())
        self.weight += float(weights[scored].sum())
        self.unscored += int((~scored).sum())

    def compute(self) -> Tensor:
        """The mean over everything seen so far, a float64 scalar; NaN where nothing was scored."""
        return self.total / self.weight if self.weight > 0 else torch.full_like(self.total, float("nan"))

    def _weights(self, target: Target, size: tuple[int, int], pictures: int) -> np.ndarray:
        if self.convention.average == "pictures" or "fixations" not in self.card.needs or target.fixations is None:
            return np.ones(pictures)
        return np.array([held.sum() for held in as_cells(target.fixations, size).weights])
