"""Saliency maps as files: float arrays, 16-bit and 8-bit pictures, out and in again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze.maps import SaliencyMap
from salquest.gaze.pictures import OpenedPicture, as_rgb

MapFormat = Literal["npy", "png16", "png8"]

SUFFIXES = (".npy", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
# of zlib: smooth maps of 16 bits take three times as long at its default of 6, and become 4 % smaller
COMPRESSION = 1


def encode_map(saliency: SaliencyMap, form: MapFormat = "npy") -> bytes:
    """The content of a map file.

    Args:
        saliency: what to write.
        form: "npy" keeps every float; "png16" scales a density from 0..maximum (values of any sign from minimum..maximum) to 0..65535;
            "png8" likewise to 1..255: 0.5 is added before rounding, so that no pixel is zero, because a zero under a fixation ruins KL
            and information gain.

    Raises:
        InputError: no such form.
    """
    if form not in get_args(MapFormat):
        raise InputError(f"no map format is called {form!r}; there are: {', '.join(get_args(MapFormat))}")
    content = io.BytesIO()
    if form == "npy":
        np.save(content, saliency.values)
    elif form == "png16":
        Image.fromarray(np.rint(_shares(saliency) * 65535).astype(np.uint16)).save(content, format="PNG", compress_level=COMPRESSION)
    else:
        levels = np.minimum(np.floor(_shares(saliency) * 255 + 1), 255).astype(np.uint8)
        Image.fromarray(levels).save(content, format="PNG", compress_level=COMPRESSION)
    return content.getvalue()


def map_suffix(form: MapFormat) -> str:
    """The ending of a map file of that form."""
    return ".npy" if form == "npy" else ".png"


def read_map(path: Path) -> NDArray[np.float64]:
    """Read a map file, (H, W): .npy without pickles, or a picture: its first channel if it has 8 bits, its own numbers if it has more.

    Raises:
        DataNotFound: no such file. BrokenFile: not a map of finite numbers.
    """
    if not path.is_file():
        raise DataNotFound(f"there is no map at {path}")
    if path.suffix.lower() != ".npy":
        return _finite(_read_picture_map(path), path)
    try:
        with path.open("rb") as content:  # not np.load, which would open archives too
            values = np.lib.format.read_array(content, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise BrokenFile(f"{path} is not an array that can be read: {error}") from error
    if values.ndim != 2 or values.size == 0 or not np.issubdtype(values.dtype, np.number) or np.iscomplexobj(values):
        raise BrokenFile(f"{path} is no map: a map is (H, W) of numbers; found {values.shape} of {values.dtype}")
    return _finite(values.astype(np.float64), path)


def has_8_bits(path: Path) -> bool:
    """Whether a map file holds at most 256 different values: a picture of 8 bits or fewer, or an array of single bytes. Raises as `read_map`."""
    if not path.is_file():
        raise DataNotFound(f"there is no map at {path}")
    if path.suffix.lower() == ".npy":
        try:
            return np.lib.format.open_memmap(path, mode="r").dtype.itemsize == 1
        except (ValueError, OSError, EOFError) as error:
            raise BrokenFile(f"{path} is not an array that can be read: {error}") from error
    with OpenedPicture(path, decode=False) as picture:
        return not (picture.mode.startswith("I") or picture.mode == "F")


def _read_picture_map(path: Path) -> NDArray[np.float64]:
    with OpenedPicture(path) as picture:
        more_than_8_bits = picture.mode.startswith("I") or picture.mode == "F"
        return np.asarray(picture, dtype=np.float64) if more_than_8_bits else as_rgb(picture)[:, :, 0].astype(np.float64)


def _finite(values: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        raise BrokenFile(f"{path} is no map: it holds NaN or infinity")
    return values


def _shares(saliency: SaliencyMap) -> NDArray[np.float64]:
    """0..1 for storing: a density keeps its zero, so that the file read back is the same density up to its scale."""
    if saliency.kind == "density":
        return saliency.values.astype(np.float64) / float(saliency.values.max())
    return saliency.display()
