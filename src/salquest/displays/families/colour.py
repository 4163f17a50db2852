"""Hue, saturation and lightness: one item of another colour."""

from __future__ import annotations

from collections.abc import Callable

from salquest.displays.colours import grey, hsv, lch, luminance
from salquest.displays.families.card import FamilyCard
from salquest.displays.marks import Shape, bar, disc
from salquest.displays.painting import Colour, Ink
from salquest.displays.scene import Painter, Request, Scene, scene, search_array

# sRGB has every hue at L* 65 up to C* 36; at 40 the blue-greens are missing
LIGHTNESS, CHROMA = 65.0, 36.0
MIDDLE = (128, 128, 128)

HUES = (5.0, 10.0, 20.0, 45.0, 60.0, 90.0, 180.0)
CHROMAS = (2.0, 5.0, 8.0, 12.0, 18.0, 24.0, 30.0)
LIGHTNESSES = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0)


def _shape(request: Request) -> Shape:
    """Discs, or bars at a common angle."""
    draws = request.draws.of("shape")
    if draws.whole(2):
        return disc(request.canvas.px(75))
    return bar(request.canvas.px(90), request.canvas.px(36), draws.uniform(0, 180))


def _singleton(request: Request, target: Colour, others: Colour, ground: Colour = MIDDLE) -> Scene:
    shape = _shape(request)
    shown = request.ground(ground)
    weber = (luminance(target) - luminance(others)) / max(luminance(others), 1e-6)
    michelson = (luminance(target) - luminance(others)) / max(luminance(target) + luminance(others), 1e-6)
    return scene(
        request,
        shown,
        search_array(request, Ink(shape, target), Ink(shape, others)),
        target_colour=bytes(target).hex(),
        distractor_colour=bytes(others).hex(),
        weber_contrast=weber,
        michelson_contrast=michelson,
    )


def _hue(request: Request) -> Scene:
    draws = request.draws.of("hue")
    base, turn = draws.uniform(0, 360), draws.sign()
    return _singleton(request, lch(LIGHTNESS, CHROMA, base + turn * request.level), lch(LIGHTNESS, CHROMA, base))


def _saturated_hue(request: Request) -> Scene:
    draws = request.draws.of("hue")
    base, turn = draws.uniform(0, 360), draws.sign()
    return _singleton(request, hsv(base + turn * request.level, 0.85, 0.85), hsv(base, 0.85, 0.85))


def _saturation(target_is_strong: bool) -> Painter:
    def paint(request: Request) -> Scene:
        hue = request.draws.of("hue").uniform(0, 360)
        weak, strong = lch(LIGHTNESS, 5.0, hue), lch(LIGHTNESS, 5.0 + request.level, hue)
        return _singleton(request, *((strong, weak) if target_is_strong else (weak, strong)))

    return paint


def _magenta(target_is_magenta: bool) -> Painter:
    def paint(request: Request) -> Scene:
        red, magenta = lch(50.0, 48.0, 30.0), lch(50.0, 48.0, 30.0 - request.level)
        return _singleton(request, *((magenta, red) if target_is_magenta else (red, magenta)))

    return paint


def _lightness(target: Callable[[float], tuple[float, float]], ground: float) -> Painter:
    """Target and distractors by L*, never as light as the ground: a target that fades into it loses for another reason."""

    def paint(request: Request) -> Scene:
        wanted, others = target(request.level)
        return _singleton(request, grey(wanted), grey(others), grey(ground))

    return paint


COLOUR: dict[str, FamilyCard] = {
    "hue": FamilyCard(_hue, "colour", "another hue of equal lightness and chroma", "deg of CIELAB hue", HUES),
    "hue-saturated": FamilyCard(_saturated_hue, "colour", "another saturated hue, as P3 has it", "deg of HSV hue", HUES),
    "more-saturated": FamilyCard(_saturation(True), "colour", "saturated among pale", "C*", CHROMAS, pair="saturation"),
    "less-saturated": FamilyCard(_saturation(False), "colour", "pale among saturated", "C*", CHROMAS, pair="saturation"),
    "magenta-among-red": FamilyCard(
        _magenta(True), "colour", "magenta among red", "deg of CIELAB hue", (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0), pair="magenta"
    ),
    "red-among-magenta": FamilyCard(
        _magenta(False), "colour", "red among magenta", "deg of CIELAB hue", (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0), pair="magenta"
    ),
    "brighter": FamilyCard(_lightness(lambda d: (50 + d, 50), 20), "luminance", "bright among dim on dark", "L*", LIGHTNESSES, pair="dark"),
    "dimmer": FamilyCard(_lightness(lambda d: (50, 50 + d), 20), "luminance", "dim among bright on dark", "L*", LIGHTNESSES, pair="dark"),
    "darker-on-light": FamilyCard(
        _lightness(lambda d: (70 - d, 70), 97), "luminance", "dark among light on white", "L*", LIGHTNESSES, pair="light"
    ),
    "lighter-on-light": FamilyCard(
        _lightness(lambda d: (70, 70 - d), 97), "luminance", "light among dark on white", "L*", LIGHTNESSES, pair="light"
    ),
}
