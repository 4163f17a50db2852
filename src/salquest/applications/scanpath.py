"""A simulated scanpath: the greatest peak is looked at, then suppressed, then the next; no learned model of scanpaths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, resize_map

# of the focus of attention, as a share of the picture's smaller side (Itti 1998, section 2.3)
RADIUS = 1 / 6
# cells along the longer side at most: places are exact to this
GRID = 512


@dataclass(frozen=True)
class ScanpathStop:
    """One stop of a simulated scanpath.

    Attributes:
        x, y: in pixels of the map, pixel centres at integers.
        height: of the map there, 0..1 between its lowest and highest value.
        remaining: the part of that height that inhibition had left when it was chosen, 0..1.
    """

    x: float
    y: float
    height: float
    remaining: float


def simulated_scanpath(
    saliency: SaliencyMap,
    stops: int = 6,
    *,
    radius: float = RADIUS,
    radius_degrees: float | None = None,
    pixels_per_degree: float | None = None,
    forgetting: float = 0.0,
) -> list[ScanpathStop]:
    """Winner-take-all with inhibition of return over a map (Koch and Ullman 1985; Itti 1998).

    The highest place is looked at; then the map is multiplied by 1 - exp(-d^2 / (2 radius^2)), d being the distance from there, and the
    highest place of what is left comes next. Equal maps give equal paths; of equally high places the first in reading order is taken.

    This orders the peaks of one map. It is not a model of eye movements: people differ, return, are drawn to what they read and look for,
    and begin near the middle of a screen; none of it is here, and the order has not been fitted to recorded scanpaths. A map says nothing
    of time, so a stop has no duration.

    Args:
        saliency: of any kind.
        stops: how many at most.
        radius: of inhibition, one standard deviation, as a fraction of the picture's smaller side; 1/6 is Itti's focus of attention, there
            the radius of a disc.
        radius_degrees, pixels_per_degree: the radius in degrees of visual angle instead, with the resolution at which the picture is seen.
        forgetting: the part of each inhibition that is lost with every further stop, 0 (a place is never free again) to 1 (it is free
            again after one other stop).

    Returns:
        Fewer stops where nothing is left above the map's minimum, none for a map without contrast.

    Raises:
        InputError: fewer than one stop, a radius that is not positive, a radius in degrees without the resolution, or forgetting outside
            0..1.
    """
    check_scanpath(stops, radius, forgetting)
    height, width = saliency.size
    radius_px = _radius_px(radius, radius_degrees, pixels_per_degree, min(height, width))
    shrink = min(1.0, GRID / max(height, width))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    heights = resize_map(saliency.display(), size)
    y, x = ((np.arange(cells) + 0.5) * (pixels / cells) - 0.5 for cells, pixels in zip(size, (height, width), strict=True))
    suppressed: list[np.ndarray] = []  # one factor per stop, the newest last
    path: list[ScanpathStop] = []
    for _ in range(stops):
        left = np.ones(size)
        for age, bell in enumerate(reversed(suppressed)):
            left *= 1 - (1 - forgetting) ** age * bell
        row, column = np.unravel_index(int((heights * left).argmax()), size)
        if heights[row, column] * left[row, column] <= 0:
            break
        path.append(ScanpathStop(float(x[column]), float(y[row]), float(heights[row, column]), float(left[row, column])))
        bells = [np.exp(-0.5 * ((axis - axis[at]) / radius_px) ** 2) for axis, at in ((y, row), (x, column))]
        suppressed.append(np.outer(*bells))
    return path


def check_scanpath(stops: int, radius: float, forgetting: float) -> None:
    """Raise InputError for what cannot be a scanpath's settings, before any map is made."""
    if stops < 1:
        raise InputError(f"a scanpath has 1 stop or more; found {stops}")
    if not 0 < radius < np.inf:
        raise InputError(f"the radius of inhibition is a positive fraction of the smaller side; found {radius:g}")
    if not 0 <= forgetting <= 1:
        raise InputError(f"forgetting is a fraction in 0..1; found {forgetting:g}")


def _radius_px(radius: float, radius_degrees: float | None, pixels_per_degree: float | None, side: int) -> float:
    if radius_degrees is None:
        return radius * side
    if pixels_per_degree is None:
        raise InputError("a radius in degrees needs pixels_per_degree: how many pixels of the picture one degree of visual angle spans")
    if not 0 < radius_degrees * pixels_per_degree < np.inf:
        raise InputError(f"the radius of inhibition is positive; found {radius_degrees:g} degrees of {pixels_per_degree:g} pixels")
    return radius_degrees * pixels_per_degree
