"""Level sets of several maps of one picture side by side: what smoother maps look like (Pan 2017, Figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError
from salquest.report.figures import figure_of, png_bytes


def level_set_figure(maps: Mapping[str, ArrayLike], shares: Sequence[float]) -> bytes:
    """One panel per map: the borders of the cells that hold its greatest values.

    Args:
        maps: name -> map (H, W), all of one picture.
        shares: of the picture's cells that the sets cover, each above 0 and up to 1.

    Raises:
        InputError: no map, or one that has not two axes.
    """
    if not maps or any(np.ndim(values) != 2 for values in maps.values()):
        raise InputError("level sets are drawn of one or more maps (H, W)")
    height, width = np.shape(next(iter(maps.values())))
    figure = figure_of(3.2 * len(maps), 0.5 + 3.2 * height / width)
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    for axis, (name, given) in zip(axes, maps.items(), strict=True):
        values = np.asarray(given, dtype=np.float64)
        levels = np.unique(np.quantile(values, [1 - share for share in shares]))
        axis.imshow(values, cmap="Greys", interpolation="nearest", alpha=0.25)
        if values.max() > values.min():
            axis.contour(values, levels=levels, cmap="inferno", linewidths=1.0)
        axis.set_title(name, fontsize=10)
        axis.set_axis_off()
    return png_bytes(figure)
