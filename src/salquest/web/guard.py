"""Who may ask, and what the headers of every answer say: no other page reaches the server, and the page loads nothing from elsewhere."""

from __future__ import annotations

import ipaddress
import re

from salquest.errors import MissingExtra

try:
    from starlette.datastructures import Headers, MutableHeaders
    from starlette.responses import JSONResponse
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
except ImportError as error:
    raise MissingExtra("salquest demo", "demo") from error

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
# of a request's headers; the server itself refuses those that do not end
HEADER_BYTES = 16_384
ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")


class Guard:
    """An ASGI application in front of another one.

    Requests are answered only where their Host is a loopback name, the host that the server was bound to, or the very address at which
    they arrived: a page whose own name was pointed at this machine (DNS rebinding) is none of them. What changes something (POST) must
    come from our own page, or from no page at all.

    Args:
        app: what answers.
        host: that the server was bound to.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it, under the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if (refusal := self._refusal(scope)) is not None:
            status, sentence = refusal
            await JSONResponse({"error": sentence}, status)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        if sum(len(name) + len(value) for name, value in headers.raw) > HEADER_BYTES:
            return 431, f"the headers of a request have at most {HEADER_BYTES:,} bytes here; these have more"
        hosts = headers.getlist("host")
        arrived = (scope.get("server") or ("",))[0]
        if len(hosts) != 1 or not self._is_ours(hosts[0], arrived):
            return 421, "this server answers to its own address only; open the one that salquest demo printed"
        if scope["method"] in ("GET", "HEAD"):
            return None
        origins = headers.getlist("origin")
        if any(origin.lower() not in (f"http://{hosts[0].lower()}", f"https://{hosts[0].lower()}") for origin in origins):
            return 403, "this request came from another page, which may not ask this server"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "this request came from another page, which may not ask this server"
        return None

    def _is_ours(self, host: str, arrived: str) -> bool:
        told = _HOST.fullmatch(host.lower())
        if told is None:
            return False
        name = told["name"].strip("[]")
        if name == "localhost" or (name == self.host and name not in ANY_ADDRESS):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or name == arrived.lower()
