"""What stands out from a field of elements: a border, a change of spacing, a contour, a loner, a dent; and singletons on busy grounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from salquest.displays.backgrounds import gradient, grating, lit_surface, noise, spectral_noise
from salquest.displays.colours import lch
from salquest.displays.families.card import FamilyCard
from salquest.displays.families.style import style_of
from salquest.displays.marks import bar, disc
from salquest.displays.painting import Gabor, Ink, Item, Labels, equal_discs
from salquest.displays.scene import Painter, Request, Scene, flat, search_array
from salquest.displays.scene import scene as scene_of
from salquest.gaze.pictures import Pixels

# the field of a texture or of a contour: elements along the shorter side
ELEMENTS = 24
# a border is a strip of two cells, so a field of 24 has twelve strips
STRIP = 2
ANGLES = (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 90.0)


def _strips(request: Request) -> tuple[Labels, int, bool]:
    """The field cut into strips of two cells, the label of each pixel's strip, which strip is the target, and whether strips run upright."""
    rows, columns = request.canvas.grid(ELEMENTS)
    upright = bool(request.draws.of("side").whole(2))
    number = (columns if upright else rows) // STRIP
    wanted = 2 + request.spot(number - 4)  # both sides of the border are seen
    pitch = min(request.canvas.size) / ELEMENTS
    along = np.arange(request.canvas.size[1 if upright else 0])
    strip = np.minimum((along / (STRIP * pitch)).astype(np.int64), number - 1)
    label = np.where(strip == wanted, 1, np.where(strip < wanted, strip + 2, strip + 1)).astype(np.uint8)
    areas = np.broadcast_to(label[None, :] if upright else label[:, None], request.canvas.size).copy()
    return areas, wanted, upright


def _texture(request: Request, angles: Callable[[bool], float], far_pitch: float = 1.0) -> Scene:
    """Bars on a jittered field; `angles` says how they lie on the near and the far side, `far_pitch` how much thinner they are sown there."""
    style, ground = style_of(request)
    areas, wanted, upright = _strips(request)
    pitch = min(request.canvas.size) / ELEMENTS
    border = (wanted + 0.5) * STRIP * pitch
    length, width = 0.56 * pitch, max(2.0, 0.16 * pitch)
    moves = request.draws.of("jitter")
    items = []
    for x, y in request.canvas.cells(ELEMENTS):
        far = (x if upright else y) > border
        dx, dy, kept = (moves.uniform(-0.12, 0.12) * pitch, moves.uniform(-0.12, 0.12) * pitch, moves.uniform())
        if far and kept > 1 / far_pitch**2:
            continue
        items.append(Item(round(x + dx), round(y + dy), Ink(bar(length, width, angles(far)), style.ink), 0))
    return Scene(ground, tuple(items), {"style": style.name, "upright": int(upright)}, STRIP * pitch, STRIP * pitch, areas)


def _texture_orientation(request: Request) -> Scene:
    base = request.draws.of("angle").uniform(0, 180)
    return _texture(request, lambda far: base + (request.level if far else 0.0))


def _texture_spacing(request: Request) -> Scene:
    base = request.draws.of("angle").uniform(0, 180)
    return _texture(request, lambda far: base, request.level)


def _paths(request: Request, length: int) -> tuple[list[list[tuple[int, int]]], int]:
    """The field's cells (row, column) as gently winding paths of one length, side by side, and which of them is the contour."""
    draws = request.draws.of("path")
    rows, columns = request.canvas.grid(ELEMENTS)
    rise = [0]
    for _ in range(length - 1):
        rise.append(rise[-1] + (-1, 0, 0, 1)[draws.whole(4)])
    paths = [
        [((row + rise[step]) % rows, first + step) for step in range(length)]
        for row in range(rows)
        for first in range(0, columns - length + 1, length)
    ]
    # the contour itself does not run over the edge of the field
    whole = [n for n, path in enumerate(paths) if all(1 < row < rows - 2 for row, _ in path) and _is_straight_on(path)]
    return paths, whole[request.spot(len(whole))]


def _is_straight_on(path: Sequence[tuple[int, int]]) -> bool:
    return all(abs(one[0] - other[0]) <= 1 for one, other in pairwise(path))


def _contour(request: Request, length: int, spread: float) -> Scene:
    """Gratings of random tilt; those on one path lie along it, up to `spread` degrees. The other paths of the field compete."""
    cells, columns = request.canvas.cells(ELEMENTS), request.canvas.grid(ELEMENTS)[1]
    pitch = min(request.canvas.size) / ELEMENTS
    paths, wanted = _paths(request, length)
    spins, phases, errors = (request.draws.of(name) for name in ("angle", "phase", "spread"))
    angles = {number: spins.uniform(0, 180) for number in range(len(cells))}
    contour = paths[wanted]
    for step, (row, column) in enumerate(contour):
        before, after = contour[max(0, step - 1)], contour[min(length - 1, step + 1)]
        along = math.degrees(math.atan2(before[0] - after[0], after[1] - before[1]))
        angles[row * columns + column] = along + spread * errors.uniform(-1, 1)
    order = [wanted, *(n for n in range(len(paths)) if n != wanted)]
    labels = {cell: label for label, number in enumerate(order, start=1) for cell in paths[number]}
    items = []
    for number, (x, y) in enumerate(cells):
        look = Gabor(0.16 * pitch, 0.4 * pitch, angles[number], phases.whole(2) * 180, 0.95)
        items.append(Item(round(x), round(y), look, labels.get(divmod(number, columns), 0)))
    areas = equal_discs(request.canvas.size, [(item.label, item.x, item.y) for item in items], 0.45 * pitch)
    return Scene(request.ground((128, 128, 128)), tuple(items), {"elements": length}, length * pitch, pitch, areas)


def _contour_length(request: Request) -> Scene:
    return _contour(request, int(request.level), 0.0)


def _contour_spread(request: Request) -> Scene:
    return _contour(request, 8, request.level)


def _loner(request: Request) -> Scene:
    """A cluster of alike discs, and one of them so many degrees away from its edge."""
    style, ground = style_of(request)
    draws = request.draws.of("cluster")
    height, width = request.canvas.size
    degree = request.canvas.pixels_per_degree
    turn = 2 * math.pi * request.spot(16) / 16 + draws.uniform(0, 0.3)
    look = Ink(disc(request.canvas.px(40)), style.ink)
    pitch = request.canvas.px(58)
    # cluster and loner together lie around the middle
    away = 2.2 * pitch + request.level * degree
    middle = ((width - 1) / 2 - away / 2 * math.cos(turn), (height - 1) / 2 - away / 2 * math.sin(turn))
    items = [Item(round(middle[0] + away * math.cos(turn)), round(middle[1] + away * math.sin(turn)), look, 1)]
    for row in range(-2, 3):
        for column in range(-2, 3):
            if abs(row) + abs(column) < 4:
                x = middle[0] + column * pitch + draws.uniform(-0.1, 0.1) * pitch
                y = middle[1] + row * pitch + draws.uniform(-0.1, 0.1) * pitch
                items.append(Item(round(x), round(y), look, len(items) + 1))
    return scene_of(request, ground, tuple(items), style=style.name)


def _rough(request: Request) -> Scene:
    """A rough surface lit from above, with one dent; the rougher it is (small beta), the less the dent is seen."""
    canvas, draws = request.canvas, request.draws.of("surface")
    height = canvas.px(16) * spectral_noise(canvas.size, draws, beta=request.level)
    cells = canvas.cells(7)
    wanted = request.spot(len(cells))
    x, y = (round(value) for value in cells[wanted])
    radius = canvas.px(55)
    rows, columns = np.arange(canvas.size[0])[:, None] - y, np.arange(canvas.size[1])[None, :] - x
    height -= canvas.px(26) * np.exp(-(rows**2 + columns**2) / (2 * (radius / 2) ** 2))
    order = [wanted, *(n for n in range(len(cells)) if n != wanted)]
    discs = [(label, round(cells[n][0]), round(cells[n][1])) for label, n in enumerate(order, start=1)]
    areas = equal_discs(canvas.size, discs, radius)
    return Scene(lit_surface(height), (), {"beta": request.level}, 2 * radius, 2 * radius, areas)


def _on(ground: Callable[[Request], Pixels]) -> Painter:
    """A disc whose hue differs by 90 degrees from the others', on that ground."""

    def paint(request: Request) -> Scene:
        draws = request.draws.of("hue")
        base, turn = draws.uniform(0, 360), draws.sign()
        shape = disc(request.canvas.px(75))
        items = search_array(request, Ink(shape, lch(65, 36, base + 90 * turn)), Ink(shape, lch(65, 36, base)))
        return scene_of(request, ground(request), items, base_degrees=base)

    return paint


def _noise(request: Request) -> Pixels:
    return noise(request.canvas.size, request.draws.of("ground"), request.level)


def _gradient(request: Request) -> Pixels:
    return gradient(request.canvas.size, request.draws.of("ground").uniform(0, 360), request.level)


def _grating(request: Request) -> Pixels:
    return grating(request.canvas.size, request.draws.of("ground").uniform(0, 180), request.canvas.pixels_per_degree, request.level)


def _coloured(request: Request) -> Pixels:
    return flat(request.canvas.size, lch(50, request.level, request.draws.of("ground").uniform(0, 360)))


FIELDS: dict[str, FamilyCard] = {
    "texture-orientation": FamilyCard(_texture_orientation, "texture", "a border between two tilts", "deg", ANGLES),
    "texture-spacing": FamilyCard(
        _texture_spacing, "texture", "a border between two densities", "ratio of spacing", (1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)
    ),
    "contour-length": FamilyCard(_contour_length, "grouping", "aligned gratings", "elements", (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)),
    "contour-spread": FamilyCard(
        _contour_spread, "grouping", "eight gratings, more or less aligned", "deg", (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0), "down"
    ),
    "grouping": FamilyCard(_loner, "grouping", "one item away from a cluster", "deg", (2.5, 3.33, 4.17, 5.0, 5.83, 6.67, 7.5)),
    "surface": FamilyCard(_rough, "texture", "a dent in a rough surface", "beta", (1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.2)),
    "background-noise": FamilyCard(_on(_noise), "background", "on 1/f noise", "RMS", (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3), "down"),
    "background-gradient": FamilyCard(
        _on(_gradient), "background", "on a ramp", "contrast", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), "none"
    ),
    "background-grating": FamilyCard(_on(_grating), "background", "on stripes", "contrast", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), "down"),
    "background-colour": FamilyCard(_on(_coloured), "background", "on a colour", "C*", (2.0, 4.0, 8.0, 12.0, 16.0, 20.0, 25.0), "none"),
}
