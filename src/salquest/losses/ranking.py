"""Ranking losses: smooth stand-ins for the area under the ROC curve, which asks only that fixated cells lie above others.

Each pair of a fixated cell i and another cell j costs softplus(z_j - z_i), the logarithm of 1 + exp: an upper bound of the pair's error in
units of log 2, with a gradient where the step of the true curve has none.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

PAIRS = 500_000  # of a picture, at most: all of them for 120 fixations on a map of 60 x 68
GOLDEN = 0.6180339887498949


def auc(raw: Tensor, counts: Tensor) -> Tensor:
    """Smooth area under the curve: fixated cells against all others (pairwise logistic loss, Burges 2005).

    On maps with more than 500 000 pairs the other cells are a fixed subset that is spread evenly over the map; no draw is involved.

    Args:
        raw: maps, (B, H, W), any real values; offset does not matter, scale does.
        counts: fixations per cell, (B, H, W): how much each fixated cell weighs.

    Returns:
        One value per picture, (B,): ln 2 for a constant map, towards 0 the better the order; 0 where all or no cells are fixated.
    """
    return _pairwise(raw, counts, (counts <= 0).to(raw.dtype))


def sauc(raw: Tensor, counts: Tensor, elsewhere: Tensor) -> Tensor:
    """Smooth shuffled area under the curve: fixated cells against those fixated in other pictures, so that the centre bias earns nothing.

    Args:
        raw: maps, (B, H, W), any real values; offset does not matter, scale does.
        counts: fixations per cell, (B, H, W): how much each fixated cell weighs.
        elsewhere: fixations of other pictures per cell, (B, H, W): how much each other cell weighs. Cells that are fixated in this
            picture too are left out.

    Returns:
        One value per picture, (B,): ln 2 for a constant map, towards 0 the better the order; 0 where there is no pair.
    """
    return _pairwise(raw, counts, elsewhere * (counts <= 0))


def _pairwise(raw: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """The weighted mean over pairs, (B,); pictures one by one, for each has its own number of pairs."""
    return torch.stack([_picture(*three) for three in zip(raw.flatten(1), positive.flatten(1), negative.flatten(1), strict=True)])


def _picture(raw: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    fixated, others = positive.nonzero()[:, 0], negative.nonzero()[:, 0]
    if not len(fixated) or not len(others):
        return (raw * 0).sum()
    number = max(1, PAIRS // len(fixated))
    if len(others) > number:
        # steps of the golden section fill an interval evenly and fall into no step with the rows, as equal steps can
        share = torch.arange(number, dtype=torch.float64, device=raw.device) * GOLDEN % 1
        others = others[(share * len(others)).long()]
    weights = positive[fixated][:, None] * negative[others][None, :]
    losses = F.softplus(raw[others][None, :] - raw[fixated][:, None])
    return (weights * losses).sum() / weights.sum()
