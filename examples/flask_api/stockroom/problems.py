# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every error is answered as problem details (RFC 9457), never as an HTML page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)


class ProblemError(Exception):
    """Stops the request and becomes its answer."""

    def __init__(
        self, status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail or title)
        self.status, self.title, self.detail, self.members = status, title, detail, members
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body = {"type": "about:blank", "title": self.title, "status": self.status}
        answer = jsonify(body | ({"detail": self.detail} if self.detail else {}) | self.members)
        answer.status_code, answer.mimetype = self.status, "application/problem+json"
        answer.headers.update(self.headers)
        return answer


def register(app: Flask) -> None:
    app.register_error_handler(ProblemError, ProblemError.response)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(Exception, from_defect)


def from_http(error: HTTPException) -> Response:
    answer = ProblemError(error.code or 500, error.name, error.description or "").response()
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def from_defect(error: Exception) -> Response:
    """The log gets the whole story, the client only that there is one."""
    log.exception("request failed")
    return ProblemError(500, "Internal Server Error", "The request could not be completed.").response()
