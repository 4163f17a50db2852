"""COCO's run lengths: a mask as counts of pixels, 0 and 1 by turns, down the columns; written out, or packed into letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError


def unpacked(letters: str) -> list[int]:
    """The counts that a packed string holds: six bits a letter, five of them digits and one that says "more"; from the fourth count on
    each is told as its difference to the one two before.

    Raises:
        InputError: letters that are none of it.
    """
    counts: list[int] = []
    at = 0
    while at < len(letters):
        value, shift, more = 0, 0, True
        while more:
            if at == len(letters) or shift > 50:
                raise InputError("run lengths that end within a number")
            code = ord(letters[at]) - 48
            if not 0 <= code < 64:
                raise InputError(f"run lengths with the letter {letters[at]!r}")
            value |= (code & 31) << shift
            more, shift, at = bool(code & 32), shift + 5, at + 1
            if not more and code & 16:
                value -= 1 << shift  # a negative difference
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def packed(counts: Sequence[int]) -> str:
    """Counts as a string; `unpacked` takes it back."""
    letters = []
    for number, count in enumerate(counts):
        value = count - (counts[number - 2] if number > 2 else 0)
        more = True
        while more:
            code = value & 31
            value >>= 5
            more = value != (-1 if code & 16 else 0)
            letters.append(chr(48 + (code | (32 if more else 0))))
    return "".join(letters)


def mask_of_runs(counts: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask (H, W) of a list of counts, the first one of zeros.

    Raises:
        InputError: negative counts, or counts that do not cover the picture exactly.
    """
    height, width = size
    # summed as Python's numbers, which do not overflow
    if any(count < 0 for count in counts) or sum(counts) != height * width:
        raise InputError(f"run lengths of {sum(counts):,} pixels for a mask of {width} x {height}")
    values = np.repeat(np.arange(len(counts)) % 2 == 1, np.asarray(counts, dtype=np.int64))
    return values.reshape(width, height).T
