# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selection: changes that move traffic, unselected changes, and changes that need an unselected one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Plan, desired_tags, make_plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.references import resolve_references
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.selection import (
    plan_selected,
    select_changes,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

VPC = DesiredResource("vpc", "main", {"cidr": "10.0.0.0/16"})
SUBNET = DesiredResource("subnet", "a", {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
GROUP = DesiredResource("target_group", "web", {"vpc": Ref("vpc/main"), "port": 80})


def machine(number: int, kind: str = "t3.micro", **more: Any) -> DesiredResource:
    properties = {"image": "ami-11111111", "type": kind, "subnet": Ref("subnet/a"), **more}
    return DesiredResource("instance", f"web-{number}", properties, {"groundwork:group": "web"})


def member(number: int) -> DesiredResource:
    name = f"web-{number}"
    properties = {"target_group": Ref("target_group/web"), "instance": Ref(f"instance/{name}"), "port": 80}
    return DesiredResource("target", f"web--{name}", properties)


def address(number: int) -> DesiredResource:
    return DesiredResource("elastic_ip", f"web-{number}", {"instance": Ref(f"instance/web-{number}")})


def web(count: int, kind: str = "t3.micro", **more: Any) -> list[DesiredResource]:
    """A service with so many instances, each with an address and in the target group."""
    numbers = range(1, count + 1)
    parts = [part for number in numbers for part in (machine(number, kind, **more), member(number), address(number))]
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

    def plan_with_held(held: frozenset[str]) -> Plan:
        return make_plan(stack, existing, REGISTRY, held=held)

    return plan_selected(stack, existing, REGISTRY, plan_with_held, only, traffic)


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
    (spare,) = select_changes(stack, found, REGISTRY, ["vpc/main"], True).changes
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


def alarm(*numbers: int) -> DesiredResource:
    """An alarm about the CPUs of some instances together."""
    metrics = {
        f"m{number}": {
            "metric": "CPUUtilization",
            "namespace": "AWS/EC2",
            "dimensions": {"InstanceId": Ref(f"instance/web-{number}")},
        }
        for number in numbers
    }
    properties = {
        "comparison": "GreaterThanThreshold",
        "threshold": 80,
        "metrics": metrics,
        "expression": "AVG(METRICS())",
    }
    return DesiredResource("alarm", "cpu", properties)


OLD, NEW = {"public_ip": False}, {"public_ip": True}
OF_ONE = ["elastic_ip/web-1", "instance/web-1", "target/web--web-1"]


def test_a_replacement_is_left_with_all_that_exists_only_because_of_it() -> None:
    found = plan(web(1, **OLD), web(1, **NEW), traffic=False)
    assert (done(found), left(found)) == ([], OF_ONE)
    assert parts(found) == dict.fromkeys(OF_ONE, "replace")
    assert found.held == {"instance/web-1"}


@pytest.mark.parametrize("more", [{"image": "ami-22222222"}, {"user_data": "#!/bin/sh"}, {"public_ip": True}])
def test_each_property_that_needs_a_new_instance_makes_a_replacement(more: dict[str, Any]) -> None:
    now = web(1, **OLD)
    existing = [item for item in alive(now) if item.type == "instance"]
    existing[0].properties["user_data"] = ""
    stack = DesiredStack("shop", "us-east-1", (SUBNET, VPC, machine(1, **{**OLD, **more})))
    others = [item for item in alive(now) if item.type in ("vpc", "subnet")]
    found = plan_selected(
        stack,
        [*existing, *others],
        REGISTRY,
        lambda held: make_plan(stack, [*existing, *others], REGISTRY, held=held),
        traffic=False,
    )
    assert [(change.key, change.part) for change in found.unselected] == [("instance/web-1", "replace")]
    assert found.changes == ()
    assert "the data on its root volume is lost" in found.unselected[0].reason


def test_without_a_selection_everything_is_replaced_at_once() -> None:
    found = plan(web(2, **OLD), web(2, **NEW))
    assert set(parts(found).values()) == {"replace"}
    assert (len(done(found)), left(found), found.held) == (6, [], set())


def test_of_a_group_only_the_named_instance_is_replaced() -> None:
    now = [item for item in web(2, **OLD) if item.address != "target/web--web-1"]
    found = plan(now, web(2, **NEW), only=["instance/web-1"])
    assert done(found) == ["elastic_ip/web-1", "instance/web-1"]
    assert left(found) == ["elastic_ip/web-2", "instance/web-2", "target/web--web-1", "target/web--web-2"]
    assert parts(found)["target/web--web-1"] == "join"
    assert found.held == {"instance/web-2"}


def test_a_registered_instance_is_not_replaced_alone() -> None:
    (problem,) = plan(web(2, **OLD), web(2, **NEW), only=["instance/web-1"]).problems
    assert problem == ("instance/web-1: target/web--web-1 sends it requests: deregister it first, as replace.yml does")
    both = plan(web(2, **OLD), web(2, **NEW), only=["instance/web-1", "target/web--web-1"])
    assert done(both) == OF_ONE


def test_what_several_instances_share_changes_with_the_replaced_one_only() -> None:
    now = [item for item in [*web(2, **OLD), alarm(1, 2)] if item.address != "target/web--web-1"]
    found = plan(now, [*web(2, **NEW), alarm(1, 2)], only=["instance/web-1"])
    assert "alarm/cpu" in done(found)
    (change,) = [change for change in found.changes if change.key == "alarm/cpu"]
    ids = [metric["dimensions"]["InstanceId"] for metric in (change.after or {})["metrics"].values()]
    assert ids == ["<instance/web-1.id>", "id:instance/web-2"]


def test_an_unnamed_replacement_changes_nothing_of_what_is_named() -> None:
    found = plan([*web(1, **OLD), alarm(1)], [*web(1, **NEW), alarm(1)], only=["alarm/cpu", "elastic_ip/web-1"])
    assert done(found) == []
    assert left(found) == ["alarm/cpu", *OF_ONE]


def test_an_instance_that_is_left_is_changed_in_place_without_a_stop() -> None:
    group = DesiredResource("security_group", "web", {"vpc": Ref("vpc/main"), "description": "web"})
    now = [group, *web(1, **OLD)]
    then = [group, *web(1, "t3.small", security_groups=[Ref("security_group/web")], **NEW)]
    found = plan(now, then, traffic=False)
    (change,) = found.changes
    assert (change.key, change.action, change.changed) == ("instance/web-1", "update", {"security_groups"})
    assert change.desired is not None
    assert change.desired.properties["type"] == "t3.micro"
    assert parts(found)["instance/web-1"] == "replace"


def test_an_address_that_is_not_kept_is_deleted_with_the_instance_that_has_it() -> None:
    now = [item for item in web(2, **OLD) if item.address != "target/web--web-1"]
    then = [item for item in web(2, **NEW) if item.type != "elastic_ip"]
    kept = plan(now, then, traffic=False)
    assert (done(kept), left(kept)[:2]) == ([], ["elastic_ip/web-1", "elastic_ip/web-2"])
    first = plan(now, then, only=["instance/web-1"])
    assert done(first) == ["elastic_ip/web-1", "instance/web-1"]
    assert "elastic_ip/web-2" in left(first)


def test_an_instance_that_is_left_is_deregistered_from_a_removed_group() -> None:
    other = DesiredResource("target_group", "api", GROUP.properties)
    properties = {**member(1).properties, "target_group": Ref("target_group/api")}
    now = [*web(1, **OLD), other, DesiredResource("target", "api--web-1", properties)]
    assert done(plan(now, web(1, **NEW), traffic=False)) == ["target/api--web-1", "target_group/api"]


def test_an_address_that_is_new_goes_to_the_instance_that_is_left() -> None:
    now = [item for item in web(1, **OLD) if item.type != "elastic_ip"]
    found = plan(now, web(1, **NEW), traffic=False)
    assert (done(found), left(found)) == (["elastic_ip/web-1"], ["instance/web-1", "target/web--web-1"])


def test_a_volume_that_would_shrink_is_left_with_the_replacement() -> None:
    now, then = web(1, volume={"size": 20}, **OLD), web(1, volume={"size": 10}, **NEW)
    found = plan(now, then, traffic=False)
    assert (done(found), left(found)) == ([], OF_ONE)


def test_new_instances_of_a_group_are_made_while_others_are_left() -> None:
    found = plan(web(1, **OLD), web(2, **NEW), traffic=False)
    assert done(found) == ["elastic_ip/web-2", "instance/web-2"]
    assert left(found) == [*OF_ONE[:2], "target/web--web-1", "target/web--web-2"]
    assert parts(found)["target/web--web-2"] == "join"


def test_another_group_is_created_while_replacements_are_left() -> None:
    other = DesiredResource("instance", "api-1", machine(1).properties, {"groundwork:group": "api"})
    found = plan(web(1, **OLD), [*web(1, **NEW), other], traffic=False)
    assert (done(found), left(found)) == (["instance/api-1"], OF_ONE)


def test_a_raw_instance_is_replaced_at_once() -> None:
    raw = DesiredResource("instance", "n", {**machine(1).properties, **OLD})
    found = plan([VPC, SUBNET, raw], [VPC, SUBNET, replace(raw, properties={**raw.properties, **NEW})], traffic=False)
    assert (done(found), parts(found)) == (["instance/n"], {"instance/n": ""})


def test_instances_that_never_got_a_request_are_replaced_at_once() -> None:
    now = [item for item in web(2, **OLD) if item.type != "target"]
    found = plan(now, web(2, **NEW), traffic=False)
    assert done(found) == ["elastic_ip/web-1", "elastic_ip/web-2", "instance/web-1", "instance/web-2"]
    assert left(found) == ["target/web--web-1", "target/web--web-2"]
    # With one registered instance the group serves.
    now = [item for item in web(2, **OLD) if item.address != "target/web--web-2"]
    assert "instance/web-2" in left(plan(now, web(2, **NEW), traffic=False))


def test_an_instance_without_any_registration_in_the_document_counts_as_serving() -> None:
    now, then = [VPC, SUBNET, machine(1, **OLD)], [VPC, SUBNET, machine(1, **NEW)]
    assert left(plan(now, then, traffic=False)) == ["instance/web-1"]


def test_an_instance_goes_with_its_subnet() -> None:
    moved = DesiredResource("subnet", "a", {**SUBNET.properties, "cidr": "10.0.9.0/24"})
    then = [moved if item is SUBNET else item for item in web(1)]
    found = plan(web(1), then, traffic=False)
    assert {"instance/web-1", "subnet/a"} <= set(done(found))


def test_a_group_moves_to_another_subnet_while_the_old_one_stays() -> None:
    other = DesiredResource("subnet", "b", {**SUBNET.properties, "cidr": "10.0.2.0/24"})
    then = [other, *web(1, subnet=Ref("subnet/b"))]
    found = plan(web(1), then, traffic=False)
    assert (done(found), left(found)) == (["subnet/b"], OF_ONE)


def test_an_adopted_instance_is_no_replacement() -> None:
    stack, existing = DesiredStack("shop", "us-east-1", tuple(web(1, **NEW))), alive(web(1, **OLD))
    adopted = {"instance/web-1": next(item for item in existing if item.type == "instance")}
    owned = [item for item in existing if item.type != "instance"]
    found = plan_selected(
        stack,
        owned,
        REGISTRY,
        lambda held: make_plan(stack, owned, REGISTRY, adopted=adopted, held=held),
        traffic=False,
        adopted=adopted,
    )
    assert any("cannot be adopted" in problem for problem in found.problems)
