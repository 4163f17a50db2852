"""Figures of a search for weights: how the score moves with each weight, or the front of several scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from salquest.report.figures import COLOURS, figure_of, logarithmic, png_bytes, tidy
from salquest.report.table import ColumnSpec


@dataclass(frozen=True)
class TrialPoint:
    """One trial: its scores (none where it failed), what it tried by name, how it ended; "finished" ones compete, number 0 was given."""

    number: int
    scores: Mapping[str, float]
    searched: Mapping[str, float]
    status: str


def search_figure(points: Sequence[TrialPoint], column: ColumnSpec) -> bytes:
    """The score over the trials with the best so far, then the score against each number that was searched, on a logarithmic axis.

    Trials that collapsed or failed stand as crosses on the lower edge.

    Args:
        points: in the order of their numbers.
        column: the metric.
    """
    names = list(points[0].searched) if points else []
    axes, figure = _panels(1 + len(names), sharey=True)
    finished = [point for point in points if point.status == "finished"]
    sign = 1 if column.direction == "up" else -1
    best = max(finished, key=lambda point: sign * point.scores[column.key], default=None)
    _draw(axes[0], points, column, best, {point.number: point.number for point in points})
    if finished:
        leading = np.maximum.accumulate([sign * point.scores[column.key] for point in finished]) * sign
        axes[0].step([point.number for point in finished], leading, where="post", color=COLOURS[2], linewidth=1.4, label="best so far")
    axes[0].set_xlabel("trial", fontsize=9)
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    for axis, name in zip(axes[1:], names, strict=True):
        _draw(axis, points, column, best, {point.number: point.searched[name] for point in points})
        logarithmic(axis, "x")
        axis.set_xlabel("learning rate" if name == "lr" else f"weight of {name}", fontsize=9)
    for axis in axes:
        tidy(axis)
    for axis in axes[:: _across(len(axes))]:
        axis.set_ylabel(column.heading, fontsize=9)
    _legend(figure, axes[0])
    return png_bytes(figure)


def front_figure(points: Sequence[TrialPoint], columns: Sequence[ColumnSpec], front: Collection[int]) -> bytes:
    """One panel per pair of metrics: the front with its numbers, the given expression, and the finished trials around them.

    Trials that lie far behind would press the front into a corner; they are left out and counted in the panel's title.

    Args:
        points: trials.
        columns: two metrics or more.
        front: numbers of the trials that no other one beats in every metric.
    """
    pairs = list(combinations(columns, 2))
    axes, figure = _panels(len(pairs), side=4.2)
    finished = [point for point in points if point.status == "finished"]
    for axis, (across, up) in zip(axes, pairs, strict=True):
        at = {point.number: (point.scores[across.key], point.scores[up.key]) for point in finished}
        others = [place for number, place in at.items() if number not in front]
        ahead = sorted((place, number) for number, place in at.items() if number in front)
        axis.scatter(*_apart(others), s=22, color=COLOURS[0], alpha=0.55, linewidths=0, label="finished trial")
        axis.scatter(*_apart([place for place, _ in ahead]), s=34, color=COLOURS[1], linewidths=0, zorder=3, label="front")
        if len(columns) == 2:
            axis.plot(*_apart([place for place, _ in ahead]), color=COLOURS[1], linewidth=1, alpha=0.6, zorder=2)
        # numbers stand on the side of better scores, where no trial can be
        right, above = across.direction == "up", up.direction == "up"
        for place, number in ahead:
            axis.annotate(
                str(number),
                place,
                xytext=(4 if right else -4, 3 if above else -3),
                textcoords="offset points",
                ha="left" if right else "right",
                va="bottom" if above else "top",
                fontsize=8,
                color=COLOURS[1],
            )
        if 0 in at:
            _ring(axis, *at[0])
        _look_at(axis, [place for number, place in at.items() if number in front or number == 0], list(at.values()))
        axis.set_xlabel(across.heading, fontsize=9)
        axis.set_ylabel(up.heading, fontsize=9)
        tidy(axis)
    _legend(figure, axes[0])
    return png_bytes(figure)


def _look_at(axis: Any, wanted: Sequence[tuple[float, float]], everything: Sequence[tuple[float, float]]) -> None:
    """Limits that hold the wanted places with half their extent around them, and a title that says how many others lie outside."""
    if len(set(wanted)) < 2:
        axis.margins(0.1)
        return
    places, every = np.array(wanted), np.array(everything)
    extent = np.ptp(places, axis=0)
    extent = np.where(extent > 0, extent, 1.0)
    low, high = places.min(axis=0) - 0.5 * extent, places.max(axis=0) + 0.5 * extent
    axis.set_xlim(low[0], high[0])
    axis.set_ylim(low[1], high[1])
    outside = int(((every < low) | (every > high)).any(axis=1).sum())
    if outside:
        axis.set_title(f"{outside} of {len(every)} trials lie outside", fontsize=9, color="#666666")


def _apart(places: Sequence[tuple[float, float]]) -> Any:
    """Places as their x and their y, also where there are none."""
    return np.reshape(np.array(places, dtype=np.float64), (-1, 2)).T


def _draw(axis: Any, points: Sequence[TrialPoint], column: ColumnSpec, best: TrialPoint | None, across: Mapping[int, float]) -> None:
    finished = [point for point in points if point.status == "finished"]
    lost = [across[point.number] for point in points if point.status != "finished"]
    axis.scatter(
        [across[point.number] for point in finished],
        [point.scores[column.key] for point in finished],
        s=22,
        color=COLOURS[0],
        alpha=0.65,
        linewidths=0,
        label="finished trial",
    )
    if lost:
        edge = axis.get_xaxis_transform()  # y in shares of the axis: it has no score to stand at
        axis.plot(lost, [0.02] * len(lost), "x", transform=edge, color="#888888", markersize=6, label="collapsed or failed", clip_on=False)
    if finished and finished[0].number == 0:
        _ring(axis, across[0], finished[0].scores[column.key])
    if best is not None:
        axis.scatter(
            across[best.number], best.scores[column.key], s=110, marker="*", color=COLOURS[1], zorder=4, label=f"best (trial {best.number})"
        )
    axis.margins(0.06)


def _ring(axis: Any, x: float, y: float) -> None:
    axis.scatter(x, y, s=90, facecolors="none", edgecolors="black", linewidths=1.3, zorder=5, label="as given")


def _across(number: int) -> int:
    """Panels side by side: three at most, and four as two by two."""
    return 2 if number == 4 else min(3, number)


def _panels(number: int, *, side: float = 3.4, sharey: bool = False) -> tuple[list[Any], Any]:
    wide = _across(number)
    down = -(-number // wide)
    figure = figure_of(1.12 * side * wide, side * down + 0.35)
    axes = list(figure.subplots(down, wide, squeeze=False, sharey=sharey).ravel())
    for axis in axes[number:]:
        axis.set_axis_off()
    return axes[:number], figure


def _legend(figure: Any, axis: Any) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize=8, frameon=False)
