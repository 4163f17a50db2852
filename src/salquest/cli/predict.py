"""`salquest predict`: pictures in, maps out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.errors import InputError, Refused, SalquestError
from salquest.gaze import read_picture
from salquest.gaze.map_files import encode_map, map_suffix
from salquest.gaze.pictures import is_picture
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT
from salquest.models.default import tell_default
from salquest.runs import ProgressDisplay, write_bytes, write_text


def predict(
    inputs: list[str],
    *,
    out: Path,
    model: Annotated[str | None, Parameter(help="A name from `salquest list models`, or a run folder.")] = None,
    format: Literal["npy", "png16", "png8"] = "png16",  # noqa: A002
    overlay: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
    force: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write one map per picture, named by its stem; run again it does only what is missing.

    Args:
        inputs: Picture files, folders, or patterns like 'photos/*.jpg'; - reads paths from stdin, one a line.
        out: The folder for the maps.
        format: npy keeps every float; png16 is a 16-bit grey picture; png8 is for looking at.
        overlay: Write the map over its picture too, as STEM.overlay.jpg.
        device: Where a network runs: cpu, cuda, cuda:1, mps.
        force: Write maps again that are already there, even another model's.
    """
    pictures, failures = _pictures(inputs)
    if not pictures and not failures:
        raise InputError(f"no pictures in {', '.join(inputs)}; give picture files, or folders that hold some")
    if model is None:
        tell_default()
    chosen = load_model(model or DEFAULT, device=device)
    _claim(out, {"model": str(Path(model).resolve()) if model and Path(model).is_dir() else chosen.name, "format": format}, force=force)
    done = skipped = 0
    with ProgressDisplay() as display:
        for number, (stem, path) in enumerate(pictures.items(), start=1):
            target, colour = out / f"{stem}{map_suffix(format)}", out / f"{stem}.overlay.jpg"
            try:
                if force or not target.is_file() or (overlay and not colour.is_file()):
                    pixels = read_picture(path, follow_exif=True)
                    saliency = chosen.predict_pixels(pixels)
                    write_bytes(target, encode_map(saliency, format))
                    if overlay:
                        from salquest.report import overlay as drawn
                        from salquest.report.figures import picture_bytes

                        write_bytes(colour, picture_bytes(drawn(pixels, saliency), width=pixels.shape[1], quality=90))
                    done += 1
                else:
                    skipped += 1
            except Refused:
                raise
            except SalquestError as error:
                failures.append(str(error))
            display.update("predicting", number, len(pictures))
    told = f"{done} maps written to {out}" + (f", {skipped} were there already" if skipped else "")
    if format == "png8" and done:
        told += "; 8 bits are for looking at: score float or 16-bit maps"
    print(told)
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _pictures(inputs: list[str]) -> tuple[dict[str, Path], list[str]]:
    """Stem -> path, in the order given; what cannot be found, as sentences."""
    found: dict[str, Path] = {}
    failures: list[str] = []
    words = [line.strip() for line in sys.stdin if line.strip()] if inputs == ["-"] else inputs
    for word in words:
        path = Path(word).expanduser()
        if path.is_dir():
            paths = sorted(entry for entry in path.iterdir() if entry.is_file() and is_picture(entry))
        elif any(sign in word for sign in "*?["):
            paths = sorted(entry for entry in Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))) if entry.is_file())
        else:
            paths = [path]
        for one in paths:
            if one.stem in found and found[one.stem].resolve() != one.resolve():
                failures.append(f"{one} would have the same map name as {found[one.stem]}; predict it into another folder")
            else:
                found[one.stem] = one
    return found, failures


def _claim(out: Path, request: dict[str, str], *, force: bool) -> None:
    """Keep what made the maps beside them; maps of another request are not mixed in."""
    kept = out / "maps.json"
    if kept.is_file() and not force:
        try:
            there = json.loads(kept.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError):
            there = None
        if there != request:
            raise Refused(f"{out} holds maps of another request ({there}); choose another folder, or write over them with --force")
    write_text(kept, json.dumps(request, ensure_ascii=False) + "\n")
