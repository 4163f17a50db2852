"""Search as the laboratory does it: features and conjunctions over set sizes, distractors that vary, and the controls."""

from __future__ import annotations

from salquest.displays.colours import lch
from salquest.displays.families.card import FamilyCard
from salquest.displays.families.colour import CHROMA, LIGHTNESS, MIDDLE
from salquest.displays.marks import bar, disc
from salquest.displays.painting import Ink, Item
from salquest.displays.scene import Painter, Request, Scene, scene, search_array

# on 8 x 8 places, so that 64 items go on
SET_SIZES = (2.0, 4.0, 8.0, 16.0, 32.0, 49.0, 64.0)
PLACES = 8


def _bar(request: Request, hue: float, angle: float) -> Ink:
    return Ink(bar(request.canvas.px(70), request.canvas.px(22), angle), lch(LIGHTNESS, CHROMA, hue))


def _set_size(kind: str, *, dense: bool = False) -> Painter:
    """Red among green, tilted among upright, or the one that is both red and tilted, among as many as the level says."""

    def paint(request: Request) -> Scene:
        hues, angles = request.draws.of("hue"), request.draws.of("angle")
        red = hues.uniform(0, 360)
        green, base = red + 140, angles.uniform(0, 180)
        crossed = base + 90
        target = _bar(request, red, crossed if kind == "conjunction" else base)

        def others(number: int) -> Ink:
            if kind == "colour":
                return _bar(request, green, base)
            if kind == "orientation":
                return _bar(request, red, crossed)
            # half share the target's colour, half its orientation
            return _bar(request, red, base) if number % 2 else _bar(request, green, crossed)

        size = int(request.level)
        items = search_array(request, target, others, across=PLACES, jitter=10, set_size=size, dense=dense)
        return scene(request, request.ground(MIDDLE), items, red_degrees=red, base_degrees=base)

    return paint


def _conjunction(request: Request) -> Scene:
    """The level is how far both features differ: degrees of angle, and twice as many of hue."""
    base, red = request.draws.of("angle").uniform(0, 180), request.draws.of("hue").uniform(0, 360)
    green, crossed = red + 2 * request.level, base + request.level
    target = _bar(request, red, crossed)
    items = search_array(request, target, lambda n: _bar(request, red, base) if n % 2 else _bar(request, green, crossed))
    return scene(request, request.ground(MIDDLE), items, red_degrees=red, base_degrees=base)


def _coloured(request: Request, *, absent: bool = False, spread: float = 0.0, jitter: float = 15.0, size: int | None = None) -> Scene:
    """A disc whose hue differs by 90 degrees from the others': the plain case that noise and controls are built on."""
    draws = request.draws.of("hue")
    base, turn, spreading = draws.uniform(0, 360), draws.sign(), request.draws.of("spread")
    shape = disc(request.canvas.px(75))
    hues = [base + spread * spreading.uniform(-1, 1) for _ in range(128)]
    items = search_array(
        request,
        None if absent else Ink(shape, lch(LIGHTNESS, CHROMA, base + 90 * turn)),
        lambda n: Ink(shape, lch(LIGHTNESS, CHROMA, hues[n % 128])),
        jitter=jitter,
        set_size=size,
    )
    return scene(request, request.ground(MIDDLE), items, base_degrees=base)


def _noisy_colour(request: Request) -> Scene:
    return _coloured(request, spread=request.level)


def _noisy_places(request: Request) -> Scene:
    return _coloured(request, jitter=request.level)


def _blank(request: Request) -> Scene:
    return scene(request, request.ground(MIDDLE), ())


def _single(request: Request) -> Scene:
    return _coloured(request, size=1)


def _absent(request: Request) -> Scene:
    return _coloured(request, absent=True)


def _two_targets(request: Request) -> Scene:
    found = _coloured(request)
    twin = 2 + request.draws.of("twin").whole(len(found.items) - 1)
    items = tuple(Item(item.x, item.y, found.items[0].look, 1) if item.label == twin else item for item in found.items)
    labels = {item.label: number for number, item in enumerate(items) if item.label > 1}
    renumbered = {label: 2 + order for order, label in enumerate(labels)}
    items = tuple(Item(item.x, item.y, item.look, renumbered.get(item.label, 1)) for item in items)
    return scene(request, found.background, items, **found.about)


SEARCH: dict[str, FamilyCard] = {
    "conjunction": FamilyCard(_conjunction, "conjunction", "colour x orientation", "deg", (5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0)),
    "set-size-colour": FamilyCard(_set_size("colour"), "set size", "red among green", "items", SET_SIZES, "none"),
    "set-size-orientation": FamilyCard(_set_size("orientation"), "set size", "crossed bars", "items", SET_SIZES, "none"),
    "set-size-conjunction": FamilyCard(_set_size("conjunction"), "set size", "colour x orientation", "items", SET_SIZES, "down"),
    "set-size-conjunction-dense": FamilyCard(
        _set_size("conjunction", dense=True), "set size", "colour x orientation, equal density", "items", SET_SIZES, "down"
    ),
    "noise-colour": FamilyCard(
        _noisy_colour,
        "noise",
        "a hue 90 deg away from others that differ",
        "deg of spread",
        (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 75.0),
        "down",
    ),
    "noise-places": FamilyCard(
        _noisy_places, "noise", "a hue among others off their places", "px of jitter", (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0), "down"
    ),
    "blank": FamilyCard(_blank, "control", "nothing", "", (0.0,), "none"),
    "single": FamilyCard(_single, "control", "one item alone", "", (0.0,), "none"),
    "absent": FamilyCard(_absent, "control", "distractors without a target", "", (0.0,), "none"),
    "two-targets": FamilyCard(_two_targets, "control", "two targets", "", (0.0,), "none"),
}
