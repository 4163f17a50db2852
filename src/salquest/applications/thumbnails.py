"""Pictures cut to given shapes where people look, as files: the picture's own mode and colours are kept.

OUT/NAME.16x9.jpg     one per shape
OUT/NAME.crops.json   where each window lies, and which share of the attention it keeps
OUT/NAME.crops.jpg    the windows on the picture with its map, where overlays are asked for
OUT/made.json         what was asked, and from which picture each file was made
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageColor

from salquest.applications.crop import Crop, best_crop, check_keep, parse_ratio
from salquest.applications.output_folder import OutputFolder
from salquest.applications.picture_list import PictureFile, list_pictures
from salquest.applications.picture_work import PredictInTurn, each_picture, workers_of
from salquest.errors import InputError, SalquestError
from salquest.gaze.pictures import OpenedPicture, as_rgb, picture_digest, upright
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT
from salquest.models.fingerprint import fingerprint
from salquest.report import jpeg_bytes, outlined, overlay

# ending of a picture -> Pillow's name for what its crops are written as; all others become PNG
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".png": "PNG"}
ENDINGS = {"JPEG": ".jpg", "WEBP": ".webp", "PNG": ".png"}
# modes that these formats hold and that can be cut, filled up and scaled as they are
MODES = {"JPEG": {"L", "RGB", "CMYK"}, "WEBP": {"RGB", "RGBA"}, "PNG": {"L", "RGB", "RGBA", "I;16"}}
QUALITY = 92


@dataclass
class Cropped:
    """What `crop_pictures` did.

    Attributes:
        crops: name of the picture -> its windows, in the order of the ratios; only of pictures that were cut this time.
        kept: pictures whose crops were there.
        failures: one sentence for each picture or input that could not be done.
    """

    crops: dict[str, list[Crop]] = field(default_factory=dict)
    kept: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Shapes:
    """What is cut from every picture."""

    ratios: tuple[str, ...]
    keep: float | None
    smallest: float
    pad: str | None
    width: int | None
    drawn: bool

    def __post_init__(self) -> None:
        if not self.ratios:
            raise InputError("a crop needs a ratio, such as 1:1 or 16:9; none was named")
        check_keep(self.keep, self.smallest)
        for ratio in self.ratios:
            parse_ratio(ratio)
        labels = [label(ratio) for ratio in self.ratios]
        for one in labels:
            if labels.count(one) > 1:
                raise InputError(f"the ratio {one} is named twice; name each once")
        if self.width is not None and self.width < 1:
            raise InputError(f"the width of a thumbnail is 1 pixel or more; found {self.width}")
        if self.pad is not None:
            try:
                ImageColor.getrgb(self.pad)
            except ValueError as error:
                raise InputError(f"--pad takes a colour, such as white or #f0f0f0; found {self.pad!r}") from error
            if self.keep is None:
                raise InputError(
                    "padding is for keeping a share of the attention that the picture's own shape does not; say which: --keep 0.9"
                )

    def files(self, picture: PictureFile) -> list[str]:
        ending = ENDINGS[_format(picture)]
        made = [f"{picture.name}.{label(ratio)}{ending}" for ratio in self.ratios] + [f"{picture.name}.crops.json"]
        return [*made, f"{picture.name}.crops.jpg"] if self.drawn else made


def crop_pictures(
    inputs: Sequence[str | Path],
    *,
    out: str | Path,
    ratios: Sequence[str] = ("1:1",),
    model: str | Path = DEFAULT,
    keep: float | None = None,
    smallest: float = 0.25,
    pad: str | None = None,
    width: int | None = None,
    drawn: bool = False,
    recursive: bool = False,
    device: str = "cpu",
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Cropped:
    """Cut pictures to shapes where people look; called again, only what is missing or whose picture has changed is made.

    Photographs are turned as their EXIF tag says. Crops keep the colour profile, and no other metadata (place and time stay behind).

    Args:
        inputs: picture files, folders or patterns, see `list_pictures`.
        out: the folder; how it is filled stands at the top of this file.
        ratios: shapes, such as "16:9".
        model: a name of the catalogue or a run folder.
        keep, smallest: see `best_crop`.
        pad: with `keep`, the colour that fills up windows larger than the picture; None never pads.
        width: scale crops that are wider down to so many pixels.
        drawn: draw the windows on the picture with its map too.
        recursive, device, workers, force, progress: as in `predict_pictures`.

    Raises:
        InputError: a setting that cannot be, nothing to cut, or names that clash. UnknownName, DataNotFound, BrokenFile: the model.
        Refused: `out` holds another request's files, or the disk takes no more. A picture that cannot be read is among the failures
            instead.
    """
    shapes, threads = _Shapes(tuple(ratios), keep, smallest, pad, width, drawn), workers_of(workers)
    found = list_pictures(inputs, recursive=recursive, out=Path(out))
    predict = PredictInTurn(load_model(model, device=device).for_threads(min(threads, len(found.pictures))))
    request = {"fingerprint": fingerprint(model), "ratios": list(ratios), "keep": keep, "smallest": smallest, "pad": pad, "width": width}
    files = [name for picture in found.pictures for name in shapes.files(picture)]
    folder = OutputFolder(Path(out), request, files=files, pictures=found.pictures, force=force)

    def cut(picture: PictureFile) -> list[Crop] | None:
        digest = picture_digest(picture.path)
        if all(folder.is_current(name, digest) for name in shapes.files(picture)):
            return None
        with OpenedPicture(picture.path) as opened:
            turned = upright(opened)
            return _cut(picture, turned, predict, shapes, lambda name, content: folder.write(name, content, digest))

    told = Cropped(failures=list(found.failures))
    try:
        for done, (picture, answer) in enumerate(each_picture(found.pictures, cut, workers=threads), start=1):
            if isinstance(answer, SalquestError):
                told.failures.append(str(answer))
            elif answer is None:
                told.kept += 1
            else:
                told.crops[picture.name] = answer
            progress(done, len(found.pictures))
    finally:
        folder.save()
    return told


def label(ratio: str) -> str:
    """A ratio as part of a file's name.

    >>> label("16:9")
    '16x9'
    """
    return ratio.strip().replace(":", "x").replace("/", "x")


def cut_out(picture: Image.Image, crop: Crop, *, colour: str = "white", width: int | None = None) -> Image.Image:
    """The window of an upright PIL image, filled up with a colour where it lies outside, scaled down to `width` where it is wider."""
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= picture.width and box[3] <= picture.height
    if inside:
        window = picture.crop(box)
    else:
        window = Image.new("RGB", (crop.width, crop.height), colour).convert(picture.mode)
        window.paste(picture, (-crop.left, -crop.top))
    if width is not None and window.width > width:
        window = window.resize((width, max(1, round(window.height * width / window.width))), Image.Resampling.LANCZOS)
    return window


def _cut(
    file: PictureFile, turned: Image.Image, predict: PredictInTurn, shapes: _Shapes, write: Callable[[str, bytes], None]
) -> list[Crop]:
    pixels = as_rgb(turned)
    saliency = predict(pixels)
    form = _format(file)
    profile = turned.info.get("icc_profile")
    source = turned
    if turned.mode not in MODES[form] or "transparency" in turned.info:
        has_alpha = form != "JPEG" and ("A" in turned.mode or "transparency" in turned.info)
        source, profile = turned.convert("RGBA") if has_alpha else Image.fromarray(pixels), profile if turned.mode == "P" else None
    crops = []
    for ratio in shapes.ratios:
        crop = best_crop(saliency, parse_ratio(ratio), keep=shapes.keep, smallest=shapes.smallest, pad=shapes.pad is not None)
        content = io.BytesIO()
        window = cut_out(source, crop, colour=shapes.pad or "white", width=shapes.width)
        window.info = {}  # comments, places and times stay behind
        window.save(content, format=form, icc_profile=profile, quality=QUALITY)
        write(f"{file.name}.{label(ratio)}{ENDINGS[form]}", content.getvalue())
        crops.append(crop)
    if shapes.drawn:
        corners = [
            [(c.left, c.top), (c.left + c.width, c.top), (c.left + c.width, c.top + c.height), (c.left, c.top + c.height)] for c in crops
        ]
        named = [f"{ratio} {crop.share:.0%}" for ratio, crop in zip(shapes.ratios, crops, strict=True)]
        write(f"{file.name}.crops.jpg", jpeg_bytes(outlined(overlay(pixels, saliency), list(zip(named, corners, strict=True)))))
    write(f"{file.name}.crops.json", _json(file, pixels, shapes, crops))
    return crops


def _format(picture: PictureFile) -> str:
    return FORMATS.get(picture.path.suffix.lower(), "PNG")


def _json(file: PictureFile, pixels: np.ndarray, shapes: _Shapes, crops: Sequence[Crop]) -> bytes:
    told = [
        {
            "ratio": ratio,
            "left": crop.left,
            "top": crop.top,
            "width": crop.width,
            "height": crop.height,
            "share": round(crop.share, 6),
            "is_enough": crop.is_enough,
        }
        for ratio, crop in zip(shapes.ratios, crops, strict=True)
    ]
    whole = {"picture": file.printable, "size": [pixels.shape[1], pixels.shape[0]], "crops": told}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"
