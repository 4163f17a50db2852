"""Every score of one map on one display, as a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.displays import scores
from salquest.displays.search import Inhibition, fixations_to_find, search_disc
from salquest.displays.shown import ShownDisplay
from salquest.gaze import resize_map
from salquest.runs import Cell

# the columns of a row after image, family, dimension, level
SCORES = (
    "percentile",
    "hit1",
    "hit2",
    "hit5",
    "rank",
    "z_target",
    "num_items",
    "fixations",
    "gsi",
    "msr_target_distractor",
    "msr_background_target",
    "weber_index",
    "sid4vam_index",
    "contrast_auc",
    "nss",
)


def score_map(saliency: ArrayLike, display: ShownDisplay, *, inhibition: Inhibition = "square") -> dict[str, Cell]:
    """Every score of a map on a display; None where the display has no such score (no target, no distractors).

    The map is brought to the display's size (bilinear) and from its minimum … maximum to 0 … 1 first; a map without spread becomes 0.

    Args:
        saliency: (h, w), any real numbers.
        display: what was shown.
        inhibition: of the search; its size is the distractor's, and a fixation counts as found on the disc as wide as the target, as in P3O3.
    """
    values = _stretched(resize_map(saliency, display.stimulus.size))
    row: dict[str, Cell] = dict.fromkeys(SCORES)
    if not display.has_target or display.target_x is None or display.target_y is None:
        return row
    target, distractors = display.masks()
    areas = display.areas((target, distractors))
    if areas.max() >= 2 and (areas == 1).any():
        held = scores.object_scores(values, areas)
        row.update(
            percentile=held.percentile,
            rank=held.rank,
            z_target=held.z,
            num_items=held.num_items,
            **{f"hit{k}": share for k, share in held.hits.items()},
        )
    if display.labels is not None and display.area_radius is None:
        found_on = target  # strips and paths are no discs
    else:
        found_on = search_disc(display.stimulus.size, display.target_x, display.target_y, display.target_size)
        if display.items:
            for label, x, y in display.items[1:]:
                if label == 1:
                    found_on |= search_disc(display.stimulus.size, x, y, display.target_size)
    row["fixations"] = fixations_to_find(values, found_on, inhibition_px=max(display.distractor_size, 1.0), inhibition=inhibition)
    row["weber_index"] = scores.weber_index(values, target)
    row["sid4vam_index"] = scores.sid4vam_index(values, target)
    row["contrast_auc"] = scores.contrast_auc(values, target)
    row["nss"] = scores.nss_at_target(values, display.target_x, display.target_y, sigma_px=display.pixels_per_degree)
    if distractors.any():
        row["gsi"] = scores.gsi(values, target, distractors)
        row["msr_target_distractor"] = scores.msr_target_distractor(values, target, distractors)
        if not (target | distractors).all():
            row["msr_background_target"] = scores.msr_background_target(values, target, distractors)
    return {name: _finite(cell) for name, cell in row.items()}


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros(values.shape)


def _finite(cell: Cell) -> Cell:
    """A ratio with nothing below the line has no place in a mean: left out, as P3O3 leaves out its -1."""
    return None if isinstance(cell, float) and not np.isfinite(cell) else cell
