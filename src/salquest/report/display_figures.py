"""Figures of models on search displays: psychometric curves, how soon targets are found, two ranks against each other, marked pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.report.figures import COLOURS, apart, figure_of, png_bytes, tidy
from salquest.report.table import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# classical models in full, deep ones dashed, baselines dotted
Line = Literal["-", "--", ":"]
STYLES: Mapping[str, Line] = {"classical": "-", "deep": "--", "baseline": ":"}
OTHER = "#555555"
PANELS = 4
# bands of more models would cover each other
MOST_BANDS = 6


@dataclass(frozen=True)
class CurvePanel:
    """One family's curves.

    Attributes:
        title, axis: for people.
        levels: along the axis, ascending; they stand at equal distances, as they were chosen in unequal steps.
        curves: model -> a score at each level; a level may be missing (None).
        chance: drawn as a grey line; one number, or one per level.
        limits: of the score.
    """

    title: str
    axis: str
    levels: Sequence[float]
    curves: Mapping[str, Sequence[Score | None]]
    chance: float | Sequence[float] | None = None
    limits: tuple[float, float] | None = (-0.03, 1.03)


def model_colours(kinds: Mapping[str, str]) -> dict[str, tuple[str, Line]]:
    """Model -> (colour, line style): colours go round, the style is that of its kind."""
    return {name: (COLOURS[place % len(COLOURS)], STYLES.get(kind, "-")) for place, (name, kind) in enumerate(kinds.items())}


def psychometric_figure(panels: Sequence[CurvePanel], kinds: Mapping[str, str], *, score: str) -> bytes:
    """A panel per family, a line per model, with a band for its interval where there are six or fewer, chance in grey.

    Args:
        panels: at least one.
        kinds: model -> "classical", "deep" or "baseline", in the order of the legend.
        score: what is drawn upwards.

    Raises:
        InputError: no panel.
    """
    if not panels:
        raise InputError("a figure of curves needs at least one panel")
    looks = model_colours(kinds)
    columns = min(PANELS, len(panels))
    lines = -(-len(panels) // columns)
    legend = 0.2 * -(-len(looks) // max(2, 2 * columns)) + 0.15
    figure = figure_of(max(4.6, 3.0 * columns), 2.35 * lines + legend)
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for number, (axis, panel) in enumerate(zip(axes.flat, panels, strict=False)):
        places = np.arange(len(panel.levels))
        if panel.chance is not None:
            axis.plot(places, np.broadcast_to(panel.chance, places.shape), color="#999999", linewidth=3, alpha=0.5, zorder=0)
        for name, scores in panel.curves.items():
            colour, style = looks[name]
            there = [(place, one) for place, one in zip(places, scores, strict=True) if one is not None and one.mean == one.mean]
            if there:
                x, found = zip(*there, strict=True)
                if len(panel.curves) <= MOST_BANDS:
                    axis.fill_between(x, [one.low for one in found], [one.high for one in found], color=colour, alpha=0.10, linewidth=0)
                axis.plot(x, [one.mean for one in found], style, color=colour, linewidth=1.5, marker="o", markersize=2.5)
        axis.set_xticks(places, [f"{level:g}" for level in panel.levels])
        axis.set_title(panel.title, fontsize=9)
        axis.set_xlabel(panel.axis, fontsize=8)
        if number % columns == 0:
            axis.set_ylabel(score, fontsize=8)
        if panel.limits is not None:
            axis.set_ylim(panel.limits)
        tidy(axis)
    _legend(figure, looks, max(2, 2 * columns))
    return png_bytes(figure)


def found_figure(found: Mapping[str, Mapping[int, float]], kinds: Mapping[str, str]) -> bytes:
    """Share of targets found within so many fixations, a line per model, on a logarithmic axis of fixations.

    Args:
        found: model -> number of fixations -> share in 0 … 1.
        kinds: as in `psychometric_figure`.
    """
    if not found:
        raise InputError("a figure of found targets needs at least one model")
    looks = model_colours(kinds)
    figure = figure_of(8.2, 3.6)
    axis = figure.subplots()
    for name, shares in found.items():
        colour, style = looks[name]
        axis.plot(list(shares), list(shares.values()), style, color=colour, linewidth=1.6, marker="o", markersize=3)
    axis.set_xscale("log")
    ticks = sorted({number for shares in found.values() for number in shares})
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("fixations", fontsize=9)
    axis.set_ylabel("targets found", fontsize=9)
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlim(min(ticks) * 0.9, max(ticks) * 1.05)
    ends = {name: (max(shares), shares[max(shares)]) for name, shares in found.items()}
    _name_at_the_side(axis, ends, {name: looks[name][0] for name in found})
    tidy(axis)
    return png_bytes(figure)


def two_ranks_figure(x: Mapping[str, Score], y: Mapping[str, Score], kinds: Mapping[str, str], *, x_title: str, y_title: str) -> bytes:
    """Models as points with intervals: photographs along, displays up, coloured by kind.

    Args:
        x, y: model -> score; those that stand in both are drawn.
        kinds: model -> kind.
        x_title, y_title: of the axes.
    """
    names = [name for name in x if name in y]
    if not names:
        raise InputError("no model has both scores")
    colours = {kind: COLOURS[place] for place, kind in enumerate(STYLES)}
    figure = figure_of(7.4, 4.6)
    axis = figure.subplots()
    for name in names:
        across, up, colour = x[name], y[name], colours.get(kinds.get(name, ""), OTHER)
        axis.plot([across.low, across.high], [up.mean, up.mean], color=colour, alpha=0.4)
        axis.plot([across.mean, across.mean], [up.low, up.high], color=colour, alpha=0.4)
        axis.plot(across.mean, up.mean, "o", color=colour, markersize=5)
    for kind in dict.fromkeys(kinds[name] for name in names):
        axis.plot([], [], "o", color=colours.get(kind, OTHER), label=kind)
    axis.legend(fontsize=8, frameon=False, loc="best")
    axis.margins(0.06)
    _name_at_the_side(
        axis, {name: (x[name].mean, y[name].mean) for name in names}, {n: colours.get(kinds.get(n, ""), OTHER) for n in names}
    )
    axis.set_xlabel(x_title, fontsize=9)
    axis.set_ylabel(y_title, fontsize=9)
    tidy(axis)
    return png_bytes(figure)


def ringed(pixels: NDArray[np.uint8], x: float, y: float, radius: float, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with a ring around (x, y), with a dark edge so that it is seen on any ground."""
    height, width = pixels.shape[:2]
    stroke = max(2.0, min(height, width) / 110)
    distance = np.abs(np.hypot(np.arange(width)[None, :] - x, np.arange(height)[:, None] - y) - radius)
    found = pixels.copy()
    found[distance <= stroke] = (0, 0, 0)
    found[distance <= stroke * 0.6] = colour
    return found


def contoured(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with the outline of a mask (H, W), with a dark edge so that it is seen on any ground."""
    from scipy.ndimage import distance_transform_edt

    stroke = max(2.0, min(pixels.shape[:2]) / 110)
    outside = distance_transform_edt(~mask)
    found = pixels.copy()
    found[(outside > 0) & (outside <= 2 * stroke)] = (0, 0, 0)
    found[(outside > 0.4 * stroke) & (outside <= 1.6 * stroke)] = colour
    return found


def _name_at_the_side(axis: Axes, points: Mapping[str, tuple[float, float]], colours: Mapping[str, str]) -> None:
    """Names right of an axis, each on a level with its point or as near as the others leave room, joined to it by a thin line."""
    bottom, top = axis.get_ylim()
    order = sorted(points, key=lambda name: points[name][1])
    for place, name in zip(apart([points[name][1] for name in order], 0.055 * (top - bottom), (bottom, top)), order, strict=True):
        share = (place - bottom) / (top - bottom)
        axis.annotate(
            name,
            points[name],
            (1.03, share),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            color=colours[name],
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[name], "linewidth": 0.5, "alpha": 0.5, "shrinkB": 3, "relpos": (0, 0.5)},
        )


def _legend(figure: Figure, looks: Mapping[str, tuple[str, Line]], columns: int) -> None:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=colour, ls=style, linewidth=1.6, label=name) for name, (colour, style) in looks.items()]
    figure.legend(handles=entries, loc="outside lower center", ncols=min(columns, len(entries)), fontsize=8, frameon=False)
