# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import TOKEN
from flask import Flask
from flask.testing import FlaskClient
from stockroom import create_app, limits
from stockroom.config import from_environment

GOOD = {"Authorization": f"Bearer {TOKEN}"}
CHANGES = [
    ("POST", "/api/items"),
    ("PUT", "/api/items/1"),
    ("PATCH", "/api/items/1"),
    ("DELETE", "/api/items/1"),
    ("POST", "/api/health"),
    ("DELETE", "/nowhere"),
]


@pytest.fixture
def lamp(client: FlaskClient) -> int:
    """The id of an item that is stored."""
    made = client.post("/api/items", json={"name": "Lamp"})
    assert made.status_code == 201
    return int(made.json["id"])


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_change_without_a_token_is_rejected(app: Flask, lamp: int, method: str, path: str) -> None:
    answer = app.test_client().open(path, method=method, json={"name": "Bulb"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stockroom"'
    assert "Authorization: Bearer" in answer.json["detail"]
    assert app.test_client().get(f"/api/items/{lamp}").json["name"] == "Lamp"


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (f"Bearer {TOKEN}x", "invalid_token"),
        (f"Bearer {TOKEN[:-1]}", "invalid_token"),
        ("Bearer é", "invalid_token"),
        (f"Bearer {TOKEN} {TOKEN}", "invalid_token"),
        ("Bearer", ""),
        ("Bearer ", ""),
        (TOKEN, ""),
        (f"Basic {TOKEN}", ""),
        ("Basic dXNlcjphLXRva2VuLW9mLXRoZS10ZXN0cw==", ""),
    ],
)
def test_a_wrong_token_is_rejected(app: Flask, header: str, challenge: str) -> None:
    answer = app.test_client().post("/api/items", json={"name": "Bulb"}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert challenge in answer.headers["WWW-Authenticate"]
    assert TOKEN not in answer.text
    assert app.test_client().get("/api/items").json["total"] == 0


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_allows_a_change(app: Flask, scheme: str) -> None:
    answer = app.test_client().post("/api/items", json={"name": "X"}, headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/items", "/api/items/1", "/api/health", "/version"])
def test_reading_needs_no_token(app: Flask, lamp: int, path: str) -> None:
    anybody = app.test_client()
    assert (anybody.get(path).status_code, anybody.head(path).status_code) == (200, 200)
    assert anybody.options(path).status_code == 200


@pytest.mark.parametrize("headers", [{}, GOOD, {"Authorization": "Bearer "}])
def test_without_a_token_of_its_own_the_api_is_read_only(app: Flask, headers: Mapping[str, str]) -> None:
    app.config["API_TOKEN"] = ""
    answer = app.test_client().post("/api/items", json={"name": "Bulb"}, headers=headers)
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert "API_TOKEN" in answer.json["detail"]
    assert app.test_client().get("/api/items").json["total"] == 0


def test_changes_of_one_client_are_limited(app: Flask, client: FlaskClient) -> None:
    app.extensions["changes"] = limits.Limit(3, 60)
    answers = [client.post("/api/items", json={"name": name}) for name in "abcd"]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    refused = answers[-1]
    assert refused.mimetype == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert client.get("/api/items").json["total"] == 3
    other = client.post("/api/items", json={"name": "d"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert other.status_code == 201


def test_wrong_tokens_are_limited() -> None:
    settings = {"SQLALCHEMY_DATABASE_URI": "sqlite://", "API_TOKEN": TOKEN, "CHANGES_PER_MINUTE": 3}
    client = create_app(settings).test_client()
    wrong = [client.delete("/api/items/1", headers={"Authorization": "Bearer guess"}) for _turn in range(4)]
    assert [answer.status_code for answer in wrong] == [401, 401, 401, 429]
    assert client.delete("/api/items/1", headers=GOOD).status_code == 429


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


def test_the_environment_sets_token_and_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_TOKEN", "CHANGES_PER_MINUTE"):
        monkeypatch.delenv(name, raising=False)
    settings = from_environment(tmp_path)
    assert (settings["API_TOKEN"], settings["CHANGES_PER_MINUTE"]) == ("", 60)
    monkeypatch.setenv("API_TOKEN", TOKEN)
    monkeypatch.setenv("CHANGES_PER_MINUTE", "5")
    settings = from_environment(tmp_path)
    assert (settings["API_TOKEN"], settings["CHANGES_PER_MINUTE"]) == (TOKEN, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "too-short"),
        ("API_TOKEN", "with spaces in it, so no bearer token"),
        ("API_TOKEN", "ä" * 30),
        ("CHANGES_PER_MINUTE", "0"),
        ("CHANGES_PER_MINUTE", "many"),
        ("CHANGES_PER_MINUTE", "1.5"),
    ],
)
def test_a_wrong_setting_is_an_error_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name) as raised:
        from_environment(tmp_path)
    assert name == "CHANGES_PER_MINUTE" or value not in str(raised.value)
