"""What a family answers when it is asked for a display: a background, items on it, and what a score has to know about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salquest.displays.canvas import Canvas
from salquest.displays.draws import Draws
from salquest.displays.painting import Colour, Item, Labels, Look
from salquest.errors import InputError
from salquest.gaze.pictures import Pixels

Value = str | float | int
# items keep so many pixels of the 1024-pixel screen between them
GAP = 2.0


@dataclass(frozen=True, eq=False)
class Scene:
    """A display before it is painted.

    Attributes:
        background: (H, W, 3) uint8.
        items: what lies on it; label 1 is the target.
        about: what was drawn, by name: colours, angles, ratios.
        areas: (H, W) labels of the areas that compete where these are not items (strips of a texture, paths through a field); all of
            one size. None: the items compete.
        target_size, distractor_size: largest sides in pixels, for the search with inhibition of return.
    """

    background: Pixels
    items: tuple[Item, ...]
    about: Mapping[str, Value]
    target_size: float
    distractor_size: float
    areas: Labels | None = None


@dataclass(frozen=True)
class Request:
    """What a family is asked for.

    Attributes:
        level: of the family's axis.
        canvas: the screen.
        draws: everything random, in named streams, so that two displays that differ in level alone share all else.
        spots: the stream that orders the places of a target; it is shared by all displays of a family.
        number: of the display among those of its family and level.
        place: the place of the target, where the caller chose it.
        backdrop: a picture (H, W, 3) of the canvas' size to draw on instead of the family's own background, or None.
        layout: "grid", or "ring": eight places on a circle of 6 degrees, all equally far from the middle.
    """

    level: float
    canvas: Canvas
    draws: Draws
    spots: Draws
    number: int = 0
    place: int | None = None
    backdrop: Pixels | None = None
    layout: str = "grid"

    def spot(self, places: int) -> int:
        """Which of so many places the target takes: over consecutive numbers each is taken once before any is taken again."""
        if self.place is not None:
            return self.place % places
        return self.spots.of(f"of {places}").order(places)[self.number % places]

    def ground(self, colour: Colour) -> Pixels:
        """A flat background of that colour, or the picture that the caller gave."""
        return flat(self.canvas.size, colour) if self.backdrop is None else self.backdrop


Painter = Callable[[Request], Scene]
Looks = Callable[[int], Look]  # the number of a distractor -> how it looks


def flat(size: tuple[int, int], colour: Colour) -> Pixels:
    """A background of one colour."""
    return np.broadcast_to(np.array(colour, dtype=np.uint8), (*size, 3)).copy()


def places(request: Request, across: int = 7) -> list[tuple[float, float]]:
    """Where items may lie: cells of a grid, or eight points on a ring."""
    if request.layout == "grid":
        return request.canvas.cells(across)
    height, width = request.canvas.size
    turn = request.draws.of("ring").uniform(0, 2 * np.pi / 8)
    radius = 6 * request.canvas.pixels_per_degree
    return [
        ((width - 1) / 2 + radius * np.cos(turn + spoke * np.pi / 4), (height - 1) / 2 + radius * np.sin(turn + spoke * np.pi / 4))
        for spoke in range(8)
    ]


def search_array(
    request: Request,
    target: Look | None,
    distractor: Look | Looks,
    *,
    across: int = 7,
    jitter: float = 15.0,
    set_size: int | None = None,
    dense: bool = False,
) -> tuple[Item, ...]:
    """A target among distractors on jittered cells.

    Args:
        request: level, screen, place and draws.
        target: how it looks; None leaves its place to one more distractor (a target-absent display).
        distractor: how all look, or how each looks.
        across: cells along the shorter side.
        jitter: each item is moved by up to so many pixels of the 1024-pixel screen in x and in y.
        set_size: items in all; as many as there are places where it is not given.
        dense: a smaller set takes the places nearest to the target (equal density); else any places (equal area).

    Returns:
        The items: the target first with label 1, distractors 2, 3, …; without a target distractors begin at 2 all the same.

    Raises:
        InputError: more items than places, or items too large to keep apart.
    """
    spots = places(request, across)
    number = len(spots) if set_size is None else set_size
    if not 1 <= number <= len(spots):
        raise InputError(f"{number} items do not go on {len(spots)} places")
    first = request.spot(len(spots))
    others = [spot for spot in request.draws.of("places").order(len(spots)) if spot != first]
    if dense:
        x, y = spots[first]
        others.sort(key=lambda spot: round((spots[spot][0] - x) ** 2 + (spots[spot][1] - y) ** 2))
    taken = [first, *others[: number - 1]]
    if number == len(spots):
        taken = [first, *sorted(others)]  # row by row: neighbours have neighbouring numbers
    looks = [distractor(n) if callable(distractor) else distractor for n in range(number)]
    if target is not None:
        looks[0] = target
    moves = request.draws.of("jitter")
    reach = request.canvas.px(jitter)
    for _ in range(20):
        centres = [(round(spots[t][0] + moves.uniform(-reach, reach)), round(spots[t][1] + moves.uniform(-reach, reach))) for t in taken]
        if _are_apart(centres, [look.reach for look in looks], request.canvas):
            labels = range(1, number + 1) if target is not None else range(2, number + 2)
            return tuple(Item(x, y, look, label) for (x, y), look, label in zip(centres, looks, labels, strict=True))
    raise InputError(f"{number} items of up to {2 * max(look.reach for look in looks):.0f} px do not keep apart on {request.canvas.size}")


def _are_apart(centres: Sequence[tuple[int, int]], reaches: Sequence[float], canvas: Canvas) -> bool:
    at, reach = np.array(centres, dtype=np.float64), np.array(reaches)
    if ((at - reach[:, None] < 1).any()) or (at + reach[:, None] > np.array(canvas.size[::-1]) - 2).any():
        return False
    apart = np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1])
    np.fill_diagonal(apart, np.inf)
    return bool((apart >= reach[:, None] + reach[None, :] + canvas.px(GAP)).all())


def scene(request: Request, background: Pixels, items: tuple[Item, ...], **about: Value) -> Scene:
    """A scene of items whose sizes are read off the items: the target's, and the first distractor's (the target's where there is none)."""
    targets = [2 * item.look.reach for item in items if item.label == 1]
    distractors = [2 * item.look.reach for item in items if item.label > 1]
    target = targets[0] if targets else (distractors[0] if distractors else request.canvas.px(75))
    return Scene(background, items, about, target, distractors[0] if distractors else target)
