"""Maps of many pictures by one model or several, with what is made from them.

One model fills a folder of maps, one file per picture, which `salquest score --maps` reads:

    OUT/NAME.png (or .npy)        the map
    OUT/NAME.overlay.jpg          the map over its picture
    OUT/NAME.regions.json, .jpg   salient regions; drawn where overlays are asked for
    OUT/NAME.scanpath.json, .jpg  a simulated scanpath, likewise
    OUT/pages/001.jpg             contact sheets: every picture with its map
    OUT/made.json                 what was asked, and from which picture each file was made

Several models fill one such folder each, OUT/MODEL/, because a folder of maps holds one map per picture; OUT/sheets/NAME.jpg then shows
a picture with the maps of all models, and the pages have them all.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from salquest.applications.map_outputs import PictureMap, Wanted
from salquest.applications.output_folder import OutputFolder
from salquest.applications.picture_list import PictureFile, list_pictures
from salquest.applications.picture_work import PredictInTurn, each_picture, workers_of
from salquest.errors import InputError, SalquestError
from salquest.gaze import SaliencyMap, read_picture
from salquest.gaze.map_files import read_map
from salquest.gaze.pictures import Pixels, picture_digest
from salquest.models import Model, load_model
from salquest.models.catalogue import DEFAULT
from salquest.models.fingerprint import fingerprint
from salquest.models.hub import SCHEME
from salquest.models.loading import Runtime
from salquest.models.views import SeenInViews, Views
from salquest.report import Tile, overlay, thumbnail, tile_sheet

SHEETS, PAGES = "sheets", "pages"
# a picture's own sheet: pixels of a tile, tiles in a row
SHEET_TILE, SHEET_COLUMNS = 400, 4
# a page: pixels of a tile, tiles in a row at most, rows
PAGE_TILE, PAGE_COLUMNS, PAGE_ROWS = 200, 6, 8
# pixels from which one picture at a time is worked on: its map and overlay take a hundred bytes a pixel
LARGE = 16_000_000
ONE_LOOK = Views()


@dataclass
class Predicted:
    """What `predict_pictures` did.

    Attributes:
        written: pictures for which something was made.
        kept: pictures for which everything was there.
        changed: names of pictures that were not the same as when their files were made; these were made again.
        failures: one sentence for each picture or input that could not be done.
        pages: contact sheets of all pictures.
    """

    written: int = 0
    kept: int = 0
    changed: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    pages: list[Path] = field(default_factory=list)


def predict_pictures(
    inputs: Sequence[str | Path],
    *,
    out: str | Path,
    models: Sequence[str | Path] = (DEFAULT,),
    wanted: Wanted | None = None,
    pages: bool = False,
    recursive: bool = False,
    device: str = "cpu",
    runtime: Runtime | None = None,
    views: Views = ONE_LOOK,
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:
    """Predict many pictures into a folder; called again, only what is missing or whose picture has changed is made.

    Args:
        inputs: picture files, folders or patterns, see `list_pictures`.
        out: the folder; how it is filled stands at the top of this file.
        models: whatever `load_model` takes, each once.
        wanted: what is made of each map; a 16-bit picture where it is not given.
        pages: draw contact sheets of all pictures too.
        recursive: take the pictures of sub-folders too.
        device: where networks run.
        runtime: of networks that have both, see `load_model`.
        views: in which ways every picture is looked at.
        workers: pictures that are worked on at the same time; one per core where it is not given. Numbers and order do not depend on it.
        force: make everything again, even over another request's files.
        progress: called with (pictures done, pictures).

    Raises:
        InputError: nothing to predict, or names that clash. UnknownName, DataNotFound, BrokenFile: a model that cannot be loaded.
        Refused: `out` holds another request's files, or the disk takes no more. A picture that cannot be read is among the failures
            instead.
    """
    root, asked, threads = Path(out), wanted or Wanted(), workers_of(workers)
    found = list_pictures(inputs, recursive=recursive, out=root)
    names = model_names(models)
    # all of them before a folder is made
    callers = min(threads, len(found.pictures))
    loaded = [(seen_in(views, load_model(word, device=device, runtime=runtime)).for_threads(callers), fingerprint(word)) for word in models]
    folders = [root] if len(models) == 1 else [root / name for name in names]
    stations = []
    for name, (model, print_), folder in zip(names, loaded, folders, strict=True):
        files = [picture.name + ending for picture in found.pictures for ending in asked.endings()]
        request = {"model": name, "fingerprint": print_, **asked.request(), "mirror": views.mirror, "scales": list(views.scales)}
        stations.append(
            _Station(
                name, print_, PredictInTurn(model), OutputFolder(folder, request, files=files, pictures=found.pictures, force=force), asked
            )
        )
    work = _Work(stations, _sheets(root, found.pictures, stations, force=force) if len(stations) > 1 else None)
    told = Predicted(failures=list(found.failures))
    good: list[tuple[PictureFile, str]] = []
    try:
        for done, (picture, answer) in enumerate(each_picture(found.pictures, work, workers=threads), start=1):
            if isinstance(answer, SalquestError):
                told.failures.append(str(answer))
            else:
                good.append((picture, answer.digest))
                told.written, told.kept = told.written + answer.made, told.kept + (not answer.made)
                told.changed += [picture.name] if answer.changed else []
            progress(done, len(found.pictures))
    finally:
        work.save()
    told.pages = _draw_pages(root, good, stations, force=force) if pages and good else []
    return told


def seen_in(views: Views, model: Model) -> Model:
    """The model, looking in these ways."""
    return model if views.is_plain else SeenInViews(model, views)


def model_names(models: Sequence[str | Path]) -> list[str]:
    """What each model's folder is called: its name, or its run folder's, with as many of the folders above as tell it from the others.

    >>> model_names(["uniform", "centre-bias"])
    ['uniform', 'centre-bias']

    Raises:
        InputError: none, the same one twice, or one whose folder would be that of the sheets.
    """
    if not models:
        raise InputError("a prediction needs a model; none was named")
    paths = [Path(word).expanduser() for word in models]
    parts = [_parts(path, str(word)) for path, word in zip(paths, models, strict=True)]
    names = [part[-1] for part in parts]
    for depth in range(2, max(map(len, parts)) + 1):
        alike = {name for name in names if names.count(name) > 1}
        names = ["-".join(part[-depth:]) if name in alike else name for name, part in zip(names, parts, strict=True)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the model {name} is named twice; name each once")
        if len(names) > 1 and name in (SHEETS, PAGES):
            raise InputError(f"a model called {name} would take the place of the folder of that name; rename its run folder")
    return names


def _parts(path: Path, word: str) -> tuple[str, ...]:
    """From what a model's folder may be named, the last first in line: a run folder's path, a file's without its ending, a name."""
    if path.exists():
        return (path.resolve() if path.is_dir() else path.resolve().with_suffix("")).parts
    return tuple(word.removeprefix(SCHEME).split("/")) if word.startswith(SCHEME) else (word,)


@dataclass(frozen=True)
class _Station:
    """One model and the folder that it fills."""

    name: str
    fingerprint: str
    predict: PredictInTurn
    folder: OutputFolder
    wanted: Wanted

    def missing(self, picture: PictureFile, digest: str) -> list[str]:
        return [ending for ending in self.wanted.endings() if not self.folder.is_current(picture.name + ending, digest)]

    def has_older(self, picture: PictureFile, digest: str) -> bool:
        """Whether a file was made from this picture when it was another."""
        return any(self.folder.made_from(picture.name + ending) not in ("", digest) for ending in self.wanted.endings())

    def map_of(self, picture: PictureFile) -> SaliencyMap:
        path = self.folder.root / (picture.name + next(iter(self.wanted.endings())))
        return SaliencyMap(read_map(path).astype(np.float32))


@dataclass(frozen=True)
class _Answer:
    digest: str
    made: bool
    changed: bool


class _Work:
    """What is done with one picture, by any of several threads."""

    def __init__(self, stations: Sequence[_Station], sheets: OutputFolder | None) -> None:
        self.stations, self.sheets = stations, sheets
        self._large = threading.Lock()

    def __call__(self, picture: PictureFile) -> _Answer:
        digest = picture_digest(picture.path)
        missing = {station.name: station.missing(picture, digest) for station in self.stations}
        sheet = self.sheets is not None and not self.sheets.is_current(_sheet_name(picture), digest)
        changed = any(station.has_older(picture, digest) for station in self.stations)
        if not sheet and not any(missing.values()):
            return _Answer(digest, made=False, changed=False)
        pixels = read_picture(picture.path, follow_exif=True)
        if pixels.shape[0] * pixels.shape[1] < LARGE:
            self._make(picture, pixels, digest, missing, sheet)
        else:
            with self._large:
                self._make(picture, pixels, digest, missing, sheet)
        return _Answer(digest, made=True, changed=changed)

    def _make(self, picture: PictureFile, pixels: Pixels, digest: str, missing: Mapping[str, list[str]], sheet: bool) -> None:
        tiles = [Tile(picture.path.name, thumbnail(pixels, SHEET_TILE))] if sheet else []
        for station in self.stations:
            if missing[station.name] or sheet:
                one = PictureMap(picture, pixels, station.predict(pixels), station.wanted)
                makers = station.wanted.endings()
                for ending in missing[station.name]:
                    station.folder.write(picture.name + ending, makers[ending](one), digest)
                if sheet:
                    tiles.append(Tile(station.name, _small_overlay(tiles[0].pixels, one.saliency)))
        if self.sheets is not None and sheet:
            self.sheets.write(_sheet_name(picture), tile_sheet(tiles, columns=SHEET_COLUMNS, width=SHEET_TILE), digest)

    def save(self) -> None:
        for station in self.stations:
            station.folder.save()
        if self.sheets is not None:
            self.sheets.save()


def _sheet_name(picture: PictureFile) -> str:
    return f"{picture.name}.jpg"


def _sheets(root: Path, pictures: Sequence[PictureFile], stations: Sequence[_Station], *, force: bool) -> OutputFolder:
    request = {"models": {station.name: station.fingerprint for station in stations}}
    return OutputFolder(root / SHEETS, request, files=[_sheet_name(picture) for picture in pictures], pictures=pictures, force=force)


def _small_overlay(small: Pixels, saliency: SaliencyMap) -> Pixels:
    return overlay(small, saliency.resized((small.shape[0], small.shape[1])))


def _draw_pages(root: Path, good: Sequence[tuple[PictureFile, str]], stations: Sequence[_Station], *, force: bool) -> list[Path]:
    """Contact sheets, made from the files that are there."""
    each = 1 + len(stations)
    columns = each * max(1, PAGE_COLUMNS // each)
    fit = columns * PAGE_ROWS // each
    pages = [good[start : start + fit] for start in range(0, len(good), fit)]
    names = [f"{number:03d}.jpg" for number in range(1, len(pages) + 1)]
    request = {"models": {station.name: station.fingerprint for station in stations}}
    folder = OutputFolder(root / PAGES, request, files=names, force=force)
    for name, page in zip(names, pages, strict=True):
        digest = hashlib.sha256("".join(f"{picture.name!a} {digest}\n" for picture, digest in page).encode()).hexdigest()
        if not folder.is_current(name, digest):
            folder.write(name, tile_sheet(_page_tiles(page, stations), columns=columns, width=PAGE_TILE), digest)
    folder.save()
    return [folder.root / name for name in names]


def _page_tiles(page: Sequence[tuple[PictureFile, str]], stations: Sequence[_Station]) -> list[Tile]:
    tiles = []
    for picture, _ in page:
        small = thumbnail(read_picture(picture.path, follow_exif=True), PAGE_TILE)
        tiles.append(Tile(picture.path.name, small))
        tiles += [Tile(station.name, _small_overlay(small, station.map_of(picture))) for station in stations]
    return tiles
