"""Pictures and their maps in memory, under names that nobody can guess; the oldest make room for new ones. Nothing goes to the disk."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from salquest.errors import SalquestError
from salquest.gaze import SaliencyMap
from salquest.gaze.pictures import Pixels

LONGEST_NAME = 60


class NotKept(SalquestError):
    """A picture or a map that has made room, or never was."""


@dataclass
class KeptPicture:
    """A picture (H, W, 3), what files made from it are called, and its maps by model."""

    pixels: Pixels
    name: str
    maps: OrderedDict[str, SaliencyMap] = field(default_factory=OrderedDict)

    @property
    def nbytes(self) -> int:
        """Of the picture and its maps."""
        return self.pixels.nbytes + sum(saliency.values.nbytes for saliency in self.maps.values())

    def map_of(self, model: str) -> SaliencyMap:
        """The map of a model.

        Raises:
            NotKept: there is none.
        """
        if model not in self.maps:
            raise NotKept(f"the map of {model} is not kept any more; predict it again")
        return self.maps[model]


class Shelf:
    """What is kept, oldest first; to be used by one thread.

    Args:
        max_bytes: of everything together. The newest picture with its newest map stays even where these alone are more.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._pictures: OrderedDict[str, KeptPicture] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Of everything that is kept."""
        return sum(picture.nbytes for picture in self._pictures.values())

    def put(self, pixels: Pixels, name: str) -> str:
        """Keep a picture; the answer is the key under which it is found."""
        key = secrets.token_urlsafe(16)
        self._pictures[key] = KeptPicture(pixels, name)
        self._make_room()
        return key

    def picture(self, key: str) -> KeptPicture:
        """The picture of that key, which now is the newest.

        Raises:
            NotKept: there is none.
        """
        if key not in self._pictures:
            raise NotKept("this picture is not kept any more; drop it again")
        self._pictures.move_to_end(key)
        return self._pictures[key]

    def put_map(self, key: str, model: str, saliency: SaliencyMap) -> None:
        """Keep the map of a picture; nothing happens where the picture has made room meanwhile."""
        if key in self._pictures:
            picture = self.picture(key)
            picture.maps[model] = saliency
            picture.maps.move_to_end(model)
            self._make_room()

    def _make_room(self) -> None:
        while self.nbytes > self.max_bytes and len(self._pictures) > 1:
            self._pictures.popitem(last=False)
        newest = next(reversed(self._pictures.values()))
        while self.nbytes > self.max_bytes and len(newest.maps) > 1:
            newest.maps.popitem(last=False)


def harmless_name(given: str) -> str:
    """A client's file name as the beginning of a name for downloads: letters, digits, - and _ of its last part, without the ending.

    >>> harmless_name("../../holiday photo.JPG")
    'holiday-photo'
    >>> harmless_name("")
    'picture'
    """
    last = PureWindowsPath(given).stem  # its paths are divided by / and \\
    return re.sub(r"[^A-Za-z0-9_]+", "-", last)[:LONGEST_NAME].strip("-") or "picture"
