"""Cross-entropies: every pixel of the map is a probability of its own, its target the saliency as a soft label.

All are computed from logits, so that no logarithm needs an eps. Bruckert 2021 prints sums over pixels; the mean is meant: at the paper's
learning rate the first step of the sum is longer than all weights together.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from salquest.errors import InputError
from salquest.losses.arguments import one_of, reduced, within
from salquest.losses.maps import Targets

Reduce = Literal["mean", "sum"]
FocalForm = Literal["meant", "printed", "lin"]


def bce(logits: Tensor, saliency: Tensor, *, reduce: Reduce = "mean", downsample: int = 1) -> Tensor:
    """Binary cross-entropy in nats (Bruckert 2021, eq. 7; SalGAN's content loss with downsample=4, Pan 2017, eq. 2 and section 5.1).

    Args:
        logits: log(p / (1 - p)) of predicted maps, (B, H, W).
        saliency: observed densities scaled to a maximum of 1, (B, H, W): soft targets, so the least value is their entropy, not 0.
        reduce: "mean" over pixels, or "sum" as printed.
        downsample: maps are reduced by this factor first: probabilities and targets are each averaged over squares of so many pixels a side,
            as SalGAN's released code does (averages of logits would be another loss); what does not fill a square is left out.

    Returns:
        One cross-entropy per picture, (B,).

    Raises:
        InputError: a factor that is no number of pixels from 1 to the shorter side.
    """
    one_of("reduce of bce", reduce, Reduce)
    if downsample == 1:
        return reduced(F.binary_cross_entropy_with_logits(logits, saliency, reduction="none"), reduce)
    # averages of p and of 1 - p, each by its logarithm: exact where a probability in float32 would be 0 or 1
    log_yes, log_no = (_log_mean(F.logsigmoid(sign * logits), downsample) for sign in (1, -1))
    target = _squares(saliency, downsample).mean(dim=-1)
    return reduced(-(target * log_yes + (1 - target) * log_no), reduce)


def wbce(logits: Tensor, saliency: Tensor, *, w: float = 0.9, reduce: Reduce = "mean") -> Tensor:
    """Weighted binary cross-entropy: w on what is salient, 1 - w on what is not (Bruckert 2021, eq. 8). At w = 0.5 it is half of bce.

    Its least value lies at w S / (w S + (1 - w) (1 - S)), not at the saliency S itself: 0.79 for 0.3 at w = 0.9.

    Args:
        logits: log(p / (1 - p)) of predicted maps, (B, H, W).
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        w: in 0..1; the paper tried 0.4 to 0.9.
        reduce: "mean" over pixels, or "sum" as printed.

    Returns:
        One cross-entropy per picture, (B,).

    Raises:
        InputError: a w outside 0..1.
    """
    one_of("reduce of wbce", reduce, Reduce)
    within("w of wbce", w, 0.0, 1.0)
    return reduced(w * saliency * F.softplus(-logits) + (1 - w) * (1 - saliency) * F.softplus(logits), reduce)


def focal(logits: Tensor, saliency: Tensor, *, gamma: float = 2.0, form: FocalForm = "meant", reduce: Reduce = "mean") -> Tensor:
    """Focal loss: pixels that are already right count less (Lin 2017; Bruckert 2021, eq. 9).

    With soft targets it is not proper: at gamma = 2 its least value lies at 0.306 for a saliency of 0.1 and at 0.694 for 0.9, so that it
    teaches a flatter map.

    Args:
        logits: log(p / (1 - p)) of predicted maps, (B, H, W).
        saliency: observed densities scaled to a maximum of 1, (B, H, W).
        gamma: 0 or more; 0 is bce.
        form: "meant" weighs the two terms by (1 - p)^gamma and p^gamma; "printed" by 1 - p^gamma and p^gamma, as in eq. 9; "lin" is
            "meant" with labels 0 or 1, as in Lin 2017, eq. 4: salient is what reaches half of the maximum.
        reduce: "mean" over pixels, or "sum" as printed.

    Returns:
        One loss per picture, (B,).

    Raises:
        InputError: a negative gamma.
    """
    one_of("form of focal", form, FocalForm)
    one_of("reduce of focal", reduce, Reduce)
    within("gamma of focal", gamma, 0.0)
    target = (saliency >= 0.5).to(saliency.dtype) if form == "lin" else saliency
    return reduced(_focal(logits, target, gamma, form), reduce)


def _focal(logits: Tensor, target: Tensor, gamma: float, form: FocalForm) -> Tensor:
    raised = gamma * F.logsigmoid(logits)  # log of p^gamma
    on_salient = -torch.expm1(raised) if form == "printed" else torch.exp(gamma * F.logsigmoid(-logits))
    return target * on_salient * F.softplus(-logits) + (1 - target) * torch.exp(raised) * F.softplus(logits)


def least_bce(targets: Targets, *, reduce: Reduce = "mean", downsample: int = 1) -> Tensor:
    """The value of bce at its own targets: their entropy."""
    target = _squares(targets.saliency, downsample).mean(dim=-1)
    return reduced(-torch.xlogy(target, target) - torch.xlogy(1 - target, 1 - target), reduce)


def least_wbce(targets: Targets, *, w: float = 0.9, reduce: Reduce = "mean") -> Tensor:
    """The least value of wbce, at w S / (w S + (1 - w) (1 - S))."""
    yes, no = w * targets.saliency, (1 - w) * (1 - targets.saliency)
    both = yes + no
    return reduced(torch.xlogy(both, both) - torch.xlogy(yes, yes) - torch.xlogy(no, no), reduce)


def least_focal(targets: Targets, *, gamma: float = 2.0, form: FocalForm = "meant", reduce: Reduce = "mean") -> Tensor:
    """The least value of focal, found pixel by pixel (it lies at another map than the saliency)."""
    if form == "lin":
        return torch.zeros_like(targets.saliency[:, 0, 0])
    saliency = targets.saliency
    # golden sections of a function with one valley in the logit; after 25 of them 80 / 1.618^25 = 5e-4 is left, and the value is as good as
    # the square of it, 1e-7
    low, high, share = torch.full_like(saliency, -40.0), torch.full_like(saliency, 40.0), (math.sqrt(5) - 1) / 2
    for _ in range(25):
        left, right = high - share * (high - low), low + share * (high - low)
        falls = _focal(left, saliency, gamma, form) > _focal(right, saliency, gamma, form)
        low, high = torch.where(falls, left, low), torch.where(falls, high, right)
    return reduced(_focal((low + high) / 2, saliency, gamma, form), reduce)


def _squares(maps: Tensor, side: int) -> Tensor:
    """Maps (B, H, W) cut into squares, (B, H // side, W // side, side * side)."""
    height, width = maps.shape[-2:]
    if not 1 <= side <= min(height, width):
        raise InputError(
            f"downsample of bce is {side}; it is a number of pixels from 1 to the shorter side, and maps are {height} x {width}"
        )
    rows, columns = height // side, width // side
    cut = maps[..., : rows * side, : columns * side].reshape(-1, rows, side, columns, side)
    return cut.transpose(2, 3).flatten(3)


def _log_mean(logarithms: Tensor, side: int) -> Tensor:
    return _squares(logarithms, side).logsumexp(dim=-1) - 2 * math.log(side)
