# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page itself."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, render_template, request

blueprint = Blueprint("pages", __name__)

# Only what is ours may run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
def index() -> Response:
    answer = make_response(render_template("index.html", release=current_app.config["RELEASE"]))
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@blueprint.after_app_request
def safe(answer: Response) -> Response:
    """Files of a release are asked for with its version, so they may be kept; answers of the API never are."""
    if request.endpoint == "static" and answer.status_code < 400:
        answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    return answer
