# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio import limits
from portfolio.database import db
from portfolio.models import Contact
from sqlalchemy import select

GOOD = {"name": " Ada Lovelace ", "email": "ada@example.com", "message": "Two lines,\nand an umlaut: ä ☕"}


def stored(app: Flask) -> list[tuple[str, str, str | None]]:
    with app.app_context():
        return [(row.name, row.email, row.message) for row in db.session.scalars(select(Contact))]


def test_a_message_is_stored(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/api/contact", json=GOOD)
    assert (answer.status_code, answer.json["id"]) == (201, 1)
    assert stored(app) == [("Ada Lovelace", "ada@example.com", GOOD["message"])]


def test_a_message_is_text_and_not_sql(app: Flask, client: FlaskClient) -> None:
    client.post("/api/contact", json={**GOOD, "message": "'); DROP TABLE contacts; --"})
    assert stored(app)[0][2] == "'); DROP TABLE contacts; --"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": None, "email": None, "message": None}, {"name", "email", "message"}),
        ({"name": "  "}, {"name"}),
        ({"name": "x" * 256}, {"name"}),
        ({"name": "two\nlines"}, {"name"}),
        ({"email": "ada"}, {"email"}),
        ({"email": "ada@example"}, {"email"}),
        ({"email": "ada@@example.com"}, {"email"}),
        ({"email": "ada@example.com, eve@example.com"}, {"email"}),
        ({"message": 7, "colour": "red"}, {"message", "colour"}),
        ({"message": "x" * 5001}, {"message"}),
        ({"message": "a\u0000b"}, {"message"}),
    ],
)
def test_all_mistakes_are_named_at_once(
    app: Flask, client: FlaskClient, change: dict[str, Any], fields: set[str]
) -> None:
    answer = client.post("/api/contact", json={**GOOD, **change})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert {error["field"] for error in answer.json["errors"]} == fields
    assert stored(app) == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"[]", "application/json", 422),
        (b'{"name": "%s"}' % (b"x" * 70_000), "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client: FlaskClient, content: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/contact", data=content, content_type=kind)
    assert (answer.status_code, answer.json["status"]) == (status, status)


def test_one_client_cannot_fill_the_table(app: Flask, client: FlaskClient) -> None:
    for _turn in range(3):
        client.post("/api/contact", json={**GOOD, "email": "mistyped"})
    assert [client.post("/api/contact", json=GOOD).status_code for _turn in range(6)] == [201] * 5 + [429]
    refused = client.post("/api/contact", json=GOOD)
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    other = client.post("/api/contact", json=GOOD, headers={"X-Forwarded-For": "203.0.113.9"})
    assert other.status_code == 201
    assert len(stored(app)) == 6


def test_a_limit_lets_through_again_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    limit = limits.Limit(2, 60, clock=lambda: now)
    assert [limit.take("a"), limit.take("a"), limit.take("a")] == [0, 0, 60]
    now = 130.5
    assert (limit.take("a"), limit.take("b")) == (30, 0)
    now = 160.0
    assert limit.take("a") == 0
    monkeypatch.setattr(limits, "CLIENTS", 2)
    limit.take("c")
    assert list(limit.seen) == ["a", "c"]
