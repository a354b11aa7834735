# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request as it was received."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .rejection import Fault, RejectedError

LENGTH = re.compile(r"[0-9]{1,12}")
# In bytes. A body is read before its signature is checked. The largest requests, parts of an object of S3, are smaller.
LONGEST_BODY = 64 * 1024 * 1024


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
    return Request(str(environ.get("REQUEST_METHOD", "GET")), _read_target(environ), headers, body)


def check_form(environ: Mapping[str, Any]) -> int:
    """The length of the body; raises a RejectedError for a request of which the server could read another one.

    The signature is over the target and the body. So the target must be the path and query that moto gets, and one
    header must say where the body ends.
    """
    target = _read_target(environ)
    if not target.startswith("/"):
        _reject(f"its target {target[:100]!r} does not begin with a slash")
    if "HTTP_TRANSFER_ENCODING" in environ:
        _reject("it has the header Transfer-Encoding; send the length of the body in Content-Length")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not LENGTH.fullmatch(length):
        _reject(f"its Content-Length {length[:20]!r} is not a number of bytes")
    if int(length) > LONGEST_BODY:
        _reject(f"its body has {length} bytes, and the lab takes {LONGEST_BODY}; upload an object in parts")
    return int(length)


def _read_target(environ: Mapping[str, Any]) -> str:
    return str(environ.get("RAW_URI") or environ.get("PATH_INFO") or "/")


def _reject(reason: str) -> None:
    raise RejectedError(Fault.MALFORMED, f"The lab rejects this request, because {reason}. Nothing was changed.")
