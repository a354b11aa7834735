# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small HTTP server on loopback or a socket file, whose answers a test scripts, wrong ones too."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Ends what would be endless, after the client should have given up.
LONGEST_ANSWER = 10.0


@dataclass(frozen=True)
class Asked:
    """A request that arrived; the names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


Answer = Callable[[socket.socket, Asked], None]


def answer(status: int = 200, body: bytes = b"ok", headers: Mapping[str, str] | None = None) -> Answer:
    """A whole response."""

    def send(connection: socket.socket, asked: Asked) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"HTTP/1.1 {status} Reason\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        connection.sendall(head.encode() + (b"" if asked.method == "HEAD" else body))

    return send


def after(seconds: float, then: Answer) -> Answer:
    """An answer that takes its time."""

    def send(connection: socket.socket, asked: Asked) -> None:
        time.sleep(seconds)
        then(connection, asked)

    return send


def raw(data: bytes) -> Answer:
    """These bytes, and then the end of the connection."""
    return lambda connection, _asked: connection.sendall(data)


def hang_up(_connection: socket.socket, _asked: Asked) -> None:
    """The end of the connection, without an answer."""


def redirect(location: str, status: int = 302) -> Answer:
    return answer(status, b"moved", {"Location": location})


def endless(pause: float = 0.0, chunk: bytes = b"x" * 1000) -> Answer:
    """A body that never ends; with a pause, one whose reads all arrive in time."""

    def send(connection: socket.socket, _asked: Asked) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        end = time.monotonic() + LONGEST_ANSWER
        while time.monotonic() < end:
            connection.sendall(chunk)
            time.sleep(pause)

    return send


@dataclass
class HttpServer:
    """The server: gives the next of ``answers`` to each request, and the last one to all that follow."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [answer()])
    asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def take(self, asked: Asked) -> Answer:
        with self._lock:
            number = min(len(self.asked), len(self.answers) - 1)
            self.asked.append(asked)
            return self.answers[number]

    def handle(self, connection: Any) -> None:
        asked = _read_request(connection)
        if asked is not None:
            # A client that gives up closes the connection while the answer is being sent.
            with suppress(OSError):
                self.take(asked)(connection, asked)


def _read_request(connection: Any) -> Asked | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split()
        if len(first) < 3:
            return None
        headers = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _colon, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
    return Asked(first[0], first[1], headers, body)


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def serve_http(
    *answers: Answer, certificate: Sequence[Path] = (), unix_socket: Path | None = None
) -> Iterator[HttpServer]:
    """A running server; ``certificate`` is the file of a certificate for localhost and that of its key, for https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context is not None:
        context.load_cert_chain(*certificate)
    served = HttpServer("")
    if answers:
        served.script(*answers)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if context is None:
                served.handle(self.request)
                return
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as connection:
                served.handle(connection)

    server: Any = _UnixServer(str(unix_socket), Handler) if unix_socket else _TcpServer(("127.0.0.1", 0), Handler)
    scheme = "https" if certificate else "http"
    served.url = f"{scheme}://localhost" if unix_socket else f"{scheme}://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
