"""`salquest convert`: weights that others released become run folders of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from salquest.models.deep.salgan_archive import convert_salgan

app = App(name="convert")
Flag = Annotated[bool, Parameter(negative=())]


@app.command
def salgan(archive: Path, *, out: Path | None = None, force: Flag = False) -> int:
    """Turn SalGAN's released generator (Pan 2017) into a run folder, to be predicted and scored with.

    Args:
        archive: gen_modelWeights....npz as released: 54 arrays in Lasagne's order.
        out: The folder; salgan-released where it is not given.
        force: Replace what stands in --out.
    """
    folder = out if out is not None else Path("salgan-released")
    convert_salgan(archive, folder, force=force)
    print(
        f"{folder}: SalGAN's generator, 31787009 parameters, for pictures of 192 x 256; salquest predict PICTURE --model {folder} --out MAPS"
    )
    return 0
