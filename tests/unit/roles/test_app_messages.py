# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role app reports when no release can serve. Whether a host is left so is tested in molecule/app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined
from support.clock import FakeClock
from support.http_server import Answer, answer, hang_up, serve_http

from ansible_collections.groundwork.aws.plugins.filter.printable import printable
from ansible_collections.groundwork.aws.plugins.module_utils._host.http_gate import ARGUMENTS, run_http_gate

ROLE = Path(__file__).resolve().parents[3] / "roles" / "app"
SERVICE = {"name": "api", "balanced": False}
BALANCED = {**SERVICE, "balanced": True}


def find_facts(value: Any, name: str) -> list[str]:
    """The values that tasks, also those of blocks, set for a fact."""
    found: list[str] = []
    for task in value:
        facts = task.get("ansible.builtin.set_fact", {})
        found += [facts[name]] if name in facts else []
        for part in ("block", "rescue"):
            found += find_facts(task.get(part, []), name)
    return found


def render(text: str, **given: Any) -> str:
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    environment.filters["groundwork.aws.printable"] = printable
    return environment.from_string(text).render({"app_restore": False, "app_service": SERVICE, **given})


def describe_stopped_service(**given: Any) -> str:
    """The outcome where the service was stopped."""
    tasks = yaml.safe_load((ROLE / "tasks/restore_previous.yml").read_text(encoding="utf-8"))
    (text,) = (one for one in find_facts(tasks, "app_outcome") if "was stopped" in one)
    variables = {
        "app_attempts": [],
        "app_deregistration": {},
        "app_release_number": 1,
        "app_root": "/srv/api",
        "inventory_hostname": "web-1",
    }
    return " ".join(render(text, **{**variables, **given}).split())


def test_a_first_release_that_failed_leaves_its_files_and_a_stopped_service() -> None:
    assert describe_stopped_service() == (
        "There is no earlier healthy release to restore. api was stopped on web-1, where no release serves now. The "
        "files of release 1 stay in /srv/api/releases/1. Fix the cause and deploy again."
    )


@pytest.mark.parametrize(("is_rollback", "is_said"), [(False, True), (True, False)])
def test_the_migration_of_a_release_that_failed_was_carried_out(is_rollback: bool, is_said: bool) -> None:
    said = describe_stopped_service(app_service={**SERVICE, "migrate": "flask db upgrade"}, app_restore=is_rollback)
    assert (", and its migration was carried out. Fix" in said) is is_said


@pytest.mark.parametrize("migrate", [None, ""])
def test_a_service_without_a_migration_had_none(migrate: str | None) -> None:
    assert "migration" not in describe_stopped_service(app_service={**SERVICE, "migrate": migrate})


def test_the_load_balancer_answers_503_where_no_host_serves() -> None:
    """The first release of a stack fails on all hosts at once."""
    said = describe_stopped_service(app_service=BALANCED, app_deregistration={"target": {}})
    assert (
        "now (the load balancer sends requests to its other healthy hosts only, and without one it answers 503)."
        in said
    )


def test_a_target_that_stays_registered_is_reported() -> None:
    said = describe_stopped_service(app_service=BALANCED, app_deregistration={"msg": "the call was denied"})
    assert "now (the host could not be taken out of the load balancer: the call was denied)." in said


def test_releases_that_could_not_be_restored_are_named() -> None:
    said = describe_stopped_service(app_attempts=["release 2 (timeout)"], app_release_number=3)
    assert said.startswith("No earlier release could be restored: release 2 (timeout). api was stopped")
    assert "release 3 stay in /srv/api/releases/3" in said


@pytest.mark.parametrize(
    ("unsettled", "said"),
    [
        (["api"], ""),
        (["api", "web"], "\nThis run did not deploy to the host: web."),
        (["api", "web", "jobs"], "\nThis run did not deploy to the host: web, jobs."),
        ([], ""),
    ],
)
def test_services_that_were_left_out_are_named(unsettled: list[str], said: str) -> None:
    text = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))["app_left_out"]
    assert render(text, app_unsettled=unsettled) == said


def describe_reason(item: dict[str, Any]) -> str:
    text = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))["app_reason"]
    return render(text, app_failed_item=item)


@pytest.mark.parametrize(
    ("given", "why"),
    [(answer(503), "status 503"), (hang_up, "the server closed the connection without a response")],
)
def test_the_reason_of_a_failed_health_check_names_its_url(given: Answer, why: str) -> None:
    options = {name: argument.get("default") for name, argument in ARGUMENTS.items()}
    with serve_http(given) as server:
        url = f"{server.url}/health"
        result = run_http_gate({**options, "url": url, "timeout": 3.0}, False, FakeClock())
    assert describe_reason(result) == f"its health check {url} failed: {why}"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"msg": "web has ended:\n\x1b[31mError\x07"}, "web has ended:\n�[31mError�"),
        ({"msg": "the URL is wrong", "measurements": []}, "the URL is wrong"),
        ({}, "unknown"),
    ],
)
def test_the_reason_of_any_other_failure_is_its_message(item: dict[str, Any], reason: str) -> None:
    assert describe_reason(item) == reason
