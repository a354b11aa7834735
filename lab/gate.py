# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every API request passes on its way to moto.

Requests of web pages, and those that are not signed by a key of the lab, end here. No answer has CORS headers: no web
page may read one.

moto is not made for threads that change the same objects, and a change that was answered must survive a kill of
the lab. So requests that may change something go one at a time, and their answer leaves when the change is kept.
"""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from .access.guard import Guard
from .access.rejection import RejectedError, find_family, render
from .access.request import check_form

HEALTH = "/groundwork-lab/health"
READS = re.compile(r"(Describe|Get|List|Head|Search|Lookup|Simulate|BatchGet|Query|Scan|Select)")
SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

log = logging.getLogger("lab.gate")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class ApiCall:
    """Which operation of which service a request asks for; empty texts where it does not say."""

    service: str
    region: str
    operation: str
    method: str

    @property
    def changes(self) -> bool:
        """Whether the request may change what the API holds."""
        if self.operation:
            return READS.match(self.operation) is None
        return self.method not in ("GET", "HEAD", "OPTIONS")


def read_body(environ: Environ, length: int) -> bytes:
    """The body of the request, which is left to be read again."""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def read_call(environ: Environ, body: bytes) -> ApiCall:
    """Recognise the request."""
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not operation:
        text = body.decode("utf-8", "replace") if b"Action=" in body else environ.get("QUERY_STRING", "")
        operation = parse_qs(text).get("Action", [""])[0]
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service, region = (scope["service"], scope["region"]) if scope else ("", "")
    return ApiCall(service, region, operation, environ.get("REQUEST_METHOD", "GET"))


class Gate:
    """A WSGI application around moto's."""

    def __init__(
        self,
        inner: Application,
        lock: threading.RLock,
        changed: Callable[[ApiCall], None],
        name: str,
        guard: Guard,
    ) -> None:
        self._inner = inner
        self._lock = lock
        self._changed = changed
        self._name = name
        self._guard = guard

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = b""
        try:
            length = check_form(environ)
            self._guard.check_source(environ)
            if environ.get("PATH_INFO") == HEALTH:
                start_response("200 OK", [("Content-Type", "application/json")])
                return [json.dumps({"name": self._name}).encode()]
            body = read_body(environ, length)
            self._guard.check_signature(environ, body)
        except RejectedError as error:
            return _reject(error, environ, body, start_response)
        return self._answer(read_call(environ, body), environ, _without_cors(start_response))

    def _answer(self, call: ApiCall, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not call.changes:
            return self._inner(environ, start_response)
        with self._lock:
            answer: list[Any] = []
            body = list(self._inner(environ, lambda *head: answer.append(head)))
        self._changed(call)
        start_response(*answer[-1])
        return body


def _reject(error: RejectedError, environ: Environ, body: bytes, start_response: StartResponse) -> Iterable[bytes]:
    call = read_call(environ, body)
    log.warning("rejected %s %r: %s", call.method, environ.get("PATH_INFO", ""), error)
    is_query = bool(call.operation) and "HTTP_X_AMZ_TARGET" not in environ
    answer = render(error, find_family(call.service, is_query))
    headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
    if answer.error_type:
        headers.append(("X-Amzn-ErrorType", answer.error_type))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [answer.body]


def _without_cors(start_response: StartResponse) -> StartResponse:
    """moto lets every page read every answer, and buckets of S3 have rules of their own for that."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
        return start_response(status, kept, *rest)

    return start
