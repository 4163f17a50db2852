"""Regularisers: what is added to a loss to hold the map near something that is known before any picture is seen."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from salquest.losses.arguments import one_of, reduced, within

Reduce = Literal["mean", "sum"]


def r(values: Tensor, prior: Tensor, *, alpha: float = 0.1, reduce: Reduce = "mean") -> Tensor:
    """Centre-bias regulariser: alpha (p - B)^2 (Bruckert 2021, eq. 16).

    Whether pixels are averaged or added up is not printed. Beside LC1, at the paper's settings, the mean has 0.005 of its gradient and
    the sum 9 times it.

    Args:
        values: predicted maps, (B, H, W), in 0..1.
        prior: B, the mean of the training pictures' saliency maps, (B, H, W); no other part of the data may enter it.
        alpha: 0 or more.
        reduce: "mean" or "sum" over pixels.

    Returns:
        One value per picture, (B,); 0 where the map is the prior.

    Raises:
        InputError: a negative alpha.
    """
    one_of("reduce of r", reduce, Reduce)
    within("alpha of r", alpha, 0.0)
    return reduced(alpha * (values - prior).square(), reduce)
