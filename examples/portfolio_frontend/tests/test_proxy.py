# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from conftest import Backend
from flask.testing import FlaskClient

Front = Callable[..., FlaskClient]
Pair = tuple[Backend, Backend]
MESSAGE = {"name": "Ada", "email": "ada@example.com", "message": "Hello"}


def test_a_request_reaches_the_back_end_and_says_whose_it_is(front: Front, backends: Pair) -> None:
    headers = {"X-Request-ID": "abc-1", "X-Forwarded-For": "6.6.6.6, 203.0.113.9", "Cookie": "session=1"}
    answer = front(backends[0].url).post("/api/contact", json=MESSAGE, headers=headers)
    method, path, sent, body = backends[0].asked[0]
    assert (method, path, json.loads(body)) == ("POST", "/api/contact", MESSAGE)
    assert (sent["X-Request-ID"], sent["X-Forwarded-For"]) == ("abc-1", "203.0.113.9")
    assert sent["Content-Type"] == "application/json"
    assert "Cookie" not in sent
    assert (answer.status_code, answer.json, answer.headers["X-Request-ID"]) == (200, {"backend": "one"}, "abc-1")


@pytest.mark.parametrize("status", [201, 404, 422, 429, 500, 503])
def test_an_answer_is_passed_on_whatever_it_is(front: Front, backends: Pair, status: int) -> None:
    backends[0].behaviour = status
    answer = front(backends[0].url, backends[1].url).get("/api/projects")
    assert (answer.status_code, answer.json["backend"], answer.headers["Retry-After"]) == (status, "one", "7")
    assert not {"X-Inner", "Set-Cookie"} & set(answer.headers.keys())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/other", 404), ("DELETE", "/api/projects", 405), ("GET", "/api/contact", 405)],
)
def test_only_what_is_offered_is_asked(front: Front, backends: Pair, method: str, path: str, status: int) -> None:
    answer = front(backends[0].url).open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert backends[0].asked == []


def test_a_body_that_is_too_large_goes_nowhere(front: Front, backends: Pair) -> None:
    assert front(backends[0].url).post("/api/contact", data=b"x" * 70_000).status_code == 413
    assert backends[0].asked == []


def test_back_ends_take_turns(front: Front, backends: Pair) -> None:
    client = front(*(backend.url for backend in backends))
    assert [client.get("/api/skills").json["backend"] for _turn in range(4)] == ["one", "two", "one", "two"]


def test_when_one_is_down_the_other_answers(front: Front, backends: Pair, closed_url: str) -> None:
    client = front(closed_url, backends[1].url)
    answers = [client.get("/api/stats") for _turn in range(3)] + [client.post("/api/contact", json=MESSAGE)]
    assert [answer.json["backend"] for answer in answers] == ["two"] * 4


def test_one_that_failed_is_left_alone_and_asked_again_later(front: Front, backends: Pair) -> None:
    client = front(*(backend.url for backend in backends))
    balancer = client.application.extensions["backends"]
    now = balancer.clock()
    balancer.clock = lambda: now
    backends[0].behaviour = "cut"
    assert [client.get("/api/stats").json["backend"] for _turn in range(4)] == ["two"] * 4
    assert len(backends[0].asked) == 1
    backends[0].behaviour = 200
    now += balancer.rest
    assert {client.get("/api/stats").json["backend"] for _turn in range(2)} == {"one", "two"}


def test_a_resting_back_end_is_still_better_than_none(front: Front, backends: Pair, closed_url: str) -> None:
    client = front(backends[0].url, closed_url)
    backends[0].behaviour = "cut"
    assert client.get("/api/stats").status_code == 502
    backends[0].behaviour = 200
    assert client.get("/api/stats").status_code == 200


def test_a_message_that_may_have_arrived_is_not_sent_twice(front: Front, backends: Pair) -> None:
    client = front(*(backend.url for backend in backends))
    backends[0].behaviour = "cut"
    answer = client.post("/api/contact", json=MESSAGE)
    assert (answer.status_code, answer.mimetype) == (502, "application/problem+json")
    assert "not known" in answer.json["detail"]
    assert (len(backends[0].asked), len(backends[1].asked)) == (1, 0)


def test_a_question_that_was_cut_off_is_asked_again(front: Front, backends: Pair) -> None:
    client = front(*(backend.url for backend in backends))
    backends[0].behaviour = "cut"
    assert client.get("/api/projects").json["backend"] == "two"


def test_too_slow_is_504(front: Front, backends: Pair) -> None:
    backends[0].behaviour = "slow"
    client = front(backends[0].url, BACKEND_TIMEOUT=0.2)
    asked, sent = client.get("/api/projects"), client.post("/api/contact", json=MESSAGE)
    assert (asked.status_code, sent.status_code) == (504, 504)
    assert "not known" in sent.json["detail"]
    assert "not known" not in asked.json["detail"]


def test_without_a_back_end_it_is_502_and_the_front_end_stays_up(front: Front, closed_url: str) -> None:
    client = front(closed_url)
    answer = client.post("/api/contact", json=MESSAGE)
    assert (answer.status_code, answer.json["title"]) == (502, "Bad Gateway")
    assert "not known" not in answer.json["detail"]
    assert closed_url not in answer.text
    assert client.get("/health").status_code == client.get("/").status_code == 200


def test_a_proxy_of_the_environment_is_not_asked(
    front: Front, backends: Pair, closed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", closed_url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert front(backends[0].url).get("/api/skills").status_code == 200
