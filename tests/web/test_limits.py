"""How much one may ask of the demo's server, and how hostile files are met."""

from __future__ import annotations

import io
import struct
import threading
import time
import zlib
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from asking import Asked, Slow, running
from PIL import Image

from salquest.errors import InputError
from salquest.web.limits import Limits


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG whose header promises that many pixels and whose data has almost none."""
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)
    return b"\x89PNG\r\n\x1a\n" + body


def encoded(width: int, height: int, form: str, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(content, format=form)
    return content.getvalue()


HOSTILE = {
    "empty": (b"", "the picture is empty: not a picture"),
    "text": (b"hello, I am not a picture", "the picture is not a picture that can be read"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "the picture is not a picture that can be read"),
    "vector graphics": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "the picture is not a picture that can be read"),
    "a program for Ghostscript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "the picture is not a picture that can be read",
    ),
    "truncated": (encoded(64, 64, "JPEG")[:-800], "the picture is a broken or truncated picture"),
    "cut in the header": (encoded(64, 64, "PNG")[:20], "the picture is "),
    "a bomb": (png_that_claims(60_000, 60_000), "the picture is too large to be opened: more than 25,000,000 pixels"),
    "a small bomb": (png_that_claims(5_100, 5_000), "the picture is too large to be opened: more than 25,000,000 pixels"),
    "a ribbon": (png_that_claims(20_000, 10), "the picture is too long: 20,000 px on its longer side, and the demo takes 6,000"),
    "promises more than it holds": (png_that_claims(500, 500), "the picture is a broken or truncated picture"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(ask: Asked, what: str) -> None:
    content, sentence = HOSTILE[what]
    answer = ask.send(content)
    assert (answer.status, answer.error[: len(sentence)]) == (422, sentence)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (encoded(1, 1, "PNG"), (1, 1)),
        (encoded(30, 20, "GIF", "P"), (30, 20)),
        (encoded(30, 20, "JPEG", "CMYK"), (30, 20)),
        (encoded(30, 20, "TIFF", "L"), (30, 20)),
        (encoded(30, 20, "WEBP"), (30, 20)),
        (encoded(2_000, 3, "PNG"), (2_000, 3)),
    ],
    ids=["one pixel", "GIF", "CMYK", "TIFF", "WebP", "a ribbon"],
)
@pytest.mark.filterwarnings("ignore::salquest.errors.ConstantMapWarning")
def test_pictures_of_any_kind_and_shape_come_in_and_can_be_looked_at_and_scored(ask: Asked, content: bytes, size: tuple[int, int]) -> None:
    told = ask.send(content).json
    assert (told["width"], told["height"]) == size
    base = f"/pictures/{told['key']}"
    for model in ("centre-bias", "image-signature"):
        assert ask("POST", f"{base}/maps/{model}").status == 200
        for file in ("layer.png", "heat.jpg", "overlay.png", "map.png", "map.npy"):
            assert ask("GET", f"{base}/maps/{model}/{file}").status == 200
        assert ask("POST", f"{base}/scores?model={model}&sigma=1", b"0,0").status == 200
    assert [ask("GET", f"{base}/{file}").status for file in ("picture.jpg", "ground.jpg")] == [200, 200]


@pytest.mark.parametrize("kind", ["text/html", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""])
def test_a_picture_comes_as_bytes_of_a_picture_s_type(ask: Asked, png: bytes, kind: str) -> None:
    answer = ask("POST", "/pictures", png, content_type=kind)
    assert (answer.status, answer.error.partition(";")[0]) == (415, "a picture is sent as its bytes, of a type image/...")


def test_a_file_beyond_the_limit_is_refused_whether_it_tells_its_length_or_not() -> None:
    with running([], upload_bytes=5_000) as ask:
        sentence = "a picture has at most 5,000 bytes here; this one has more"
        answer = ask.send(b"x" * 5_001)
        assert (answer.status, answer.error) == (413, sentence)
        chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        told = ask.raw(
            b"POST /pictures HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n" + 2 * chunk
        )
        assert (told.status, told.error) == (413, sentence)
        assert ask.send(b"x" * 5_000).status == 422  # no picture, but not too long


def test_fixations_beyond_the_limit_are_refused(png: bytes) -> None:
    with running(text_bytes=50) as ask:
        key = ask.send(png).json["key"]
        answer = ask("POST", f"/pictures/{key}/scores", b"1,1\n" * 20)
    assert (answer.status, answer.error) == (413, "a list of fixations has at most 50 bytes here; this one has more")


def test_a_picture_that_does_not_arrive_is_not_waited_for() -> None:
    with running([], upload_seconds=0.2) as ask:
        told = ask.raw(b"POST /pictures HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\nhalf")
    assert (told.status, told.error) == (408, "a picture has to arrive within 0.2 s; this one did not")


def test_headers_beyond_the_limit_are_refused_whether_they_end_or_not(ask: Asked) -> None:
    long = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000
    told = ask.raw(long + b"\r\n\r\n")
    assert (told.status, told.error) == (431, "the headers of a request have at most 16,384 bytes here; these have more")
    assert ask.raw(long).status == 400


def test_uploads_beyond_their_number_are_refused(png: bytes) -> None:
    import socket

    half = b"POST /pictures HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\nhalf"
    with running([], uploads=1) as ask, socket.create_connection(("127.0.0.1", ask.port)) as wire:
        wire.sendall(half)
        deadline = time.monotonic() + 20
        while (answer := ask.send(png)).status != 503 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert answer.error == "the server has as much work as it takes; try again in a moment"


def test_jobs_beyond_the_line_are_refused_and_the_rest_is_done(png: bytes) -> None:
    slow = Slow()
    with running([slow.offered()], waiting=2) as ask, ThreadPoolExecutor(4) as pool:
        key = ask.send(png).json["key"]
        path = f"/pictures/{key}/maps/slow"
        first = pool.submit(ask, "POST", path)
        assert slow.began.acquire(timeout=20)
        # whichever of the three comes last to a line of two
        (refused,), waiting = wait([pool.submit(ask, "POST", path) for _ in range(3)], timeout=30, return_when=FIRST_COMPLETED)
        answer = refused.result()
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert answer.error == "the server has as much work as it takes; try again in a moment"
        # decoding and drawing go on meanwhile
        assert ask.send(png).status == 201
        slow.let_go.set()
        assert [job.result().status for job in (first, *waiting)] == [200, 200, 200]
    assert slow.asked == 3


def test_an_answer_that_takes_too_long_is_given_up_and_its_place_stays_taken_until_it_is_done(png: bytes) -> None:
    slow = Slow()
    with running([slow.offered()], waiting=1, job_seconds=0.3) as ask:
        path = f"/pictures/{ask.send(png).json['key']}/maps/slow"
        late = ask("POST", path)
        assert (late.status, late.error.partition(";")[0]) == (504, "the answer took longer than this server waits")
        assert ask("POST", path).status == 504  # waited in vain, and left the line
        slow.let_go.set()
        deadline = time.monotonic() + 20
        while ask("POST", path).status != 200:
            assert time.monotonic() < deadline
    assert slow.asked >= 2


def test_who_leaves_the_line_is_not_predicted_for(png: bytes) -> None:
    slow = Slow()
    with running([slow.offered()]) as ask, ThreadPoolExecutor(1) as pool:
        path = f"/pictures/{ask.send(png).json['key']}/maps/slow"
        first = pool.submit(ask, "POST", path)
        assert slow.began.acquire(timeout=20)
        import socket

        with socket.create_connection(("127.0.0.1", ask.port)) as wire:
            wire.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.3)
        time.sleep(1.2)  # the server looks twice a second
        slow.let_go.set()
        assert first.result().status == 200
        assert ask("POST", path).status == 200
    assert slow.asked == 2


def test_old_pictures_make_room(png: bytes) -> None:
    with running(kept_bytes=4 * 60 * 40 * 3) as ask:
        keys = [ask.send(png).json["key"] for _ in range(5)]
        assert [ask("GET", f"/pictures/{key}/picture.jpg").status for key in keys] == [404, 200, 200, 200, 200]


def test_nothing_of_a_client_is_written(png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins
    import os

    written: list[object] = []
    real_open, real_os_open = builtins.open, os.open

    def watched(file: object, mode: str = "r", *rest: object, **more: object) -> object:
        if set(mode) & set("wax+"):
            written.append(file)
        return real_open(file, mode, *rest, **more)  # type: ignore[call-overload]

    def watched_os(path: object, flags: int, *rest: object, **more: object) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(path)
        return real_os_open(path, flags, *rest, **more)  # type: ignore[arg-type]

    with running() as ask:
        monkeypatch.setattr(builtins, "open", watched)
        monkeypatch.setattr(io, "open", watched)
        monkeypatch.setattr(os, "open", watched_os)
        key = ask.send(png, "evil.png").json["key"]
        ask("POST", f"/pictures/{key}/maps/image-signature")
        ask("GET", f"/pictures/{key}/maps/image-signature/overlay.png")
        ask("POST", f"/pictures/{key}/scores?model=image-signature", b"1,1")
    assert written == []


@pytest.mark.parametrize("bound", ["upload_bytes", "pixels", "waiting", "job_seconds"])
def test_a_limit_of_nothing_is_refused(bound: str) -> None:
    with pytest.raises(InputError, match=f"the demo's limit {bound} is more than 0; found 0"):
        Limits(**{bound: 0})


def test_no_thread_is_left_behind(png: bytes) -> None:
    with running() as ask:
        ask.send(png)
    deadline = time.monotonic() + 20
    while any(thread.name.startswith(("predicting", "drawing")) for thread in threading.enumerate()):
        # those of the session's own server may live
        others = [thread for thread in threading.enumerate() if thread.name.startswith(("predicting", "drawing"))]
        if len(others) <= 2 or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    assert len([thread for thread in threading.enumerate() if thread.name.startswith(("predicting", "drawing"))]) <= 2
