"""`salquest predict`: pictures in, maps out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.applications.map_outputs import Wanted
from salquest.applications.picture_list import paths_of_list
from salquest.applications.predictions import Predicted, predict_pictures
from salquest.applications.scanpath import RADIUS
from salquest.errors import InputError
from salquest.models.catalogue import DEFAULT
from salquest.models.loading import Runtime
from salquest.models.views import Views
from salquest.runs import ProgressDisplay

# a lone - is stdin, which looks like an option
Inputs = Annotated[list[str], Parameter(allow_leading_hyphen=True, negative=())]


def predict(
    inputs: Inputs,
    *,
    out: Path = Path("saliency"),
    model: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    format: Literal["npy", "png16", "png8"] = "png16",  # noqa: A002
    overlay: Annotated[bool, Parameter(negative=())] = False,
    sheet: Annotated[bool, Parameter(negative=())] = False,
    regions: int = 0,
    scanpath: int = 0,
    radius: float = RADIUS,
    forgetting: float = 0.0,
    recursive: Annotated[bool, Parameter(name=["--recursive", "-r"], negative=())] = False,
    device: str = "cpu",
    runtime: Runtime | None = None,
    mirror: Annotated[bool, Parameter(negative=())] = False,
    scale: Annotated[list[float], Parameter(negative=())] = [],  # noqa: B006
    workers: int | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write the map of each picture, named by the picture's stem; run again it does only what is missing or whose picture has changed.

    Args:
        inputs: Picture files, folders, or patterns like 'photos/**/*.jpg'; - reads paths from stdin, one a line or divided by zero bytes.
        out: The folder for the maps, saliency/ here where it is not given; several models fill a folder each in it, and sheets/ shows them
            side by side.
        model: A name from `salquest list models`, a run folder, an ONNX file, or hf://owner/name; several may be given.
        format: npy keeps every float; png16 is a 16-bit grey picture; png8 is for looking at, 1 to 255, because a 0 under a fixation
            would ruin KL.
        overlay: Write the map over its picture too, as NAME.overlay.jpg.
        sheet: Write contact sheets of all pictures with their maps, pages/001.jpg and on.
        regions: Write up to N most looked-at regions, as NAME.regions.json; drawn with --overlay.
        scanpath: Write up to N stops of a simulated scanpath, as NAME.scanpath.json; drawn with --overlay. The map's peaks in order, no
            model of eye movements.
        radius: Of the scanpath's inhibition of return, as a fraction of the picture's smaller side.
        forgetting: What part of the inhibition is lost with every stop, 0 to 1.
        recursive: Look into sub-folders too, and keep them.
        device: Where a network runs: cpu, cuda, cuda:1, mps.
        runtime: What runs a network that can be run by both: onnx or torch; onnx on the CPU where it is not given.
        mirror: Look at every picture mirrored too, and take the mean: twice the time.
        scale: Look at this many times the network's own input size; given several times, at each, and take the mean.
        workers: Pictures worked on at the same time; one per core where it is not given.
        force: Make everything again, even over another request's files.
    """
    wanted = Wanted(format=format, overlay=overlay, regions=regions, scanpath=scanpath, radius=radius, forgetting=forgetting)
    views = Views(mirror=mirror, scales=tuple(scale) or (1.0,))
    with ProgressDisplay() as display:
        done = predict_pictures(
            pictures_of(inputs),
            out=out,
            models=model or [DEFAULT],
            wanted=wanted,
            pages=sheet,
            recursive=recursive,
            device=device,
            runtime=runtime,
            views=views,
            workers=workers,
            force=force,
            progress=lambda number, total: display.update("predicting", number, total),
        )
    _tell(done, out, wanted, len(model))
    if not views.is_plain:
        print(
            f"every picture was looked at in {len(views.scales) * (1 + views.mirror)} ways: a network takes about {views.cost:.1f} times as long"
        )
    return 1 if done.failures else 0


def pictures_of(inputs: list[str]) -> list[str | Path]:
    """Inputs with the list on stdin in place of -."""
    if inputs.count("-") > 1:
        raise InputError("stdin can be read once; give - once")
    named: list[str | Path] = []
    for word in inputs:
        if word.startswith("-") and word != "-" and not Path(word).exists():
            raise InputError(f"no option is called {word}; --help lists them (a file of that name is given as ./{word})")
        named += paths_of_list(sys.stdin.buffer.read()) if word == "-" else [word]
    return named


def _tell(done: Predicted, out: Path, wanted: Wanted, models: int) -> None:
    told = f"{done.written} {'picture' if done.written == 1 else 'pictures'} predicted into {out}"
    if models > 1:
        told += f", by {models} models"
    if done.kept:
        told += f"; {done.kept} were there already"
    if done.changed:
        told += f"; {len(done.changed)} had changed since and were made again"
    if wanted.format == "png8" and done.written:
        told += "; 8 bits are for looking at: score float or 16-bit maps"
    print(told)
    tell_failures(done.failures)


def tell_failures(failures: list[str]) -> None:
    """Name what could not be done, one line each, on stderr."""
    for failure in failures:
        print(f"failed: {' '.join(failure.split())}", file=sys.stderr)
