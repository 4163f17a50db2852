"""Random numbers that are the same on every machine and under every numpy: made from the raw bits of PCG64 alone."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray


class Draws:
    """A stream of random numbers that is named by whole numbers, with named streams below it.

    numpy promises that the bits of PCG64 stay what they are, not that the methods of its Generator do; so every number here is made of bits.

    >>> Draws(7).whole(100), Draws(7, 1).whole(100)
    (76, 34)
    """

    def __init__(self, *seed: int) -> None:
        self._seed = seed
        self._bits = np.random.PCG64(list(seed))

    def of(self, name: str) -> Draws:
        """The stream of that name below this one: what is drawn from it does not depend on what else is drawn."""
        return Draws(*self._seed, zlib.crc32(name.encode()))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * ((int(self._bits.random_raw()) >> 11) * 2.0**-53)

    def whole(self, number: int) -> int:
        """One of 0 … number - 1."""
        return (int(self._bits.random_raw()) * number) >> 64

    def sign(self) -> int:
        """-1 or 1."""
        return 2 * self.whole(2) - 1

    def order(self, number: int) -> list[int]:
        """0 … number - 1 in random order (Fisher and Yates)."""
        found = list(range(number))
        for last in range(number - 1, 0, -1):
            other = self.whole(last + 1)
            found[last], found[other] = found[other], found[last]
        return found

    def normal(self) -> float:
        """A number of the standard normal distribution (Box and Muller)."""
        return math.sqrt(-2 * math.log(1 - self.uniform())) * math.cos(2 * math.pi * self.uniform())

    def uniforms(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """(height, width) numbers in [0, 1)."""
        return (self._bits.random_raw(size[0] * size[1]) >> np.uint64(11)).astype(np.float64).reshape(size) * 2.0**-53
