# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How roles and playbooks ask services: with limits, and without taking anything but the status from the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined
from support.http_server import answer, endless, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._host.http_gate import ARGUMENTS, run_http_gate

ROOT = Path(__file__).resolve().parents[3]
FILES = [*sorted((ROOT / "roles").glob("*/*/*.yml")), *sorted((ROOT / "playbooks").rglob("*.yml"))]
HOSTILE_HEADERS = {"Unreachable": "true", "Failed": "true", "Ansible-Facts": "x", "Warnings": "w", "Deprecations": "d"}


def list_tasks(value: Any) -> Iterator[Mapping[str, Any]]:
    for task in value if isinstance(value, list) else ():
        yield task
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from list_tasks(task.get(part))


def find_probes(*names: str) -> dict[str, Mapping[str, Any]]:
    """The tasks that use one of the modules, by file."""
    tasks = ((path, task) for path in FILES for task in list_tasks(yaml.safe_load(path.read_text(encoding="utf-8"))))
    return {path.relative_to(ROOT).as_posix(): task for path, task in tasks if set(names) & task.keys()}


PROBES = find_probes("groundwork.aws.http_gate")


def test_no_task_asks_a_service_with_a_module_that_trusts_its_answer() -> None:
    assert list(find_probes("ansible.builtin.uri", "ansible.builtin.get_url", "ansible.builtin.wait_for", "uri")) == []
    assert sorted(PROBES) == [
        "playbooks/status.yml",
        "playbooks/verify.yml",
        "roles/app/tasks/drain_service.yml",
        "roles/app/tasks/health.yml",
        "roles/app/tasks/run_hook.yml",
    ]


def read_options(path: str, url: str, item: Any) -> dict[str, Any]:
    """The options of a probe, as the module gets them for a service at a URL."""
    environment = Environment(undefined=StrictUndefined)
    service = {"health": {"path": "/health"}, "socket": None, "port": int(url.rpartition(":")[2])}
    variables: dict[str, Any] = {
        "app_health_url": f"{url}/health",
        "app_healthy_statuses": [200, 204],
        "app_health_timeout": 1,
        "app_health_pause": 0.2,
        "app_service": {"health": {"timeout": 0.5}},
        "app_socket": "",
        "item": service if item is None else item,
        "omit": None,
        "verify_base": url,
    }
    given = {name: argument.get("default") for name, argument in ARGUMENTS.items()}
    for name, value in PROBES[path]["groundwork.aws.http_gate"].items():
        if name in ("host", "unix_socket"):
            continue
        rendered = environment.from_string(str(value)).render(variables)
        given[name] = yaml.safe_load(rendered) if ARGUMENTS[name]["type"] != "str" else rendered
    return given


ITEMS = [("playbooks/status.yml", None), ("playbooks/verify.yml", None), ("roles/app/tasks/drain_service.yml", None)]


@pytest.mark.parametrize(("path", "item"), [*ITEMS, *(("roles/app/tasks/health.yml", item) for item in (0, 1))])
def test_headers_of_a_service_are_no_keys_of_the_result(path: str, item: Any) -> None:
    with serve_http(answer(200, headers=HOSTILE_HEADERS)) as server:
        result = run_http_gate(read_options(path, server.url, item), False)
    assert result["passed"]
    own = {"changed", "request", "expected", "passed", "measured", "verdict", "requests", "good", "bad", "unmeasured"}
    assert result.keys() == own | {"consecutive", "measurements"}


@pytest.mark.parametrize("item", [0, 1])
def test_a_health_check_of_an_answer_without_an_end_ends(item: int) -> None:
    """Each read of it is in time."""
    with serve_http(endless(pause=0.1, chunk=b"x")) as server:
        result = run_http_gate(read_options("roles/app/tasks/health.yml", server.url, item), False)
    assert result["failed"]
    # The first healthy answer is waited for, and each later one has to come at once.
    assert result["requests"] == (2 if item == 0 else 1)
    assert result["measurements"][-1]["why"] == "no whole response within 0.5 s"
