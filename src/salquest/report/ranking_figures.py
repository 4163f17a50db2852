"""Figures of a long table of rows that belong to families: who is in front, how little lies between, and which pairs differ at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np

from salquest.errors import InputError
from salquest.report.figures import COLOURS, LETTER, apart, figure_of, png_bytes, tidy
from salquest.report.pair_table import PairRow
from salquest.report.table import ColumnSpec, Score

# inches that a row takes
LINE = 0.19
# inches of a figure with several ways, and letters of a way's name that stand on one line
WIDE, TITLE = 9.6, 26
OTHER, BAND, UNSURE = "#555555", "#dddddd", "#ececec"


@dataclass(frozen=True)
class RankedWay:
    """One way of making the same rows (a learning rate for all, steps matched, rates tuned).

    Attributes:
        title: of the way.
        scores: row -> mean with its interval; rows may be missing.
        noise_floor: differences below it are noise; None where it is not known.
    """

    title: str
    scores: Mapping[str, Score]
    noise_floor: float | None = None


def ranking_figure(ways: Sequence[RankedWay], column: ColumnSpec, families: Mapping[str, str]) -> bytes:
    """Rows by their mean, best on top, coloured by family.

    One way: a line per row, with its interval. Several: a column per way on one common axis, a line joins what a row reaches in each, so
    that both the order and what is left of the differences are seen. A grey band below the best of each way is as high as its noise floor:
    rows inside it are not told from the best.

    Args:
        ways: at least one; NaN means are left out.
        column: the metric.
        families: row -> family; the colours follow the order in which families come first.

    Raises:
        InputError: no way, or one without a score.
    """
    ways = [
        RankedWay(way.title, {name: score for name, score in way.scores.items() if score.mean == score.mean}, way.noise_floor)
        for way in ways
    ]
    if not ways or not all(way.scores for way in ways):
        raise InputError(f"a ranking needs ways with scores; without: {', '.join(way.title for way in ways if not way.scores) or 'all'}")
    return _sorted_rows(ways[0], column, families) if len(ways) == 1 else _joined_ways(ways, column, families)


def pair_matrix_figure(
    pairs: Sequence[PairRow],
    order: Sequence[str],
    column: ColumnSpec,
    families: Mapping[str, str],
    *,
    noise_floor: float | None = None,
) -> bytes:
    """Which of many rows differ: a square per pair, coloured by how far its column is ahead of its row.

    A name on the diagonal stands for the squares to its left (rows that are better) and below it (rows that are worse). Grey: not told
    apart after Holm's correction. With a dot: told apart, by less than the noise floor. Up to 12 rows the difference is written into its square.

    Args:
        pairs: of one metric; pairs of rows that are not in `order` are left out.
        order: the rows, best first.
        column: the metric.
        families: row -> family, for the colours of names.
        noise_floor: differences below it are noise; None where it is not known.

    Raises:
        InputError: none of the pairs is in the order.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    place = {name: i for i, name in enumerate(order)}
    there = [pair for pair in pairs if pair.first in place and pair.second in place]
    if not there:
        raise InputError(f"a matrix of pairs needs pairs of its rows; of {len(pairs)} pairs none is among {', '.join(order)}")
    number, colours = len(order), _colours(families)
    cell = 0.27 if number > 12 else 0.5
    wide = max(5.0, *(cell * (i + 0.4) + LETTER * len(name) for i, name in enumerate(order)))
    figure = figure_of(wide + 0.1, 0.9 + cell * number)
    axis = figure.subplots()
    greatest = max((abs(pair.difference) for pair in there if pair.is_sure), default=1.0)
    scale = Normalize(0, greatest)
    shades = colormaps["YlGnBu"]
    for pair in there:
        better, worse = sorted((place[pair.first], place[pair.second]))
        ahead = abs(pair.difference)
        x, y = np.array([-0.5, 0.5, 0.5, -0.5]) + better, np.array([-0.5, -0.5, 0.5, 0.5]) + worse
        axis.fill(x, y, facecolor=shades(scale(ahead)) if pair.is_sure else UNSURE, edgecolor="white", linewidth=0.8)
        ink = "white" if pair.is_sure and ahead > 0.55 * greatest else "black"
        if number <= 12:
            axis.text(better, worse, f"{ahead:.{column.decimals}f}", ha="center", va="center", fontsize=7, color=ink)
        if pair.is_sure and noise_floor is not None and ahead < noise_floor:
            axis.plot(better, worse + (0.3 if number <= 12 else 0), "o", color=ink, markersize=2.5)
    for i, name in enumerate(order):
        axis.text(i - 0.35, i, name, ha="left", va="center", fontsize=8, color=_ink(colours.get(families.get(name, ""), OTHER)))
    axis.set_xlim(-0.6, wide / cell - 0.6)
    axis.set_ylim(number - 0.4, -0.6)
    axis.set_axis_off()
    sure = sum(pair.is_sure for pair in there)
    told = f"{column.heading}, best first, rows behind columns: {sure} of {len(there)} pairs are told apart (Holm)"
    below = sum(pair.is_sure and noise_floor is not None and abs(pair.difference) < noise_floor for pair in there)
    if noise_floor is not None:
        told += f", {below} of them by less than the noise floor of {noise_floor:.{column.decimals}f} (dot)"
    axis.set_title(told + "; grey: not told apart", fontsize=9, loc="left", wrap=True)
    if sure and number > 12:
        bar = figure.colorbar(ScalarMappable(scale, shades), cax=axis.inset_axes((0.72, 0.72, 0.02, 0.24)))
        bar.set_label(f"difference of {column.title}", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    return png_bytes(figure)


def _sorted_rows(way: RankedWay, column: ColumnSpec, families: Mapping[str, str]) -> bytes:
    """A line per row with its interval, best on top."""
    colours = _colours(families)
    order = sorted(way.scores, key=lambda name: way.scores[name].mean, reverse=column.direction == "up")
    figure = figure_of(8.2, 0.9 + LINE * len(order))
    axis = figure.subplots()
    for place, name in enumerate(order):
        score, colour = way.scores[name], colours.get(families.get(name, ""), OTHER)
        axis.plot([score.low, score.high], [place, place], color=colour, linewidth=2, alpha=0.45, solid_capstyle="butt")
        axis.plot(score.mean, place, "o", color=colour, markersize=5)
    if way.noise_floor is not None:
        axis.axvspan(*_behind(way, column), color=BAND, zorder=0, linewidth=0)
    axis.set_yticks(range(len(order)), order)
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.set_title(f"{column.heading}{f', {way.title}' if way.title else ''}", fontsize=10, loc="left")
    tidy(axis)
    for label, name in zip(axis.get_yticklabels(), order, strict=True):
        label.set_color(_ink(colours.get(families.get(name, ""), OTHER)))
    _legend(figure, colours, [way])
    return png_bytes(figure)


def _joined_ways(ways: Sequence[RankedWay], column: ColumnSpec, families: Mapping[str, str]) -> bytes:
    """A column per way, a line per row from one to the next, names at both ends; a row that is at neither is named where it is."""
    colours = _colours(families)
    longest = max(len(way.scores) for way in ways)
    height = 1.1 + LINE * longest
    figure = figure_of(WIDE, height)
    axis = figure.subplots()
    means = [score.mean for way in ways for score in way.scores.values()]
    margin = 0.02 * (max(means) - min(means)) or 0.5
    limits = (min(means) - margin, max(means) + margin)
    for x, way in enumerate(ways):
        if way.noise_floor is not None:
            low, high = _behind(way, column)
            axis.fill_between([x - 0.09, x + 0.09], max(low, limits[0]), min(high, limits[1]), color=BAND, zorder=0, linewidth=0)
    for name in dict.fromkeys(name for way in ways for name in way.scores):
        colour = colours.get(families.get(name, ""), OTHER)
        at = [(x, way.scores[name].mean) for x, way in enumerate(ways) if name in way.scores]
        axis.plot(*zip(*at, strict=True), "-o", color=colour, linewidth=1.1, markersize=3.5, alpha=0.85)
    gap = (limits[1] - limits[0]) * LINE * 0.82 / (height - 1.1)
    for x, side in ((0, -1), (len(ways) - 1, 1)):
        reached = {name: score.mean for name, score in ways[x].scores.items()}
        order = sorted(reached, key=reached.__getitem__)
        wanted = [reached[name] for name in order]
        for name, mean, place in zip(order, wanted, apart(wanted, gap, limits), strict=True):
            colour = colours.get(families.get(name, ""), OTHER)
            axis.plot([x + 0.03 * side, x + 0.13 * side], [mean, place], color=colour, linewidth=0.6, alpha=0.7, clip_on=False)
            axis.text(x + 0.15 * side, place, name, ha="left" if side > 0 else "right", va="center", fontsize=8, color=_ink(colour))
    at_the_ends = {*ways[0].scores, *ways[-1].scores}
    for x, way in enumerate(ways[1:-1], start=1):
        unnamed = {name: score.mean for name, score in way.scores.items() if name not in at_the_ends}
        order = sorted(unnamed, key=unnamed.__getitem__)
        for name, place in zip(order, apart([unnamed[name] for name in order], gap, limits), strict=True):
            axis.text(x + 0.04, place, name, ha="left", va="center", fontsize=7, color=_ink(colours.get(families.get(name, ""), OTHER)))
    axis.set_xticks(range(len(ways)), [fill(way.title, TITLE) for way in ways])
    left, right = (LETTER * max(map(len, way.scores)) for way in (ways[0], ways[-1]))
    inches = (WIDE - 0.9 - left - right) / (len(ways) - 1 + 0.34)  # from one way to the next
    axis.set_xlim(-0.17 - left / inches, len(ways) - 1 + 0.17 + right / inches)
    axis.set_ylim(limits if column.direction == "up" else limits[::-1])
    axis.set_ylabel(column.heading, fontsize=9)
    tidy(axis)
    axis.grid(visible=False, axis="x")
    axis.tick_params(axis="x", labelsize=9, length=0)
    _legend(figure, colours, ways)
    return png_bytes(figure)


def _behind(way: RankedWay, column: ColumnSpec) -> tuple[float, float]:
    """Between which means, one of them the best, a row is not told from the best."""
    assert way.noise_floor is not None
    means = [score.mean for score in way.scores.values()]
    return (max(means) - way.noise_floor, max(means)) if column.direction == "up" else (min(means), min(means) + way.noise_floor)


def _legend(figure: Any, colours: Mapping[str, str], ways: Sequence[RankedWay]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Any] = [Line2D([], [], color=colour, marker="o", markersize=4, label=family) for family, colour in colours.items()]
    if any(way.noise_floor is not None for way in ways):
        entries.append(Patch(color=BAND, label="less than the noise floor behind the best"))
    figure.legend(handles=entries, loc="outside lower center", ncols=min(4, len(entries)), fontsize=8, frameon=False)


def _colours(families: Mapping[str, str]) -> dict[str, str]:
    """Family -> colour."""
    return {family: COLOURS[i % len(COLOURS)] for i, family in enumerate(dict.fromkeys(families.values()))}


def _ink(colour: str) -> str:
    """A colour as dark as small letters need it."""
    return "#" + "".join(f"{round(0.72 * int(colour[i : i + 2], 16)):02x}" for i in (1, 3, 5))
