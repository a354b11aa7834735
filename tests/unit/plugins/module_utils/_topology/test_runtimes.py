# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of runtimes, and what roles and playbooks have for each row."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._host.artifact import KINDS
from ansible_collections.groundwork.aws.plugins.module_utils._provision.source_checks import BUILDERS
from ansible_collections.groundwork.aws.plugins.module_utils._topology.rules.entries import ENTRY_FORMS
from ansible_collections.groundwork.aws.plugins.module_utils._topology.runtimes import (
    MANAGERS,
    RUNTIMES,
    Runtime,
    is_worker,
)

CHECKOUT = Path(__file__).resolve().parents[5]
ROLES = CHECKOUT / "roles"
ENTRIES = ("load", "stop", "logs", "status", "withdraw")
EVERY_RUNTIME = pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
STARTING_ROLES = sorted({roles[-1] for runtime in RUNTIMES.values() for roles in runtime.roles.values()})


def read(path: str) -> Any:
    return yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))


@EVERY_RUNTIME
def test_a_runtime_works_under_known_process_managers(runtime: Runtime) -> None:
    assert runtime.roles
    assert set(runtime.roles) <= set(MANAGERS)


@EVERY_RUNTIME
def test_every_role_of_a_runtime_is_there(runtime: Runtime) -> None:
    used = {role for roles in runtime.roles.values() for role in roles}
    assert [role for role in used if not (ROLES / role / "tasks/main.yml").is_file()] == []


@pytest.mark.parametrize("role", STARTING_ROLES)
def test_a_role_that_starts_services_has_every_entry(role: str) -> None:
    assert [entry for entry in ENTRIES if not (ROLES / role / f"tasks/{entry}.yml").is_file()] == []


@pytest.mark.parametrize("role", STARTING_ROLES)
def test_the_last_lines_of_a_log_have_the_name_of_the_role(role: str) -> None:
    assert f"{role}_last_lines:" in (ROLES / role / "tasks/logs.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("role", STARTING_ROLES)
def test_roles_of_runtimes_do_not_know_each_other(role: str) -> None:
    others = "|".join(other for other in STARTING_ROLES if other != role)
    # Of Python there is also the language.
    found = re.compile(rf"groundwork\.aws\.({others})\b|\b({others})_(?!launcher)\w+|\.\./({others})/")
    texts = {
        path: path.read_text(encoding="utf-8") for path in (ROLES / role).rglob("*") if path.suffix in (".yml", ".j2")
    }
    assert {str(path): found.findall(text) for path, text in texts.items() if found.search(text)} == {}


@EVERY_RUNTIME
def test_the_role_app_can_build_and_deliver_its_releases(runtime: Runtime) -> None:
    assert runtime.builder in read("roles/app/vars/main.yml")["app_builds"]
    assert runtime.builder in BUILDERS
    assert runtime.artifact in KINDS
    for task in ("resolve", "deliver"):
        assert (ROLES / f"app/tasks/{task}_{runtime.artifact}.yml").is_file()


def test_the_role_app_takes_every_runtime() -> None:
    options = read("roles/app/meta/argument_specs.yml")["argument_specs"]["main"]["options"]["app_services"]["options"]
    assert options["runtime"]["choices"] == list(RUNTIMES)
    assert options["builder"]["choices"] == list(dict.fromkeys(one.builder for one in RUNTIMES.values()))
    assert options["artifact"]["choices"] == list(KINDS)


@EVERY_RUNTIME
def test_its_entry_has_a_form_that_rules_check(runtime: Runtime) -> None:
    assert runtime.entry in ENTRY_FORMS
    assert runtime.serves in ("always", "optional", "never")


@pytest.mark.parametrize(
    ("port", "socket", "expected"), [(None, False, True), (80, False, False), (None, True, False), (80, True, False)]
)
def test_a_worker_listens_nowhere(port: int | None, socket: bool, expected: bool) -> None:
    assert is_worker({"port": port, "socket": socket}) is expected
