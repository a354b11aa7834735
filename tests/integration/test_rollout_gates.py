# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gates of the document in real rollouts, with real HTTP servers: they hold, fail, or cannot be measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rig.rollouts import RolloutRig
from support.http_server import HttpServer, answer

TOKEN = "t0ken-of-prometheus"
MOVED = ["web-1 serves 2", "web-2 serves 2"]
RETURNED = "Every host that was moved serves the release that it had before"


def scalar(value: str) -> Any:
    data = {"resultType": "scalar", "result": [1, value]}
    return answer(200, json.dumps({"status": "success", "data": data}).encode())


def test_a_rollout_goes_on_while_its_gate_holds(rig: RolloutRig, web: HttpServer) -> None:
    rig.rollout = {"bake": 6, "gates": {"site": {"url": f"{web.url}/health", "latency": 5000, "interval": 5}}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert rig.log == MOVED
    record = rig.read_ledger()
    assert record.status.value == "finished"
    # Each of the two batches: at once, after five seconds, and when the bake time has ended.
    assert [one.passed for batch in record.batches for one in batch.measurements] == [True] * 6
    assert rig.locks == []


def test_a_gate_that_fails_returns_the_hosts(rig: RolloutRig, web: HttpServer) -> None:
    web.script(answer(200), answer(500, b"secret body"))
    rig.rollout = {"bake": 6, "gates": {"site": {"url": f"{web.url}/health", "interval": 5}}}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert rig.log == ["web-1 serves 2", "web-1 serves 1 again"]
    assert f"site: GET {web.url}/health: status 500" in deploy.said, deploy.output
    assert RETURNED in deploy.said
    assert "secret body" not in deploy.output
    assert (rig.read_ledger().status.value, rig.locks) == ("rolled_back", [])


@pytest.mark.long
def test_without_a_bake_time_a_gate_is_asked_until_it_passes(rig: RolloutRig, web: HttpServer) -> None:
    web.script(answer(503), answer(200))
    rig.rollout = {"gates": {"site": {"url": web.url, "interval": 5, "failures_allowed": 1}}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert (rig.log, len(web.asked)) == (MOVED, 3)


@pytest.mark.long
def test_a_gate_that_cannot_be_measured_is_not_a_bad_one(rig: RolloutRig) -> None:
    rig.rollout = {"gates": {"site": {"url": "http://127.0.0.1:9/", "unmeasured": "go_on"}}}
    tolerant = rig.deploy()
    assert tolerant.code == 0, tolerant.output
    rig.rollout = {"gates": {"site": {"url": "http://127.0.0.1:9/", "unmeasured": "abort"}}}
    strict = rig.deploy()
    assert strict.code != 0
    assert "site: could not be measured: GET http://127.0.0.1:9/: connection refused" in strict.said


@pytest.mark.long
def test_a_gate_of_prometheus_gets_a_token_that_is_shown_nowhere(rig: RolloutRig, web: HttpServer) -> None:
    rig.account.client("secretsmanager").create_secret(Name="shop/prometheus", SecretString=TOKEN)
    rig.document = {"secrets": {"metrics": {"existing": "shop/prometheus"}}}
    gate = {"promql": "rate(errors[1m])", "prometheus_url": web.url, "prometheus_token": "metrics", "below": 5}
    rig.service = {"rollout": {"gates": {"errors": gate}}}
    web.script(scalar("1"), scalar("1"), scalar("9"))
    deploy = rig.deploy("-vvv")
    assert deploy.code != 0
    assert "errors: 9, not below 5" in deploy.said
    assert rig.log == ["web-1 serves 2", "web-2 serves 2", "web-1 serves 1 again", "web-2 serves 1 again"]
    assert {one.headers["authorization"] for one in web.asked} == {f"Bearer {TOKEN}"}
    stored = rig.account.client("ssm").get_parameters_by_path(Path="/groundwork/shop", Recursive=True)["Parameters"]
    assert TOKEN not in deploy.output + json.dumps(stored, default=str)


def test_a_query_that_prometheus_rejects_moves_no_host(rig: RolloutRig, web: HttpServer) -> None:
    error = json.dumps({"status": "error", "errorType": "bad_data", "error": "parse error"}).encode()
    web.script(answer(400, error))
    rig.rollout = {"gates": {"errors": {"promql": "rate(errors)", "prometheus_url": web.url, "below": 5}}}
    for words in ((), ("--check",)):
        deploy = rig.deploy(*words)
        assert deploy.code != 0
        assert "gate errors: Prometheus rejects the query with status 400" in deploy.said
        assert "No host was moved" in deploy.said
    assert (rig.log, rig.locks) == ([], [])


def test_a_path_of_a_stack_without_resources_moves_no_host(rig: RolloutRig) -> None:
    rig.rollout = {"gates": {"site": {"path": "/health"}}}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert "gate site: the stack has no URL yet at which /health could be asked" in deploy.said, deploy.output
    assert rig.log == []


@pytest.mark.long
def test_a_rollback_asks_no_gates_of_the_document(rig: RolloutRig) -> None:
    rig.rollout = {"gates": {"site": {"url": "http://127.0.0.1:9/", "unmeasured": "abort"}, "home": {"path": "/"}}}
    rollback = rig.play("rollback")
    assert rollback.code == 0, rollback.output
    assert rig.log == ["web-1 serves 1 again", "web-2 serves 1 again"]


@pytest.mark.long
def test_a_path_is_asked_at_the_url_of_the_stack(rig: RolloutRig, web: HttpServer) -> None:
    rig.document = {
        "instances": {"app": {"count": 2, "subnets": "public"}},
        "services": {"web": {"instances": None, "on": "app", "routes": ["/"]}},
        "proxy": {"on": "app", "server_name": "localhost", "port": int(web.url.rpartition(":")[2])},
    }
    step = {"request": {"path": "/smoke"}, "timeout": 5}
    rig.rollout = {"gates": {"home": {"path": "/health"}}, "hooks": {"after_batch": [step], "after_rollout": [step]}}
    assert rig.provision().ok
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert rig.log == MOVED
    assert [one.target for one in web.asked] == [*["/smoke", "/health"] * 2, "/smoke"]
    assert {one.headers["host"] for one in web.asked} == {web.url.replace("127.0.0.1", "localhost").partition("//")[2]}


@pytest.mark.long
def test_a_metric_of_cloudwatch_without_data_points_is_not_measured(rig: RolloutRig) -> None:
    query = {"namespace": "Shop", "metric": "Errors", "dimensions": {"Service": "web"}}
    rig.rollout = {"gates": {"errors": {"cloudwatch": query, "below": 5, "unmeasured": "abort"}}}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert "errors: could not be measured: the first 60 s that count end in" in deploy.said, deploy.output
    assert rig.log == ["web-1 serves 2", "web-1 serves 1 again"]
