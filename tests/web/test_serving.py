"""`salquest demo` from the command line: its address, its warnings, and what it refuses before it starts."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from salquest.cli import main
from salquest.errors import DataNotFound, InputError, Refused, UnknownName
from salquest.web.offered import offered_models
from salquest.web.serving import address, bound_socket, is_loopback

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("starlette", "uvicorn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from salquest.cli import main
main(sys.argv[1:])
"""


def refused(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


def test_without_its_part_the_demo_asks_for_it_and_help_does_not() -> None:
    done = subprocess.run([sys.executable, "-c", ABSENT, "demo"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "salquest: salquest demo needs a part of salquest that is not installed; install it with: pip install 'salquest[demo]'\n"
    )
    assert "demo" in subprocess.run([sys.executable, "-c", ABSENT, "--help"], capture_output=True, text=True, check=True).stdout


def test_the_command_tells_its_address_serves_and_ends_quietly() -> None:
    words = [sys.executable, "-W", "error", "-c", "from salquest.cli import main; main()", "demo", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        port = re.fullmatch(r"salquest demo: http://127\.0\.0\.1:(\d+)/ \(Ctrl\+C ends it\)\n", told)
        assert port is not None, told + process.communicate()[1]
        connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=30)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_port_that_is_taken_is_told() -> None:
    with (
        bound_socket("127.0.0.1", 0) as taken,
        pytest.raises(Refused, match=r"cannot be bound to .*; choose another with --port, or --port 0"),
    ):
        bound_socket("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70_000, "a port is 0 to 65535; found 70000"),
        ("127.0.0.1", -1, "a port is"),
        ("no host at all", 0, "there is no address"),
    ],
)
def test_hosts_and_ports_that_cannot_be_are_told(host: str, port: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        bound_socket(host, port)


def test_only_the_loopback_is_this_machine_alone() -> None:
    with bound_socket("127.0.0.1", 0) as here, bound_socket("0.0.0.0", 0) as everywhere:
        assert (is_loopback(here), is_loopback(everywhere)) == (True, False)
        assert address(everywhere, "0.0.0.0") == f"http://127.0.0.1:{everywhere.getsockname()[1]}/"
        assert address(here, "::1") == f"http://[::1]:{here.getsockname()[1]}/"


def test_beyond_the_loopback_one_sentence_warns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from salquest.web import serving

    def ends_at_once(app: object) -> object:
        class Ended:
            def run(self, sockets: list[socket.socket]) -> None:
                assert len(sockets) == 1

        return Ended()

    monkeypatch.setattr(serving, "server_of", ends_at_once)
    serving.serve_demo(host="0.0.0.0", port=0)
    told = capsys.readouterr()
    assert (
        told.err == "salquest: warning: whoever reaches this machine can now send it pictures and use its processor, without a password\n"
    )
    serving.serve_demo(port=0)
    assert capsys.readouterr().err == ""


def test_a_model_that_cannot_be_loaded_is_told_before_the_server_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnknownName, match="no model or run folder is called 'gvbs'"):
        offered_models(["gvbs"])
    with pytest.raises(DataNotFound, match="is no run folder"):
        offered_models([tmp_path / "empty"])
    assert refused("demo", "--port", "0", "--model", str(tmp_path / "empty")) == 2
    assert capsys.readouterr().err.startswith("salquest: ")


def test_a_run_folder_is_offered_first_under_its_name_and_loss(tmp_path: Path) -> None:
    from salquest.runs import RunFolder, RunRecord

    folder = RunFolder(tmp_path / "my-run")
    folder.root.mkdir()
    folder.write(RunRecord(plan={"loss": "kld - cc"}, identity="0", network={"name": "light"}))
    folder.weights.write_bytes(b"weights")
    first = offered_models(["gbvs", folder.root])[0]
    assert (first.name, first.title, first.family) == ("my-run", "a network trained under kld - cc", "named")
    (tmp_path / "gbvs").mkdir()
    folder.root.rename(tmp_path / "gbvs" / "gbvs")
    with pytest.raises(InputError, match="would be called gbvs, as a model of the catalogue; rename its folder"):
        offered_models([tmp_path / "gbvs" / "gbvs"])
