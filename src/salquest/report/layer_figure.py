"""Figures along the layers of networks: one panel per measure, one line per pair of networks, layers from the picture inwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salquest.errors import InputError
from salquest.report.figures import LEGEND_LINE, LETTER, figure_of, line_look, png_bytes, tidy
from salquest.report.table import Score

PANELS = 3
# of layers whose names are written below the axis
NAMED = 12


@dataclass(frozen=True)
class LayerPanel:
    """One measure along the layers.

    Attributes:
        title: above the panel.
        lines: name -> its value at each layer; None where it cannot be said.
        limits: of the measure; the data's own where they are not given.
    """

    title: str
    lines: Mapping[str, Sequence[Score | None]]
    limits: tuple[float, float] | None = None


def layer_figure(panels: Sequence[LayerPanel], layers: Sequence[str]) -> bytes:
    """Panels side by side; a band is the interval of a value that has one.

    Args:
        panels: at least one.
        layers: names, in the order of the network.

    Raises:
        InputError: no panel.
    """
    if not panels:
        raise InputError("a figure along the layers needs at least one panel")
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    columns = min(PANELS, len(panels))
    rows = -(-len(panels) // columns)
    figure = figure_of(max(4.6, 3.7 * columns), 2.3 * rows + 0.3 + LEGEND_LINE * len(names) + LETTER * max(map(len, layers), default=0))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    places = np.arange(len(layers))
    for number, (axis, panel) in enumerate(zip(axes.flat, panels, strict=False)):
        for name, scores in panel.lines.items():
            there = [(place, one) for place, one in zip(places, scores, strict=True) if one is not None]
            if there:
                x, found = zip(*there, strict=True)
                look = line_look(names.index(name))
                low, high = ([one.low for one in found], [one.high for one in found])
                axis.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)
                axis.plot(x, [one.mean for one in found], label=name, **look)
        axis.set_title(panel.title, fontsize=9)
        if panel.limits is not None:
            axis.set_ylim(panel.limits)
        every = -(-len(layers) // NAMED)
        axis.set_xticks(places[::every], [*layers][::every], rotation=90)
        axis.tick_params(labelbottom=number + columns >= len(panels))
        if number + columns >= len(panels):
            axis.set_xlabel("layer", fontsize=8)
        tidy(axis)
    handles = {line.get_label(): line for axis in axes.flat for line in axis.lines}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", fontsize=8, frameon=False)
    return png_bytes(figure)
