# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selection: changes that move traffic, unselected changes, and changes that need an unselected one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Plan, desired_tags, make_plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.references import resolve_references
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.selection import (
    label_traffic_changes,
    select_changes,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

VPC = DesiredResource("vpc", "main", {"cidr": "10.0.0.0/16"})
SUBNET = DesiredResource("subnet", "a", {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
GROUP = DesiredResource("target_group", "web", {"vpc": Ref("vpc/main"), "port": 80})


def machine(number: int, kind: str = "t3.micro") -> DesiredResource:
    properties = {"image": "ami-11111111", "type": kind, "subnet": Ref("subnet/a")}
    return DesiredResource("instance", f"web-{number}", properties, {"groundwork:group": "web"})


def member(number: int) -> DesiredResource:
    name = f"web-{number}"
    properties = {"target_group": Ref("target_group/web"), "instance": Ref(f"instance/{name}"), "port": 80}
    return DesiredResource("target", f"web--{name}", properties)


def address(number: int) -> DesiredResource:
    return DesiredResource("elastic_ip", f"web-{number}", {"instance": Ref(f"instance/web-{number}")})


def web(count: int, kind: str = "t3.micro") -> list[DesiredResource]:
    """A service with so many instances, each with an address and in the target group."""
    numbers = range(1, count + 1)
    parts = [part for number in numbers for part in (machine(number, kind), member(number), address(number))]
    return [VPC, SUBNET, GROUP, *parts]


def alive(resources: Sequence[DesiredResource]) -> list[ActualResource]:
    found = []
    for desired in resources:
        kind = REGISTRY[desired.type]
        properties = kind.schema.with_defaults(resolve_references(desired.properties, lambda ref: f"id:{ref.address}"))
        properties.pop("user_data", None)  # is a digest there
        tags = desired_tags(DesiredStack("shop", "us-east-1", ()), desired, kind)
        identifier = f"id:{desired.address}"
        found.append(ActualResource(desired.type, desired.name, identifier, properties, {"id": identifier}, tags))
    return found


def plan(
    now: Sequence[DesiredResource],
    then: Sequence[DesiredResource],
    only: Sequence[str] | None = None,
    traffic: bool = True,
) -> Plan:
    stack, existing = DesiredStack("shop", "us-east-1", tuple(then)), alive(now)
    return select_changes(
        stack, label_traffic_changes(stack, make_plan(stack, existing, REGISTRY), existing, REGISTRY), only, traffic
    )


def parts(found: Plan) -> dict[str, str]:
    return {change.key: change.part for change in (*found.changes, *found.unselected)}


def done(found: Plan) -> list[str]:
    assert found.problems == ()
    return [change.key for change in found.changes]


def left(found: Plan) -> list[str]:
    return [change.key for change in found.unselected]


def test_a_target_of_a_new_instance_joins_traffic() -> None:
    found = plan(web(1), web(2), traffic=False)
    assert parts(found) == {"elastic_ip/web-2": "", "instance/web-2": "", "target/web--web-2": "join"}
    assert done(found) == ["elastic_ip/web-2", "instance/web-2"]
    assert left(found) == ["target/web--web-2"]


def test_a_target_that_never_joined_joins_traffic() -> None:
    now = [item for item in web(2) if item.address != "target/web--web-2"]
    assert left(plan(now, web(2), traffic=False)) == ["target/web--web-2"]


def test_a_surplus_instance_is_retired_with_all_that_refers_to_it() -> None:
    found = plan(web(2), web(1), traffic=False)
    assert done(found) == []
    assert parts(found) == dict.fromkeys(("elastic_ip/web-2", "instance/web-2", "target/web--web-2"), "retire")


def test_another_instance_type_is_a_resize() -> None:
    found = plan(web(2), web(2, "t3.small"), traffic=False)
    assert (done(found), parts(found)) == ([], {"instance/web-1": "resize", "instance/web-2": "resize"})


def test_targets_of_a_new_group_of_serving_instances_do_not_join_traffic() -> None:
    now = [item for item in web(2) if item.type not in ("target", "target_group")]
    assert done(plan(now, web(2), traffic=False)) == ["target/web--web-1", "target/web--web-2", "target_group/web"]


@pytest.mark.parametrize("then", [[VPC, SUBNET, GROUP], []])
def test_instances_of_a_removed_group_are_no_retirement(then: list[DesiredResource]) -> None:
    found = plan(web(2), then, traffic=False)
    assert left(found) == []
    assert {change.action for change in found.changes} == {"delete"}


def test_a_resource_in_use_by_an_unselected_one_is_not_deleted() -> None:
    tier = DesiredResource("subnet", "b", {**SUBNET.properties, "cidr": "10.0.2.0/24"})
    moved = DesiredResource("instance", "web-2", {**machine(2).properties, "subnet": Ref("subnet/b")}, machine(2).tags)
    now = [*web(1), tier, moved]
    assert plan(now, web(1), traffic=False).problems == (
        "subnet/b: instance/web-2 uses it, and is not selected (delete, not in the document): do that first",
    )


def test_only_named_addresses_are_changed() -> None:
    found = plan(web(1), web(3), only=["instance/web-2", "elastic_ip/web-2", "vpc/main"])
    assert done(found) == ["elastic_ip/web-2", "instance/web-2"]
    assert left(found) == ["elastic_ip/web-3", "instance/web-3", "target/web--web-2", "target/web--web-3"]
    assert left(plan(web(1), web(2), only=[])) == ["elastic_ip/web-2", "instance/web-2", "target/web--web-2"]


def test_a_duplicate_is_named_by_its_address() -> None:
    stack = DesiredStack("shop", "us-east-1", (VPC,))
    (one,) = alive([VPC])
    found = make_plan(stack, [one, replace(one, id="id:other")], REGISTRY)
    (spare,) = select_changes(stack, found, ["vpc/main"], True).changes
    assert (spare.action, spare.reason) == ("delete", "duplicate of id:other")


@pytest.mark.parametrize(
    ("now", "then", "only", "problem"),
    [
        (web(1), web(1), "instance/web-9", "only: instance/web-9: is neither in the topology nor in the account"),
        (web(1), web(2), "elastic_ip/web-2", "elastic_ip/web-2: needs instance/web-2, which is not selected (create"),
        ([], web(1), "instance/web-1", "instance/web-1: needs subnet/a, which is not selected (create, missing)"),
        (web(2), web(1), "instance/web-2", "instance/web-2: target/web--web-2 uses it, and is not selected (delete"),
    ],
    ids=["unknown address", "needs an unselected creation", "needs an unselected network", "in use"],
)
def test_a_change_that_needs_an_unselected_one_is_a_problem(
    now: list[DesiredResource], then: list[DesiredResource], only: str, problem: str
) -> None:
    assert any(text.startswith(problem) for text in plan(now, then, only=[only]).problems)
