"""Named regions of a design, from a JSON file that anybody may have written.

    {"size": [1280, 800],
     "regions": [{"name": "headline", "box": [80, 60, 640, 120]},
                 {"name": "badge", "polygon": [[900, 40], [1000, 40], [950, 120]]}]}

A box is left, top, width and height; coordinates are in pixels, 0 being the picture's left or upper edge. `size`, width and height of the
picture that they were measured on, may be left out where it is the picture's own; else they are scaled. Regions may overlap, and reach
out of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze.polygons import polygon_mask

# more than any design has, and little enough to be drawn and counted at once
MAX_BYTES, MAX_REGIONS, MAX_CORNERS, MAX_NAME = 4_000_000, 500, 1000, 200
# beyond this no picture reaches
MAX_COORDINATE = 1e7


@dataclass(frozen=True)
class NamedRegion:
    """A part of a design.

    Attributes:
        name: as the file has it.
        corners: of a polygon, (x, y) each, in pixels of the picture, 0 being its left or upper edge.
    """

    name: str
    corners: tuple[tuple[float, float], ...]

    def mask(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """The pixels of a picture of (height, width) that belong to it; see `polygon_mask`."""
        return polygon_mask(self.corners, size)


class _Region(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    box: tuple[float, float, float, float] | None = None
    polygon: list[tuple[float, float]] | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    regions: list[_Region]
    size: tuple[float, float] | None = None


def read_regions(path: str | Path, size: tuple[int, int]) -> list[NamedRegion]:
    """Read the regions of a picture of (height, width), in the order of the file; its form stands at the top of this module.

    Raises:
        DataNotFound: no such file. BrokenFile: not such a file, too large a one, or a region of which nothing lies in the picture.
    """
    source = Path(path)
    if not source.is_file():
        raise DataNotFound(f"there is no file of regions at {source}")
    try:
        if source.stat().st_size > MAX_BYTES:
            raise BrokenFile(f"{source} is larger than {MAX_BYTES:,} bytes: too large for a file of regions")
        found = msgspec.json.decode(source.read_bytes(), type=_File)
    except OSError as error:
        raise BrokenFile(f"{source} cannot be read: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenFile(
            f'{source} is no file of regions ({error}); it is {{"regions": [{{"name": "...", "box": [left, top, width, height]}}]}}'
        ) from error
    if not 1 <= len(found.regions) <= MAX_REGIONS:
        raise BrokenFile(f"{source} has {len(found.regions)} regions; 1 to {MAX_REGIONS} can be asked for")
    try:
        scale = _scale(found.size, size)
        regions = [_named(region, scale, size) for region in found.regions]
    except InputError as error:
        raise BrokenFile(f"{source}: {error}") from error
    names = [region.name for region in regions]
    for name in names:
        if names.count(name) > 1:
            raise BrokenFile(f"{source} has two regions called {name!r}; a region is known by its name")
    return regions


def _scale(measured: tuple[float, float] | None, size: tuple[int, int]) -> tuple[float, float]:
    if measured is None:
        return 1.0, 1.0
    if not all(1 <= side <= MAX_COORDINATE for side in measured):
        raise InputError(f"the size that coordinates were measured on is a width and a height in pixels; found {list(measured)}")
    return size[1] / measured[0], size[0] / measured[1]


def _named(region: _Region, scale: tuple[float, float], size: tuple[int, int]) -> NamedRegion:
    name = region.name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"a region has a name of 1 to {MAX_NAME} printable letters; found {region.name[:40]!r}")
    if (region.box is None) == (region.polygon is None):
        raise InputError(f"the region {name!r} has to be either a box or a polygon")
    corners = region.polygon or []
    if region.box is not None:
        left, top, width, height = region.box
        if width <= 0 or height <= 0:
            raise InputError(f"the box of {name!r} has a width of {width:g} and a height of {height:g}; both are above 0")
        corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    if not 3 <= len(corners) <= MAX_CORNERS:
        raise InputError(f"the polygon of {name!r} has {len(corners)} corners; 3 to {MAX_CORNERS} are possible")
    if any(abs(value) > MAX_COORDINATE for corner in corners for value in corner):
        raise InputError(f"the region {name!r} has coordinates beyond {MAX_COORDINATE:g}")
    scaled = NamedRegion(name, tuple((x * scale[0], y * scale[1]) for x, y in corners))
    if not scaled.mask(size).any():
        raise InputError(
            f"no pixel of the picture of {size[1]} x {size[0]} lies in the region {name!r}; were its coordinates measured on another size?"
        )
    return scaled
