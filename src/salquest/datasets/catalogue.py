"""The data sets that salquest knows by name, and the one door through which every data set comes in.

A set that is not in the catalogue is read from any folder of the generic layout under the name that the caller gives it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from salquest.datasets.dataset import DataSet
from salquest.datasets.generic import is_generic, read_generic, read_meta
from salquest.datasets.osie import find_osie, read_osie
from salquest.errors import DataNotFound, UnknownName

# names a folder with one sub-folder per data set, so that `--data osie` needs no path
ENVIRONMENT = "SALQUEST_DATA"


@dataclass(frozen=True)
class DataSetCard:
    """What is known about a data set.

    Attributes:
        title: what it is, for people.
        drop_first: whether the first fixation of each scan path was forced to the centre and is dropped.
        layouts: the folders that can be read.
        licence, source, citation: of the data, not of this package.
        embedded: it travels inside the package.
    """

    title: str
    drop_first: bool
    layouts: tuple[str, ...]
    licence: str
    source: str
    citation: str
    embedded: bool = False


DATASETS: Mapping[str, DataSetCard] = {
    "osie-mini": DataSetCard(
        "120 of OSIE's training pictures at 320 x 240, 15 observers, inside the package",
        drop_first=False,
        layouts=("generic folder",),
        licence="MIT",
        source="NUS-VIP/predicting-human-gaze-beyond-pixels",
        citation="Xu, Jiang, Wang, Kankanhalli, Zhao (2014)",
        embedded=True,
    ),
    "osie": DataSetCard(
        "OSIE: everyday scenes with many objects, 15 observers, 3 s of free viewing",
        drop_first=False,
        layouts=("generic folder", "as distributed (data/stimuli, data/eye/fixations.mat)"),
        licence="MIT",
        source="NUS-VIP/predicting-human-gaze-beyond-pixels",
        citation="Xu, Jiang, Wang, Kankanhalli, Zhao (2014)",
    ),
    "eyecrowd": DataSetCard(
        "EyeCrowd: crowds, 16 observers, 5 s of free viewing, boxes around faces",
        drop_first=False,
        layouts=("generic folder",),
        licence="MIT",
        source="NUS-VIP/saliency-in-crowd",
        citation="Jiang, Xu, Zhao (2014)",
    ),
    "mit1003": DataSetCard(
        "MIT1003: photographs of Flickr and LabelMe, 15 observers, 3 s of free viewing; the loss paper's data",
        drop_first=True,
        layouts=("generic folder",),
        licence="for research, no explicit licence found",
        source="people.csail.mit.edu/tjudd/WherePeopleLook",
        citation="Judd, Ehinger, Durand, Torralba (2009)",
    ),
    "siena12": DataSetCard(
        "SIENA12: 12 grey pictures and textures, 23 observers",
        drop_first=True,
        layouts=("generic folder",),
        licence="for research, no explicit licence found",
        source="dario-zanca/FixaTons",
        citation="Zanca, Serchi, Piu, Rosini, Rufa (2018)",
    ),
}


def load_dataset(name: str, path: str | Path | None = None, *, drop_first: bool | None = None) -> DataSet:
    """Read a data set.

    Args:
        name: from the catalogue, or any name for a folder of the generic layout.
        path: its folder. Without one an embedded set is taken, then the sub-folder `name` of the folder that SALQUEST_DATA names.
        drop_first: drop the first fixation of each scan path; None follows the catalogue, or meta.json for a set that it does not know.

    Raises:
        UnknownName: no path, and no set of that name. DataNotFound: nothing readable there. BrokenFile: a table that cannot be read.
    """
    root = _root(name, path)
    if not root.is_dir():
        raise DataNotFound(f"there is no folder {root}; {name} is expected there: check the path")
    if is_generic(root):
        card = DATASETS.get(name) or DATASETS.get(str(read_meta(root)["name"]))
        return read_generic(root, name=name, drop_first=card.drop_first if card is not None and drop_first is None else drop_first)
    if find_osie(root) is not None:
        return read_osie(root, name=name, drop_first=bool(drop_first))
    card = DATASETS.get(name)
    layouts = " or ".join(card.layouts) if card else "generic folder"
    found = ", ".join(sorted(entry.name for entry in root.iterdir())[:12]) or "nothing"
    raise DataNotFound(
        f"{root} is not laid out as {name} can be read ({layouts}): a generic folder has meta.json and stimuli/; found: {found}"
    )


def _root(name: str, path: str | Path | None) -> Path:
    if path is not None:
        return Path(path).expanduser()
    card = DATASETS.get(name)
    if card is not None and card.embedded:
        return Path(str(resources.files("salquest.datasets") / "embedded" / name))
    home = os.environ.get(ENVIRONMENT)
    if home:
        return Path(home).expanduser() / name
    if card is None:
        raise UnknownName("data set", name, DATASETS)
    raise DataNotFound(
        f"{name} does not travel with salquest: give its folder ({name}=PATH), or name the folder of all your sets in {ENVIRONMENT}"
    )
