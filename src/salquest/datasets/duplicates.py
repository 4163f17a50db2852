"""Pictures that stand in two sets: the same file, the same pixels, or a resized, re-encoded, recoloured or mirrored copy.

A picture is remembered by 143 bits: which of its lowest 12 x 12 cosine frequencies (the constant one left out) lie above their median,
of the grey picture at 32 x 32 pixels. Copies at half and a third of the size, as JPEG of quality 30, in grey or darker differ in at most
10 bits; the closest two of the 120 different pictures of osie-mini in 46. Against OSIE (640 pictures at hand) each of these 120 is found as
itself, at most 6 bits away, and none of 1440 pictures of MIT1003, EyeCrowd and Siena is taken for one of OSIE. Cut-outs and turned pictures
are not found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.datasets.dataset import DataSet
from salquest.errors import InputError
from salquest.gaze.pictures import Pixels

GRID, FREQUENCIES = 32, 12
BITS = FREQUENCIES**2 - 1
DIGITS = -(-BITS // 8) * 2
# between 10 (copies) and 46 (different pictures), see above
NEAR = 20

Kind = Literal["same file", "same pixels", "near", "mirrored"]


@dataclass(frozen=True)
class Duplicate:
    """A picture of one set that stands in another set too.

    Attributes:
        first, second: their keys in the two sets.
        kind: "same file", "same pixels", "near" (a resized or re-encoded copy) or "mirrored".
        distance: how many of the 143 bits differ.
    """

    first: str
    second: str
    kind: Kind
    distance: int = 0


def perceptual_hash(pixels: Pixels) -> str:
    """What is remembered of a picture (H, W, 3): 36 hexadecimal digits, alike for copies of any size and encoding."""
    from scipy.fft import dctn

    grey = Image.fromarray(pixels).convert("L").resize((GRID, GRID), Image.Resampling.BOX)
    waves = dctn(np.asarray(grey, dtype=np.float64), norm="ortho")[:FREQUENCIES, :FREQUENCIES].ravel()[1:]
    return np.packbits(waves > np.median(waves)).tobytes().hex()


def perceptual_hashes(data: DataSet) -> dict[str, str]:
    """Key -> perceptual hash of every picture of a set; each is decoded once."""
    return {sample.stimulus.key: perceptual_hash(sample.stimulus.pixels()) for sample in data}


def find_duplicates(a: DataSet, b: DataSet, *, near: int = NEAR) -> list[Duplicate]:
    """Pictures of `a` that stand in `b` too, each with its closest one there, in the order of `a`.

    Args:
        a, b: two sets or parts. A set against itself finds every picture; for copies inside one set give its parts.
        near: how many of the 143 bits may differ.
    """
    found = find_near(a, perceptual_hashes(b), near=near)
    return [_exactly(one, a, b) if one.distance == 0 and one.kind == "near" else one for one in found]


def find_near(data: DataSet, known: Mapping[str, str], *, near: int = NEAR) -> list[Duplicate]:
    """Pictures of a set that are alike, or mirrored, to pictures of which only the hashes are known.

    Args:
        data: the pictures.
        known: key -> perceptual hash; run.json of a trained network has those of its training part.
        near: how many of the 143 bits may differ.

    Raises:
        InputError: a hash that is no such hash.
    """
    if not known:
        return []
    remembered = _Remembered(known)
    closest = (remembered.closest(sample.stimulus.key, sample.stimulus.pixels(), near) for sample in data)
    return [one for one in closest if one is not None]


def near_picture(pixels: Pixels, known: Mapping[str, str], *, near: int = NEAR) -> Duplicate | None:
    """The closest of pictures of which only the hashes are known to one picture (H, W, 3), or its mirror image; None where none is alike.

    Its own key in the answer is empty. Arguments and errors as in `find_near`.
    """
    return _Remembered(known).closest("", pixels, near) if known else None


class _Remembered:
    """Pictures of which the perceptual hashes are known, at least one."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.keys, self.bits = list(known), _unpacked(known.values())

    def closest(self, key: str, pixels: Pixels, near: int) -> Duplicate | None:
        """The one that is most like a picture, where one is alike."""
        best: Duplicate | None = None
        ways: tuple[tuple[Kind, Pixels], ...] = (("near", pixels), ("mirrored", pixels[:, ::-1]))
        for kind, seen in ways:
            distances = (self.bits != _unpacked([perceptual_hash(np.ascontiguousarray(seen))])).sum(axis=1)
            place = int(distances.argmin())
            if distances[place] <= near and (best is None or distances[place] < best.distance):
                best = Duplicate(key, self.keys[place], kind, int(distances[place]))
        return best


def _exactly(one: Duplicate, a: DataSet, b: DataSet) -> Duplicate:
    """Whether two pictures of equal hashes are the same file, or the same pixels in another file."""
    first, second = a[one.first].stimulus, b[one.second].stimulus
    if first.digest() == second.digest():
        return Duplicate(one.first, one.second, "same file")
    if first.size == second.size and _pixel_digest(first.pixels()) == _pixel_digest(second.pixels()):
        return Duplicate(one.first, one.second, "same pixels")
    return one


def _pixel_digest(pixels: Pixels) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).digest()


def _unpacked(hashes: Iterable[str]) -> NDArray[np.uint8]:
    """Hashes as bits, (N, 144)."""
    words = list(hashes)
    for word in words:
        if len(word) != DIGITS or not set(word) <= set("0123456789abcdef"):
            raise InputError(f"a perceptual hash has {DIGITS} hexadecimal digits; found {word!r}")
    return np.unpackbits(np.frombuffer(bytes.fromhex("".join(words)), dtype=np.uint8).reshape(len(words), -1), axis=1)
