"""Figures and overlays, as PNG bytes or pixels. Drawn without a display, in one look."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from salquest.gaze import SaliencyMap, blur
from salquest.report.table import ScoreTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# colours that stay apart for colour-blind readers (Okabe and Ito)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8c6d31", "#7b4173", "#637939")
# of signed values, the same two where colours are seen strongly
RAISING, LOWERING = (255, 106, 0), (0, 126, 255)
# inches that a letter of 8 points takes, and a line of a legend
LETTER, LEGEND_LINE = 0.082, 0.168


@dataclass(frozen=True)
class Curves:
    """The epochs of one run: the columns of its log.csv. The seeds of one row carry its name."""

    name: str
    epochs: Sequence[float]
    values: Mapping[str, Sequence[float]]


def learning_curves(runs: Sequence[Curves], panels: Mapping[str, str]) -> bytes:
    """One panel per column of the logs, one line per run; runs of one name (its seeds) share a colour.

    Args:
        runs: what was logged.
        panels: column -> title of its panel.
    """
    names = list(dict.fromkeys(run.name for run in runs))
    longest = max(map(len, names), default=0)
    figure = figure_of(4.2 * len(panels) + 0.6 + LETTER * longest, max(3.0, 0.3 + LEGEND_LINE * len(names)))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (key, title) in zip(axes, panels.items(), strict=True):
        for run in runs:
            # a run without the column is drawn without a point, so that the legend names it and every panel counts alike
            values = run.values.get(key, [np.nan] * len(run.epochs))
            axis.plot(run.epochs, values, label=run.name, **line_look(names.index(run.name)))
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("epoch", fontsize=9)
        axis.xaxis.get_major_locator().set_params(integer=True)
        tidy(axis)
    if runs:
        lines = {line.get_label(): line for line in axes[0].lines}
        figure.legend(lines.values(), lines.keys(), loc="outside right upper", fontsize=8, frameon=False)
    return png_bytes(figure)


def score_figure(table: ScoreTable, keys: Sequence[str]) -> bytes:
    """Means with their intervals, one panel per metric, one line per row of the table."""
    columns = [column for column in table.columns if column.key in keys]
    figure = figure_of(1.6 + 2.9 * len(columns), 0.9 + 0.36 * len(table.rows))
    axes = figure.subplots(1, len(columns), squeeze=False, sharey=True)[0]
    places = np.arange(len(table.rows))[::-1]
    for axis, column in zip(axes, columns, strict=True):
        for place, row in zip(places, table.rows, strict=True):
            score = row.cells.get(column.key)
            if score is not None and score.mean == score.mean:
                colour = COLOURS[0] if row.kind == "model" and not row.note else "#888888"
                axis.plot([score.low, score.high], [place, place], color=colour, linewidth=2, alpha=0.5)
                axis.plot(score.mean, place, "o", color=colour, markersize=6)
        axis.set_title(column.heading, fontsize=10)
        axis.set_yticks(places, [row.name for row in table.rows], fontsize=9)
        tidy(axis)
    return png_bytes(figure)


def heat(values: ArrayLike) -> NDArray[np.uint8]:
    """A map scaled from its minimum to its maximum in colour, (H, W, 3): dark is low, light is high, readable in grey too."""
    array = np.asarray(values, dtype=np.float32)
    low, span = array.min(), array.max() - array.min()
    levels = np.zeros(array.shape, dtype=np.uint8) if span == 0 else np.minimum((array - low) * (256 / span), 255).astype(np.uint8)
    return _inferno()[levels]


@lru_cache(maxsize=1)
def _inferno() -> NDArray[np.uint8]:
    """The 256 colours of matplotlib's perceptually uniform inferno, (256, 3)."""
    from matplotlib import colormaps

    return np.rint(colormaps["inferno"](np.arange(256))[:, :3] * 255).astype(np.uint8)


def overlay(pixels: NDArray[np.uint8], saliency: SaliencyMap, *, strength: float = 0.75) -> NDArray[np.uint8]:
    """A map over its picture, (H, W, 3): colour where people look, the picture in dimmed grey elsewhere.

    The square root of the map decides how much colour is seen, so that weak parts show; the map itself is not touched.
    """
    shown = saliency.display().astype(np.float32)
    alpha = strength * np.sqrt(shown)[:, :, None]
    grey = _dimmed(pixels)
    return np.rint(grey + alpha * (heat(shown) - grey)).astype(np.uint8)


def dimmed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The lower layer of `overlay`, (H, W, 3): the picture in dimmed grey."""
    return np.rint(np.repeat(_dimmed(pixels), 3, axis=2)).astype(np.uint8)


def heat_layer(saliency: SaliencyMap) -> NDArray[np.uint8]:
    """The upper layer of `overlay`, (H, W, 4): colours and how much of them is seen at a strength of 1."""
    shown = saliency.display().astype(np.float32)
    return np.dstack([heat(shown), np.rint(np.sqrt(shown) * 255).astype(np.uint8)])


def signed_overlay(pixels: NDArray[np.uint8], values: NDArray[np.float32], *, strength: float = 0.85) -> NDArray[np.uint8]:
    """Signed values (H, W) over their picture, (H, W, 3): red above 0, blue below, the picture in dimmed grey where they are near 0.

    What is seen are the values averaged over a Gaussian of 1 % of the smaller side, because single pixels of a gradient flicker; how much colour
    is seen is their size, full at the 99.5 % quantile. The values themselves are not touched.
    """
    softened = blur(values, 0.01 * min(values.shape))
    size = np.abs(softened)
    most = float(np.quantile(size, 0.995)) or float(size.max()) or 1.0
    alpha = strength * np.minimum(size / most, 1)[:, :, None]
    colour = np.where(softened[:, :, None] > 0, RAISING, LOWERING)
    grey = _dimmed(pixels)
    return np.rint(grey + alpha * (colour - grey)).astype(np.uint8)


def _dimmed(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey: NDArray[np.float32] = pixels.mean(axis=2, keepdims=True, dtype=np.float32) * 0.65 + 40
    return grey


def contact_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]], titles: Sequence[str], *, width: int = 240) -> bytes:
    """Pictures in a grid with a title above each column, as PNG."""
    tallest = [max(round(width * picture.shape[0] / picture.shape[1]) for picture in row) for row in rows]
    figure = figure_of(len(titles) * width / 100, sum(tallest) / 100 + 0.35)
    axes = figure.subplots(len(rows), len(titles), squeeze=False, gridspec_kw={"height_ratios": tallest})
    for line, row in zip(axes, rows, strict=True):
        for axis, picture in zip(line, row, strict=True):
            axis.imshow(np.asarray(Image.fromarray(picture).resize((width, max(1, round(width * picture.shape[0] / picture.shape[1]))))))
            axis.set_axis_off()
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=9)
    return png_bytes(figure)


def picture_bytes(pixels: NDArray[np.uint8], *, width: int, quality: int = 82) -> bytes:
    """A picture as JPEG of at most this width, for pages that carry their pictures inside."""
    picture = Image.fromarray(pixels)
    if picture.width > width:
        picture = picture.resize((width, max(1, round(width * picture.height / picture.width))), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.save(content, format="JPEG", quality=quality)
    return content.getvalue()


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of width x height inches that is laid out without a display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def line_look(number: int) -> dict[str, Any]:
    """How the line of this number looks in a panel of many: when colours begin anew, the dashes change."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": ("-", "--", ":")[number // len(COLOURS) % 3],
        "marker": "o",
        "markersize": 3,
        "linewidth": 1.4,
    }


def logarithmic(axis: Any, which: Literal["x", "y"]) -> None:
    """A logarithmic axis whose ticks are written as people write weights: 0.3, 1, 3, 10; call it when all is drawn."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    getattr(axis, f"set_{which}scale")("log")
    ticks = getattr(axis, f"{which}axis")
    low, high = ticks.get_view_interval()
    # over many decades matplotlib leaves some out, and with them, were there two ticks in each, all of them
    ticks.set_major_locator(LogLocator(subs=(1.0, 3.0) if high < 1e4 * low else (1.0,)))
    ticks.set_minor_locator(NullLocator())
    ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def tidy(axis: Any) -> None:
    """Grid, ticks and frame of an axis in our one look."""
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.tick_params(labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def apart(places: ArrayLike, gap: float, limits: tuple[float, float]) -> NDArray[np.float64]:
    """Where names go that would overlap: at least `gap` apart, within the limits where they fit, else as near to their places as can be.

    Args:
        places: wanted, in ascending order.
        gap: between neighbours, above 0.
        limits: lowest and highest place.

    >>> apart([1.0, 1.0, 5.0], 1.0, (0.0, 5.0)).tolist()
    [0.5, 1.5, 5.0]
    """
    from scipy.optimize import isotonic_regression

    if not np.size(places):
        return np.empty(0)
    # with the steps taken off, being a gap apart is being in order, and the nearest such places are an isotonic fit
    steps = gap * np.arange(np.size(places))
    fitted = isotonic_regression(np.asarray(places, dtype=np.float64) - steps).x
    return np.clip(fitted, limits[0], max(limits[0], limits[1] - steps[-1])) + steps


def png_bytes(figure: Figure) -> bytes:
    """A figure as PNG. A dollar in a name is a dollar: people name files and models as they like, and half a formula cannot be set."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
