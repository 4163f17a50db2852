"""The one door to regions in files."""

from __future__ import annotations

from pathlib import Path

from salquest.datasets import DataSet
from salquest.datasets.generic import is_generic, read_generic
from salquest.displays import read_displays
from salquest.dissection.annotations.coco import CocoInstances
from salquest.dissection.annotations.mask_folder import MaskFolder, mask_categories
from salquest.dissection.annotations.osie_objects import OsieObjects, find_osie_objects
from salquest.dissection.annotations.osie_sr import OsieSr, is_osie_sr
from salquest.dissection.annotations.others import BoxFile, DisplayItems
from salquest.dissection.annotations.own import OwnRegions
from salquest.dissection.annotations.region import Annotations
from salquest.errors import DataNotFound, InputError

OWN = "own"
LAYOUTS = (
    "own (those of the data set); a generic folder with attributes.csv or boxes.csv; attrs.mat of OSIE; OSIE-SR (SegmentationClass, "
    "SegmentationObject); COCO's instances (.json); a table of boxes (.csv, .csv.gz); a folder with a sub-folder of masks per category; "
    "search displays"
)


def read_annotations(source: str | Path, data: DataSet | None = None) -> Annotations:
    """Open regions of any layout that is known.

    Args:
        source: "own" for those that came with the data set, or a file or folder.
        data: the data set.

    Raises:
        InputError: "own" of a data set without regions. DataNotFound: nothing there, or of no known layout. BrokenFile: it cannot be read.
    """
    if str(source) == OWN:
        if data is None:
            raise InputError("'own' regions are those of a data set: name one (--data NAME=PATH), or a file or folder of regions")
        own = OwnRegions(data)
        if not own.names():
            raise InputError(f"{data.name} came without regions; name a file or folder of them; known are: {LAYOUTS}")
        return own
    path = Path(source).expanduser()
    if path.is_file():
        return _of_file(path)
    if not path.is_dir():
        raise DataNotFound(f"there is no file or folder of regions at {path}; known are: {LAYOUTS}")
    objects = find_osie_objects(path)
    if objects is not None:
        return OsieObjects(objects)
    if is_osie_sr(path):
        return OsieSr(path)
    if is_generic(path) and any((path / f"{stem}.csv{end}").is_file() for stem in ("attributes", "boxes") for end in ("", ".gz")):
        return OwnRegions(read_generic(path))
    if (path / "stimuli").is_dir() or (path / "images").is_dir():
        return DisplayItems(read_displays(path))
    if mask_categories(path):
        return MaskFolder(path)
    found = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
    raise DataNotFound(f"{path} holds no regions that can be read; known are: {LAYOUTS}; found: {found}")


def _of_file(path: Path) -> Annotations:
    if path.name == "attrs.mat":
        return OsieObjects(path)
    if path.suffix == ".json":
        return CocoInstances(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return BoxFile(path)
    raise DataNotFound(f"{path} is no file of regions that can be read; known are: {LAYOUTS}")
