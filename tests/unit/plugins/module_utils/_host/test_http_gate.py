# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate over HTTP: what a good answer is, when the gate passes or fails, and what it says then."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.clock import FakeClock
from support.http_server import HttpServer, after, answer, hang_up, redirect, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._host.http_client import (
    NoResponseError,
    RequestError,
    Response,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.http_gate import (
    ARGUMENTS,
    Expectation,
    Measurement,
    Tally,
    decide,
    judge_no_response,
    judge_response,
    run_http_gate,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.polling import SYSTEM_CLOCK

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "http_gate.yml").read_text(encoding="utf-8"))
REQUESTS = {
    "+": Measurement(True, True, 3, 200),
    "-": Measurement(False, True, 3, 503, "status 503"),
    "?": Measurement(False, False, 3, None, "connection refused"),
}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


def read_expectation(given: Mapping[str, Any]) -> Expectation:
    headers = {name: re.compile(pattern) for name, pattern in given.get("headers", {}).items()}
    body = re.compile(given["body"]) if "body" in given else None
    return Expectation(given.get("status", [200]), body, headers, given.get("latency"))


def read_response(given: Mapping[str, Any]) -> Response:
    body = bytes.fromhex(given["body_hex"]) if "body_hex" in given else given.get("body", "ok").encode()
    headers = {name: tuple(values) for name, values in given.get("headers", {}).items()}
    return Response(given.get("status", 200), headers, body, given.get("seconds", 0.01), given.get("is_whole", True))


def gate(url: str, check: bool = False, clock: Any = None, **options: Any) -> dict[str, Any]:
    """The result of the module with these options; its pauses take no time."""
    given = {name: argument.get("default") for name, argument in ARGUMENTS.items()}
    return run_http_gate({**given, "url": url, **options}, check, clock or FakeClock())


def refused() -> str:
    """A URL at which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/"


@pytest.mark.parametrize("name", CASES["responses"])
def test_responses_are_compared_with_what_is_expected(name: str) -> None:
    case = CASES["responses"][name]
    measurement = judge_response(read_expectation(case.get("expected", {})), read_response(case.get("response", {})))
    assert (measurement.why, measurement.passed, measurement.measured) == (case["why"], not case["why"], True)


@pytest.mark.parametrize("name", CASES["verdicts"])
def test_verdicts_follow_from_the_requests(name: str) -> None:
    case = CASES["verdicts"][name]
    tally = Tally()
    for sign in case["requests"]:
        tally.count(REQUESTS[sign])
    assert decide(tally, case["consecutive"], is_over=False) == case["meanwhile"]
    assert decide(tally, case["consecutive"], is_over=True) == case["over"]
    assert tally.requests == len(case["requests"])


@pytest.mark.parametrize(
    ("latency", "has_connected", "timed_out", "measured"),
    [
        (None, True, True, False),
        (500, True, True, True),
        (500, False, True, False),
        (500, True, False, False),
        (5000, True, True, False),
    ],
    ids=["no limit", "slower than the limit", "no connection", "closed", "given up before the limit"],
)
def test_no_answer_in_time_is_bad_only_if_it_would_be_too_slow(
    latency: int | None, has_connected: bool, timed_out: bool, measured: bool
) -> None:
    error = NoResponseError("no whole response within 2 s", 2.0, has_connected, timed_out)
    measurement = judge_no_response(Expectation(latency=latency), error)
    assert (measurement.passed, measurement.measured, measurement.status) == (False, measured, None)
    assert measurement.why == "no whole response within 2 s"


def test_a_gate_passes_with_the_first_good_answer(server: HttpServer) -> None:
    result = gate(server.url)
    assert (result["passed"], result["measured"], result["verdict"]) == (True, True, "passed")
    assert (result["requests"], result["good"], result["consecutive"], result["changed"]) == (1, 1, 1, False)
    assert "failed" not in result
    (measurement,) = result["measurements"]
    assert (measurement["status"], measurement["why"]) == (200, "")


def test_a_flapping_service_passes_after_enough_good_answers_in_a_row(server: HttpServer) -> None:
    bad = answer(503)
    server.script(answer(), bad, answer(), answer(), hang_up, answer(), answer(), answer())
    clock = FakeClock()
    result = gate(server.url, clock=clock, consecutive=3)
    assert result["passed"]
    assert (result["requests"], result["good"], result["bad"], result["unmeasured"]) == (8, 6, 1, 1)
    assert clock.pauses == [2.0] * 7


def test_a_flapping_service_fails_when_the_time_is_over(server: HttpServer) -> None:
    server.script(*[answer(), answer(503)] * 20)
    clock = FakeClock()
    result = gate(server.url, clock=clock, consecutive=2, timeout=5.0)
    assert result["failed"]
    assert (result["passed"], result["verdict"], result["consecutive"]) == (False, "failed", 1)
    assert clock.pauses == [2.0, 2.0, 1.0]
    assert result["msg"] == (
        f"GET {server.url} has not given 2 good answers in a row within 5 s. Expected: status 200. 4 requests: 2 good "
        f"(at most 1 in a row), 2 bad. The last one: status 503, after {result['measurements'][-1]['latency_ms']} ms. "
        "Look at the log of the service that answers there."
    )


def test_without_time_there_is_one_request(server: HttpServer) -> None:
    server.script(answer(500))
    clock = FakeClock()
    result = gate(server.url, clock=clock, timeout=0)
    assert (result["failed"], result["requests"], clock.pauses) == (True, 1, [])


@pytest.mark.parametrize(("rule", "passed"), [("fail", False), ("pass", True)])
def test_what_follows_without_any_response_is_an_option(rule: str, passed: bool) -> None:
    url = refused()
    result = gate(url, unmeasured=rule, timeout=4)
    assert (result["passed"], result["measured"], result["verdict"]) == (passed, False, "unmeasured")
    assert result.get("failed", False) is not passed
    assert [one["measured"] for one in result["measurements"]] == [False] * 3
    if not passed:
        assert result["msg"].startswith(
            f"GET {url} has not given a good answer within 4 s. Expected: status 200. It could not be measured: "
            "3 requests, none with a response. The last one: connection refused, after "
        )


def test_a_bad_answer_fails_whatever_follows_without_a_response(server: HttpServer) -> None:
    server.script(answer(500), hang_up)
    result = gate(server.url, unmeasured="pass", timeout=4)
    assert (result["failed"], result["verdict"], result["bad"], result["unmeasured"]) == (True, "failed", 1, 2)


def test_only_the_last_measurements_are_kept(server: HttpServer) -> None:
    server.script(*[answer(500 + number) for number in range(15)])
    result = gate(server.url, timeout=28, interval=2)
    assert result["requests"] == 15
    assert [one["status"] for one in result["measurements"]] == list(range(505, 515))


def test_a_slow_answer_is_bad_and_a_later_fast_one_good(server: HttpServer) -> None:
    server.script(after(1.2, answer()), answer())
    result = gate(server.url, clock=SYSTEM_CLOCK, latency=1000, interval=0.1)
    assert (result["passed"], result["good"]) == (True, 1)
    assert result["bad"] >= 1
    assert re.fullmatch(r"took \d+ ms", result["measurements"][0]["why"])


def test_an_answer_that_never_ends_is_too_slow(server: HttpServer) -> None:
    server.script(after(5, answer()))
    result = gate(server.url, clock=SYSTEM_CLOCK, latency=100, request_timeout=0.3, timeout=0)
    (measurement,) = result["measurements"]
    assert (result["verdict"], measurement["measured"]) == ("failed", True)
    assert measurement["why"] == "no whole response within 0.3 s"


def test_no_secret_is_in_a_result(server: HttpServer) -> None:
    server.script(answer(200, b"body-secret", {"Set-Cookie": "cookie-secret"}))
    result = gate(
        server.url,
        request_headers={"Authorization": "Bearer header-secret"},
        body="^ok",
        headers={"Set-Cookie": "^a"},
        timeout=0,
    )
    assert result["failed"]
    assert "-secret" not in json.dumps(result)
    assert server.asked[0].headers["authorization"] == "Bearer header-secret"


def test_all_options_reach_the_request(tmp_path: Path) -> None:
    with serve_http(redirect("/ok"), answer(204), unix_socket=tmp_path / "s") as server:
        result = gate(
            "http://localhost/health",
            unix_socket=str(tmp_path / "s"),
            method="HEAD",
            host="shop.test",
            request_headers={"X-Number": 7, "X-Empty": None},
            follow_redirects=1,
            status=[204],
        )
    assert result["passed"]
    assert result["request"] == f"HEAD http://localhost/health for the host shop.test through {tmp_path / 's'}"
    for asked in server.asked:
        assert (asked.method, asked.headers["host"]) == ("HEAD", "shop.test")
        assert (asked.headers["x-number"], asked.headers["x-empty"]) == ("7", "")
    assert [asked.target for asked in server.asked] == ["/health", "/ok"]


def test_a_long_header_value_is_shortened(server: HttpServer) -> None:
    server.script(answer(200, b"", {"X-Long": "x" * 500}))
    result = gate(server.url, headers={"X-Long": "^y"}, timeout=0)
    assert f'header X-Long "{"x" * 100}…" without "^y"' in result["msg"]


def test_check_mode_asks_nothing_and_shows_the_request(server: HttpServer) -> None:
    result = gate(server.url, check=True, status=[200, 204], body="ok", headers={"X-A": "a"}, latency=50)
    assert server.asked == []
    assert (result["passed"], result["verdict"], result["requests"]) == (None, "not_asked", 0)
    assert result["request"] == f"GET {server.url}"
    assert result["expected"] == 'status 200 or 204, header X-A with "a", body with "ok", at most 50 ms'
    assert "failed" not in result


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "shop"}, "shop is not an http or https URL with a host"),
        ({"body": "("}, "body: ( is not a regular expression: missing ), unterminated subpattern at position 0"),
        ({"headers": {"X-A": "["}}, "headers: X-A: [ is not a regular expression"),
        ({"body": "a{99999999999}"}, "body: is not a regular expression that Python can compile"),
        (
            {"headers": {"X-A": "(" * 500 + ")" * 500}},
            "headers: X-A: is not a regular expression that Python can compile",
        ),
        ({"status": []}, "status: name at least one status"),
        ({"method": "HEAD", "body": "ok"}, "body: a response to HEAD has no body: use the method GET"),
        ({"consecutive": 0}, "consecutive: 0 is not a number from 1"),
        ({"interval": 0.0}, "interval: 0.0 is not a number from 0.1"),
        ({"timeout": -1.0}, "timeout: -1.0 is not a number from 0"),
        ({"timeout": float("nan")}, "timeout: nan is not a number from 0"),
        ({"timeout": float("inf")}, "timeout: inf is not a number from 0"),
        ({"request_timeout": 0.0}, "request_timeout: 0.0 is not a number from 0.1"),
        ({"read_limit": 0}, "read_limit: 0 is not a number from 1"),
        ({"latency": 0}, "latency: 0 is not a number from 1"),
        ({"follow_redirects": -1}, "follow_redirects: -1 is not a number from 0"),
        ({"latency": 10000}, "latency: 10000 ms is not shorter than request_timeout (10 s)"),
        ({"consecutive": 5, "timeout": 7.0}, "timeout: 5 answers every 2 s take 8 s, and timeout is 7 s"),
        ({"request_headers": {"HOST": "a"}}, "request_headers: write the header Host into the option host"),
        ({"request_headers": {"a b": "c"}}, "'a b' is not the name of a header"),
        ({"host": "a\r\nb"}, "the value of the header Host has line ends"),
        ({"ca_path": "/nonexistent.pem"}, "the certificate authorities in /nonexistent.pem cannot be read"),
    ],
)
def test_options_that_cannot_work_are_rejected_before_a_request(
    server: HttpServer, options: dict[str, Any], message: str, check: bool
) -> None:
    with pytest.raises(RequestError) as raised:
        gate(check=check, **{"url": server.url, **options})
    assert str(raised.value).startswith(message)
    assert server.asked == []


def test_as_many_answers_as_fit_into_the_time_are_accepted(server: HttpServer) -> None:
    assert gate(server.url, consecutive=5, timeout=8.0)["passed"]
