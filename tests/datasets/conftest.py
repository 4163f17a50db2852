"""What the tests of the readers share: small folders written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

HEADER = "image,observer,index,x,y,duration_ms"


@pytest.fixture
def write_generic(tmp_path) -> Callable[..., Path]:
    """Writes a generic folder of grey pictures, 8 wide and 6 high, with the given rows of fixations; answers the folder."""

    def write(
        rows: Sequence[str] = (), *, pictures: Sequence[str] = ("a.png", "b.png"), header: str = HEADER, meta: Mapping[str, object] = {}
    ) -> Path:
        folder = tmp_path / "set"
        (folder / "stimuli").mkdir(parents=True)
        for key in pictures:
            Image.new("RGB", (8, 6), (90, 90, 90)).save(folder / "stimuli" / key)
        (folder / "meta.json").write_text(json.dumps({"name": "own", "images": len(pictures), **meta}))
        (folder / "fixations.csv").write_text("\n".join([header, *rows, ""]))
        return folder

    return write
