# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries of Prometheus: what is sent, and what each documented answer means."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml
from support.http_server import HttpServer, after, answer, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_query import (
    QueryRejectedError,
    Series,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.prometheus_query import (
    PrometheusQuery,
    parse_response,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.http_client import Response

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "prometheus.yml").read_text(encoding="utf-8"))
ONE = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}).encode()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http(answer(200, ONE)) as started:
        yield started


def query(url: str, **options: Any) -> PrometheusQuery:
    given = {
        "prometheus_url": url,
        "promql": 'rate(a{b="c&d"}[1m]) > 0',
        "prometheus_user": None,
        "prometheus_password": None,
        "prometheus_token": None,
        "prometheus_validate_certs": True,
        "prometheus_ca_path": None,
        "query_timeout": 5,
    }
    return PrometheusQuery.of({**given, **options})


@pytest.mark.parametrize("name", CASES)
def test_answers_are_read_or_rejected(name: str) -> None:
    case = CASES[name]
    body = case["text"] if "text" in case else json.dumps(case["answer"])
    response = Response(case.get("code", 200), {}, body.encode(), 0.1, case.get("is_whole", True))
    if "rejected" in case:
        with pytest.raises(QueryRejectedError) as raised:
            parse_response(response)
        assert str(raised.value).startswith(case["rejected"])
        return
    reading = parse_response(response)
    assert reading.series == tuple(Series(value, name) for name, value in case.get("series", {}).items())
    assert reading.why == case.get("why", "")
    assert list(reading.warnings) == case.get("warnings", [])


def test_an_answer_that_is_nested_too_deeply_is_rejected() -> None:
    body = b'{"status": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises(QueryRejectedError, match="the answer cannot be read, because it is nested too deeply"):
        parse_response(Response(200, {}, body, 0.1))


def test_a_query_is_sent_as_a_form(server: HttpServer) -> None:
    assert query(server.url).read().series == (Series(1.0),)
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/api/v1/query")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"query": ['rate(a{b="c&d"}[1m]) > 0'], "timeout": ["5s"]}
    assert "authorization" not in asked.headers


def test_a_long_query_in_any_language_is_sent(server: HttpServer) -> None:
    expression = f'up{{name="Grüße {"x" * 20000}"}}'
    query(server.url, promql=expression).read()
    assert parse_qs(server.asked[0].body.decode())["query"] == [expression]


@pytest.mark.parametrize("url", ["{}/prometheus", "{}/prometheus/"])
def test_the_server_may_have_a_path(server: HttpServer, url: str) -> None:
    query(url.format(server.url)).read()
    assert server.asked[0].target == "/prometheus/api/v1/query"


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"prometheus_token": "t0ken"}, "Bearer t0ken"),
        (
            {"prometheus_user": "ops", "prometheus_password": "pä:ss"},
            f"Basic {base64.b64encode('ops:pä:ss'.encode()).decode()}",
        ),
    ],
)
def test_logins_are_sent_and_not_shown(server: HttpServer, options: dict[str, str], header: str) -> None:
    asking = query(server.url, **options)
    asking.read()
    assert server.asked[0].headers["authorization"] == header
    assert header.split()[1] not in f"{asking!r} {asking.describe()}"


def test_a_token_with_a_line_end_is_rejected_without_showing_it() -> None:
    with pytest.raises(StackError) as raised:
        query("http://p.test", prometheus_token="geheim\n")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("url", ["p.test:9090", "http://p.test/graph?g0.expr=up", "ftp://p.test"])
def test_addresses_that_cannot_be_asked_are_rejected(url: str) -> None:
    with pytest.raises(StackError, match="prometheus_url: "):
        query(url)


def test_authorities_that_cannot_be_read_reject_the_query(server: HttpServer) -> None:
    with pytest.raises(QueryRejectedError, match=r"the certificate authorities in /nonexistent\.pem cannot be read"):
        query(server.url, prometheus_ca_path="/nonexistent.pem").read()


def test_a_server_that_does_not_answer_is_no_measurement(server: HttpServer) -> None:
    server.script(after(3, answer(200, ONE)))
    reading = query(server.url, query_timeout=0.3).read()
    assert (reading.series, reading.why) == ((), "Prometheus does not answer: no whole response within 0.3 s")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        reading = query(f"http://127.0.0.1:{bound.getsockname()[1]}").read()
    assert reading.why == "Prometheus does not answer: connection refused"


def test_a_large_answer_is_rejected_before_it_is_read(server: HttpServer) -> None:
    element = {"metric": {"path": "x" * 1000}, "value": [1, "1"]}
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": [element] * 1100}})
    server.script(answer(200, body.encode()))
    with pytest.raises(QueryRejectedError, match="Aggregate the series"):
        query(server.url).read()
