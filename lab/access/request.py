# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request as it was received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """``target`` is the path with the query as the client wrote them; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def read_request(environ: Mapping[str, Any], body: bytes = b"") -> Request:
    """The request of a WSGI environment."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    target = str(environ.get("RAW_URI") or environ.get("PATH_INFO") or "/")
    if not target.startswith("/"):
        # A proxy is asked with the whole URL. What names the host is in the environment already.
        target = "/" + target.partition("://")[2].partition("/")[2]
    return Request(str(environ.get("REQUEST_METHOD", "GET")), target, headers, body)
