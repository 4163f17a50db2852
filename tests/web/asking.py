"""A demo server that really runs, on a free port of this machine, and how the tests of this room ask it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from salquest.gaze import SaliencyMap
from salquest.gaze.pictures import Pixels
from salquest.models import Model
from salquest.web.app import create_app
from salquest.web.limits import Limits
from salquest.web.offered import OfferedModel, offered_models
from salquest.web.serving import bound_socket, server_of


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> str:
        return self.json["error"]


@dataclass(frozen=True)
class Asked:
    """A running server."""

    port: int

    def __call__(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Answer:
        """Ask; headers are given with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def send(self, content: bytes, name: str = "photo.png") -> Answer:
        return self("POST", f"/pictures?name={name}", content, content_type="image/png")

    def raw(self, request: bytes) -> Answer:
        """What bytes on the wire are answered with."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            wire.sendall(request)
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@contextmanager
def running(models: list[OfferedModel] | None = None, *, host: str = "127.0.0.1", **limits: float) -> Iterator[Asked]:
    """A server with these limits, in a thread; the catalogue's models where none are given."""
    app = create_app(offered_models() if models is None else models, host=host, limits=Limits(**limits))
    listening = bound_socket("127.0.0.1", 0)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield Asked(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class Slow(Model):
    """Answers when it is let go."""

    name = "slow"

    def __init__(self) -> None:
        self.began, self.let_go = threading.Semaphore(0), threading.Event()
        self.asked = 0

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        self.asked += 1
        self.began.release()
        assert self.let_go.wait(60)
        return SaliencyMap(np.zeros(pixels.shape[:2]))

    def offered(self) -> OfferedModel:
        return OfferedModel("slow", "waits", "-", "named", lambda: self)
