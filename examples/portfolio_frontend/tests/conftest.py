# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Back ends of a test: small servers on loopback that remember what they were asked."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient
from portfolio import create_app


class Backend:
    """Answers with its name, or as ``behaviour`` says: "slow", "cut" (hangs up without an answer), or a status."""

    def __init__(self, name: str) -> None:
        self.behaviour: str | int = 200
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                outer.asked.append((self.command, self.path, dict(self.headers), body))
                if outer.behaviour == "cut":
                    self.close_connection = True
                    return
                if outer.behaviour == "slow":
                    time.sleep(0.6)
                content = json.dumps({"backend": name}).encode()
                self.send_response(outer.behaviour if isinstance(outer.behaviour, int) else 200)
                headers = {"Content-Type": "application/json", "Retry-After": "7", "X-Inner": "1", "Set-Cookie": "a=b"}
                for header, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(header, value)
                self.end_headers()
                # Who has lost patience reads no more.
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(content)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def backends() -> Iterator[tuple[Backend, Backend]]:
    pair = (Backend("one"), Backend("two"))
    yield pair
    for backend in pair:
        backend.close()


@pytest.fixture
def closed_url() -> str:
    """An address on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.fixture
def front() -> Callable[..., FlaskClient]:
    def make(*urls: str, **overrides: Any) -> FlaskClient:
        settings = {"BACKEND_URLS": list(urls), "RELEASE": "r42", "BACKEND_TIMEOUT": 5.0, "TESTING": True}
        return create_app({**settings, **overrides}).test_client()

    return make
