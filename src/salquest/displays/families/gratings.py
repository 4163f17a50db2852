"""Gabor patches that differ in spatial frequency or contrast."""

from __future__ import annotations

from salquest.displays.families.card import FamilyCard
from salquest.displays.painting import Gabor
from salquest.displays.scene import Painter, Request, Scene, scene, search_array

FREQUENCIES = (1.05, 1.1, 1.25, 1.4, 1.6, 1.8, 2.0)
CONTRASTS = (1.05, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0)


def _gabor(request: Request, angle: float, phase: int, *, frequency: float = 1.0, contrast: float = 0.9) -> Gabor:
    # 1.5 cycles a degree at frequency 1
    return Gabor(request.canvas.px(18), request.canvas.pixels_per_degree / (1.5 * frequency), angle, phase, contrast)


def _among(request: Request, target: dict[str, float], others: dict[str, float]) -> Scene:
    angle, phases = request.draws.of("angle").uniform(0, 180), request.draws.of("phase")
    drawn = [phases.whole(360) for _ in range(128)]
    items = search_array(request, _gabor(request, angle, drawn[0], **target), lambda n: _gabor(request, angle, drawn[n % 128], **others))
    return scene(request, request.ground((128, 128, 128)), items, common_degrees=angle)


def _frequency(target_is_higher: bool) -> Painter:
    def paint(request: Request) -> Scene:
        low, high = {"frequency": 1.0}, {"frequency": request.level}
        return _among(request, *((high, low) if target_is_higher else (low, high)))

    return paint


def _contrast(target_is_higher: bool) -> Painter:
    def paint(request: Request) -> Scene:
        low, high = {"contrast": 0.3}, {"contrast": 0.3 * request.level}
        return _among(request, *((high, low) if target_is_higher else (low, high)))

    return paint


GRATINGS: dict[str, FamilyCard] = {
    "higher-frequency": FamilyCard(_frequency(True), "frequency", "a finer grating", "ratio", FREQUENCIES, pair="frequency"),
    "lower-frequency": FamilyCard(_frequency(False), "frequency", "a coarser grating", "ratio", FREQUENCIES, pair="frequency"),
    "higher-contrast": FamilyCard(_contrast(True), "luminance", "a stronger grating", "ratio", CONTRASTS, pair="grating contrast"),
    "lower-contrast": FamilyCard(_contrast(False), "luminance", "a weaker grating", "ratio", CONTRASTS, pair="grating contrast"),
}
