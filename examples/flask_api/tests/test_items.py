# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient


def add(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/items", json=fields)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return answer.json


def test_an_item_lives_from_create_to_delete(client: FlaskClient) -> None:
    made = client.post("/api/items", json={"name": "  Lamp ", "quantity": 3})
    place = made.headers["Location"]
    assert (made.status_code, made.json["name"], made.json["quantity"], made.json["note"]) == (201, "Lamp", 3, "")
    assert client.get(place).json == made.json
    assert client.patch(place, json={"note": "the green one"}).json["quantity"] == 3
    replaced = client.put(place, json={"name": "Desk lamp"}).json
    assert (replaced["name"], replaced["quantity"], replaced["note"]) == ("Desk lamp", 1, "")
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


def test_items_come_in_pages_by_name(client: FlaskClient) -> None:
    for name in ("pear", "Apple", "fig", "Banana", "cherry"):
        add(client, name=name)
    first = client.get("/api/items?per_page=2").json
    last = client.get("/api/items?per_page=2&page=3").json
    assert [item["name"] for item in first["items"]] == ["Apple", "Banana"]
    assert [item["name"] for item in last["items"]] == ["pear"]
    assert (first["total"], first["pages"], last["page"]) == (5, 3, 3)


def test_a_search_is_text_and_not_a_pattern(client: FlaskClient) -> None:
    add(client, name="100% wool")
    add(client, name="100 screws")
    assert [item["name"] for item in client.get("/api/items?q=100%25").json["items"]] == ["100% wool"]
    assert client.get("/api/items", query_string={"q": "' OR 1=1 --"}).json["total"] == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": "x" * 81}, {"name"}),
        ({"name": "a\u0000b"}, {"name"}),
        ({"name": 5, "quantity": "many", "colour": "red"}, {"name", "quantity", "colour"}),
        ({"name": "x", "quantity": -1}, {"quantity"}),
        ({"name": "x", "quantity": True}, {"quantity"}),
        ({"name": "x", "quantity": 1.5}, {"quantity"}),
        ({"name": "x", "note": None}, {"note"}),
    ],
)
def test_all_mistakes_are_named_at_once(client: FlaskClient, body: dict[str, Any], fields: set[str]) -> None:
    answer = client.post("/api/items", json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert {error["field"] for error in answer.json["errors"]} == fields
    assert client.get("/api/items").json["total"] == 0


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "page=-1", "page=99999999999", "page=%C2%B2"])
def test_a_page_that_cannot_be_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/items?{query}").status_code == 400


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
    answer = client.post("/api/items", data=content, content_type=kind)
    assert (answer.status_code, answer.json["status"]) == (status, status)


def test_a_name_is_taken_once(client: FlaskClient) -> None:
    add(client, name="Lamp")
    other = add(client, name="Bulb")
    assert client.post("/api/items", json={"name": "Lamp"}).status_code == 409
    assert client.patch(f"/api/items/{other['id']}", json={"name": "Lamp"}).status_code == 409
    assert client.get(f"/api/items/{other['id']}").json["name"] == "Bulb"


@pytest.mark.parametrize("path", ["/api/items/1", f"/api/items/{10**30}", "/api/items/x", "/nowhere"])
def test_what_is_not_there_is_a_problem(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_method_that_is_not_offered_names_those_that_are(client: FlaskClient) -> None:
    answer = client.delete("/api/items")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
