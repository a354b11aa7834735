# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contact form: `POST /api/contact`."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from .database import db
from .limits import Limit
from .models import Contact
from .problems import ProblemError

blueprint = Blueprint("contact", __name__, url_prefix="/api")

# Field: how many characters it has at least and at most, and whether it may have several lines.
FIELDS = {"name": (1, 255, False), "email": (3, 255, False), "message": (1, 5000, True)}
# Whether mail arrives is found out only by sending some; this finds what cannot be an address.
ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def limit(app: Flask) -> None:
    app.extensions["contacts"] = Limit(app.config["CONTACTS_PER_HOUR"], 3600)


@blueprint.post("/contact")
def create() -> tuple[Response, int]:
    contact = Contact(**checked(request.get_json()))
    # Only valid messages count, so that a mistyped address can be corrected.
    if wait := current_app.extensions["contacts"].take(request.remote_addr or ""):
        raise ProblemError(429, "Too Many Requests", "Please try again later.", headers={"Retry-After": str(wait)})
    db.session.add(contact)
    db.session.commit()
    return jsonify(id=contact.id, message="Thank you, your message has arrived."), 201


def checked(body: Any) -> dict[str, str]:
    """The fields of a message. All the mistakes of a request are reported at once."""
    if not isinstance(body, dict):
        raise ProblemError(422, "Unprocessable Content", "The body must be a JSON object.")
    errors = {field: f"is not known; the fields are {', '.join(FIELDS)}" for field in body if field not in FIELDS}
    errors |= {field: wrong for field in FIELDS if (wrong := mistake(field, body.get(field)))}
    if errors:
        detail = "; ".join(f"{field} {message}" for field, message in errors.items())
        listed = [{"field": field, "message": message} for field, message in errors.items()]
        raise ProblemError(422, "Unprocessable Content", detail, errors=listed)
    return {field: body[field].strip() for field in FIELDS}


def mistake(field: str, value: Any) -> str:
    least, most, lines = FIELDS[field]
    if value is None:
        return "is required"
    if not isinstance(value, str) or not least <= len(value.strip()) <= most:
        return f"must be a text of {least} to {most} characters"
    if any(not char.isprintable() and not (lines and char in "\r\n\t") for char in value.strip()):
        return "must not contain control characters"
    if field == "email" and not ADDRESS.fullmatch(value.strip()):
        return "must be an e-mail address"
    return ""
