# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""gunicorn with the settings that the role gunicorn renders: what its clients get while it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).resolve().parents[3] / "roles" / "gunicorn"
ASGI = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    message = await receive()
    while message["more_body"]:
        message = await receive()
    await asyncio.sleep(float(scope["query_string"] or 0))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
WSGI = """
import time

def app(environ, start_response):
    environ["wsgi.input"].read()
    time.sleep(float(environ["QUERY_STRING"] or 0))
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
# uvicorn reads requests with httptools where the release has it, and with h11 otherwise.
VARIANTS = {"asgi": (), "asgi-h11": ("httptools",), "wsgi": ()}


class Gunicorn:
    """A gunicorn with one worker on a socket that it inherits, as its launcher starts it."""

    def __init__(self, folder: Path, listener: socket.socket, missing: tuple[str, ...]) -> None:
        self.port = listener.getsockname()[1]
        # A module that is None in sys.modules cannot be imported.
        without = "".join(f"import sys; sys.modules[{name!r}] = None; " for name in missing)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", f"{without}from gunicorn.app.wsgiapp import run; run()"),
                *("--config=settings.py", f"--bind=fd://{listener.fileno()}", "application:app"),
            ],
            cwd=folder,
            pass_fds=[listener.fileno()],
            env={**os.environ, "GROUNDWORK_CONTROL": str(folder / "nobody-listens")},
        )

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.connect()
        return connection

    def end(self) -> None:
        """Ask gunicorn to end, and wait until its worker has begun to."""
        self.process.send_signal(signal.SIGTERM)
        time.sleep(0.7)


def ask(connection: http.client.HTTPConnection, seconds: str = "0", body: bytes | None = None) -> tuple[int, bytes]:
    connection.request("POST" if body else "GET", f"/?{seconds}", body)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture(params=VARIANTS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Gunicorn]]:
    interface = request.param.split("-")[0]
    service = {"name": "web", "interface": interface, "workers": 1, "port": 5000}
    variables = {
        **yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8")),
        **{"ansible_managed": "managed", "ansible_facts": {}, "gunicorn_service": service},
    }
    template = (ROLE / "templates" / "gunicorn.py.j2").read_text(encoding="utf-8")
    rendered = Templar(loader=DataLoader(), variables=variables).template(trust_as_template(template))
    (tmp_path / "settings.py").write_text(rendered, encoding="utf-8")
    (tmp_path / "application.py").write_text(ASGI if interface == "asgi" else WSGI, encoding="utf-8")
    started: list[Gunicorn] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def begin() -> Gunicorn:
            started.append(Gunicorn(tmp_path, listener, VARIANTS[request.param]))
            assert ask(started[-1].connect()) == (200, b"ok")
            return started[-1]

        yield begin
        for gunicorn in started:
            gunicorn.process.kill()
            gunicorn.process.wait()


@pytest.fixture
def gunicorn(start: Callable[[], Gunicorn]) -> Gunicorn:
    return start()


def test_a_request_on_an_accepted_connection_is_answered(gunicorn: Gunicorn) -> None:
    silent = gunicorn.connect()
    # The worker accepts connections in their order.
    assert ask(gunicorn.connect()) == (200, b"ok")
    gunicorn.end()
    assert ask(silent) == (200, b"ok")
    assert gunicorn.process.wait(10) == 0


def test_a_kept_connection_gets_one_more_answer(gunicorn: Gunicorn) -> None:
    kept = gunicorn.connect()
    assert ask(kept) == (200, b"ok")
    gunicorn.end()
    assert ask(kept, body=b"order") == (200, b"ok")
    assert gunicorn.process.wait(10) == 0


def test_a_request_that_is_being_answered_is_completed(gunicorn: Gunicorn) -> None:
    slow = gunicorn.connect()
    slow.request("GET", "/?3")
    time.sleep(0.3)
    gunicorn.end()
    assert slow.getresponse().read() == b"ok"
    assert gunicorn.process.wait(10) == 0


def test_a_body_that_is_still_being_sent_is_read(gunicorn: Gunicorn) -> None:
    upload = gunicorn.connect()
    assert ask(gunicorn.connect()) == (200, b"ok")
    gunicorn.end()
    upload.send(b"POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(2.5)
    upload.send(b"def")
    assert upload.sock.recv(100).startswith(b"HTTP/1.1 200 ")
    assert gunicorn.process.wait(10) == 0


def test_silent_connections_do_not_keep_gunicorn(gunicorn: Gunicorn) -> None:
    silent, kept, gone = gunicorn.connect(), gunicorn.connect(), gunicorn.connect()
    assert ask(kept) == (200, b"ok")
    gone.close()
    began = time.monotonic()
    gunicorn.end()
    assert gunicorn.process.wait(15) == 0
    assert time.monotonic() - began < 12
    assert (silent.sock.recv(1), kept.sock.recv(1)) == (b"", b"")
