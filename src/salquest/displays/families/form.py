"""Size and shape: one item larger, longer, rounder, open, bent, with a tail or the wrong way round."""

from __future__ import annotations

import math
from collections.abc import Callable

from salquest.displays.families.card import FamilyCard
from salquest.displays.families.style import style_of
from salquest.displays.marks import Shape, arc, bar, corner, disc, letter_f, letter_q, letter_t, mirrored, morph, ring
from salquest.displays.painting import Ink
from salquest.displays.scene import Painter, Request, Scene, scene, search_array

RATIOS = (1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)
SHARES = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
GAPS = (10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
BENDS = (10.0, 20.0, 40.0, 60.0, 90.0, 135.0, 180.0)
SIDE = 75.0

Shapes = Callable[[Request, float], tuple[Shape, Shape]]  # level and common angle -> the two shapes of a family


def _pair(shapes: Shapes, *, first_is_target: bool = True) -> Painter:
    """A painter of one shape among another, both turned by one random angle."""

    def paint(request: Request) -> Scene:
        style, ground = style_of(request)
        angle = request.draws.of("angle").uniform(0, 360)
        first, second = shapes(request, angle)
        target, others = (first, second) if first_is_target else (second, first)
        items = search_array(request, Ink(target, style.ink), Ink(others, style.ink))
        return scene(request, ground, items, style=style.name, common_degrees=angle)

    return paint


def _larger(request: Request, angle: float) -> tuple[Shape, Shape]:
    kind = request.draws.of("kind").whole(3)
    side = request.canvas.px(39 if kind == 1 else 50)  # two squares twice as large still pass each other, whatever their angle

    def shape(ratio: float) -> Shape:
        if kind == 0:
            return disc(ratio * side)
        return bar(ratio * side, ratio * side * (1.0 if kind == 1 else 0.3), angle)

    return shape(request.level), shape(1.0)


def _longer(request: Request, angle: float) -> tuple[Shape, Shape]:
    length, width = request.canvas.px(50), request.canvas.px(14)
    return bar(request.level * length, width, angle), bar(length, width, angle)


def _morphed(corners: int) -> Shapes:
    def shapes(request: Request, angle: float) -> tuple[Shape, Shape]:
        area = math.pi * request.canvas.px(66) ** 2 / 4
        return morph(area, corners, request.level, angle), morph(area, corners, 0.0, angle)

    return shapes


def _t_and_l(request: Request, angle: float) -> tuple[Shape, Shape]:
    size, width = request.canvas.px(70), request.canvas.px(16)
    return letter_t(size, width, request.level, angle), letter_t(size, width, 0.0, angle)


def _open_and_closed(request: Request, angle: float) -> tuple[Shape, Shape]:
    size, width = request.canvas.px(SIDE), request.canvas.px(11)
    return ring(size, width, gap_degrees=request.level, degrees=angle), ring(size, width)


def _q_and_o(request: Request, angle: float) -> tuple[Shape, Shape]:
    size, width = request.canvas.px(66), request.canvas.px(9)
    return letter_q(size, width, request.level * size * 0.6, angle), ring(size, width)


def _curved_and_straight(request: Request, angle: float) -> tuple[Shape, Shape]:
    length, width = request.canvas.px(90), request.canvas.px(12)
    return arc(length, width, request.level, angle), arc(length, width, 0.0, angle)


def _flipped_and_upright(request: Request, angle: float) -> tuple[Shape, Shape]:
    # an F of that lopsidedness; at 0 its mirror image would be itself. All stand upright
    upright = letter_f(request.canvas.px(76), request.canvas.px(14), request.level)
    return mirrored(upright), upright


def _corner_and_straight(request: Request, angle: float) -> tuple[Shape, Shape]:
    arm, width = request.canvas.px(46), request.canvas.px(12)
    return corner(arm, width, request.level, angle), corner(arm, width, 180.0, angle)


FORM: dict[str, FamilyCard] = {
    "larger": FamilyCard(_pair(_larger), "size", "large among small", "ratio", RATIOS, pair="size"),
    "smaller": FamilyCard(_pair(_larger, first_is_target=False), "size", "small among large", "ratio", RATIOS, pair="size"),
    "longer": FamilyCard(_pair(_longer), "size", "long among short", "ratio", RATIOS, pair="length"),
    "shorter": FamilyCard(_pair(_longer, first_is_target=False), "size", "short among long", "ratio", RATIOS, pair="length"),
    "square-among-discs": FamilyCard(_pair(_morphed(4)), "shape", "from disc to square, equal area", "share", SHARES),
    "triangle-among-discs": FamilyCard(_pair(_morphed(3)), "shape", "from disc to triangle, equal area", "share", SHARES),
    "t-among-l": FamilyCard(_pair(_t_and_l), "shape", "from L to T", "share", SHARES),
    "open-among-closed": FamilyCard(_pair(_open_and_closed), "shape", "C among O", "deg of gap", GAPS, pair="closure"),
    "closed-among-open": FamilyCard(
        _pair(_open_and_closed, first_is_target=False), "shape", "O among C", "deg of gap", GAPS, pair="closure"
    ),
    "q-among-o": FamilyCard(_pair(_q_and_o), "shape", "Q among O", "length of the tail", SHARES, pair="terminator"),
    "o-among-q": FamilyCard(_pair(_q_and_o, first_is_target=False), "shape", "O among Q", "length of the tail", SHARES, pair="terminator"),
    "curved-among-straight": FamilyCard(_pair(_curved_and_straight), "shape", "curved among straight", "deg of bend", BENDS, pair="curve"),
    "straight-among-curved": FamilyCard(
        _pair(_curved_and_straight, first_is_target=False), "shape", "straight among curved", "deg of bend", BENDS, pair="curve"
    ),
    "flipped-among-upright": FamilyCard(_pair(_flipped_and_upright), "shape", "mirrored F among F", "lopsidedness", SHARES, pair="flip"),
    "upright-among-flipped": FamilyCard(
        _pair(_flipped_and_upright, first_is_target=False), "shape", "F among mirrored F", "lopsidedness", SHARES, pair="flip"
    ),
    "corner-among-straight": FamilyCard(
        _pair(_corner_and_straight),
        "shape",
        "a corner among straight lines",
        "deg of opening",
        (15.0, 45.0, 75.0, 105.0, 135.0, 150.0, 165.0),
        "down",
    ),
}
