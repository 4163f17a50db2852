"""Arguments of losses, checked where they are used: one sentence for a value that cannot be meant."""

from __future__ import annotations

from typing import get_args

from torch import Tensor

from salquest.errors import InputError, nearest


def one_of(name: str, value: str, choices: object) -> None:
    """Refuse a value that is none of a Literal's.

    Raises:
        InputError: names the argument and all its values.
    """
    known = get_args(choices)
    if value not in known:
        raise InputError(f"{name} is {value!r}{nearest(value, known)}; it is one of: {', '.join(known)}")


def within(name: str, value: float, low: float, high: float = float("inf")) -> None:
    """Refuse a number outside low..high, both ends included.

    Raises:
        InputError: names the argument and its range.
    """
    if not low <= value <= high:
        raise InputError(f"{name} is {value:g}; it lies within {low:g}..{high:g}")


def reduced(values: Tensor, reduce: str) -> Tensor:
    """The mean or the sum of each map, (B, H, W) to (B,)."""
    return values.mean(dim=(-2, -1)) if reduce == "mean" else values.sum(dim=(-2, -1))
