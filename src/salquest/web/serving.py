"""The demo's server: a socket that is bound before anything is said, its address, and uvicorn on it."""

from __future__ import annotations

import socket
import sys
import warnings
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

from salquest.errors import ConstantMapWarning, InputError, MissingExtra, Refused
from salquest.web.app import create_app
from salquest.web.guard import HEADER_BYTES
from salquest.web.limits import Limits
from salquest.web.offered import offered_models

try:
    import uvicorn
except ImportError as error:
    raise MissingExtra("salquest demo", "demo") from error

# at a time
CONNECTIONS = 64


def serve_demo(
    models: Sequence[str | Path] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    device: str = "cpu",
    limits: Limits | None = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Serve the demo until it is interrupted.

    Args:
        models: trained networks beside the catalogue's models, whatever `load_model` takes.
        host: the address to bind to; beyond this machine anyone may ask, which is said on stderr.
        port: 0 takes one that is free.
        device: where the named networks run.
        limits: how much one may ask for.
        tell: is told the address once it can be opened.

    Raises:
        Refused: the port is taken. InputError: no such host or port. UnknownName, DataNotFound, BrokenFile: a model that cannot be loaded.
    """
    app = create_app(offered_models(models, device=device), host=host, limits=limits)
    listening = bound_socket(host, port)
    if not is_loopback(listening):
        print(
            "salquest: warning: whoever reaches this machine can now send it pictures and use its processor, without a password",
            file=sys.stderr,
        )
    tell(f"{address(listening, host)} (Ctrl+C ends it)")
    # the filters belong to all threads: set once, outside of them. That a map is constant can be seen on the page
    with listening, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantMapWarning)
        server_of(app).run(sockets=[listening])


def server_of(app: object) -> uvicorn.Server:
    """Uvicorn with bounds on headers and connections, which says nothing but errors, and believes no proxy."""
    return uvicorn.Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            http="h11",
            ws="none",
            loop="asyncio",
            h11_max_incomplete_event_size=HEADER_BYTES,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Refused for a port that is taken, InputError for a host or port that there is not."""
    if not 0 <= port <= 65_535:
        raise InputError(f"a port is 0 to 65535; found {port}")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"there is no address {host!r} to bind to; 127.0.0.1 is this machine alone, 0.0.0.0 every way to it") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise Refused(
            f"{host}:{port} cannot be bound to ({error.strerror or error}); choose another with --port, or --port 0 for a free one"
        ) from error
    return listening


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine reaches the socket."""
    return ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def address(listening: socket.socket, host: str) -> str:
    """What to open in a browser."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{listening.getsockname()[1]}/"
