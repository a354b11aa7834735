# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `metric_gate`: queries during the bake time, its result and its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.exceptions import ClientError
from support.clock import FakeClock
from support.http_server import Answer, HttpServer, answer, hang_up, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout import metric_gate
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_gate import run_metric_gate
from ansible_collections.groundwork.aws.plugins.modules.metric_gate import ARGUMENT_SPEC, RESTRICTIONS

METRIC = {"namespace": "AWS/ApplicationELB", "metric": "TargetResponseTime"}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


def vector(*values: str, warnings: Sequence[str] = ()) -> Answer:
    """An answer with these values of api, web and so on."""
    elements = [
        {"metric": {"service": name}, "value": [1, value]}
        for name, value in zip(("api", "web", "jobs"), values, strict=False)
    ]
    data = {"resultType": "vector", "result": elements}
    return answer(200, json.dumps({"status": "success", "data": data, "warnings": list(warnings)}).encode())


def reject(code: int, kind: str, text: str) -> Answer:
    return answer(code, json.dumps({"status": "error", "errorType": kind, "error": text}).encode())


def validate(options: dict[str, Any]) -> Any:
    return ArgumentSpecValidator(ARGUMENT_SPEC, **RESTRICTIONS).validate(options)


def gate(options: dict[str, Any], check: bool = False, clock: FakeClock | None = None) -> dict[str, Any]:
    validation = validate(options)
    assert validation.error_messages == []
    return run_metric_gate(validation.validated_parameters, check, clock or FakeClock())  # type: ignore[arg-type]


def ask(server: HttpServer, check: bool = False, clock: FakeClock | None = None, **options: Any) -> dict[str, Any]:
    given = {"promql": "errors", "prometheus_url": server.url, "limit": {"below": 1}}
    return gate({**given, **options}, check, clock)


class Account:
    """CloudWatch with a data point a minute; ``values`` are the newest ones at each call, the last one stays."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.requests: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Account:
        assert service == "cloudwatch"
        return self

    def check_caller(self) -> None:
        """The credentials are those of this account."""

    def pages(self, _operation: str, request: dict[str, Any]) -> list[Any]:
        self.requests.append(request)
        value = self.values[min(len(self.requests), len(self.values)) - 1]
        if isinstance(value, Exception):
            raise value
        at = request["EndTime"] - timedelta(minutes=1)
        found = {"Id": "gate_result", "Label": "x", "Values": [value], "Timestamps": [at]}
        return [{"MetricDataResults": [] if value is None else [found]}]


def ask_cloudwatch(monkeypatch: pytest.MonkeyPatch, account: Account, **options: Any) -> dict[str, Any]:
    monkeypatch.setattr(metric_gate, "Clients", lambda *_a, **_k: account)
    given = {"cloudwatch": METRIC, "region": "eu-central-1", "limit": {"below": 1}}
    return gate({**given, **options})


def test_one_query_decides_without_a_bake_time(server: HttpServer) -> None:
    server.script(vector("0.5"))
    clock = FakeClock()
    result = ask(server, clock=clock)
    assert clock.pauses == []
    assert result == {
        "changed": False,
        "request": f"errors at {server.url}",
        "expected": "below 1",
        "passed": True,
        "measured": True,
        "verdict": "passed",
        "requests": 1,
        "good": 1,
        "bad": 0,
        "unmeasured": 0,
        "measurements": [
            {"passed": True, "measured": True, "value": 0.5, "series": '{service="api"}', "why": ""},
        ],
    }


def test_the_metric_is_queried_until_the_bake_time_ends(server: HttpServer) -> None:
    server.script(vector("0.5"))
    clock = FakeClock()
    result = ask(server, clock=clock, bake=70, interval=30)
    assert (result["passed"], result["good"], clock.pauses) == (True, 4, [30.0, 30.0, 10.0])


def test_a_bad_measurement_fails_at_once_with_the_worst_series(server: HttpServer) -> None:
    server.script(vector("0.5", "0.1"), vector("0.5", "3", "2"), vector("0.1"))
    clock = FakeClock()
    result = ask(server, clock=clock, bake=300)
    assert (result["failed"], result["passed"], result["verdict"], clock.pauses) == (True, False, "failed", [30.0])
    assert result["msg"] == (
        f'errors at {server.url} has to be below 1, but {{service="web"}} is 3, not below 1 (2 of 3 series). '
        "2 queries: 1 good, 1 bad (0 allowed)."
    )


def test_allowed_failures_are_tolerated(server: HttpServer) -> None:
    server.script(vector("2"), vector("0.5"))
    assert ask(server, bake=60, failures_allowed=1)["passed"]
    server.asked.clear()
    server.script(vector("2"), vector("0.5"), vector("3"), vector("0.5"))
    result = ask(server, bake=90, failures_allowed=1)
    assert (result["failed"], result["bad"], result["requests"]) == (True, 2, 3)
    assert "is 3, not below 1" in result["msg"]


def test_waiting_for_a_measurement_ends_with_the_bake_time(server: HttpServer) -> None:
    server.script(vector())
    result = ask(server, bake=60)
    assert (result["failed"], result["measured"], result["verdict"], result["requests"]) == (
        True,
        False,
        "unmeasured",
        3,
    )
    assert result["msg"] == (
        f"errors at {server.url} could not be measured: 3 queries within 60 s, none with a value. The last one: the "
        "query returns no data. Check the query, and that the metric is reported."
    )


def test_a_late_measurement_is_enough(server: HttpServer) -> None:
    server.script(vector(), hang_up, reject(503, "timeout", "slow"), vector("NaN"), vector("0.5"))
    result = ask(server, bake=120)
    assert (result["passed"], result["unmeasured"], result["good"]) == (True, 4, 1)
    assert [one["why"] for one in result["measurements"]] == [
        "the query returns no data",
        "Prometheus does not answer: the server closed the connection without a response",
        "Prometheus answers with status 503, timeout: slow",
        "the value is not a number (NaN)",
        "",
    ]


@pytest.mark.parametrize(("rule", "passed", "requests"), [("pass", True, 3), ("fail", False, 1)])
def test_what_follows_from_no_measurement_is_an_option(
    server: HttpServer, rule: str, passed: bool, requests: int
) -> None:
    server.script(vector())
    result = ask(server, bake=60, unmeasured=rule)
    assert (result["passed"], result["verdict"], result["requests"]) == (passed, "unmeasured", requests)
    assert ("failed" in result) is not passed


@pytest.mark.parametrize("rule", ["wait", "pass"])
@pytest.mark.parametrize("check", [False, True])
def test_a_wrong_query_fails_at_once(server: HttpServer, rule: str, check: bool) -> None:
    server.script(reject(400, "bad_data", "parse error"))
    clock = FakeClock()
    result = ask(server, check, clock, bake=300, unmeasured=rule)
    assert result == {
        "failed": True,
        "changed": False,
        "msg": "The metric cannot be queried: Prometheus rejects the query with status 400, bad_data: parse error. "
        "Correct promql.",
    }
    assert clock.pauses == []


def test_a_rejection_after_a_measurement_is_no_measurement(server: HttpServer) -> None:
    """A login that expires during the bake time does not undo a rollout."""
    server.script(vector("0.5"), answer(401, b"no"), vector("0.5"))
    result = ask(server, bake=60)
    assert (result["passed"], result["good"], result["unmeasured"]) == (True, 2, 1)


def test_only_the_last_measurements_are_kept(server: HttpServer) -> None:
    server.script(*[vector(f"{number / 100}") for number in range(20)])
    result = ask(server, bake=19, interval=1)
    assert (result["requests"], len(result["measurements"])) == (20, 10)
    assert [one["value"] for one in result["measurements"]] == [number / 100 for number in range(10, 20)]


def test_warnings_are_reported_once(server: HttpServer) -> None:
    server.script(vector("0.5", warnings=["store a is away"]))
    assert ask(server, bake=60)["warnings"] == ["store a is away"]


@pytest.mark.parametrize(
    ("value", "passed", "verdict"), [("0.5", True, "passed"), ("2", False, "failed"), ("NaN", None, "unmeasured")]
)
def test_check_mode_queries_once_and_never_fails(
    server: HttpServer, value: str, passed: bool | None, verdict: str
) -> None:
    server.script(vector(value))
    clock = FakeClock()
    result = ask(server, True, clock, bake=300, unmeasured="fail")
    assert (result["passed"], result["verdict"], result["requests"], clock.pauses) == (passed, verdict, 1, [])
    assert "failed" not in result


def test_secrets_are_not_in_results(server: HttpServer) -> None:
    server.script(answer(403, b"token geheim is not allowed"))
    assert "geheim" not in json.dumps(ask(server, prometheus_token="geheim"))


# CloudWatch


def test_cloudwatch_is_queried_at_each_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(0.5)
    result = ask_cloudwatch(monkeypatch, account, bake=120, interval=60)
    assert (result["passed"], result["good"]) == (True, 3)
    assert result["request"] == "Average of AWS/ApplicationELB TargetResponseTime in CloudWatch"
    ends = [request["EndTime"] for request in account.requests]
    first = datetime.fromtimestamp(1_800_000_000, timezone.utc)
    assert ends == [first, first + timedelta(minutes=1), first + timedelta(minutes=2)]


def test_a_data_point_that_is_read_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask_cloudwatch(monkeypatch, Account(2.0), bake=50, interval=10, failures_allowed=1)
    assert (result["passed"], result["requests"], result["bad"]) == (True, 6, 1)


def test_a_data_point_that_changes_counts_with_its_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may report parts of a period late."""
    result = ask_cloudwatch(monkeypatch, Account(2.0, 0.5), bake=50, interval=10, failures_allowed=1)
    assert (result["good"], result["bad"]) == (1, 0)


def test_cloudwatch_without_data_points_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask_cloudwatch(monkeypatch, Account(None, None, 0.5), bake=120, interval=60)
    assert (result["passed"], result["unmeasured"], result["good"]) == (True, 2, 1)


def test_a_denied_query_fails_with_the_permission_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: cloudwatch:GetMetricData"}}
    denied = ClientError(answer, "GetMetricData")  # type: ignore[arg-type]
    result = ask_cloudwatch(monkeypatch, Account(denied), bake=120)
    assert result["failed"]
    assert (
        'Allow the credentials cloudwatch:GetMetricData: statement Metrics of the policy "To deploy"' in result["msg"]
    )


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": {"below": float("nan")}}, "limit: below and above are finite numbers"),
        ({"limit": {"above": 2, "below": 2}}, "limit: no value is above 2 and below 2"),
        ({"bake": -1}, "bake: -1 is less than 0"),
        ({"interval": 0}, "interval: 0 is less than 1"),
        ({"failures_allowed": -1}, "failures_allowed: -1 is less than 0"),
        ({"query_timeout": 0}, "query_timeout: 0 is less than 1"),
        ({"prometheus_url": "p"}, "prometheus_url: p is not an http or https URL with a host"),
    ],
)
def test_options_that_cannot_work_are_rejected_before_a_query(
    server: HttpServer, options: dict[str, Any], message: str
) -> None:
    result = ask(server, **options)
    assert (result["failed"], result["msg"]) == (True, message)
    assert server.asked == []


def test_cloudwatch_needs_a_region() -> None:
    result = gate({"cloudwatch": METRIC, "limit": {"above": 1}})
    assert (result["failed"], result["msg"]) == (True, "region: missing; name the region of the metric")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: promql, cloudwatch"),
        ({"promql": "a", "cloudwatch": METRIC, "prometheus_url": "http://p"}, "mutually exclusive: promql|cloudwatch"),
        ({"promql": "a"}, "required together: promql, prometheus_url"),
        (
            {"promql": "a", "prometheus_url": "http://p", "prometheus_user": "u"},
            "required together: prometheus_user, prometheus_password",
        ),
        ({"promql": "a", "prometheus_url": "http://p", "limit": {}}, "one of the following is required: below, above"),
    ],
)
def test_options_that_exclude_or_need_each_other(options: dict[str, Any], message: str) -> None:
    validation = validate({"limit": {"below": 1}, **options})
    assert message in " ".join(validation.error_messages)
