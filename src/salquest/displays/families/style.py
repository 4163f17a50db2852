"""Light on dark and dark on light: the few ways in which uncoloured items lie on their ground."""

from __future__ import annotations

from dataclasses import dataclass

from salquest.displays.painting import Colour
from salquest.displays.scene import Request
from salquest.gaze.pictures import Pixels


@dataclass(frozen=True)
class Style:
    """Ground and ink."""

    name: str
    ground: Colour
    ink: Colour


STYLES = (
    Style("white on grey", (128, 128, 128), (235, 235, 235)),
    Style("black on grey", (128, 128, 128), (20, 20, 20)),
    Style("white on black", (12, 12, 12), (235, 235, 235)),
    Style("black on white", (245, 245, 245), (20, 20, 20)),
    Style("yellow on blue", (24, 32, 92), (228, 214, 92)),
)


def style_of(request: Request) -> tuple[Style, Pixels]:
    """The style that this display drew, and its background."""
    style = STYLES[request.draws.of("style").whole(len(STYLES))]
    return style, request.ground(style.ground)
