"""Which term of a sum of losses is learned: the size of each term's gradient, and how far it points where the sum's does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salquest.errors import InputError
from salquest.report.figures import figure_of, line_look, logarithmic, png_bytes, tidy


@dataclass(frozen=True)
class TermGradients:
    """The gradients of one run's terms, by epoch.

    Attributes:
        name: of the run.
        epochs: when they were taken.
        norms: term, as it stands in the sum (`10*kld`) -> norm of its gradient, its coefficient included; NaN where there is none.
        cosines: term -> cosine of its gradient with that of the sum, -1..1.
    """

    name: str
    epochs: Sequence[float]
    norms: Mapping[str, Sequence[float]]
    cosines: Mapping[str, Sequence[float]]


def gradient_figure(runs: Sequence[TermGradients]) -> bytes:
    """Two panels per run: the norm of each term's gradient on a logarithmic axis, and its cosine with the gradient of the sum.

    A norm of 0 has no place on the axis and is left out.

    Raises:
        InputError: no run, or norms and cosines of different terms.
    """
    if not runs:
        raise InputError("a figure of gradients needs at least one run; found none")
    for run in runs:
        if set(run.norms) != set(run.cosines):
            raise InputError(
                f"{run.name} has norms of {', '.join(run.norms)} and cosines of {', '.join(run.cosines)}; give both of every term"
            )
    terms = list(dict.fromkeys(term for run in runs for term in run.norms))
    figure = figure_of(8.2, 0.4 + 2.5 * len(runs))
    axes = figure.subplots(len(runs), 2, squeeze=False, sharex="row")
    for (size, direction), run in zip(axes, runs, strict=True):
        for term in run.norms:
            look = line_look(terms.index(term))
            norms = np.asarray(run.norms[term], dtype=np.float64)
            size.plot(run.epochs, np.where(norms > 0, norms, np.nan), label=term, **look)
            direction.plot(run.epochs, run.cosines[term], **look)
        logarithmic(size, "y")
        size.set_title(run.name, fontsize=10, loc="left")
        size.set_ylabel("norm of gradient", fontsize=9)
        direction.set_ylabel("cosine with the sum's", fontsize=9)
        direction.axhline(0, color="#999999", linewidth=0.8)
        direction.set_ylim(-1.05, 1.05)
        for axis in (size, direction):
            axis.set_xlabel("epoch", fontsize=9)
            axis.xaxis.get_major_locator().set_params(integer=True)
            tidy(axis)
        direction.legend(*size.get_legend_handles_labels(), fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return png_bytes(figure)
