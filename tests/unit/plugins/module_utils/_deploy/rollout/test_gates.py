# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gates of the document: which of them a batch has, when each is asked, and what it measures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from support.clock import FakeClock
from support.http_server import HttpServer, answer, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout import gates as module
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.gates import (
    KEPT_MEASUREMENTS,
    AskedGate,
    Asker,
    Problem,
    collect_gates,
    find_problems,
    make_policy,
    select_kept,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_query import QueryRejectedError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.verdict import Measurement
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope

POLICY = {"failures_allowed": 0, "unmeasured": "wait", "interval": 15}
PROBE: Mapping[str, Any] = {"status": [200], "headers": {}, **POLICY}
SITE = {"path": "/health", **PROBE}
QUERY = {"namespace": "AWS/ApplicationELB", "metric": "HTTPCode_Target_5XX_Count", "statistic": "Sum", "period": 60}
BALANCED = {"cloudwatch": {**QUERY, "window": 300, "dimensions": {}, "metrics": {}}, "below": 5, **POLICY}
PROMETHEUS = {"promql": "errors", "below": 5, **POLICY}
SECRET = "s3cr3t-value"


def move(service: str, host: str = "a", **gates: Any) -> dict[str, Any]:
    return {"service": service, "host": host, "rollout": {"gates": gates}}


class TestCollecting:
    def test_a_gate_that_several_services_and_hosts_share_is_asked_once(self) -> None:
        moves = [move("api", site=SITE), move("api", "b", site=SITE), move("web", site=SITE)]
        (gate,) = collect_gates(moves, "https://shop.example.org:8443/")
        assert (gate["name"], gate["service"]) == ("site", "")
        assert gate["settings"]["url"] == "https://shop.example.org:8443/health"
        assert "path" not in gate["settings"]

    def test_gates_with_the_same_name_and_other_limits_have_the_names_of_their_services(self) -> None:
        strict = {**SITE, "latency": 100}
        found = collect_gates([move("api", site=SITE), move("web", site=strict), move("jobs", site=SITE)], "http://a/")
        assert [gate["name"] for gate in found] == ["site of api, jobs", "site of web"]

    def test_a_metric_of_the_load_balancer_is_asked_for_each_service(self) -> None:
        found = collect_gates([move("api", errors=BALANCED), move("web", errors=BALANCED)], "")
        assert [(gate["name"], gate["service"]) for gate in found] == [
            ("errors of api", "api"),
            ("errors of web", "web"),
        ]

    def test_a_metric_with_dimensions_is_of_no_service(self) -> None:
        other = {**BALANCED, "cloudwatch": {**BALANCED["cloudwatch"], "dimensions": {"LoadBalancer": "app/x/1"}}}
        (gate,) = collect_gates([move("api", errors=other), move("web", errors=other)], "")
        assert gate["service"] == ""

    def test_services_without_gates_have_none(self) -> None:
        assert collect_gates([move("api"), {"service": "web", "host": "a", "rollout": {}}], "http://a/") == []


def asked(measure: Any, clock: FakeClock, **settings: Any) -> AskedGate:
    policy = make_policy({"name": "errors", "settings": {**POLICY, **settings}})
    return AskedGate(policy, 15, lambda: measure, clock)


def good(clock: FakeClock) -> Any:
    return lambda: Measurement("errors", True, "fine", clock.time())


class TestTheMomentsOfAsking:
    def test_a_gate_is_asked_at_once_at_its_interval_and_when_the_bake_time_has_ended(self) -> None:
        clock = FakeClock()
        gate = asked(good(clock), clock)
        due = []
        for elapsed in range(0, 60, 5):
            if gate.is_due(elapsed, bake=40):
                due.append(elapsed)
                gate.ask(elapsed)
        assert due == [0, 15, 30, 40, 55]

    def test_without_a_bake_time_it_is_asked_at_its_interval(self) -> None:
        clock = FakeClock()
        gate = asked(good(clock), clock)
        gate.ask(0)
        assert [gate.is_due(elapsed, bake=0) for elapsed in (5, 14.9, 15)] == [False, False, True]


class TestWhatCannotBeMeasured:
    def test_a_query_that_no_repetition_can_answer_aborts_at_once(self) -> None:
        def reject() -> Measurement:
            raise QueryRejectedError("Correct promql")

        gate = asked(reject, FakeClock())
        gate.ask(0)
        assert (gate.policy.unmeasured, gate.measurements[0].passed) == ("abort", None)
        tolerant = asked(reject, FakeClock(), unmeasured="go_on")
        tolerant.ask(0)
        assert tolerant.policy.unmeasured == "go_on"

    def test_a_rejection_after_an_answer_is_not_final(self) -> None:
        clock = FakeClock()
        answers = iter([good(clock)])

        def measure() -> Measurement:
            found = next(answers, None)
            if found is None:
                raise QueryRejectedError("401 of a proxy")
            return found()  # type: ignore[no-any-return]

        gate = asked(measure, clock)
        gate.ask(0)
        gate.ask(15)
        assert (gate.policy.unmeasured, gate.measurements[1].passed) == ("wait", None)

    def test_a_secret_that_cannot_be_read_for_a_while_is_tried_again(self) -> None:
        clock, attempts = FakeClock(), iter([StackError("no answer"), None])

        def prepare() -> Any:
            error = next(attempts)
            if error:
                raise error
            return good(clock)

        gate = AskedGate(make_policy({"name": "errors", "settings": POLICY}), 15, prepare, clock)
        gate.ask(0)
        gate.ask(15)
        gate.ask(30)
        assert [one.passed for one in gate.measurements] == [None, True, True]


def test_the_ledger_gets_the_newest_measurements_of_each_gate_and_its_failures() -> None:
    results = [False, None, *[True] * 20, False]
    measurements = [Measurement("errors", passed, str(at), at) for at, passed in enumerate(results)]
    measurements += [Measurement("site", True, "once", 99.0)]
    kept = select_kept(measurements)
    assert [one.detail for one in kept if one.gate == "errors"] == ["0", "1", "17", "18", "19", "20", "21", "22"]
    assert [one.detail for one in kept if one.gate == "site"] == ["once"]
    assert len([one for one in kept if one.passed]) == KEPT_MEASUREMENTS + 1


@pytest.fixture
def web() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


def asker(*pages: Any, moved: float = 0.0, clock: FakeClock | None = None) -> tuple[Asker, list[Any]]:
    """An asker whose CloudWatch answers with these pages, and the requests that it got."""
    requests: list[Any] = []

    def read(_operation: str, request: Any) -> list[Any]:
        requests.append(request)
        return list(pages)

    clients: Any = lambda _service: SimpleNamespace(pages=read)  # noqa: E731
    return Asker(clients, Scope("shop", "eu-central-1"), clock or FakeClock(), moved), requests


def gate_of(settings: Mapping[str, Any], service: str = "") -> dict[str, Any]:
    return {"name": "gate", "service": service, "settings": settings}


class TestProbes:
    def measure(self, web: HttpServer, *answers: Any, **more: Any) -> Measurement:
        web.answers[:] = answers
        return asker()[0].prepare(gate_of({"url": f"{web.url}/health", **PROBE, **more}))()

    def test_a_good_answer(self, web: HttpServer) -> None:
        measured = self.measure(web, answer(200))
        assert measured.passed is True
        assert measured.detail.startswith(f"GET {web.url}/health: status 200 after ")

    def test_a_bad_answer_says_what_was_asked_and_what_was_wrong(self, web: HttpServer) -> None:
        measured = self.measure(web, answer(503, b"secret body"), body="^ok$")
        assert measured.passed is False
        assert measured.detail == f'GET {web.url}/health: status 503, body (11 bytes) without "^ok$"'

    def test_a_server_that_does_not_answer_is_not_measured(self) -> None:
        measured = asker()[0].prepare(gate_of({"url": "http://127.0.0.1:9/", **PROBE}))()
        assert (measured.passed, measured.detail) == (None, "GET http://127.0.0.1:9/: connection refused")

    def test_a_path_without_a_url_of_the_stack_is_a_problem(self) -> None:
        problems = list(find_problems(asker()[0], [gate_of(SITE)]))
        assert problems == [Problem("gate gate: the stack has no URL yet at which /health could be asked")]


class TestPrometheus:
    SECRETS: ClassVar = {"prometheus_token": {"name": "metrics", "existing": None, "key": None}}

    @pytest.fixture(autouse=True)
    def secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            module, "read_environment", lambda _c, _s, asked: {one["variable"]: SECRET for one in asked.secrets}
        )

    def test_values_are_compared_and_the_token_is_sent_and_not_shown(self, web: HttpServer) -> None:
        data = {"resultType": "scalar", "result": [1, "7"]}
        web.answers[:] = [answer(200, json.dumps({"status": "success", "data": data}).encode())]
        measured = asker()[0].prepare(gate_of({**PROMETHEUS, "prometheus_url": web.url, **self.SECRETS}))()
        assert (measured.passed, measured.detail) == (False, "7, not below 5")
        assert web.asked[0].headers["authorization"] == f"Bearer {SECRET}"
        assert SECRET not in repr(measured)

    def test_a_wrong_query_is_a_problem_before_anything_moves(self, web: HttpServer) -> None:
        said = json.dumps({"status": "error", "errorType": "bad_data", "error": "parse error"}).encode()
        web.answers[:] = [answer(400, said)]
        (problem,) = find_problems(asker()[0], [gate_of({**PROMETHEUS, "prometheus_url": web.url, **self.SECRETS})])
        expected = "gate gate: Prometheus rejects the query with status 400, bad_data: parse error"
        assert problem.text.startswith(expected)
        assert (problem.pending, SECRET in problem.text) == (False, False)

    def test_a_server_that_does_not_answer_is_no_problem(self) -> None:
        assert list(find_problems(asker()[0], [gate_of({**PROMETHEUS, "prometheus_url": "http://127.0.0.1:9"})])) == []


class TestCloudWatch:
    PAGE: ClassVar = {
        "MetricDataResults": [
            {
                "Id": "gate_result",
                "Label": "x",
                "Timestamps": [datetime(2026, 1, 1, tzinfo=timezone.utc)],
                "Values": [9],
            }
        ]
    }

    @pytest.fixture(autouse=True)
    def resources(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = {"target_group/api": "targetgroup/shop-api/1f", "load_balancer/alb": "app/shop-alb/2e"}
        monkeypatch.setattr(
            module,
            "require_resources",
            lambda _c, _s, asked: {one: SimpleNamespace(attributes={"full_name": names[one]}) for one in asked},
        )

    def ask(self, query: Mapping[str, Any], **given: Any) -> tuple[Measurement, list[Any]]:
        found, requests = asker(self.PAGE, **given)
        settings = {**BALANCED, "cloudwatch": {**BALANCED["cloudwatch"], **query}}
        return found.prepare(gate_of(settings, "api"))(), requests

    def dimensions(self, requests: list[Any]) -> list[dict[str, str]]:
        metrics = [one["MetricStat"]["Metric"] for one in requests[0]["MetricDataQueries"] if "MetricStat" in one]
        return [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in metrics]

    def test_a_metric_of_targets_gets_the_target_group_and_the_load_balancer_of_its_service(self) -> None:
        measured, requests = self.ask({})
        assert (measured.passed, measured.detail) == (False, "9, not below 5")
        assert self.dimensions(requests) == [
            {"LoadBalancer": "app/shop-alb/2e", "TargetGroup": "targetgroup/shop-api/1f"}
        ]

    def test_a_metric_of_the_load_balancer_alone_gets_no_target_group(self) -> None:
        _measured, requests = self.ask({"metric": "HTTPCode_ELB_5XX_Count"})
        assert self.dimensions(requests) == [{"LoadBalancer": "app/shop-alb/2e"}]

    def test_metrics_of_an_expression_get_theirs_unless_they_have_their_own(self) -> None:
        metrics = {
            "errors": {"metric": "HTTPCode_Target_5XX_Count"},
            "all": {"metric": "Requests", "namespace": "Shop", "dimensions": {"Site": "shop"}},
        }
        _measured, requests = self.ask({"metric": None, "expression": "errors / all", "metrics": metrics})
        assert self.dimensions(requests) == [
            {"LoadBalancer": "app/shop-alb/2e", "TargetGroup": "targetgroup/shop-api/1f"},
            {"Site": "shop"},
        ]

    def test_data_points_from_before_the_batch_had_moved_do_not_count(self) -> None:
        clock = FakeClock()
        moved = clock.time()
        measured, requests = self.ask({}, moved=moved, clock=clock)
        assert (measured.passed, requests) == (None, [])
        assert measured.detail.startswith("the first 60 s that count end in ")
        clock.sleep(200)
        _measured, requests = self.ask({}, moved=moved, clock=clock)
        assert requests[0]["StartTime"].timestamp() >= moved
