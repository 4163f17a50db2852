"""The screen that displays are drawn on: its size, its pixels per degree, and the lengths that go with them."""

from __future__ import annotations

from dataclasses import dataclass

from salquest.errors import InputError

# all lengths of the families are told for a screen of 1024 pixels at 35 a degree, as P3 has it (Kotseruba 2019)
REFERENCE, REFERENCE_PER_DEGREE = 1024, 35.0
SMALLEST = 192


@dataclass(frozen=True)
class Canvas:
    """A screen of (height, width) pixels on which the shorter side always takes 29.3 degrees, so that a smaller one is the same view, coarser.

    Raises:
        InputError: a side below 192 pixels, where strokes get thinner than a pixel, or above 4096.
    """

    size: tuple[int, int] = (REFERENCE, REFERENCE)

    def __post_init__(self) -> None:
        if not SMALLEST <= min(self.size) <= max(self.size) <= 4096:
            raise InputError(f"a display is {SMALLEST} to 4096 pixels a side; found {self.size[1]}x{self.size[0]}")

    @property
    def scale(self) -> float:
        """Pixels here for a pixel of the 1024-pixel screen."""
        return min(self.size) / REFERENCE

    @property
    def pixels_per_degree(self) -> float:
        """Of visual angle."""
        return REFERENCE_PER_DEGREE * self.scale

    def px(self, length: float) -> float:
        """A length told in pixels of the 1024-pixel screen, in pixels here."""
        return length * self.scale

    def cells(self, across: int) -> list[tuple[float, float]]:
        """Centres (x, y) of square cells, `across` of them along the shorter side, row by row, in the middle of the screen."""
        pitch = min(self.size) / across
        rows, columns = self.size[0] // pitch, self.size[1] // pitch
        left, top = (self.size[1] - columns * pitch) / 2, (self.size[0] - rows * pitch) / 2
        return [
            (left + (column + 0.5) * pitch - 0.5, top + (row + 0.5) * pitch - 0.5)
            for row in range(int(rows))
            for column in range(int(columns))
        ]

    def grid(self, across: int) -> tuple[int, int]:
        """(rows, columns) of those cells."""
        pitch = min(self.size) / across
        return int(self.size[0] // pitch), int(self.size[1] // pitch)
