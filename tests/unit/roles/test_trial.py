# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The trial of a release concurrently with the one that serves: real processes on ports of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.http_server import Answer, after, answer, hang_up, serve_http

PROGRAM = Path(__file__).resolve().parents[3] / "roles" / "app" / "files" / "trial.py"

SERVER = """
import http.server, os, sys, threading, time
requests = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global requests
        requests += 1
        self.send_response(status(requests))
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words): pass
def status(number): return 200
{change}
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def load() -> Any:
    specification = importlib.util.spec_from_file_location("trial", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


# The program with shorter pauses between its requests.
QUICK = (
    f"import sys; sys.path.insert(0, {str(PROGRAM.parent)!r}); import trial; trial.PAUSE = 0.1; sys.exit(trial.main())"
)


def run(change: str, timeout: float = 20, stable_time: float = 0.5) -> tuple[int, str]:
    options = ["--path=/health", f"--timeout={timeout}", f"--stable-time={stable_time}"]
    server = [sys.executable, "-c", SERVER.format(change=change)]
    done = subprocess.run(
        [sys.executable, "-c", QUICK, *options, "--", *server], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


def test_a_release_that_stays_healthy() -> None:
    assert run("") == (0, "")


def test_the_first_good_answer_may_take_its_time() -> None:
    assert run("status = lambda number: 200 if number > 2 else 503") == (0, "")


@pytest.mark.parametrize(
    ("change", "timeout", "said"),
    [
        ("sys.exit(3)", 20, "ended with 3 before it was healthy"),
        ("threading.Timer(0.5, lambda: os._exit(4)).start()", 20, "ended with 4 "),
        ("time.sleep(600)", 1, "was not healthy within 1 s: /health answered nothing"),
        ("status = lambda number: 500", 1, "was not healthy within 1 s: /health answered 500"),
        ("status = lambda number: 200 if number < 3 else 500", 20, "was healthy, and "),
    ],
    ids=["ends at start", "ends after a while", "hangs", "answers 500", "answers 500 after a while"],
)
def test_a_release_that_fails(change: str, timeout: float, said: str) -> None:
    code, output = run(change, timeout, stable_time=8)
    assert code == 1
    assert said in output


def test_its_port_is_none_that_outgoing_connections_get() -> None:
    trial = load()
    found = trial.candidate_ports(32768, 60999, 7)
    assert not [port for port in found if 32768 <= port <= 60999]
    assert sorted(found) == [*range(20000, 32768), *range(61000, 65536)]
    assert found[0] != trial.candidate_ports(32768, 60999, 8)[0]
    # Where that leaves none, any port is better than none.
    assert sorted(trial.candidate_ports(1024, 65535, 7)) == [*range(20000, 65536)]


def send_slowly(connection: Any, _asked: Any) -> None:
    """A header without an end: each byte of it is in time."""
    for byte in (b"HTTP/1.1 200 OK\r\n", *[b"x"] * 100):
        connection.sendall(byte)
        time.sleep(0.1)


@pytest.mark.parametrize("slow", [send_slowly, after(3, answer())], ids=["byte by byte", "late"])
def test_an_answer_has_to_come_in_time_as_a_whole(slow: Answer) -> None:
    trial = load()
    trial.ANSWER_TIMEOUT = 0.5
    began = time.monotonic()
    with serve_http(slow) as server:
        said = trial.ask(int(server.url.rpartition(":")[2]), "/health")
    assert said.startswith("nothing (")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(("given", "said"), [(answer(503), "503"), (answer(200), "200"), (hang_up, "nothing (")])
def test_a_whole_answer_is_a_status(given: Answer, said: str) -> None:
    with serve_http(given) as server:
        assert load().ask(int(server.url.rpartition(":")[2]), "/health").startswith(said)
