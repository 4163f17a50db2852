"""Who may ask the demo's server, and what every answer's headers say."""

from __future__ import annotations

import pytest
from asking import Asked, running

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/", {}, 200),
        ("GET", "/catalogue", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("PUT", "/pictures", {}, 405),
        ("OPTIONS", "/pictures", {}, 405),
        ("GET", "/", {"host": "evil.example"}, 421),
        ("POST", "/pictures", {"origin": "http://evil.example"}, 403),
    ],
)
def test_every_answer_is_under_the_policy_and_opens_nothing_to_other_pages(
    ask: Asked, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = ask(method, path, None, **headers)
    assert answer.status == status
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert not {name for name in answer.headers if name.startswith("access-control") or name in ("server", "set-cookie")}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "LOCALHOST", "127.0.0.1", "127.0.0.1:8000", "127.0.0.2", "[::1]", "[::1]:8000"]
)
def test_loopback_names_are_answered_whatever_the_port(ask: Asked, host: str) -> None:
    assert ask("GET", "/icon.svg", None, host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "192.168.0.7",
        "0.0.0.0",
        "[::]",
        "localhost@evil.example",
        "localhost:80:80",
        "localhost/x",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_was_pointed_here_is_refused(ask: Asked, host: str, method: str) -> None:
    answer = ask(method, "/catalogue", None, host=host)
    assert (answer.status, answer.error.partition(";")[0]) == (421, "this server answers to its own address only")


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"])
def test_a_request_names_one_host(ask: Asked, request_line: bytes) -> None:
    assert ask.raw(request_line).status in (400, 421)


def test_the_host_that_was_bound_is_answered_and_no_wildcard() -> None:
    with running([], host="saliency.lan") as ask:
        assert ask("GET", "/", None, host="saliency.lan:8000").status == 200
        assert ask("GET", "/", None, host="other.lan:8000").status == 421
    with running([], host="0.0.0.0") as ask:
        assert ask("GET", "/", None, host="0.0.0.0").status == 421
        assert ask("GET", "/", None, host="127.0.0.1").status == 200  # the address at which the request arrived


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "http://127.0.0.1:{port}"}, 201),
        ({"origin": "http://127.0.0.1:{port}", "sec_fetch_site": "same-origin"}, 201),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://localhost:{port}"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
def test_pictures_are_taken_from_our_own_page_only(ask: Asked, png: bytes, headers: dict[str, str], status: int) -> None:
    told = {name: value.format(port=ask.port) for name, value in headers.items()}
    assert ask("POST", "/pictures", png, content_type="image/png", **told).status == status
