"""Picture files in: any mode, any layout of channels, hostile files refused with a sentence."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from salquest.errors import BrokenFile, DataNotFound, InputError

Pixels = NDArray[np.uint8]

# what Pillow opens at most (twice its MAX_IMAGE_PIXELS), held where a program has lifted that: bombs are refused before they are unpacked
MAX_PIXELS = 178_956_970
# a file longer than so many pixels with 8 bytes each is none of them, and is not read to find out
MAX_BYTES = 8 * MAX_PIXELS
# EXIF's orientation of a picture that is stored as it is looked at
UPRIGHT = 1
# filters of warnings belong to the whole process: one thread at a time changes them
_WARNINGS = threading.Lock()
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
# what is opened, by Pillow's names, the usual ones first. Whatever else it knows stays closed: some of it starts programs (EPS: Ghostscript)
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "JPEG2000", "AVIF")


def read_picture(path: str | Path, *, follow_exif: bool = False) -> Pixels:
    """Decode a picture file to RGB, (H, W, 3) uint8.

    Grey, palette, CMYK, 16-bit and transparent pictures become RGB (transparent parts on white); of an animation the first frame is taken.

    Args:
        path: the file.
        follow_exif: turn the picture as its EXIF tag says. Right for photographs, wrong for data sets, whose gaze was recorded on the
            pixels as stored (CAT2000 has such a file).

    Raises:
        DataNotFound: no such file. BrokenFile: not a picture, cut short, or too large to be one.
    """
    source = Path(path)
    with OpenedPicture(source) as picture:
        return as_rgb(upright(picture) if follow_exif else picture)


def decode_picture(content: bytes, *, follow_exif: bool = False, name: str = "the picture", max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode the bytes of a picture file that lies on no disk, as `read_picture` does.

    Args:
        content: of the file.
        follow_exif: as in `read_picture`.
        name: how errors call it.
        max_pixels: more are refused before they are unpacked.

    Raises:
        BrokenFile: not a picture, cut short, or too large.
    """
    with OpenedPicture(content, name=name, max_pixels=max_pixels) as picture:
        return as_rgb(upright(picture) if follow_exif else picture)


def picture_size(path: str | Path) -> tuple[int, int]:
    """(height, width) from the file's header, without decoding it. Raises as `read_picture`."""
    source = Path(path)
    with OpenedPicture(source, decode=False) as picture:
        return picture.height, picture.width


def picture_digest(path: str | Path) -> str:
    """SHA-256 of a picture file's bytes in hexadecimal digits, to see whether it is still the same. Raises as `read_picture`."""
    return hashlib.sha256(_content(Path(path))).hexdigest()


def as_pixels(picture: str | Path | Image.Image | NDArray) -> Pixels:
    """Whatever a caller may hand over as a picture, as (H, W, 3) uint8: a path, a PIL image, or an array.

    Arrays are (H, W), (H, W, 3) or (H, W, 4) of uint8, or of floats in 0..1.
    """
    if isinstance(picture, (str, Path)):
        return read_picture(picture, follow_exif=True)
    if isinstance(picture, Image.Image):
        return as_rgb(picture)
    array = np.asarray(picture)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or min(array.shape[:2]) < 1:
        raise InputError(f"a picture is an array of (H, W), (H, W, 3) or (H, W, 4); found shape {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise InputError("a picture of floats holds values in 0..1; divide by 255 or hand over uint8")
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise InputError(f"a picture is uint8, or floats in 0..1; found {array.dtype}")
    return as_rgb(Image.fromarray(array))


def as_rgb(picture: Image.Image) -> Pixels:
    """A PIL image of any mode as RGB, (H, W, 3) uint8."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(picture, dtype=np.float64)
        if not np.isfinite(values).all():
            raise InputError("a picture of floats holds finite numbers; found NaN or infinity")
        top = 65535.0 if picture.mode != "F" else max(float(values.max()), 1e-12)
        grey = np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if "A" in picture.mode or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        paper = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(paper, with_alpha).convert("RGB"))
    return np.asarray(picture.convert("RGB"))


def upright(picture: Image.Image) -> Image.Image:
    """A PIL image turned as its EXIF tag says; one whose EXIF cannot be read is taken as it is stored."""
    try:
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            turn = picture.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
            return picture if turn == UPRIGHT else ImageOps.exif_transpose(picture)
    except Exception:  # broken metadata fail in every way there is, and are no reason to refuse the pixels
        return picture


def resize_picture(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture (H, W, 3) squashed or stretched to (height, width), bilinear with averaging when it shrinks."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BILINEAR))


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture: a known ending, and no hidden or system file."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


class OpenedPicture:
    """Open a picture in a with block, decoded or only its header, with every way that it can be broken told as BrokenFile.

    Args:
        source: a file, or the bytes of one.
        decode: unpack the pixels too.
        name: how errors call it; the path where it is not given.
        max_pixels: more are refused before they are unpacked.
    """

    def __init__(self, source: Path | bytes, *, decode: bool = True, name: str = "", max_pixels: int = MAX_PIXELS) -> None:
        self.source, self.decode, self.max_pixels = source, decode, max_pixels
        self.name = name or (str(source) if isinstance(source, Path) else "the picture")

    def __enter__(self) -> Image.Image:
        stream: Path | io.BytesIO
        if isinstance(self.source, bytes):
            if not self.source:
                raise BrokenFile(f"{self.name} is empty: not a picture")
            stream = io.BytesIO(self.source)
        else:
            stream = io.BytesIO(_content(self.source)) if self.decode else self.source
        try:
            with _WARNINGS, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Pillow's, about large pictures and odd metadata: we refuse, or it does not matter
                self.picture = Image.open(stream, formats=FORMATS)
            if self.picture.width * self.picture.height > self.max_pixels:
                self.picture.close()
                raise Image.DecompressionBombError
            if self.decode:
                self.picture.load()
        except FileNotFoundError as error:
            raise DataNotFound(f"there is no picture at {self.name}; check the path") from error
        except UnidentifiedImageError as error:
            raise BrokenFile(f"{self.name} is not a picture that can be read (its content is of no known image format)") from error
        except Image.DecompressionBombError as error:
            raise BrokenFile(f"{self.name} is too large to be opened: more than {self.max_pixels:,} pixels") from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise BrokenFile(f"{self.name} is a broken or truncated picture: {error}") from error
        return self.picture

    def __exit__(self, *_: object) -> None:
        self.picture.close()


def _content(path: Path) -> bytes:
    """The bytes of a picture file, or the sentence that says why there are none."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise BrokenFile(f"{path} is a device or a pipe, not a picture file")
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise BrokenFile(f"{path} is too large to be opened: more than {MAX_BYTES:,} bytes")
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataNotFound(f"there is no picture at {path}; check the path") from error
    except IsADirectoryError as error:
        raise DataNotFound(f"{path} is a folder, not a picture") from error
    except OSError as error:
        raise BrokenFile(f"{path} cannot be opened: {error.strerror or error}") from error
    if not content:
        raise BrokenFile(f"{path} is empty: not a picture")
    return content
