"""The demo's routes: the page, pictures in, maps out, scores.

    GET  /, /demo.css, /*.js           the page
    GET  /catalogue                    models, samples, limits, metrics: what the page is filled with
    GET  /samples/KEY, .../fixations   a photograph that travels with the package; where people looked at it
    POST /pictures?name=               a picture's bytes; answers its key and size
    GET  /pictures/KEY/picture.jpg     as the models see it; ground.jpg: in dimmed grey, the lower layer of an overlay
    POST /pictures/KEY/maps/MODEL      predicts; answers how long it took
    GET  /pictures/KEY/maps/MODEL/...  layer.png, heat.jpg to look at; overlay.png, map.png, map.npy to keep
    POST /pictures/KEY/scores?model=   fixations as text; answers the scores of the maps that are there

Everything else answers {"error": a sentence}.
"""

from __future__ import annotations

import asyncio
import io
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from salquest import __version__
from salquest.datasets.duplicates import near_picture
from salquest.errors import InputError, MissingExtra, SalquestError, UnknownName
from salquest.gaze import SaliencyMap
from salquest.gaze.map_files import encode_map
from salquest.gaze.pictures import OpenedPicture, Pixels, decode_picture
from salquest.metrics import METRICS
from salquest.models.catalogue import DEFAULT
from salquest.report import dimmed, heat, heat_layer, jpeg_bytes, overlay, thumbnail
from salquest.web import samples, scoring
from salquest.web.guard import Guard
from salquest.web.limits import Limits
from salquest.web.line import Left, Line, LineFull, TooSlow
from salquest.web.offered import LoadedModels, OfferedModel
from salquest.web.shelf import KeptPicture, NotKept, Shelf, harmless_name

try:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route
    from starlette.types import ASGIApp
except ImportError as error:
    raise MissingExtra("salquest demo", "demo") from error

Result = TypeVar("Result")
# pixels of the longest side of what is only looked at
SHOWN = 1600
# how many fixations the page draws
DRAWN = 5000
STRENGTH = 0.75
CLIENT_LEFT = 499
PAGE: Mapping[str, str] = {
    "index.html": "text/html",
    "demo.css": "text/css",
    "demo.js": "text/javascript",
    "server.js": "text/javascript",
    "cards.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def create_app(offered: Sequence[OfferedModel], *, host: str = "127.0.0.1", limits: Limits | None = None) -> ASGIApp:
    """The demo as an ASGI application.

    Args:
        offered: the models.
        host: that the server is bound to; see `Guard`.
        limits: the usual ones where none are given.
    """
    demo = _Demo(offered, limits or Limits())
    page = {name: resources.files("salquest.web").joinpath("page", name).read_bytes() for name in PAGE}

    def static(name: str) -> Route:
        async def answer(_: Request) -> Response:
            return Response(page[name], media_type=PAGE[name])

        return Route("/" if name == "index.html" else f"/{name}", answer, methods=["GET"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        demo.close()

    routes = [
        *map(static, PAGE),
        Route("/catalogue", demo.catalogue, methods=["GET"]),
        Route("/legend.png", demo.legend, methods=["GET"]),
        Route("/samples/notice", demo.notice, methods=["GET"]),
        Route("/samples/{sample}", demo.sample, methods=["GET"]),
        Route("/samples/{sample}/fixations", demo.sample_fixations, methods=["GET"]),
        Route("/pictures", demo.receive, methods=["POST"]),
        Route("/pictures/{key}/scores", demo.score, methods=["POST"]),
        Route("/pictures/{key}/maps/{model}", demo.predict, methods=["POST"]),
        Route("/pictures/{key}/maps/{model}/{file}", demo.map_file, methods=["GET"]),
        Route("/pictures/{key}/{file}", demo.picture_file, methods=["GET"]),
    ]
    refusals: Mapping[Any, Callable[[Request, Exception], Response]] = {
        HTTPException: _told,
        SalquestError: _told,
        LineFull: _told,
        TooSlow: _told,
        Left: _told,
        MemoryError: _told,
        Exception: _told,
    }
    return Guard(Starlette(routes=routes, exception_handlers=refusals, lifespan=lifespan), host)


class _Demo:
    """What the routes share: the models, the lines of work, and what is kept. Its methods run on the event loop, work in the lines."""

    def __init__(self, offered: Sequence[OfferedModel], limits: Limits) -> None:
        self.limits, self.models, self.shelf = limits, LoadedModels(offered), Shelf(limits.kept_bytes)
        self.predicting = Line("predicting", waiting=limits.waiting, seconds=limits.job_seconds)
        # decoding and drawing do not wait for a slow model; a page asks for several pictures at once
        self.drawing = Line("drawing", waiting=4 * limits.waiting, seconds=limits.job_seconds)
        self.uploads = threading.BoundedSemaphore(limits.uploads)

    def close(self) -> None:
        """Forget who waits."""
        self.predicting.close()
        self.drawing.close()

    async def catalogue(self, request: Request) -> Response:
        """What the page is filled with."""
        words = ("name", "title", "source", "family")
        offered = self.models.offered.values()
        return JSONResponse(
            {
                "version": __version__,
                "models": [{word: getattr(model, word) for word in words} for model in offered],
                "chosen": [DEFAULT, *(model.name for model in offered if model.family == "named")],
                "samples": [{"key": key, "what": what} for key, what in samples.SAMPLES.items()],
                "sample_sigma_px": await self.drawing.do(samples.sigma_px, gone=request.is_disconnected),
                "metrics": [
                    {"name": name, "title": METRICS[name].title, "direction": METRICS[name].direction, "unit": METRICS[name].unit}
                    for name in scoring.METRICS
                ],
                "limits": {"bytes": self.limits.upload_bytes, "pixels": self.limits.pixels, "side": self.limits.side},
            }
        )

    async def legend(self, request: Request) -> Response:
        """The colours of maps, from low on the left to high on the right."""
        ramp = heat(np.linspace(0, 1, 256)[None, :])
        return Response(_png(ramp), media_type="image/png")

    async def notice(self, request: Request) -> Response:
        """Origin and licence of the samples."""
        return Response(samples.notice(), media_type="text/plain")

    async def sample(self, request: Request) -> Response:
        """A sample's file."""
        return Response(samples.sample_picture(request.path_params["sample"]), media_type="image/jpeg")

    async def sample_fixations(self, request: Request) -> Response:
        """Where people looked at a sample."""
        key = request.path_params["sample"]
        text = await self.drawing.do(lambda: samples.sample_fixations(key), gone=request.is_disconnected)
        return Response(text, media_type="text/csv")

    async def receive(self, request: Request) -> Response:
        """Take a picture in."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not (kind.startswith("image/") or kind == "application/octet-stream"):
            raise HTTPException(415, f"a picture is sent as its bytes, of a type image/...; found {kind[:60] or 'no type'}")
        if not self.uploads.acquire(blocking=False):
            raise LineFull
        try:
            content = await self._body(request, self.limits.upload_bytes, "a picture")
            pixels = await self.drawing.do(lambda: self._decoded(content), gone=request.is_disconnected)
        finally:
            self.uploads.release()
        key = self.shelf.put(pixels, harmless_name(request.query_params.get("name", "")))
        return JSONResponse({"key": key, "width": pixels.shape[1], "height": pixels.shape[0]}, 201)

    async def picture_file(self, request: Request) -> Response:
        """The picture, or the ground of its overlays, to look at."""
        drawings: Mapping[str, Callable[[Pixels], bytes]] = {
            "picture.jpg": lambda pixels: jpeg_bytes(thumbnail(pixels, SHOWN)),
            "ground.jpg": lambda pixels: jpeg_bytes(dimmed(thumbnail(pixels, SHOWN))),
        }
        pixels = self._picture(request).pixels
        draw = _of_name(drawings, request.path_params["file"])
        return Response(await self.drawing.do(lambda: draw(pixels), gone=request.is_disconnected), media_type="image/jpeg")

    async def predict(self, request: Request) -> Response:
        """Predict a picture by a model."""
        key, model = request.path_params["key"], request.path_params["model"]
        self.models.check(model)
        pixels = self._picture(request).pixels

        def predict() -> tuple[SaliencyMap, float, float, bool]:
            started = time.perf_counter()
            loaded = self.models.model(model)
            ready = time.perf_counter()
            saliency = loaded.predict_pixels(pixels)
            done = time.perf_counter()
            return saliency, ready - started, done - ready, near_picture(pixels, loaded.trained_on) is not None

        saliency, loading, seconds, is_known = await self.predicting.do(predict, gone=request.is_disconnected)
        self.shelf.put_map(key, model, saliency)
        row, column = saliency.peak
        return JSONResponse(
            {
                "model": model,
                "seconds": seconds,
                "loading_seconds": loading,
                "learnt_from_it": is_known,
                "kind": saliency.kind,
                "peak": {"x": column, "y": row},
                # of a density: how many times as likely as under one that knows nothing
                "peak_over_uniform": float(saliency.values.max()) * saliency.values.size if saliency.kind == "density" else None,
            }
        )

    async def map_file(self, request: Request) -> Response:
        """A map, to look at or to keep."""
        picture, model, name = self._picture(request), request.path_params["model"], request.path_params["file"]
        saliency, pixels = picture.map_of(model), picture.pixels
        strength = _number(request, "strength", STRENGTH)
        if not 0 <= strength <= 1:
            raise InputError(f"the strength of an overlay is 0 to 1; found {strength:g}")
        made: Mapping[str, tuple[str, Callable[[], bytes]]] = {
            "layer.png": ("image/png", lambda: _png(heat_layer(_shown(saliency)))),
            "heat.jpg": ("image/jpeg", lambda: jpeg_bytes(heat(_shown(saliency).values))),
            "overlay.png": ("image/png", lambda: _png(overlay(pixels, saliency, strength=strength))),
            "map.png": ("image/png", lambda: encode_map(saliency, "png16")),
            "map.npy": ("application/octet-stream", lambda: encode_map(saliency, "npy")),
        }
        kind, make = _of_name(made, name)
        content = await self.drawing.do(make, gone=request.is_disconnected)
        download = f"{picture.name}-{harmless_name(model)}-{name}"
        return Response(content, media_type=kind, headers={"content-disposition": f'inline; filename="{download}"'})

    async def score(self, request: Request) -> Response:
        """Score the maps of some models against fixations."""
        picture, names = self._picture(request), request.query_params.getlist("model")
        maps = {name: picture.map_of(name) for name in names}
        height, width = size = picture.pixels.shape[0], picture.pixels.shape[1]
        sigma = _number(request, "sigma", scoring.usual_sigma_px(size))
        text = await self._text(request)

        def score() -> dict[str, Any]:
            given = scoring.parse_fixations(text, size)
            looked = given.fixations
            return {
                "fixations": len(looked),
                "outside": given.outside,
                "sigma_px": sigma,
                "size": [width, height],
                "points": [[round(x, 1), round(y, 1)] for x, y in zip(looked.x[:DRAWN].tolist(), looked.y[:DRAWN].tolist(), strict=True)],
                "scores": {
                    name: {metric: value if math.isfinite(value) else None for metric, value in row.items()}
                    for name, row in scoring.score_maps(maps, looked, sigma_px=sigma).items()
                },
            }

        # not beside the predictions: metrics look at torch, where it is there, and must not find it half imported by a model's first use
        return JSONResponse(await self.predicting.do(score, gone=request.is_disconnected))

    def _picture(self, request: Request) -> KeptPicture:
        return self.shelf.picture(request.path_params["key"])

    def _decoded(self, content: bytes) -> Pixels:
        with OpenedPicture(content, decode=False, max_pixels=self.limits.pixels) as header:
            longer = max(header.size)
        if longer > self.limits.side:
            raise InputError(f"the picture is too long: {longer:,} px on its longer side, and the demo takes {self.limits.side:,}")
        # photographs are turned as they are looked at
        return decode_picture(content, follow_exif=True, max_pixels=self.limits.pixels)

    async def _text(self, request: Request) -> str:
        try:
            return (await self._body(request, self.limits.text_bytes, "a list of fixations")).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError("fixations are lines of x,y in pixels; this is no text in UTF-8") from error

    async def _body(self, request: Request, max_bytes: int, what: str) -> bytes:
        """What is sent, refused as soon as it is known to be too much, or too late."""
        too_much = HTTPException(413, f"{what} has at most {max_bytes:,} bytes here; this one has more")
        told = request.headers.get("content-length", "0")
        if not told.isdecimal() or int(told) > max_bytes:
            raise too_much
        content = bytearray()
        try:
            async with asyncio.timeout(self.limits.upload_seconds):
                async for part in request.stream():
                    content += part
                    if len(content) > max_bytes:
                        raise too_much
        except TimeoutError as error:
            raise HTTPException(408, f"{what} has to arrive within {self.limits.upload_seconds:g} s; this one did not") from error
        return bytes(content)


def _told(_: Request, error: Exception) -> Response:
    """An error as its status and its sentence."""
    status, sentence = 500, f"salquest failed ({type(error).__name__}); the terminal in which it runs says where"
    if isinstance(error, HTTPException):
        status, sentence = error.status_code, error.detail
    elif isinstance(error, (UnknownName, NotKept)):
        status, sentence = 404, str(error)
    elif isinstance(error, SalquestError):
        status, sentence = 422, str(error)
    elif isinstance(error, LineFull):
        status, sentence = 503, "the server has as much work as it takes; try again in a moment"
    elif isinstance(error, TooSlow):
        status, sentence = 504, "the answer took longer than this server waits; try a smaller picture or a faster model"
    elif isinstance(error, Left):
        status, sentence = CLIENT_LEFT, "whoever asked has gone"
    elif isinstance(error, MemoryError):
        status, sentence = 413, "the picture is too large for this machine's memory; scale it down first"
    return JSONResponse({"error": " ".join(sentence.split())}, status, headers={"retry-after": "2"} if status == 503 else None)


def _of_name(known: Mapping[str, Result], name: str) -> Result:
    if name not in known:
        raise UnknownName("file", name[:60], known)
    return known[name]


def _number(request: Request, name: str, default: float) -> float:
    told = request.query_params.get(name, "")
    try:
        value = float(told) if told else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{name} is a number; found {told[:20]!r}")
    return value


def _shown(saliency: SaliencyMap) -> SaliencyMap:
    """The map in the size in which it is looked at."""
    scale = SHOWN / max(saliency.size)
    height, width = saliency.size
    return saliency if scale >= 1 else saliency.resized((max(1, round(height * scale)), max(1, round(width * scale))))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", compress_level=3)
    return content.getvalue()
