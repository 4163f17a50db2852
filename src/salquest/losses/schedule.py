"""The weight of a term: one number, or one that changes while training goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Schedule = Literal["constant", "ramp", "step"]
SCHEDULES = {"ramp": "epochs", "step": "epoch"}
"""The schedules that an expression can write, and what each calls its time: `ramp(0, 1, epochs=5)`, `step(0, 1, epoch=3)`."""


@dataclass(frozen=True)
class Weight:
    """A signed weight as a function of the epoch.

    Attributes:
        final: what it is in the end, and always if it is constant.
        first: what it is at epoch 0.
        schedule: "ramp" goes from first to final in a straight line, "step" at once.
        epochs: when it has arrived; fractions of an epoch count.
    """

    final: float
    first: float | None = None
    schedule: Schedule = "constant"
    epochs: float = 0.0

    def at(self, epoch: float) -> float:
        """The weight at an epoch, 0 being the start of the first; infinity for the final one."""
        if self.first is None or epoch >= self.epochs:
            return self.final
        return self.first if self.schedule == "step" else self.first + (self.final - self.first) * max(epoch, 0.0) / self.epochs

    def times(self, factor: float) -> Weight:
        """The weight, its schedule unchanged, multiplied by a number."""
        return Weight(factor * self.final, None if self.first is None else factor * self.first, self.schedule, self.epochs)

    @property
    def sign(self) -> float:
        """-1 or 1; a schedule has one sign throughout."""
        return -1.0 if self.final < 0 or (self.first or 0.0) < 0 else 1.0

    def __str__(self) -> str:
        """Without its sign, as an expression writes it: `2`, `ramp(0, 1, epochs=5)`."""
        if self.first is None:
            return written_number(abs(self.final))
        levels = ", ".join(written_number(abs(level)) for level in (self.first, self.final))
        return f"{self.schedule}({levels}, {SCHEDULES[self.schedule]}={written_number(self.epochs)})"


def written_number(value: float) -> str:
    """Every digit, for weights that differ name different runs; whole numbers without a fraction."""
    return repr(float(value)).removesuffix(".0")
