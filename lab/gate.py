# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every API request passes on its way to moto.

moto is not made for threads that change the same objects, and a change that was answered must survive a kill of
the lab. So requests that may change something go one at a time, and their answer leaves when the change is kept.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

READS = re.compile(r"(Describe|Get|List|Head|Search|Lookup|Simulate|BatchGet|Query|Scan|Select)")
SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

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


def read_call(environ: Environ) -> ApiCall:
    """Recognise the request, and leave its body to be read again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
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
        self, inner: Application, lock: threading.RLock, changed: Callable[[ApiCall], None], name: str
    ) -> None:
        self._inner = inner
        self._lock = lock
        self._changed = changed
        self._name = name

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/groundwork-lab/health":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"name": self._name}).encode()]
        call = read_call(environ)
        if not call.changes:
            return self._inner(environ, start_response)
        with self._lock:
            answer: list[Any] = []
            body = list(self._inner(environ, lambda *head: answer.append(head)))
        self._changed(call)
        start_response(*answer[-1])
        return body
