"""What this room's tests share: one server for all that change nothing about it, and a picture."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("starlette", reason="needs the part [demo] of the installation")
pytest.importorskip("uvicorn", reason="needs the part [demo] of the installation")

from asking import Asked, running


@pytest.fixture(scope="session")
def ask() -> Iterator[Asked]:
    """A running demo with the catalogue's models."""
    with running() as asked:
        yield asked


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """A noisy picture of 60 x 40 with a bright spot."""
    noise = np.random.default_rng(3).integers(0, 90, (40, 60, 3), dtype=np.uint8)
    noise[10:20, 30:45] += 150
    return noise


@pytest.fixture(scope="session")
def png(pixels: np.ndarray) -> bytes:
    """The same as PNG."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


@pytest.fixture(scope="session")
def key(ask: Asked, png: bytes) -> str:
    """The key of that picture on the server, with a map of the image signature."""
    key = ask.send(png).json["key"]
    assert ask("POST", f"/pictures/{key}/maps/image-signature").status == 200
    return key
