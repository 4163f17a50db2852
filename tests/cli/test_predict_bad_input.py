"""Pictures that are none, and pictures nobody expects: a sentence each, the rest done, nothing half-written left behind."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from PIL import Image

from salquest.gaze.map_files import read_map

EVERYTHING = ["--overlay", "--sheet", "--regions", "3", "--scanpath", "3", "--model", "centre-bias", "--model", "uniform", "--out"]


def noise(height: int = 30, width: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8))


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, format=form, **options)
    return content.getvalue()


def bomb() -> bytes:
    """A PNG of 600 kB whose rows of nothing unpack to 40,000 x 40,000 pixels."""
    rows = zlib.compressobj()
    packed = b"".join(rows.compress(bytes(5001)) for _ in range(40_000)) + rows.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


BROKEN = {
    "empty": (lambda: b"", "x.jpg is empty: not a picture"),
    "truncated JPEG": (lambda: encoded(noise(), "JPEG")[:-300], "x.jpg is a broken or truncated picture"),
    "text": (lambda: b"hello, I am a text", "x.jpg is not a picture that can be read (its content is of no known image format)"),
    "a bomb": (bomb, "x.jpg is too large to be opened: more than 178,956,970 pixels"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_picture_is_named_at_the_end_and_the_rest_is_done(what, tmp_path, capsys):
    content, sentence = BROKEN[what]
    (tmp_path / "in").mkdir()
    noise().save(tmp_path / "in" / "good.png")
    (tmp_path / "in" / "x.jpg").write_bytes(content())
    assert call("predict", tmp_path / "in", *EVERYTHING, tmp_path / "maps") == 1
    told = capsys.readouterr()
    assert told.out.startswith("1 picture predicted into")
    assert told.err.startswith("failed: ")
    assert sentence in told.err
    assert told.err.count("\n") == 1
    left = [path.name for path in (tmp_path / "maps").rglob("*") if path.is_file()]
    assert not [name for name in left if name.startswith((".", "x"))]
    assert "good.png" in left


def animation() -> bytes:
    return encoded(noise().convert("P"), "GIF", save_all=True, append_images=[Image.new("P", (40, 30), 3)])


STRANGE = {
    "one pixel": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "x.png", (1, 1)),
    "20000 x 10": (lambda: encoded(Image.new("RGB", (20_000, 10), (9, 80, 200)), "PNG"), "x.png", (10, 20_000)),
    "10 x 20000": (lambda: encoded(Image.new("L", (10, 20_000)), "PNG"), "x.png", (20_000, 10)),
    "animation": (animation, "x.gif", (30, 40)),
    "print colours": (lambda: encoded(noise().convert("CMYK"), "JPEG"), "x.jpg", (30, 40)),
    "16 bit": (lambda: encoded(Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50), "PNG"), "x.png", (30, 40)),
    "transparent": (lambda: encoded(noise().convert("RGBA"), "PNG"), "x.png", (30, 40)),
    "grey with alpha": (lambda: encoded(noise().convert("LA"), "PNG"), "x.png", (30, 40)),
    "black and white": (lambda: encoded(noise().convert("1"), "PNG"), "x.png", (30, 40)),
    "a JPEG called PNG": (lambda: encoded(noise(), "JPEG"), "x.png", (30, 40)),
    "wider than a JPEG can be": (lambda: encoded(Image.new("L", (70_000, 2)), "PNG"), "x.png", (2, 70_000)),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_strange_picture_gets_everything_that_others_get(what, tmp_path, capsys):
    content, name, size = STRANGE[what]
    (tmp_path / name).write_bytes(content())
    assert call("predict", tmp_path / name, *EVERYTHING, tmp_path / "maps") == 0, capsys.readouterr().err
    for model in ("centre-bias", "uniform"):
        assert read_map(tmp_path / "maps" / model / "x.png").shape == size
        for ending in ("overlay", "regions", "scanpath"):
            assert (tmp_path / "maps" / model / f"x.{ending}.jpg").stat().st_size > 0


@pytest.mark.parametrize(
    "name",
    [
        "with space.png",
        "a[1].png",
        "100%.png",
        "$x_1$.png",
        "-x.png",
        "ünï-日本.png",
        "line\nbreak.png",
        os.fsdecode(b"caf\xe9.png"),
        "'\".png",
        "🙂.png",
    ],
)
def test_a_name_may_hold_anything(name, tmp_path, capsys):
    noise(6, 8).save(tmp_path / "plain.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "plain.png").rename(tmp_path / "in" / name)
    for _ in range(2):
        assert call("predict", tmp_path / "in", *EVERYTHING, tmp_path / "maps") == 0
    assert "0 pictures predicted" in capsys.readouterr().out
    assert (tmp_path / "maps" / "uniform" / name).is_file()


def test_a_pipe_is_no_picture(tmp_path, capsys):
    os.mkfifo(tmp_path / "x.jpg")
    assert call("predict", tmp_path / "x.jpg", "--model", "uniform", "--out", tmp_path / "maps") == 1
    assert "x.jpg is a device or a pipe, not a picture file" in capsys.readouterr().err


def test_a_picture_that_memory_does_not_bear_is_named(tmp_path, capsys, monkeypatch):
    noise().save(tmp_path / "x.png")

    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("salquest.models.baselines.Uniform.predict_pixels", too_large)
    assert call("predict", tmp_path / "x.png", "--model", "uniform", "--out", tmp_path / "maps") == 1
    assert "x.png is too large for this machine's memory; scale it down first" in capsys.readouterr().err


def test_an_unreadable_folder_is_named_and_the_rest_is_done(tmp_path, capsys, monkeypatch):
    for folder in ("open", "shut"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        noise().save(tmp_path / "in" / folder / "a.png")
    scan = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert call("predict", tmp_path / "in", "-r", "--model", "uniform", "--out", tmp_path / "maps") == 1
    told = capsys.readouterr()
    assert "1 picture predicted" in told.out
    assert f"failed: the folder {tmp_path}/in/shut cannot be read: Permission denied" in told.err
