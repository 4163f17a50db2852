"""`salquest submission`: the file that a benchmark takes, checked after writing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from salquest.cli.arguments import data_set
from salquest.errors import InputError
from salquest.evaluation.doors.submission import write_salicon, write_tuebingen
from salquest.models import MapsFolder, Model, load_model
from salquest.runs import ProgressDisplay


def submission(
    *,
    to: Literal["tuebingen", "salicon"],
    data: Annotated[str, Parameter(help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA.")],
    out: Path,
    model: str | None = None,
    maps: Path | None = None,
    device: str = "cpu",
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Write what a benchmark takes: log densities where the model predicts densities, maps otherwise.

    Args:
        to: tuebingen (MIT300, CAT2000, COCO-FreeView: a folder, or a file ending in .hdf5) or salicon (a .zip, or a results .json).
        out: The file or folder to write.
        model: A name from `salquest list models`, or a run folder; or
        maps: a folder with one map per picture.
        device: Where networks run.
        force: Replace what is there.
    """
    if (model is None) == (maps is None):
        raise InputError("a submission is made of one model or one folder of maps: give --model NAME or --maps DIR")
    chosen: Model = load_model(model, device=device) if model is not None else MapsFolder(maps or Path())
    write = write_tuebingen if to == "tuebingen" else write_salicon
    with ProgressDisplay() as display:
        written = write(
            chosen, data_set(data), out, force=force, progress=lambda done, total: display.update(f"predicting, {chosen.name}", done, total)
        )
    note = f"; |logsumexp| at most {written.greatest_logsumexp:.1g}" if written.content == "log densities" else ""
    print(f"{written.path}: {written.content} of {written.pictures} pictures, read back and checked{note}")
