# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a client may send. All the mistakes of a request are reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Request

from .problems import ProblemError

MOST = 1_000_000


def name(value: Any) -> str:
    return text(value, 1, 80)


def note(value: Any) -> str:
    return text(value, 0, 500)


def quantity(value: Any) -> int:
    # In JSON `true` is no number, in Python it is.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"must be a whole number from 0 to {MOST}")
    return value


def text(value: Any, least: int, most: int) -> str:
    if not isinstance(value, str) or not least <= len(value.strip()) <= most:
        raise ValueError(f"must be a text of {least} to {most} characters")
    if not value.isprintable() and any(not char.isprintable() and char not in "\n\t" for char in value):
        raise ValueError("must not contain control characters")
    return value.strip()


FIELDS: Mapping[str, Callable[[Any], Any]] = {"name": name, "quantity": quantity, "note": note}
REQUIRED = ("name",)


def item(request: Request, partial: bool = False) -> dict[str, Any]:
    """The fields of an item, checked; with ``partial`` only those that are to change."""
    body = request.get_json()
    if not isinstance(body, dict):
        raise ProblemError(422, "Unprocessable Content", "The body must be a JSON object.")
    errors = {} if partial else {field: "is required" for field in REQUIRED if field not in body}
    values = {}
    for field, value in body.items():
        try:
            values[field] = FIELDS[field](value)
        except KeyError:
            errors[field] = f"is not known; the fields are {', '.join(FIELDS)}"
        except ValueError as error:
            errors[field] = str(error)
    refuse(422, "Unprocessable Content", errors)
    return values


def page(arguments: Mapping[str, str]) -> tuple[int, int]:
    """Number and size of the page that is asked for."""
    given = {"page": arguments.get("page", "1"), "per_page": arguments.get("per_page", "20")}
    most = {"page": 1_000_000, "per_page": 100}
    wrong = {field: value for field, value in given.items() if not counts(value, most[field])}
    refuse(400, "Bad Request", {field: f"must be a whole number from 1 to {most[field]}" for field in wrong})
    return int(given["page"]), int(given["per_page"])


def counts(value: str, most: int) -> bool:
    # `isdigit` alone holds for "²" too, and the length keeps a number of thousands of digits from being read.
    return value.isascii() and value.isdigit() and len(value) < 8 and 1 <= int(value) <= most


def refuse(status: int, title: str, errors: Mapping[str, str]) -> None:
    if errors:
        detail = "; ".join(f"{field} {message}" for field, message in errors.items())
        listed = [{"field": field, "message": message} for field, message in errors.items()]
        raise ProblemError(status, title, detail, errors=listed)
