"""Figures that set models against each other: average ranks with their critical difference, and picture by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.report.figures import COLOURS, apart, figure_of, png_bytes, tidy

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankLine:
    """The average ranks of models under one metric; `groups` are those that are not told apart, `remark` stands below the title."""

    title: str
    ranks: Mapping[str, float]
    critical_difference: float
    groups: Sequence[Sequence[str]]
    remark: str = ""


@dataclass(frozen=True)
class PictureScatter:
    """Two models' scores of the same pictures.

    Attributes:
        title: the metric with its unit and direction.
        first, second: the models, on x and y.
        x, y: their scores, one per picture.
        keys: the pictures.
        up_is_better: which side of the diagonal is whose.
    """

    title: str
    first: str
    second: str
    x: Sequence[float]
    y: Sequence[float]
    keys: Sequence[str]
    up_is_better: bool = True


def critical_difference_figure(lines: Sequence[RankLine]) -> bytes:
    """One axis of average ranks per metric, best on the right (Demšar 2006): a thick line joins models that are not told apart."""
    deepest = max((len(line.ranks) + 1) // 2 for line in lines)
    height = 1.25 + 0.24 * deepest + 0.1 * max(len(line.groups) for line in lines)
    longest = max(len(name) for line in lines for name in line.ranks)
    figure = figure_of(6.0 + 0.17 * longest, height * len(lines))
    axes = figure.subplots(len(lines), 1, squeeze=False)[:, 0]
    for axis, line in zip(axes, lines, strict=True):
        number = len(line.ranks)
        order = sorted(line.ranks, key=lambda name: line.ranks[name])
        axis.set_xlim(number + 0.05, 0.95)
        bars = 0.35 * len(line.groups)
        axis.set_ylim(-0.7 - bars - 0.9 * deepest, 1.3)
        axis.hlines(0, 1, number, color="black", linewidth=1)
        for tick in range(1, number + 1):
            axis.vlines(tick, 0, 0.15, color="black", linewidth=1)
            axis.text(tick, 0.2, str(tick), ha="center", va="bottom", fontsize=8)
        for level, group in enumerate(line.groups):
            place = -0.3 - 0.35 * level
            ends = [line.ranks[name] for name in group]
            axis.hlines(place, min(ends) - 0.012 * number, max(ends) + 0.012 * number, color=COLOURS[0], linewidth=4)
        for position, name in enumerate(order):
            # the better half is named on the right, from the inside out; the other half on the left
            right = position < (number + 1) // 2
            depth = position if right else number - 1 - position
            place = -0.9 - bars - 0.9 * depth
            edge = 1.0 if right else float(number)
            axis.plot([line.ranks[name], line.ranks[name], edge], [0, place, place], color="#666666", linewidth=0.9)
            axis.annotate(
                f"{name}  {line.ranks[name]:.2f}" if right else f"{line.ranks[name]:.2f}  {name}",
                (edge, place),
                xytext=(5 if right else -5, 0),
                textcoords="offset points",
                ha="left" if right else "right",
                va="center",
                fontsize=9,
                annotation_clip=False,
            )
        shown = min(line.critical_difference, number - 1.0)
        axis.hlines(1.0, number, number - shown, color=COLOURS[1], linewidth=2)
        at_least = "" if shown == line.critical_difference else " (longer than the axis)"
        axis.annotate(
            f"critical difference {line.critical_difference:.2f}{at_least}",
            (number - shown, 1.0),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=COLOURS[1],
        )
        axis.set_title(f"{line.title}{f' — {line.remark}' if line.remark else ''}", fontsize=10, loc="left")
        axis.set_axis_off()
    return png_bytes(figure)


def scatter_figure(panels: Sequence[PictureScatter], *, named: int = 4) -> bytes:
    """One panel per metric: a point per picture, the diagonal where both models are alike, the pictures that differ most by name.

    Args:
        panels: at least one.
        named: how many pictures are named.
    """
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    figure = figure_of(4.1 * across, 4.1 * down)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes, panels, strict=False):
        x, y = np.asarray(panel.x, dtype=np.float64), np.asarray(panel.y, dtype=np.float64)
        there = ~(np.isnan(x) | np.isnan(y))
        both = np.concatenate([x[there], y[there]]) if there.any() else np.array([0.0, 1.0])
        low, high = float(both.min()), float(both.max())
        margin = 0.05 * (high - low) or 0.5
        limits = (low - margin, high + margin)
        axis.plot(limits, limits, color="#999999", linewidth=1, zorder=1)
        axis.scatter(x[there], y[there], s=14, color=COLOURS[0], alpha=0.55, linewidths=0, zorder=2)
        differences = np.where(there, np.abs(x - y), -1.0)
        most = np.argsort(-differences, kind="stable")[: min(named, int(there.sum()))]
        axis.scatter(x[most], y[most], s=26, facecolors="none", edgecolors=COLOURS[1], linewidths=1.2, zorder=3)
        order = sorted(most, key=lambda i: y[i])
        for position, place in zip(order, apart(y[order], 0.04 * (limits[1] - limits[0]), limits), strict=True):
            leftwards = x[position] > (limits[0] + limits[1]) / 2
            axis.annotate(
                panel.keys[position],
                (x[position], place),
                xytext=(-6 if leftwards else 6, 0),
                textcoords="offset points",
                ha="right" if leftwards else "left",
                va="center",
                fontsize=7,
                color=COLOURS[1],
            )
        greater, smaller = int((y > x)[there].sum()), int((y < x)[there].sum())
        better, worse = (greater, smaller) if panel.up_is_better else (smaller, greater)
        axis.set_title(f"{panel.title}\n{panel.second} better on {better}, worse on {worse} of {int(there.sum())}", fontsize=9)
        axis.set_xlim(limits)
        axis.set_ylim(limits)
        axis.set_aspect("equal")
        axis.set_xlabel(panel.first, fontsize=9)
        axis.set_ylabel(panel.second, fontsize=9)
        tidy(axis)
    return png_bytes(figure)
