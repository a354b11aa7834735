# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents and instances give the variables and groups of hosts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from support.documents import cases, document_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import (
    INSTANCE_KEYS,
    host_groups,
    host_variables,
)

CASES = cases("hosts", Path(__file__).parent)
EVERY_CASE = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def instance_of(case: Any) -> dict[str, Any]:
    return {**dict.fromkeys(INSTANCE_KEYS), "id": "i-0", "type": "t3.micro", **case["instance"]}


def variables_of(case: Any) -> dict[str, Any]:
    return host_variables(None if case.get("without") else document_of(case), instance_of(case))


@EVERY_CASE
def test_groups(case: Any) -> None:
    assert host_groups(None if case.get("without") else document_of(case), instance_of(case)) == case["groups"]


@EVERY_CASE
def test_variables(case: Any) -> None:
    found = variables_of(case)
    assert {key: found[key] for key in case.get("variables", {})} == case.get("variables", {})
    assert not set(found) & set(case.get("absent", ()))


@EVERY_CASE
def test_services(case: Any) -> None:
    services = {service["name"]: service for service in variables_of(case).get("groundwork_services", ())}
    if "services" in case:
        said = [{key: value for key, value in service.items() if key != "source"} for service in services.values()]
        assert said == case["services"]
    if "binds" in case:
        assert {name: service["bind"] for name, service in services.items()} == case["binds"]
    for several in ("sockets", "sources", "roles", "rollouts", "calls", "balanced", "databases", "caches", "secrets"):
        key = several.removesuffix("s") if several in ("sockets", "sources", "roles", "rollouts") else several
        assert {name: services[name][key] for name in case.get(several, {})} == case.get(several, {})


@EVERY_CASE
def test_host_variables_do_not_change_the_document(case: Any) -> None:
    document, instance = document_of(case), instance_of(case)
    before = copy.deepcopy((document, instance))
    assert host_variables(document, instance) == host_variables(document, instance)
    assert (document, instance) == before
