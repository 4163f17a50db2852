"""How many looks a map needs: go to its greatest value, and where no target is, inhibit and go on."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError

Inhibition = Literal["square", "disc", "gaussian"]

# P3O3 stops after 99 failures, so that a target that was never found counts 100
LIMIT = 100
FOUND_WITHIN = (1, 2, 5, 10, 15, 25, 50, 100)


def fixations_to_find(
    saliency: ArrayLike,
    target: ArrayLike,
    *,
    inhibition_px: float,
    inhibition: Inhibition = "square",
    limit: int = LIMIT,
    seed: int | None = None,
) -> int:
    """Number of fixations until one lands on the target, with inhibition of return (the protocol of P3O3; Kotseruba 2019).

    The first is where S is greatest, in reading order among equals. Where it misses, a square, disc or Gaussian around it is inhibited.
    P3O3's program sets the square to 0, so that once all is inhibited it looks at pixel 0 for ever; here it becomes -infinity, and the search
    ends when nothing is left.

    Args:
        saliency: (H, W), any real numbers.
        target: mask (H, W) of where a fixation counts as found; P3O3 takes a disc as wide as the target.
        inhibition_px: side of the square, diameter of the disc, or standard deviation of the Gaussian; P3O3: the distractor's size.
        inhibition: "gaussian" multiplies what S has above its minimum by 1 - exp(-d² / 2 sigma²) and closes the fixated pixel itself.
        limit: the most fixations that are made.
        seed: add uniform noise of 1e-5 of the map's range, which orders equal values at random; None leaves the map alone.

    Returns:
        1 … limit, or limit + 1 where it was not found.

    Raises:
        InputError: shapes that differ, an empty target, or no area to inhibit.
    """
    values = np.array(saliency, dtype=np.float64)
    wanted = np.asarray(target) > 0
    if values.ndim != 2 or values.shape != wanted.shape:
        raise InputError(f"map and target are (H, W) of one size; found {values.shape} and {wanted.shape}")
    if not wanted.any():
        raise InputError("there is no pixel of the target to be found")
    if inhibition not in get_args(Inhibition):
        raise InputError(f"inhibition is {', '.join(get_args(Inhibition))}; found {inhibition!r}")
    if not inhibition_px > 0 or limit < 1:
        raise InputError(f"inhibition takes some pixels and a search some fixations; found {inhibition_px} px and a limit of {limit}")
    lowest, span = float(values.min()), float(np.ptp(values))
    if seed is not None:
        values += np.random.Generator(np.random.PCG64(seed)).uniform(0, 1e-5 * (span or 1.0), values.shape)
    # the greatest value of each row: a look then costs the rows that it inhibits, not the map
    greatest = values.max(axis=1)
    for count in range(1, limit + 1):
        row = int(greatest.argmax())
        if greatest[row] == -np.inf:
            return limit + 1
        column = int(values[row].argmax())
        if wanted[row, column]:
            return count
        rows = _inhibit(values, row, column, inhibition_px, inhibition, lowest)
        greatest[rows] = values[rows].max(axis=1)
    return limit + 1


def search_disc(size: tuple[int, int], x: float, y: float, diameter: float) -> np.ndarray:
    """The disc (H, W) within which a fixation counts as on the target."""
    rows, columns = np.arange(size[0])[:, None] - y, np.arange(size[1])[None, :] - x
    return rows**2 + columns**2 <= max(diameter / 2, 0.5) ** 2


def _inhibit(values: np.ndarray, row: int, column: int, pixels: float, kind: Inhibition, lowest: float) -> slice:
    """Inhibit around a pixel; the rows in which values may have changed."""
    half = pixels / 2 if kind != "gaussian" else 4 * pixels
    top, left = max(0, int(row - half)), max(0, int(column - half))
    # a square of less than two pixels still covers the pixel that was looked at
    rows = slice(top, max(row + 1, int(row + half)))
    window = values[rows, left : max(column + 1, int(column + half))]
    if kind == "square":
        window[...] = -np.inf
        return rows
    down, along = np.arange(window.shape[0])[:, None] + top - row, np.arange(window.shape[1])[None, :] + left - column
    distance = down**2 + along**2
    if kind == "disc":
        window[distance <= max(half, 0.5) ** 2] = -np.inf
    else:
        window[...] = lowest + (window - lowest) * (1 - np.exp(-distance / (2 * pixels**2)))
        values[row, column] = -np.inf
    return rows
