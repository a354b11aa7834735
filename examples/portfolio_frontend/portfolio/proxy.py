# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passes the API on to a back end."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, request

from .backends import Unanswered
from .problems import ProblemError

blueprint = Blueprint("proxy", __name__, url_prefix="/api")

# What of a message goes through; everything else belongs to one side or the other.
ASKED, ANSWERED = ("Accept", "Content-Type"), ("Content-Type", "Retry-After", "Allow", "Cache-Control")


@blueprint.get("/projects")
@blueprint.get("/skills")
@blueprint.get("/stats")
@blueprint.post("/contact")
def pass_on() -> Response:
    headers = {name: request.headers[name] for name in ASKED if name in request.headers}
    headers |= {"X-Request-ID": g.request_id, "X-Forwarded-For": request.remote_addr or ""}
    headers |= {"X-Forwarded-Proto": request.scheme, "X-Forwarded-Host": request.host}
    # GET also takes in HEAD, whose answer Flask leaves without a body.
    method = "POST" if request.method == "POST" else "GET"
    try:
        answer = current_app.extensions["backends"].send(method, request.path, headers, request.get_data())
    except Unanswered as error:
        raise unanswered(error) from error
    passed = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
    return Response(answer.content, answer.status_code, passed)


def unanswered(error: Unanswered) -> ProblemError:
    detail = "The portfolio's data cannot be reached at the moment."
    if error.sent and request.method == "POST":
        detail = "Whether your message has arrived is not known: the answer did not come."
    if error.timeout:
        return ProblemError(504, "Gateway Timeout", detail)
    return ProblemError(502, "Bad Gateway", detail)
