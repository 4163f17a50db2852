"""Photographs that may be shown to try the demo: some of osie-mini's, with where their observers looked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

from salquest.datasets import DataSet, load_dataset
from salquest.errors import UnknownName

DATA = "osie-mini"
# key -> what is to be seen, for those who cannot see it
SAMPLES: Mapping[str, str] = {
    "1594.jpg": "a robin on a branch",
    "1057.jpg": "a road sign that warns of camels",
    "1580.jpg": "a market stall with oranges",
    "1088.jpg": "cyclists passing a ship",
    "1012.jpg": "a puppy with a toy",
    "1473.jpg": "a heron on a boat",
    "1229.jpg": "cake and coffee on a table",
    "1342.jpg": "a sail on a beach",
    "1214.jpg": "an elk crossing a road",
    "1654.jpg": "an armchair by the fire",
    "1511.jpg": "the contents of a bag, laid out",
    "1584.jpg": "a walker with a dog on a beach",
}
_ROOT = Path(str(resources.files("salquest.datasets"))) / "embedded" / DATA


def notice() -> str:
    """Where the pictures come from, and their licence."""
    return (_ROOT / "NOTICE.md").read_text(encoding="utf-8")


def sample_picture(key: str) -> bytes:
    """A sample's file, JPEG. Raises UnknownName for another key than one of SAMPLES."""
    if key not in SAMPLES:
        raise UnknownName("sample", key, SAMPLES)
    return (_ROOT / "stimuli" / key).read_bytes()


def sample_fixations(key: str) -> str:
    """Where 15 observers looked at a sample, as the text x,y in pixels. Raises as `sample_picture`."""
    if key not in SAMPLES:
        raise UnknownName("sample", key, SAMPLES)
    looked = _data()[key].fixations
    assert looked is not None
    return "x,y\n" + "".join(f"{x:g},{y:g}\n" for x, y in zip(looked.x, looked.y, strict=True))


def sigma_px() -> float:
    """One degree of visual angle in pixels of the samples."""
    return _data().sigma_px


@lru_cache(maxsize=1)
def _data() -> DataSet:
    return load_dataset(DATA)
