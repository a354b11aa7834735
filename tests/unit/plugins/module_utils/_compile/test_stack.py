# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents compile to the resources of their case."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.documents import CHECKOUT, cases, document_of, written

from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import find_property_problems
from ansible_collections.groundwork.aws.plugins.module_utils._engine.spread import choose_options
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

CASES = cases("compile")
EVERY_CASE = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def stack_of(case: Any) -> DesiredStack:
    """The stack of a case, where nothing exists yet."""
    stack = compile_stack(document_of(case))
    return replace(stack, resources=choose_options(stack.resources, existing=()))


def rules(stack: DesiredStack) -> dict[str, list[list[Any]]]:
    """The sources that may connect to each port of a security group."""
    found = {}
    for resource in stack.resources:
        if resource.type == "security_group" and resource.name != "extra":
            ingress = resource.properties["ingress"]
            assert all(rule["from_port"] == rule["to_port"] and rule["protocol"] == "tcp" for rule in ingress)
            peers = [rule["group"].address if "group" in rule else rule["cidr"] for rule in ingress]
            found[resource.name] = [[rule["from_port"], peer] for rule, peer in zip(ingress, peers, strict=True)]
    return found


def references(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references(item)


@EVERY_CASE
def test_derived_resources_are_within_the_limits_of_their_types(case: Any) -> None:
    for resource in compile_stack(document_of(case)).resources:
        assert find_property_problems(resource, REGISTRY) == [], resource.address


@EVERY_CASE
def test_resources(case: Any) -> None:
    stack = stack_of(case)
    by_address = {resource.address: written(resource) for resource in stack.resources}
    if "addresses" in case:
        assert list(by_address) == case["addresses"]
    for kind, addresses in case.get("only", {}).items():
        assert [address for address in by_address if address.startswith(f"{kind}/")] == addresses
    assert {address: by_address[address] for address in case.get("resources", {})} == case.get("resources", {})


@pytest.mark.parametrize("zones", [1, 2, 3])
def test_zones_stay_balanced_with_every_count(zones: int) -> None:
    names = [f"eu-central-1{letter}" for letter in "abc"[:zones]]
    subnets = {"public": {"cidrs": [f"10.0.{zone}.0/24" for zone in range(zones)]}, "private": None}
    network = {"zones": names, "subnets": subnets}
    before: dict[str, Any] = {}
    for count in range(1, 8):
        change = {"network": network, "instances": {"app": {"count": count}}}
        machines = [one for one in stack_of({"change": change}).resources if one.type == "instance"]
        places = {one.address: one.properties["subnet"].address for one in machines}
        numbers = [list(places.values()).count(f"subnet/public-{zone}") for zone in range(1, zones + 1)]
        assert max(numbers) - min(numbers) <= 1
        assert before.items() <= places.items(), "an instance moved to another zone"
        before = places


@EVERY_CASE
def test_ingress(case: Any) -> None:
    if "ingress" in case:
        assert rules(stack_of(case)) == case["ingress"]


@EVERY_CASE
def test_only_groups_of_databases_and_caches_have_no_egress(case: Any) -> None:
    """Without the property a group allows all egress, as AWS makes it."""
    groups = [one for one in stack_of(case).resources if one.type == "security_group" and one.name != "extra"]
    closed = {group.name for group in groups if group.properties.get("egress") == []}
    assert closed == {group.name for group in groups if group.name.startswith(("database-", "cache-"))}
    assert all("egress" not in group.properties for group in groups if group.name not in closed)


@EVERY_CASE
def test_outputs_and_tags(case: Any) -> None:
    stack = stack_of(case)
    assert written(stack.outputs) == case["outputs"]
    assert stack.tags == case.get("tags", {})


@EVERY_CASE
def test_references_lead_to_resources_of_the_stack(case: Any) -> None:
    stack = stack_of(case)
    addresses = [resource.address for resource in stack.resources]
    assert len(addresses) == len(set(addresses))
    named = references([[dict(resource.properties) for resource in stack.resources], dict(stack.outputs)])
    assert {ref.address for ref in named} <= set(addresses)


@EVERY_CASE
def test_the_engine_knows_all_types_and_properties(case: Any) -> None:
    """Types, properties, and the attributes that are referred to."""
    stack = stack_of(case)
    for resource in stack.resources:
        kind = REGISTRY[resource.type]
        known = {name.partition(".")[0] for name in kind.properties}
        assert set(resource.properties) <= known, resource.address
    for ref in references([[dict(resource.properties) for resource in stack.resources], dict(stack.outputs)]):
        kind = REGISTRY[ref.address.partition("/")[0]]
        assert ref.attribute in {*kind.schema.attributes, *kind.schema.name_attributes}, ref


@EVERY_CASE
def test_compiling_is_pure(case: Any) -> None:
    document = document_of(case)
    before = copy.deepcopy(document)
    assert compile_stack(document) == compile_stack(document)
    assert document == before


@EVERY_CASE
def test_priorities(case: Any) -> None:
    rules_of = [resource.properties for resource in stack_of(case).resources if resource.type == "listener_rule"]
    if "priorities" in case:
        assert {rule["paths"][0]: rule["priority"] for rule in rules_of} == case["priorities"]


def test_instances_are_spread() -> None:
    case = CASES["several instances, spread over the zones"]
    placed = {
        resource.name: resource.properties["subnet"].address.partition("/")[2]
        for resource in stack_of(case).resources
        if resource.type == "instance"
    }
    assert placed == case["subnets"]


# PORTS CONFIGURATION of the architecture's page, and who may connect.
PAGE = {
    "22: SSH access (your IP only)": ({"access": {"ssh_from": ["203.0.113.7/32"]}}, [22, "203.0.113.7/32"]),
    "80: HTTP traffic (public)": ({}, [80, "0.0.0.0/0"]),
    "3000: Express direct access (optional)": (
        {"services": {"web": {"allow_from": ["203.0.113.7/32"]}}},
        [3000, "203.0.113.7/32"],
    ),
    "5000: Flask direct access (optional)": (
        {"services": {"api": {"allow_from": ["203.0.113.7/32"]}}},
        [5000, "203.0.113.7/32"],
    ),
}


def test_the_single_instance_is_open_to_nothing_but_http() -> None:
    assert rules(stack_of({"topology": "single_instance"})) == {"app": [[80, "0.0.0.0/0"]]}


@pytest.mark.parametrize(("change", "rule"), PAGE.values(), ids=PAGE)
def test_the_single_instance_can_open_the_ports_of_the_page(change: Any, rule: Any) -> None:
    opened = rules(stack_of({"topology": "single_instance", "change": change}))["app"]
    assert sorted(opened) == sorted([[80, "0.0.0.0/0"], *([rule] if change else [])])


def test_the_stack_has_all_resources_of_the_page() -> None:
    change: dict[str, Any] = {"access": {}, "services": {"web": {}, "api": {}}}
    change["access"]["ssh_from"] = change["services"]["web"]["allow_from"] = ["203.0.113.7/32"]
    change["services"]["api"]["allow_from"] = ["203.0.113.7/32"]
    opened = rules(stack_of({"topology": "single_instance", "change": change}))["app"]
    assert sorted(opened) == sorted(rule for _change, rule in PAGE.values())


def test_no_topology_needs_a_type_that_accounts_on_the_free_plan_may_not_use() -> None:
    """Accounts on the free plan have t3 and t4g, but no type of the second generation."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((CHECKOUT / "topologies").glob("*.yml"))]
    types = [line.partition("#")[0] for text in texts for line in text.splitlines()]
    assert texts
    assert not [line for line in types if re.search(r"\b(?:db\.|cache\.)?t2\.", line)]
