# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may change something, and how often. Reading is open to everybody."""

from __future__ import annotations

import hmac

from flask import Flask, current_app, request

from .limits import Limit
from .problems import ProblemError

READING = ("GET", "HEAD", "OPTIONS")
REALM = 'Bearer realm="stockroom"'


def protect(app: Flask) -> None:
    """Check every request that is not a reading one, whatever it is for, so that a new route cannot be forgotten."""
    app.extensions["changes"] = Limit(app.config["CHANGES_PER_MINUTE"], 60)
    app.before_request(check)


def check() -> None:
    if request.method in READING:
        return
    if not current_app.config["API_TOKEN"]:
        raise ProblemError(
            403,
            "Forbidden",
            "This API accepts no changes, because it has no token. Set API_TOKEN in its environment to 20 or more "
            "letters and digits, and restart it.",
        )
    # Before the token, so that guessing it is limited as well.
    if wait := current_app.extensions["changes"].take(request.remote_addr or ""):
        raise ProblemError(
            429, "Too Many Requests", f"Please try again in {wait} seconds.", headers={"Retry-After": str(wait)}
        )
    require_token(current_app.config["API_TOKEN"])


def require_token(expected: str) -> None:
    """Bearer tokens: RFC 6750, section 3."""
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise unauthorized("A change needs the header `Authorization: Bearer <API_TOKEN>`.", REALM)
    # Takes the same time wherever the two differ. It compares bytes, because a client may send any text.
    if not hmac.compare_digest(given.token.encode(), expected.encode()):
        raise unauthorized("The token is not that of this API.", f'{REALM}, error="invalid_token"')


def unauthorized(detail: str, challenge: str) -> ProblemError:
    return ProblemError(401, "Unauthorized", detail, headers={"WWW-Authenticate": challenge})
