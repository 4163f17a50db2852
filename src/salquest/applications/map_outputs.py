"""What is made of a map: its file, the map over its picture, salient regions, a simulated scanpath, each as the content of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import msgspec

from salquest.applications.picture_list import PictureFile
from salquest.applications.salient_regions import SalientRegion, salient_regions
from salquest.applications.scanpath import RADIUS, ScanpathStop, check_scanpath, simulated_scanpath
from salquest.errors import InputError
from salquest.gaze import SaliencyMap
from salquest.gaze.map_files import MapFormat, encode_map, map_suffix
from salquest.gaze.pictures import Pixels
from salquest.report import jpeg_bytes, outlined, overlay, path_drawn

# of numbers in JSON: a thousandth of a pixel, a millionth of a share
PLACES, SHARES = 3, 6


@dataclass(frozen=True)
class Wanted:
    """What is made of each map.

    Attributes:
        format: of the map file, see `gaze.map_files.encode_map`.
        overlay: the map over its picture; drawings of regions and scanpath too, where those are asked for.
        regions: how many salient regions at most; 0 for none.
        scanpath: how many stops of a simulated scanpath at most; 0 for none.
        radius, forgetting: of the scanpath, see `simulated_scanpath`.

    Raises:
        InputError: a number below 0, or a radius or forgetting that cannot be.
    """

    format: MapFormat = "png16"
    overlay: bool = False
    regions: int = 0
    scanpath: int = 0
    radius: float = RADIUS
    forgetting: float = 0.0

    def __post_init__(self) -> None:
        if self.regions < 0 or self.scanpath < 0:
            raise InputError(f"numbers of regions and of stops are 0 or more; found {self.regions} and {self.scanpath}")
        check_scanpath(max(1, self.scanpath), self.radius, self.forgetting)

    def request(self) -> dict[str, Any]:
        """What decides the content of the files, as plain values; what is not asked for is not in it."""
        asked: dict[str, Any] = {"format": self.format}
        if self.regions:
            asked["regions"] = self.regions
        if self.scanpath:
            asked["scanpath"] = {"stops": self.scanpath, "radius": self.radius, "forgetting": self.forgetting}
        return asked

    def endings(self) -> dict[str, Callable[[PictureMap], bytes]]:
        """Ending of each file's name -> what makes its content; the map's own is the first."""
        made: dict[str, Callable[[PictureMap], bytes]] = {map_suffix(self.format): PictureMap.map_file}
        if self.overlay:
            made[".overlay.jpg"] = PictureMap.overlay
        if self.regions:
            made[".regions.json"] = PictureMap.regions_json
        if self.regions and self.overlay:
            made[".regions.jpg"] = PictureMap.regions_drawn
        if self.scanpath:
            made[".scanpath.json"] = PictureMap.scanpath_json
        if self.scanpath and self.overlay:
            made[".scanpath.jpg"] = PictureMap.scanpath_drawn
        return made


@dataclass(frozen=True)
class PictureMap:
    """A picture with its map, from which the content of files is made."""

    picture: PictureFile
    pixels: Pixels
    saliency: SaliencyMap
    wanted: Wanted

    @cached_property
    def regions(self) -> list[SalientRegion]:
        """Its salient regions."""
        return salient_regions(self.saliency, self.wanted.regions)

    @cached_property
    def stops(self) -> list[ScanpathStop]:
        """Its simulated scanpath."""
        return simulated_scanpath(self.saliency, self.wanted.scanpath, radius=self.wanted.radius, forgetting=self.wanted.forgetting)

    def map_file(self) -> bytes:
        """The map."""
        return encode_map(self.saliency, self.wanted.format)

    def overlay(self) -> bytes:
        """The map over its picture, JPEG of the picture's size."""
        return jpeg_bytes(overlay(self.pixels, self.saliency))

    def regions_json(self) -> bytes:
        """{"picture", "size": [width, height], "regions": [{"rank", "x", "y", "share", "left", "top", "width", "height"}]}."""
        return self._json(regions=[{"rank": rank, **_rounded(region)} for rank, region in enumerate(self.regions, start=1)])

    def regions_drawn(self) -> bytes:
        """The regions' boxes on the picture, with rank and share."""
        shapes = []
        for rank, region in enumerate(self.regions, start=1):
            right, bottom = region.left + region.width, region.top + region.height
            corners = [(region.left, region.top), (right, region.top), (right, bottom), (region.left, bottom)]
            shapes.append((f"{rank}: {region.share:.0%}", corners))
        return jpeg_bytes(outlined(self.pixels, shapes))

    def scanpath_json(self) -> bytes:
        """{"picture", "size", "rule", "radius", "forgetting", "stops": [{"x", "y", "height", "remaining"}]}."""
        return self._json(
            rule="winner-take-all with inhibition of return; not a model of eye movements",
            radius=self.wanted.radius,
            forgetting=self.wanted.forgetting,
            stops=[_rounded(stop) for stop in self.stops],
        )

    def scanpath_drawn(self) -> bytes:
        """The stops on the picture, numbered, with lines between them."""
        return jpeg_bytes(path_drawn(self.pixels, [(stop.x, stop.y) for stop in self.stops]))

    def _json(self, **content: Any) -> bytes:
        size = [self.pixels.shape[1], self.pixels.shape[0]]
        whole = {"picture": self.picture.printable, "size": size, **content}
        return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def _rounded(found: SalientRegion | ScanpathStop) -> dict[str, Any]:
    places = {"x": PLACES, "y": PLACES}
    return {name: round(value, places.get(name, SHARES)) for name, value in asdict(found).items()}
