"""`salquest crop`: thumbnails cut where people look."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from salquest.applications.thumbnails import crop_pictures
from salquest.cli.predict import Inputs, pictures_of, tell_failures
from salquest.models.catalogue import DEFAULT
from salquest.runs import ProgressDisplay


def crop(
    inputs: Inputs,
    *,
    out: Path,
    ratio: Annotated[list[str], Parameter(negative=())] = ["1:1"],  # noqa: B006
    model: str | None = None,
    keep: float | None = None,
    smallest: float = 0.25,
    pad: str | None = None,
    width: int | None = None,
    overlay: Annotated[bool, Parameter(negative=())] = False,
    recursive: Annotated[bool, Parameter(name=["--recursive", "-r"], negative=())] = False,
    device: str = "cpu",
    workers: int | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Cut each picture to given shapes so that most of the attention stays in; NAME.crops.json says where and how much.

    Args:
        inputs: Picture files, folders, or patterns like 'photos/**/*.jpg'; - reads paths from stdin.
        out: The folder for the crops.
        ratio: Width to height, such as 16:9; several may be given, one crop each.
        model: A name from `salquest list models`, or a run folder.
        keep: Cut closer: the smallest window that keeps this share of the attention, such as 0.8. Without it the largest window is taken.
        smallest: With --keep, the window's sides are at least this fraction of the largest's.
        pad: With --keep, a colour to fill up with where the picture's own shape cannot keep the share.
        width: Scale wider crops down to so many pixels.
        overlay: Draw the windows on the picture with its map too, as NAME.crops.jpg.
        recursive: Look into sub-folders too, and keep them.
        device: Where a network runs: cpu, cuda, cuda:1, mps.
        workers: Pictures worked on at the same time; one per core where it is not given.
        force: Make everything again, even over another request's files.
    """
    with ProgressDisplay() as display:
        done = crop_pictures(
            pictures_of(inputs),
            out=out,
            ratios=ratio,
            model=model or DEFAULT,
            keep=keep,
            smallest=smallest,
            pad=pad,
            width=width,
            drawn=overlay,
            recursive=recursive,
            device=device,
            workers=workers,
            force=force,
            progress=lambda number, total: display.update("cutting", number, total),
        )
    told = f"{len(done.crops)} {'picture' if len(done.crops) == 1 else 'pictures'} cut into {out}"
    print(told + (f"; {done.kept} were there already" if done.kept else ""))
    short = [(name, one) for name, crops in done.crops.items() for one in crops if not one.is_enough]
    for name, one in short[:10]:
        told = f"{name} keeps {one.share:.0%} in its largest window of ratio {one.ratio:.3g}, less than {keep:.0%}"
        print(told + ("" if pad else "; --pad COLOUR would keep more"), file=sys.stderr)
    if len(short) > 10:
        print(f"{len(short) - 10} more crops keep less than {keep:.0%}", file=sys.stderr)
    tell_failures(done.failures)
    return 1 if done.failures else 0
