# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A load balancer in the life of a stack: its parts are listed one inside another, and rules change places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from rig.stacks import Stack, Stacks, base_of

BALANCED = base_of("balanced")


def rules(stack: Stack) -> dict[str, Any]:
    """The actions of the listener by the priority of its rules."""
    elb = stack.account.client("elbv2")
    answer = elb.describe_rules(ListenerArn=stack.id_of("listener/http"))["Rules"]
    return {rule["Priority"]: rule["Actions"][0]["Type"] for rule in answer}


def targets(stack: Stack) -> list[str]:
    """The instances in the first target group."""
    answer = stack.account.client("elbv2").describe_target_health(TargetGroupArn=stack.id_of("target_group/web"))
    return [one["Target"]["Id"] for one in answer["TargetHealthDescriptions"]]


def machines(stack: Stack) -> list[str]:
    """The instances that live; their volumes bear the same tags."""
    found = stack.account.client("ec2").describe_instances()["Reservations"]
    return [one["InstanceId"] for item in found for one in item["Instances"] if one["State"]["Name"] == "running"]


def test_a_stack_is_created_and_deleted(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    (balancer,) = stack.account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["LoadBalancerName"] == "balanced-main"
    assert balancer["State"]["Code"] == "active"
    assert rules(stack) == {"1": "forward", "2": "redirect", "default": "forward"}
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()


def test_rules_swap_priorities(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    swapped = {"resources": {"listener_rule/users": {"priority": 2}, "listener_rule/old": {"priority": 1}}}
    outcome = stack.present(swapped)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {"listener_rule/old": "update", "listener_rule/users": "update"}
    assert rules(stack) == {"1": "redirect", "2": "forward", "default": "forward"}
    stack.assert_quiet(swapped)


def test_a_rule_gets_a_priority_before_the_others(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    action = {"redirect": {"path": "/"}}
    first = {"listener": {"ref": "listener/http"}, "priority": 1, "paths": ["/new"], "action": action}
    moved = {"listener_rule/users": {"priority": 2}, "listener_rule/old": {"priority": 3}}
    put = {"resources": {"listener_rule/first": first, **moved}}
    outcome = stack.present(put)
    assert outcome.ok, str(outcome)
    assert rules(stack) == {"1": "redirect", "2": "forward", "3": "redirect", "default": "forward"}
    stack.assert_quiet(put)


def test_a_target_group_is_created_before_the_old_one_is_deleted(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    moved = {"resources": {"target_group/web": {"port": 8080}}}
    outcome = stack.present(moved)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {
        "listener/http": "update",
        "target/web--web-1": "replace",
        "target_group/web": "replace",
    }
    (group,) = [
        one
        for one in stack.account.client("elbv2").describe_target_groups()["TargetGroups"]
        if one["TargetGroupArn"] == stack.id_of("target_group/web")
    ]
    assert group["Port"] == 8080
    assert group["TargetGroupName"].startswith("balanced-web-")
    stack.assert_quiet(moved)


def test_an_instance_is_registered_and_deregistered(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    before = machines(stack)
    assert targets(stack) == before
    alone = {"resources": {"target/web--web-1": None}}
    outcome = stack.present(alone)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {"target/web--web-1": "delete"}
    assert targets(stack) == []
    assert stack.info().result["drift"]["missing"] == ["target/web--web-1"]
    assert stack.present().actions == {"target/web--web-1": "create"}
    moved = {"resources": {"instance/web-1": {"subnet": {"ref": "subnet/public-2"}}}}
    outcome = stack.present(moved)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {"instance/web-1": "replace", "target/web--web-1": "replace"}
    assert targets(stack) == machines(stack) != before
    stack.assert_quiet(moved)


def test_resources_that_the_document_no_longer_has_are_found_by_their_tags(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    left = {"resources": dict.fromkeys(_parts())}
    outcome = stack.present(left)
    assert outcome.ok, str(outcome)
    assert outcome.actions == dict.fromkeys(_parts(), "delete")
    stack.assert_quiet(left)


def _parts() -> list[str]:
    return [
        "instance/web-1",
        "listener/http",
        "listener_rule/old",
        "listener_rule/users",
        "load_balancer/main",
        "target/web--web-1",
        "target_group/users",
        "target_group/web",
    ]


@pytest.mark.long
def test_an_existing_load_balancer_is_adopted_with_its_listeners(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    elb = stack.account.client("elbv2")
    parts = {address: stack.id_of(address) for address in ("load_balancer/main", "listener/http", "listener_rule/old")}
    balancer = parts["load_balancer/main"]
    elb.remove_tags(ResourceArns=[balancer], TagKeys=["groundwork:stack", "groundwork:resource"])
    assert "name it under adopt" in stack.present().message
    assert "is no load_balancer in us-east-1" in stack.present(adopt={"load_balancer/main": balancer + "0"}).message
    outcome = stack.present(adopt={"load_balancer/main": balancer})
    assert outcome.ok, str(outcome)
    assert {address: stack.id_of(address) for address in parts} == parts
    stack.assert_quiet()


def test_drift_is_reported_and_corrected(stacks: Stacks) -> None:
    stack = stacks(BALANCED)
    stack.made()
    elb = stack.account.client("elbv2")
    group = stack.id_of("target_group/users")
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/wrong")
    slow: list[Mapping[str, str]] = [{"Key": "deregistration_delay.timeout_seconds", "Value": "900"}]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=slow)
    elb.delete_rule(RuleArn=stack.id_of("listener_rule/old"))
    drift = stack.info().result["drift"]
    assert {(one["address"], one["property"]) for one in drift["changed"]} == {
        ("target_group/users", "attributes"),
        ("target_group/users", "health"),
    }
    assert drift["missing"] == ["listener_rule/old"]
    outcome = stack.present()
    assert outcome.actions == {"listener_rule/old": "create", "target_group/users": "update"}
    stack.assert_quiet()
