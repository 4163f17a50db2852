"""One bar or grating that is tilted otherwise, among others that agree or do not."""

from __future__ import annotations

from salquest.displays.families.card import FamilyCard
from salquest.displays.families.style import style_of
from salquest.displays.marks import bar
from salquest.displays.painting import Gabor, Ink
from salquest.displays.scene import Painter, Request, Scene, scene, search_array

LENGTH, WIDTH = 75.0, 20.0
TILTS = (2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 90.0)


def _bars(request: Request, target: float, others: float | list[float], **about: float) -> Scene:
    """Bars at these angles; a list gives each distractor its own, by the number of its place."""
    style, ground = style_of(request)
    px = request.canvas.px

    def look(angle: float) -> Ink:
        return Ink(bar(px(LENGTH), px(WIDTH), angle), style.ink)

    each = others
    items = search_array(request, look(target), (lambda n: look(each[n % len(each)])) if isinstance(each, list) else look(each))
    return scene(request, ground, items, style=style.name, target_degrees=target, **about)


def _tilt(request: Request) -> Scene:
    # a common random angle: no bar of any display lies along the pixels, so that no edge is smoother than another
    draws = request.draws.of("angle")
    base, turn = draws.uniform(0, 180), draws.sign()
    return _bars(request, base + turn * request.level, base, distractor_degrees=base)


def _tilted(target_is_tilted: bool) -> Painter:
    def paint(request: Request) -> Scene:
        tilt = 90 + request.draws.of("angle").sign() * request.level
        target, others = (tilt, 90.0) if target_is_tilted else (90.0, tilt)
        return _bars(request, target, others, distractor_degrees=others)

    return paint


def _gabors(request: Request) -> Scene:
    draws = request.draws.of("angle")
    base, turn = draws.uniform(0, 180), draws.sign()
    phases = request.draws.of("phase")
    # in order of the places, so that the target's phase is drawn as the others' are
    drawn = [phases.whole(360) for _ in range(128)]

    def look(angle: float, number: int) -> Gabor:
        return Gabor(request.canvas.px(18), request.canvas.pixels_per_degree / 2, angle, drawn[number % 128], 0.9)

    items = search_array(request, look(base + turn * request.level, 0), lambda n: look(base, n))
    return scene(request, request.ground((128, 128, 128)), items, distractor_degrees=base, sigma_px=request.canvas.px(18))


def _categorical(request: Request) -> Scene:
    # Wolfe 1992: a target that alone is steep is found at once, however its distractors lean
    draws = request.draws.of("angle")
    lean = draws.sign()
    return _bars(request, 90 - lean * (50 - request.level), [90 - 50.0, 90 + 50.0])


def _linear(request: Request) -> Scene:
    # angles that grow by 10 degrees from place to place; the target leaves the row
    draws = request.draws.of("angle")
    base, turn = draws.uniform(0, 180), draws.sign()
    number = len(request.canvas.cells(7)) if request.layout == "grid" else 8
    place = request.spot(number)
    angles = [base + 10.0 * spot for spot in [place, *(other for other in range(number) if other != place)]]
    return _bars(request, angles[0] + turn * request.level, angles, step_degrees=10.0)


def _heterogeneous(request: Request) -> Scene:
    draws = request.draws.of("angle")
    base, turn, spread = draws.uniform(0, 180), draws.sign(), request.draws.of("spread")
    angles = [base + request.level * spread.uniform(-1, 1) for _ in range(128)]
    return _bars(request, base + turn * 60, angles, mean_degrees=base)


def _flanked(request: Request) -> Scene:
    # Duncan and Humphreys 1989: a target between two kinds of distractors is not linearly separable from them
    base = request.draws.of("angle").uniform(0, 180)
    return _bars(request, base, [base - request.level, base + request.level], mean_degrees=base)


ORIENTATION: dict[str, FamilyCard] = {
    "orientation": FamilyCard(_tilt, "orientation", "a tilted bar among parallel ones", "deg", TILTS),
    "orientation-gabor": FamilyCard(_gabors, "orientation", "a tilted grating among parallel ones", "deg", TILTS),
    "tilted-among-vertical": FamilyCard(
        _tilted(True), "orientation", "tilted among vertical", "deg", (5.0, 8.0, 12.0, 16.0, 20.0, 30.0, 45.0), pair="tilt"
    ),
    "vertical-among-tilted": FamilyCard(
        _tilted(False), "orientation", "vertical among tilted", "deg", (5.0, 8.0, 12.0, 16.0, 20.0, 30.0, 45.0), pair="tilt"
    ),
    "orientation-categorical": FamilyCard(
        _categorical, "orientation", "the one steep bar", "deg steeper", (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0)
    ),
    "orientation-linear": FamilyCard(
        _linear, "orientation", "one bar out of a turning row", "deg", (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0)
    ),
    "orientation-flanked": FamilyCard(
        _flanked, "orientation", "a bar between two kinds of others", "deg to either side", (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
    ),
    "orientation-heterogeneous": FamilyCard(
        _heterogeneous, "noise", "a bar 60 deg from others that differ", "deg of spread", (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0), "down"
    ),
}
