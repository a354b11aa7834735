# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from typing import Any

import pytest
from labtools import Account, client, refused


@pytest.fixture
def elb(account: Account) -> Any:
    return client("elbv2", account.endpoint, account.number)


@pytest.fixture
def subnets(account: Account) -> list[str]:
    made = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")
    return [account.subnet, made["Subnet"]["SubnetId"]]


def make(elb: Any, account: Account, subnets: list[str], **more: Any) -> str:
    options = {
        "Name": "shop",
        "Subnets": subnets,
        "SecurityGroups": [account.group],
        "Scheme": "internet-facing",
        **more,
    }
    arn: str = elb.create_load_balancer(**options)["LoadBalancers"][0]["LoadBalancerArn"]
    return arn


def listener(elb: Any, account: Account, balancer: str) -> tuple[str, str]:
    """A listener, and the target group that it forwards to."""
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=account.vpc)["TargetGroups"][0]
    action = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    made = elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[action])
    return made["Listeners"][0]["ListenerArn"], group["TargetGroupArn"]


def rule(elb: Any, listener_arn: str, group: str, priority: int) -> str:
    made = elb.create_rule(
        ListenerArn=listener_arn,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    arn: str = made["Rules"][0]["RuleArn"]
    return arn


def test_a_name_is_taken_once(account: Account, elb: Any, subnets: list[str]) -> None:
    first = make(elb, account, subnets)
    assert make(elb, account, subnets) == first
    refusal = refused(make, elb, account, subnets, Scheme="internal")
    assert refusal == "DuplicateLoadBalancerName"
    assert refused(make, elb, account, subnets, Tags=[{"Key": "a", "Value": "b"}]) == "DuplicateLoadBalancerName"


def test_a_protected_one_is_not_deleted(account: Account, elb: Any, subnets: list[str]) -> None:
    arn = make(elb, account, subnets)
    on = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=on)
    assert refused(elb.delete_load_balancer, LoadBalancerArn=arn) == "OperationNotPermitted"
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=off)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_it_holds_its_subnets_and_groups(account: Account, elb: Any, subnets: list[str]) -> None:
    arn = make(elb, account, subnets)
    assert refused(account.ec2.delete_subnet, SubnetId=subnets[1]) == "DependencyViolation"
    assert refused(account.ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    elb.delete_load_balancer(LoadBalancerArn=arn)
    account.ec2.delete_subnet(SubnetId=subnets[1])
    account.ec2.delete_security_group(GroupId=account.group)


def test_a_port_has_one_listener(account: Account, elb: Any, subnets: list[str]) -> None:
    balancer = make(elb, account, subnets)
    _, group = listener(elb, account, balancer)
    again = {"LoadBalancerArn": balancer, "Port": 80, "Protocol": "HTTP"}
    action = {"Type": "forward", "TargetGroupArn": group}
    assert refused(elb.create_listener, **again, DefaultActions=[action]) == "DuplicateListener"
    elb.create_listener(**{**again, "Port": 81}, DefaultActions=[action])


def test_rules_change_places_in_one_call(account: Account, elb: Any, subnets: list[str]) -> None:
    where, group = listener(elb, account, make(elb, account, subnets))
    first, second = (rule(elb, where, group, priority) for priority in (1, 2))
    moved = [{"RuleArn": first, "Priority": 2}]
    assert refused(elb.set_rule_priorities, RulePriorities=moved) == "PriorityInUse"
    assert places(elb, where) == {first: "1", second: "2"}
    elb.set_rule_priorities(RulePriorities=[*moved, {"RuleArn": second, "Priority": 1}])
    assert places(elb, where) == {first: "2", second: "1"}


def places(elb: Any, listener_arn: str) -> dict[str, str]:
    rules = elb.describe_rules(ListenerArn=listener_arn)["Rules"]
    return {one["RuleArn"]: one["Priority"] for one in rules if not one["IsDefault"]}
