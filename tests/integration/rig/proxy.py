# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An HTTP proxy between a module and the API: it records every call, and injects the faults of a test."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .faults import Call, Delay, Do, Effect, Empty, Fail, Faults, Garble, Lose, Throttle
from .wire import Answer, Request, build_throttling, error, page, understand

# These belong to one connection. The length is written anew.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


Breaking = Fail | Garble | Empty | Lose | Do
BREAKING = (Fail, Garble, Empty, Lose, Do)


class LostError(Exception):
    """No answer is to be given: the connection ends here."""


class Proxy:
    """One of these for each test: with its own record, its own faults, and its own account of moto's."""

    def __init__(self, upstream: str, account: str | None = None) -> None:
        self._upstream = urlsplit(upstream)
        self._account = account
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._open = 0
        self._mutations = 0
        self.calls: list[Call] = []
        self.faults = Faults()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def mutations(self) -> list[Call]:
        return [call for call in list(self.calls) if call.mutating]

    def names(self) -> list[str]:
        return [call.name for call in list(self.calls)]

    def forget(self) -> None:
        """Begin a new record; the faults stay as they are, and mutations count from 1 again."""
        with self._lock:
            self.calls = []
            self._mutations = 0

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until nothing is under way: what a killed process has sent is obeyed all the same."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._open == 0, timeout), "calls are still under way"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, request: Request) -> Answer:
        call = self._record(request)
        try:
            answer = self._obey(call, request, self.faults.strike(call))
            call.status = answer.status
            call.outcome = "answered" if call.outcome == "under way" else call.outcome
            return answer
        finally:
            call.ended = time.monotonic()
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def _record(self, request: Request) -> Call:
        operation = understand(request)
        with self._lock:
            self._mutations += operation.mutating
            ordinal = self._mutations if operation.mutating else None
            call = Call(len(self.calls) + 1, ordinal, operation, time.monotonic())
            self.calls.append(call)
            self._open += 1
        return call

    def _obey(self, call: Call, request: Request, effects: list[Effect]) -> Answer:
        for effect in effects:
            if answer := _before(call, effect):
                return answer
        answer = self._forward(request)
        call.status = answer.status
        for effect in effects:
            answer = _after(call, effect) or answer
        return answer

    def _forward(self, request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        if self._account:
            headers["x-moto-account-id"] = self._account
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=120)
        try:
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP}
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()


def _before(call: Call, effect: Effect) -> Answer | None:
    """What an effect does to a call that has not been passed on yet; an answer ends it there."""
    if isinstance(effect, Delay):
        time.sleep(effect.seconds)
    elif isinstance(effect, Throttle):
        call.outcome = "throttled"
        return build_throttling(call.operation.protocol)
    elif isinstance(effect, BREAKING) and not effect.after:
        return _break(call, effect, "never arrived")
    return None


def _after(call: Call, effect: Effect) -> Answer | None:
    """What an effect does to a call that has been obeyed; an answer takes the place of the real one."""
    if isinstance(effect, BREAKING) and effect.after:
        return _break(call, effect, "obeyed, answer lost")
    return None


def _break(call: Call, effect: Breaking, outcome: str) -> Answer | None:
    if isinstance(effect, Do):
        effect.action(call)
        if not effect.cut:
            return None
    call.outcome = outcome
    if isinstance(effect, Fail):
        return error(call.operation.protocol, effect.status, effect.code, effect.message)
    if isinstance(effect, Garble):
        return page()
    if isinstance(effect, Empty):
        return Answer(200, {}, b"")
    raise LostError


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed break their connections: nothing to report."""


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers go out at once, and the headers together with the body.
        disable_nagle_algorithm = True
        wbufsize = -1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answer = proxy.handle(Request(self.command, self.path, headers, body))
            except LostError:
                self.cut()
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.wfile.flush()

        def cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """The record is kept by the proxy."""

    return Handler
