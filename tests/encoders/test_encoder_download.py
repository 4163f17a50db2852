"""Downloads: resumed where they broke, checked, never half there. Against a server on this machine."""

import hashlib
import http.server
import re
import threading

import pytest

from salquest.encoders.download import fetch
from salquest.errors import BrokenFile, DataNotFound

CONTENT = bytes(range(256)) * 4000  # 1.02 MB: more than one chunk
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; `breaks` says after how many bytes each of the next answers breaks off."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks, self.ranges, self.knows_ranges = [], [], True
        self.address = f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and self.server.knows_ranges else 0
        if self.path != "/weights.pth":
            self.send_error(404)
        elif start >= len(CONTENT):
            self.send_error(416)
        else:
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            end = start + self.server.breaks.pop(0) if self.server.breaks else len(CONTENT)
            self.wfile.write(CONTENT[start:end])
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server, sha256=DIGEST[:8]):
    return fetch(server.address, "weights.pth", sha256, 1.02)


def test_a_file_is_downloaded_once(server, own_cache_folder, capsys):
    path = get(server)
    assert path == get(server) == own_cache_folder / "weights.pth"
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert capsys.readouterr().err == f"downloading weights.pth (1.02 MB) to {own_cache_folder}\n"


def test_a_connection_that_breaks_is_gone_on_with(server):
    server.breaks = [300_000, 200_000]
    assert get(server).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_what_a_killed_process_left_is_gone_on_with(server, own_cache_folder):
    own_cache_folder.mkdir()
    (own_cache_folder / "weights.pth.part").write_bytes(CONTENT[:777])
    assert get(server).read_bytes() == CONTENT
    assert server.ranges == ["bytes=777-"]
    assert not (own_cache_folder / "weights.pth.part").exists()


def test_a_part_that_is_already_whole_is_taken(server, own_cache_folder):
    own_cache_folder.mkdir()
    (own_cache_folder / "weights.pth.part").write_bytes(CONTENT)
    assert get(server).read_bytes() == CONTENT


def test_a_server_without_ranges_sends_it_all_again(server, own_cache_folder):
    server.knows_ranges = False
    own_cache_folder.mkdir()
    (own_cache_folder / "weights.pth.part").write_bytes(CONTENT[:777])
    assert get(server).read_bytes() == CONTENT


def test_a_connection_that_keeps_breaking_leaves_the_part_for_the_next_time(server, own_cache_folder):
    server.breaks = [100_000] * 3
    with pytest.raises(DataNotFound) as caught:
        get(server)
    assert "broke off 3 times, last at 0.3 MB" in str(caught.value)
    assert not (own_cache_folder / "weights.pth").exists()
    assert get(server).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-"


def test_what_has_another_digest_is_deleted(server, own_cache_folder):
    with pytest.raises(BrokenFile, match=f"should have SHA-256 0123abcd… and what arrived has {DIGEST}"):
        get(server, sha256="0123abcd")
    assert [path.name for path in own_cache_folder.iterdir()] == ["weights.pth.lock"]


def test_a_spoilt_part_is_found_out_and_the_next_time_is_clean(server, own_cache_folder):
    own_cache_folder.mkdir()
    (own_cache_folder / "weights.pth.part").write_bytes(b"something else")
    with pytest.raises(BrokenFile):
        get(server)
    assert get(server).read_bytes() == CONTENT


@pytest.mark.parametrize(("address", "reason"), [("http://127.0.0.1:9/weights.pth", "refused"), ("{server}/none.pth", "Not Found")])
def test_without_the_file_the_sentence_says_what_was_wanted_and_where_to_put_it(address, reason, server, own_cache_folder):
    address = address.format(server=server.address.removesuffix("/weights.pth"))
    with pytest.raises(DataNotFound) as caught:
        fetch(address, "weights.pth", DIGEST, 1.02)
    for part in ("weights.pth (1.02 MB, SHA-256", address, reason, str(own_cache_folder), "--weights PATH"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_that_want_the_same_file_at_once_both_get_it(server):
    found = []
    threads = [threading.Thread(target=lambda: found.append(get(server).read_bytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 4
    assert server.ranges == [None]
