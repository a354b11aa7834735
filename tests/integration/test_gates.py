# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules `http_gate` and `metric_gate` in real playbooks, with a real HTTP server, and the API of CloudWatch."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from rig.account import Account
from rig.faults import Fail, named
from rig.runs import BIN, CHECKOUT, environment
from rig.stacks import Stack
from support.http_server import HttpServer, after, answer, endless, hang_up, redirect, serve_http

from lab.servers.authority import Authority

METRIC = {"namespace": "Shop", "metric": "Latency", "dimensions": {"Service": "api"}}
# A connection like the local one, of which an action plugin cannot know that it leads to the same machine.
ELSEWHERE = """
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = "{name: elsewhere, short_description: a test, description: [a test], author: the tests}"

class Connection(Local):
    transport = "elsewhere"
"""


@dataclass(frozen=True)
class Played:
    code: int
    output: str
    results: Mapping[str, Any]


@dataclass
class Controller:
    """Runs tasks by name, all of them even if some fail, and keeps their results."""

    directory: Path
    endpoint: str = "http://127.0.0.1:9"

    def play(self, tasks: Mapping[str, Mapping[str, Any]], *words: str) -> Played:
        playbook, kept = self.directory / "play.yml", self.directory / "results.json"
        kept.unlink(missing_ok=True)
        listed: list[dict[str, Any]] = [
            {"register": f"result_{number}", "ignore_errors": True, **task}
            for number, task in enumerate(tasks.values())
        ]
        results = {name: f"{{{{ result_{number} }}}}" for number, name in enumerate(tasks)}
        copy = {"content": "{{ results | to_json }}", "dest": str(kept), "mode": "0600"}
        listed.append({"ansible.builtin.copy": copy, "check_mode": False, "vars": {"results": results}})
        interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        play = {"hosts": "localhost", "gather_facts": False, "vars": interpreter, "tasks": listed}
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        (self.directory / "connection_plugins").mkdir(exist_ok=True)
        (self.directory / "connection_plugins" / "elsewhere.py").write_text(ELSEWHERE)
        run = subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(playbook), *words],
            env={
                **environment(self.endpoint),
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "HOME": str(self.directory),
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "1",
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        output = run.stdout + run.stderr
        assert kept.exists(), output
        return Played(run.returncode, output, json.loads(kept.read_text()))


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def http_gate(url: str, **options: Any) -> dict[str, Any]:
    return {"groundwork.aws.http_gate": {"url": url, "timeout": 0, **options}}


def metric_gate(**options: Any) -> dict[str, Any]:
    return {"groundwork.aws.metric_gate": {"limit": {"below": 1}, **options}}


def prometheus(web: HttpServer, **options: Any) -> dict[str, Any]:
    return metric_gate(promql="errors", prometheus_url=web.url, **options)


def cloudwatch(**options: Any) -> dict[str, Any]:
    return metric_gate(region="us-east-1", **{"cloudwatch": METRIC, **options})


def scalar(value: str, **more: Any) -> bytes:
    data = {"resultType": "scalar", "result": [1, value]}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def error(kind: str, text: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


def put_values(account: Account, *values: float, service: str = "api", minutes: int = 2) -> None:
    """Values of the metric for a minute that has ended, so many minutes ago."""
    data = {
        "MetricName": "Latency",
        "Dimensions": [{"Name": "Service", "Value": service}],
        "Timestamp": datetime.now(timezone.utc) - timedelta(minutes=minutes),
    }
    metrics = [{**data, "Value": value} for value in values]
    account.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=metrics)


# http_gate


def test_answers_of_all_kinds(controller: Controller, web: HttpServer) -> None:
    tasks = {
        "good": http_gate(web.url),
        "wrong status": http_gate(web.url),
        "wrong body": http_gate(web.url, body="^healthy$"),
        "missing header": http_gate(web.url, headers={"X-Version": "^2"}),
        "redirect": http_gate(web.url),
        "followed": http_gate(web.url, follow_redirects=1, status=204),
        "endless": http_gate(web.url, read_limit=5000, body="y"),
        "slow": http_gate(web.url, request_timeout=0.5),
        "too slow": http_gate(web.url, request_timeout=0.5, latency=100),
        "closed": http_gate(web.url),
        "flapping": http_gate(web.url, consecutive=2, timeout=20, interval=0.1),
    }
    web.script(
        answer(),
        answer(503),
        answer(200, b"ill"),
        answer(),
        redirect("/next"),
        redirect("/next"),
        answer(204, b""),
        endless(),
        after(3, answer()),
        after(3, answer()),
        hang_up,
        *[answer(), answer(500), answer(), hang_up, answer(), answer()],
    )
    played = controller.play(tasks)
    assert played.code == 0, played.output
    assert "Traceback" not in played.output
    found = {
        name: (one["verdict"], one["measured"], one["measurements"][-1]["why"]) for name, one in played.results.items()
    }
    assert found == {
        "good": ("passed", True, ""),
        "wrong status": ("failed", True, "status 503"),
        "wrong body": ("failed", True, 'body (3 bytes) without "^healthy$"'),
        "missing header": ("failed", True, "no header X-Version"),
        "redirect": ("failed", True, "status 302"),
        "followed": ("passed", True, ""),
        "endless": ("failed", True, 'body (the first 5000 bytes) without "y"'),
        "slow": ("unmeasured", False, "no whole response within 0.5 s"),
        "too slow": ("failed", True, "no whole response within 0.5 s"),
        "closed": ("unmeasured", False, "the server closed the connection without a response"),
        "flapping": ("passed", True, ""),
    }
    assert [one["passed"] for one in played.results.values()] == [
        *[True, False, False, False, False, True],
        *[False, False, False, False, True],
    ]
    flapping = played.results["flapping"]
    assert (flapping["requests"], flapping["good"], flapping["bad"], flapping["unmeasured"]) == (6, 4, 1, 1)
    assert f"GET {web.url} has not given a good answer. Expected: status 200. 1 request: 0 good" in played.output


def test_certificates_and_names_are_checked(controller: Controller, tmp_path: Path) -> None:
    ca_path = tmp_path / "ca.pem"
    certificate, key = Authority(ca_path, tmp_path / "ca.key").issue("localhost", "shop.test")
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    with serve_http(certificate=(tmp_path / "cert.pem", tmp_path / "key.pem")) as secure:
        url = secure.url
        tasks = {
            "named": http_gate(url.replace("127.0.0.1", "localhost"), ca_path=str(ca_path)),
            "host": http_gate(url, ca_path=str(ca_path), host="shop.test"),
            "wrong host": http_gate(url, ca_path=str(ca_path), host="other.test"),
            "unknown authority": http_gate(url.replace("127.0.0.1", "localhost"), unmeasured="pass"),
            "unchecked": http_gate(url, validate_certs=False),
        }
        played = controller.play(tasks)
    assert {name: (one["passed"], one["measured"]) for name, one in played.results.items()} == {
        "named": (True, True),
        "host": (True, True),
        "wrong host": (False, False),
        "unknown authority": (True, False),
        "unchecked": (True, True),
    }
    assert "the certificate is rejected: Hostname mismatch" in played.results["wrong host"]["msg"]


def test_a_service_on_a_socket_is_asked(controller: Controller, tmp_path: Path) -> None:
    with serve_http(unix_socket=tmp_path / "s") as listening:
        tasks = {
            "listening": http_gate("http://localhost/health", unix_socket=str(tmp_path / "s")),
            "missing": http_gate("http://localhost/health", unix_socket=str(tmp_path / "t")),
        }
        results = controller.play(tasks).results
        assert [asked.target for asked in listening.asked] == ["/health"]
    assert (results["listening"]["passed"], results["missing"]["verdict"]) == (True, "unmeasured")
    assert f"through {tmp_path / 't'} has not given a good answer" in results["missing"]["msg"]


def test_header_values_are_shown_at_no_verbosity(controller: Controller, web: HttpServer) -> None:
    web.script(answer(401, b"body-geheim"))
    tasks = {"gate": http_gate(web.url, request_headers={"Authorization": "Bearer t0ken-geheim"}, body="x")}
    played = controller.play(tasks, "-vvv", "--diff")
    assert web.asked[0].headers["authorization"] == "Bearer t0ken-geheim"
    assert played.results["gate"]["measurements"][0]["status"] == 401
    assert "geheim" not in played.output


def test_check_mode_of_an_http_gate_asks_nothing(controller: Controller, web: HttpServer) -> None:
    played = controller.play({"gate": http_gate(web.url, status=204)}, "--check")
    assert played.code == 0, played.output
    result = played.results["gate"]
    assert (result["verdict"], result["passed"], result["request"]) == ("not_asked", None, f"GET {web.url}")
    assert web.asked == []


def test_wrong_options_of_an_http_gate_are_named(controller: Controller, web: HttpServer) -> None:
    tasks = {
        "url": http_gate("shop"),
        "body": http_gate(web.url, body="("),
        "method": http_gate(web.url, method="POST"),
    }
    results = controller.play(tasks).results
    assert results["url"]["msg"] == "shop is not an http or https URL with a host. Nothing was asked."
    assert results["body"]["msg"].startswith("body: ( is not a regular expression")
    assert "method" in results["method"]["msg"]
    assert web.asked == []


# metric_gate


def test_answers_of_prometheus(controller: Controller, web: HttpServer) -> None:
    tasks = {
        "good": prometheus(web),
        "bad": prometheus(web),
        "wrong query": prometheus(web),
        "not executed": prometheus(web),
        "too slow, then good": prometheus(web, bake=10, interval=1),
        "warned": prometheus(web),
        "no number": prometheus(web, unmeasured="pass"),
    }
    web.script(
        answer(200, scalar("0.5")),
        answer(200, scalar("1.5")),
        answer(400, error("bad_data", "parse error")),
        answer(422, error("execution", "many-to-many matching")),
        *[answer(503, error("timeout", "query timed out")), *[answer(200, scalar("0.5"))] * 10],
    )
    played = controller.play({name: tasks[name] for name in list(tasks)[:5]})
    results = played.results
    assert (results["good"]["passed"], results["good"]["measurements"][0]["value"]) == (True, 0.5)
    assert results["bad"]["msg"] == (
        f"errors at {web.url} has to be below 1, but 1.5, not below 1. 1 query: 0 good, 1 bad (0 allowed)."
    )
    assert results["wrong query"]["msg"].startswith("The metric cannot be queried: Prometheus rejects the query with")
    assert "status 422, execution: many-to-many matching" in results["not executed"]["msg"]
    late = results["too slow, then good"]
    assert (late["passed"], late["unmeasured"]) == (True, 1)
    assert late["good"] >= 2
    web.asked.clear()
    web.script(answer(200, scalar("0.5", warnings=["store a is away"])), answer(200, scalar("NaN")))
    played = controller.play({name: tasks[name] for name in list(tasks)[5:]})
    assert "[WARNING]: store a is away" in played.output
    assert (played.results["no number"]["passed"], played.results["no number"]["measured"]) == (True, False)
    assert "Traceback" not in played.output


def test_logins_to_prometheus_are_shown_at_no_verbosity(controller: Controller, web: HttpServer) -> None:
    web.script(answer(403, error("forbidden", "the token t0ken-geheim is not known")))
    login = {"prometheus_user": "ops", "prometheus_password": "pass-geheim"}
    tasks = {
        "token": prometheus(web, prometheus_token="t0ken-geheim"),
        "password": prometheus(web, **login),
        "token on a host": {
            **prometheus(web, prometheus_token="t0ken-geheim"),
            "vars": {"ansible_connection": "elsewhere"},
        },
    }
    played = controller.play(tasks, "-vvv")
    assert web.asked[0].headers["authorization"] == "Bearer t0ken-geheim"
    assert web.asked[1].headers["authorization"].startswith("Basic ")
    for name in ("token", "token on a host"):
        assert "Check the login" in played.results[name]["msg"]
        assert "geheim" not in json.dumps(played.results[name])


def test_a_metric_gate_gives_the_same_result_on_the_controller_and_on_a_host(
    controller: Controller, web: HttpServer
) -> None:
    web.script(answer(200, scalar("1.5")))
    task = prometheus(web)
    played = controller.play({"here": task, "there": {**task, "vars": {"ansible_connection": "elsewhere"}}})
    here, there = (dict(played.results[name]) for name in ("here", "there"))
    there.pop("invocation", None)
    assert here == there
    assert here["failed"]


def test_check_mode_of_a_metric_gate_queries_once_and_does_not_fail(controller: Controller, web: HttpServer) -> None:
    web.script(answer(200, scalar("7")))
    played = controller.play({"gate": {**prometheus(web, bake=300), "ignore_errors": False}}, "--check")
    assert played.code == 0, played.output
    result = played.results["gate"]
    assert (result["passed"], result["verdict"], result["measurements"][0]["value"]) == (False, "failed", 7.0)
    assert len(web.asked) == 1


def test_metrics_of_cloudwatch(controller: Controller, stack: Stack) -> None:
    controller.endpoint = stack.proxy.url
    put_values(stack.account, 0.2, 0.4)
    put_values(stack.account, 5.0, minutes=4)
    put_values(stack.account, 3.0, service="web")
    of_web = {**METRIC, "dimensions": {"Service": "web"}}
    played = controller.play(
        {
            "good": cloudwatch(),
            "maximum": cloudwatch(cloudwatch={**METRIC, "statistic": "Maximum"}, limit={"above": 0.3, "below": 0.5}),
            "bad": cloudwatch(cloudwatch=of_web),
            "unknown": cloudwatch(cloudwatch={**METRIC, "metric": "Nothing"}),
            "unknown passes": cloudwatch(cloudwatch={**METRIC, "metric": "Nothing"}, unmeasured="pass"),
            "old": cloudwatch(cloudwatch={**METRIC, "window": 60}),
            "no region": metric_gate(cloudwatch=METRIC),
            "wrong": cloudwatch(cloudwatch={**METRIC, "period": 7}),
        }
    )
    results = played.results
    assert results["good"]["passed"], played.output
    assert results["good"]["measurements"][0]["value"] == pytest.approx(0.3)
    assert results["maximum"]["measurements"][0]["value"] == pytest.approx(0.4)
    assert (results["bad"]["verdict"], results["bad"]["measurements"][0]["value"]) == ("failed", 3.0)
    assert "Average of Shop Latency (Service=web) in CloudWatch has to be below 1, but 3" in results["bad"]["msg"]
    assert (results["unknown"]["verdict"], results["unknown"]["failed"]) == ("unmeasured", True)
    assert (results["unknown passes"]["verdict"], results["unknown passes"]["passed"]) == ("unmeasured", True)
    assert results["old"]["measurements"][0]["why"] == "CloudWatch has no data points"
    assert results["wrong"]["msg"] == "cloudwatch: period: 7 is not 1, 5, 10, 20, 30 or a multiple of 60"
    assert "Traceback" not in played.output


def test_failures_of_cloudwatch(controller: Controller, stack: Stack) -> None:
    controller.endpoint = stack.proxy.url
    put_values(stack.account, 0.2)
    stack.proxy.faults.add(named("GetMetricData"), Fail(status=403, code="AccessDenied", message="No."))
    started = time.monotonic()
    played = controller.play({"denied": cloudwatch(bake=300)})
    assert time.monotonic() - started < 100
    message = played.results["denied"]["msg"]
    assert message.startswith("The metric cannot be queried: GetMetricData: AccessDenied: No. Allow the credentials")
    assert 'cloudwatch:GetMetricData: statement Metrics of the policy "To deploy" in docs/permissions.md' in message
