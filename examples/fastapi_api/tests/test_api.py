# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from celery.exceptions import OperationalError
from confirmations.api import create_app
from confirmations.config import read_config
from confirmations.tasks import app as celery
from confirmations.tasks import send_confirmation
from conftest import TOKEN, Worker, free_port, wait_for
from fastapi.testclient import TestClient
from redis import Redis

LAMP = {"name": "Lamp", "quantity": 2, "price": "19.90"}
ORDER = {"number": "A-1001", "email": "ada@example.org", "lines": [LAMP, {**LAMP, "name": "Bulb", "price": "0.05"}]}


GOOD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A client that has the token."""
    with TestClient(create_app(), headers=GOOD) as client:
        yield client


@pytest.fixture
def client_without_redis() -> Iterator[TestClient]:
    config = read_config({"REDIS_URL": f"redis://:password@127.0.0.1:{free_port()}", "API_TOKEN": TOKEN})
    with TestClient(create_app(config), headers=GOOD) as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Bearer realm="confirmations"'),
        ({"Authorization": f"Bearer {TOKEN}x"}, 'Bearer realm="confirmations", error="invalid_token"'),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 'Bearer realm="confirmations", error="invalid_token"'),
        ({"Authorization": "Bearer"}, 'Bearer realm="confirmations"'),
        ({"Authorization": TOKEN}, 'Bearer realm="confirmations"'),
        ({"Authorization": f"Basic {TOKEN}"}, 'Bearer realm="confirmations"'),
    ],
)
def test_confirmations_need_the_token(redis: Redis, headers: dict[str, str], challenge: str) -> None:
    with TestClient(create_app(), headers=headers) as client:
        answers = [client.post("/confirmations", json=ORDER), client.get("/confirmations/A-1001")]
        assert client.get("/health").status_code == 200
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].headers["WWW-Authenticate"] == challenge
    assert TOKEN not in answers[0].text
    assert redis.llen("celery") == 0


@pytest.mark.parametrize("headers", [{}, GOOD])
def test_an_api_without_a_token_confirms_nothing(redis: Redis, headers: dict[str, str]) -> None:
    with TestClient(create_app(replace(read_config(os.environ), api_token="")), headers=headers) as client:
        refused = client.post("/confirmations", json=ORDER)
    assert refused.status_code == 403
    assert "API_TOKEN" in refused.json()["detail"]
    assert redis.llen("celery") == 0


def test_a_confirmation_is_accepted_and_sent_by_a_worker(
    client: TestClient, start_worker: Callable[..., Worker]
) -> None:
    accepted = client.post("/confirmations", json=ORDER)
    assert (accepted.status_code, accepted.json()) == (202, {"number": "A-1001", "state": "queued"})
    place = accepted.headers["Location"]
    assert client.get(place).json()["state"] == "queued"
    start_worker()
    wait_for(lambda: client.get(place).json()["state"] == "sent", 20, "the confirmation")
    assert client.get(place).json() == {"number": "A-1001", "state": "sent", "total": "39.90", "release": "r42"}


def test_an_order_is_enqueued_once(client: TestClient, redis: Redis) -> None:
    assert client.post("/confirmations", json=ORDER).status_code == 202
    repeated = client.post("/confirmations", json=ORDER)
    assert (repeated.status_code, repeated.json()) == (200, {"number": "A-1001", "state": "queued"})
    assert redis.llen("celery") == 1


def test_a_failed_confirmation_is_shown_as_failed(client: TestClient, redis: Redis) -> None:
    client.post("/confirmations", json=ORDER)
    celery.backend.mark_as_failure(redis.get("confirmation:A-1001"), RuntimeError("the address is unknown"))
    assert client.get("/confirmations/A-1001").json() == {"number": "A-1001", "state": "failed"}


@pytest.mark.parametrize(
    "change",
    [
        {"number": "no spaces"},
        {"number": None},
        {"email": "nobody"},
        {"lines": []},
        {"lines": [{**LAMP, "quantity": 0}]},
        {"lines": [{**LAMP, "price": "-1"}]},
        {"lines": [{**LAMP, "price": "1.999"}]},
        {"lines": [{**LAMP, "name": " "}]},
        {"colour": "red"},
    ],
)
def test_an_invalid_order_is_rejected(client: TestClient, redis: Redis, change: dict[str, Any]) -> None:
    assert client.post("/confirmations", json={**ORDER, **change}).status_code == 422
    assert redis.llen("celery") == 0


@pytest.mark.parametrize(("number", "status"), [("A-1", 404), ("no%20spaces", 422)])
def test_an_unknown_confirmation_is_not_found(client: TestClient, number: str, status: int) -> None:
    assert client.get(f"/confirmations/{number}").status_code == status


def test_an_order_that_was_not_enqueued_can_be_sent_again(
    client: TestClient, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("no connection")

    with monkeypatch.context() as broken:
        broken.setattr(send_confirmation, "apply_async", fail)
        assert client.post("/confirmations", json=ORDER).status_code == 503
    assert client.post("/confirmations", json=ORDER).status_code == 202
    assert redis.llen("celery") == 1


def test_health_names_the_release(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "redis": "up", "release": "r42"}
    assert client.get("/version").json() == {"service": "confirmations", "release": "r42"}


def test_health_is_503_without_redis(client_without_redis: TestClient) -> None:
    answer = client_without_redis.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"detail": "Redis cannot be used."})
    assert client_without_redis.post("/confirmations", json=ORDER).status_code == 503


def test_start_and_stop_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with TestClient(create_app()):
        pass
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines if line["logger"] == "confirmations.api"] == ["started", "stopped"]


def test_each_request_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    client = TestClient(create_app())
    answer = client.get("/version", headers={"X-Request-ID": "abc-1"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["message"] == "request"]
    assert line.items() >= {"path": "/version", "status": 200, "request_id": "abc-1"}.items()
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert client.get("/version", headers={"X-Request-ID": "a forged line"}).headers["X-Request-ID"] != "a forged line"


def test_the_environment_configures() -> None:
    assert read_config({}).tls_options == {}
    assert read_config({"REDIS_URL": "rediss://cache:6379"}).tls_options.keys() == {
        "ssl_cert_reqs",
        "ssl_check_hostname",
    }
    own = read_config({"REDIS_URL": "rediss://cache:6379", "REDIS_CA": "/etc/redis.pem"})
    assert own.tls_options["ssl_ca_certs"] == "/etc/redis.pem"
    for wrong in ("too-short", "with spaces in it, so no bearer token"):
        with pytest.raises(ValueError, match="API_TOKEN must be") as raised:
            read_config({"API_TOKEN": wrong})
        assert wrong not in str(raised.value)
    with pytest.raises(ValueError, match="REDIS_URL must be like") as raised:
        read_config({"REDIS_URL": "http://user:password@cache"})
    assert "password" not in str(raised.value)
