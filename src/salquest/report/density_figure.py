"""A density with its marginals: where people look on average, from left to right and from top to bottom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError
from salquest.report.figures import COLOURS, figure_of, png_bytes, tidy


def centre_bias_figure(density: ArrayLike, *, title: str = "") -> bytes:
    """A density as a heat map with its horizontal marginal above and its vertical one beside it (Bruckert 2021, figure 2).

    Marginals are told in multiples of looking everywhere alike, over position as a share of width and height, so that pictures of any size
    compare. Lines mark the middle of the picture and the mean of each marginal.

    Args:
        density: non-negative, any scale, (H, W).
        title: of the figure.

    Raises:
        InputError: no map of two axes, a negative or missing value, or zero everywhere.
    """
    values = np.asarray(density, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0).any() or values.sum() == 0:
        raise InputError(f"marginals are of a density (H, W): finite, never negative, not 0 everywhere; found shape {values.shape}")
    height, width = values.shape
    tall = 5.0 * height / width
    figure = figure_of(5.0 + 1.6, tall + 1.6)
    grid = figure.add_gridspec(2, 2, width_ratios=(5.0, 1.1), height_ratios=(1.1, tall))
    middle = figure.add_subplot(grid[1, 0])
    above, beside = figure.add_subplot(grid[0, 0], sharex=middle), figure.add_subplot(grid[1, 1], sharey=middle)
    middle.imshow(values, cmap="inferno", extent=(0, 1, 1, 0), aspect="auto", interpolation="nearest")
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    across, down = values.sum(axis=0) / values.sum(), values.sum(axis=1) / values.sum()
    above.fill_between(x, across * width, color=COLOURS[0], alpha=0.35, linewidth=0)
    above.plot(x, across * width, color=COLOURS[0], linewidth=1.4)
    beside.fill_betweenx(y, down * height, color=COLOURS[0], alpha=0.35, linewidth=0)
    beside.plot(down * height, y, color=COLOURS[0], linewidth=1.4)
    for axis, line, mean in ((above, above.axvline, (across * x).sum()), (beside, beside.axhline, (down * y).sum())):
        line(0.5, color="#666666", linewidth=0.9, linestyle="--")
        line(mean, color=COLOURS[1], linewidth=1.2, linestyle=":")
        tidy(axis)
    most = 1.08 * max(across.max() * width, down.max() * height)
    above.set_ylim(0, most)
    beside.set_xlim(0, most)
    above.set_ylabel("× uniform", fontsize=8)
    beside.set_xlabel("× uniform", fontsize=8)
    middle.set_xlabel("x / width", fontsize=9)
    middle.set_ylabel("y / height", fontsize=9)
    middle.tick_params(labelsize=8)
    above.tick_params(labelbottom=False)
    beside.tick_params(labelleft=False)
    corner = figure.add_subplot(grid[0, 1])
    corner.set_axis_off()
    corner.plot([], [], color="#666666", linewidth=0.9, linestyle="--", label="middle")
    corner.plot([], [], color=COLOURS[1], linewidth=1.2, linestyle=":", label="mean")
    corner.legend(loc="center", fontsize=8, frameon=False)
    above.set_title(title, fontsize=10, loc="left")
    return png_bytes(figure)
