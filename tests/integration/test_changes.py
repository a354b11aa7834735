# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every property that can change: brought in place where AWS can, by replacement where it cannot.

The proof is the same for all: a stack that came from one document to another holds exactly what a stack holds that
was made from the other one in the first place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from rig.faults import Call, Do, Fail, named
from rig.runs import Run
from rig.stacks import DATA, Stack, Stacks, assert_same, for_each, merge_documents

OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx0h0Rg3V7KeQ6VrbbYpX3Wg4cW2pXnO3yS1sYhG9aZ"
ZONES = {"zones": ["us-east-1a", "us-east-1b"]}
TWO_SUBNETS = {"network": {**ZONES, "subnets": {"public": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"]}}}}
# A group that is replaced cannot have the name of the old one, which is there until nothing uses it any more.
SUFFIX = r"(?<=single-instance-b)-[0-9a-f]{6}\b"
NO_DATA = {"instances": {"app": {"protect": False}}}


def vpc(attribute: str = "id") -> dict[str, str]:
    return {"ref": "vpc/main", "attribute": attribute}


def reference_to(address: str, attribute: str = "id") -> dict[str, str]:
    return {"ref": address, "attribute": attribute}


def raw(**bodies: Any) -> dict[str, Any]:
    """Raw resources; a type and a name are joined by two underscores here."""
    return {"resources": {address.replace("__", "/"): body for address, body in bodies.items()}}


@dataclass(frozen=True)
class Case:
    """From one document to another, and what the plan must say of the way."""

    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    actions: Mapping[str, str]
    allow: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.what


WORLD = [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr": "0.0.0.0/0", "description": "HTTPS"}]
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Action": "s3:PutObject"}]}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ROLE = {"principal": "ec2.amazonaws.com", "description": "One"}


def machine(**more: Any) -> dict[str, Any]:
    subnet, group = reference_to("subnet/public-1"), reference_to("security_group/app")
    return {"image": "al2023", "type": "t3.micro", "subnet": subnet, "security_groups": [group], **more}


def table(destination: str) -> dict[str, Any]:
    return {"vpc": vpc(), "routes": [{"destination": destination, "gateway": reference_to("internet_gateway/main")}]}


def within(group: str) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": 6379, "to_port": 6379, "group": reference_to(group)}


IN_PLACE: dict[str, list[Case]] = {
    "more of everything": [
        Case(
            "SSH", {}, {"access": {"ssh_from": ["192.0.2.0/24", "198.51.100.0/24"]}}, {"security_group/app": "update"}
        ),
        Case("port of the proxy", {}, {"proxy": {"port": 8080}}, {"security_group/app": "update"}),
        Case(
            "direct access", {}, {"services": {"web": {"allow_from": ["0.0.0.0/0"]}}}, {"security_group/app": "update"}
        ),
        Case("instance type", {}, {"instances": {"app": {"type": "t3.small"}}}, {DATA: "update"}),
        Case("volume", {}, {"instances": {"app": {"volume": {"size": 12}}}}, {DATA: "update"}),
        Case("one zone more", {}, TWO_SUBNETS, {"subnet/public-2": "create", "route_table/public": "update"}),
    ],
    "fewer doors, and two machines": [
        Case("SSH from no address", {}, {"access": {"ssh_from": []}}, {"security_group/app": "update"}),
        Case("protection", {}, NO_DATA, {DATA: "update"}),
        Case(
            "one instance more",
            {},
            {"instances": {"app": {"count": 2}}},
            {"instance/app-2": "create", "elastic_ip/app-2": "create"},
        ),
    ],
    "a zone less": [
        Case("one zone less", TWO_SUBNETS, {}, {"subnet/public-2": "delete", "route_table/public": "update"}),
    ],
    "raw resources": [
        Case(
            "names in the VPC",
            raw(vpc__a={"cidr": "10.1.0.0/16", "dns_hostnames": True, "dns_support": True}),
            raw(vpc__a={"cidr": "10.1.0.0/16", "dns_hostnames": False, "dns_support": False}),
            {"vpc/a": "update"},
        ),
        Case(
            "public addresses of a subnet",
            raw(subnet__b={"vpc": vpc(), "cidr": "10.0.9.0/24", "zone": "us-east-1a", "public_ip_on_launch": False}),
            raw(subnet__b={"vpc": vpc(), "cidr": "10.0.9.0/24", "zone": "us-east-1a", "public_ip_on_launch": True}),
            {"subnet/b": "update"},
        ),
        Case(
            "routes",
            raw(route_table__c=table("198.51.100.0/24")),
            raw(route_table__c=table("203.0.113.0/24")),
            {"route_table/c": "update"},
        ),
        Case(
            "rules in both directions, of a group that names itself",
            raw(security_group__d={"vpc": vpc(), "description": "b", "ingress": WORLD}),
            raw(
                security_group__d={
                    "vpc": vpc(),
                    "description": "b",
                    "ingress": [within("security_group/d")],
                    "egress": [{"protocol": "-1", "from_port": -1, "to_port": -1, "cidr": "10.0.0.0/16"}],
                }
            ),
            {"security_group/d": "update"},
        ),
        Case(
            "the description of a rule",
            raw(security_group__e={"vpc": vpc(), "description": "b", "ingress": WORLD}),
            raw(security_group__e={"vpc": vpc(), "description": "b", "ingress": [{**WORLD[0], "description": "TLS"}]}),
            {"security_group/e": "update"},
        ),
        Case(
            "the policies of a role",
            raw(iam_role__f={**ROLE, "inline_policies": {"a": POLICY, "b": POLICY}}),
            raw(
                iam_role__f={
                    "principal": "ecs-tasks.amazonaws.com",
                    "description": "Two",
                    "managed_policies": [READ_ONLY],
                    "inline_policies": {"a": OTHER_POLICY, "c": POLICY},
                }
            ),
            {"iam_role/f": "update"},
        ),
        Case(
            "the role of an instance profile",
            raw(iam_role__g=ROLE, iam_role__h=ROLE, instance_profile__g={"role": reference_to("iam_role/g", "name")}),
            raw(iam_role__g=ROLE, iam_role__h=ROLE, instance_profile__g={"role": reference_to("iam_role/h", "name")}),
            {"instance_profile/g": "update"},
        ),
        Case(
            "groups, profile and metadata of an instance",
            raw(instance__i=machine()),
            raw(
                security_group__i={"vpc": vpc(), "description": "b"},
                instance__i=machine(
                    security_groups=[reference_to("security_group/i")],
                    instance_profile=reference_to("instance_profile/app", "name"),
                    metadata={"http_tokens": "required", "hop_limit": 2, "instance_tags": "disabled"},
                    termination_protection=True,
                ),
            ),
            {"security_group/i": "create", "instance/i": "update"},
        ),
        Case(
            "an address that moves",
            raw(instance__j=machine(), instance__k=machine(), elastic_ip__j={"instance": reference_to("instance/j")}),
            raw(instance__j=machine(), instance__k=machine(), elastic_ip__j={"instance": reference_to("instance/k")}),
            {"elastic_ip/j": "update"},
        ),
        Case(
            "groups that name each other go",
            raw(
                security_group__l={"vpc": vpc(), "description": "b", "ingress": [within("security_group/m")]},
                security_group__m={"vpc": vpc(), "description": "c", "ingress": [within("security_group/l")]},
            ),
            {},
            {"security_group/l": "delete", "security_group/m": "delete"},
        ),
    ],
}

WHOLE_NETWORK = {
    "internet_gateway/main": "replace",
    "subnet/public-1": "replace",
    "vpc/main": "replace",
    "security_group/app": "replace",
    "route_table/public": "replace",
    DATA: "replace",
    "elastic_ip/app-1": "update",
}
REPLACED: dict[str, list[Case]] = {
    "alone": [
        Case("key pair", {}, {"access": {"public_key": OTHER_KEY}}, {"key_pair/main": "replace"}),
        Case(
            "user data",
            raw(instance__n=machine(user_data="#!/bin/sh\necho one")),
            raw(instance__n=machine(user_data="#!/bin/sh\necho two")),
            {"instance/n": "replace"},
        ),
        Case(
            "the description of a group",
            raw(security_group__b={"vpc": vpc(), "description": "b", "ingress": WORLD}),
            raw(security_group__b={"vpc": vpc(), "description": "c", "ingress": WORLD}),
            {"security_group/b": "replace"},
        ),
    ],
    "a subnet": [
        Case(
            "the range of a subnet takes its machine along",
            NO_DATA,
            {**NO_DATA, "network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}},
            {
                "subnet/public-1": "replace",
                "route_table/public": "update",
                DATA: "replace",
                "elastic_ip/app-1": "update",
            },
        ),
    ],
    "the network": [
        Case(
            "the range of the network takes everything along",
            NO_DATA,
            {**NO_DATA, "network": {"cidr": "10.7.0.0/16", "subnets": {"public": {"cidrs": ["10.7.1.0/24"]}}}},
            WHOLE_NETWORK,
        ),
    ],
    "an address": [
        Case(
            "from an elastic to a public address",
            {},
            {"instances": {"app": {"address": "public"}}},
            {DATA: "replace", "elastic_ip/app-1": "delete"},
            [DATA],
        ),
    ],
}


def together(cases: list[Case]) -> Case:
    """Changes that have nothing to do with each other, brought in by one run."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    actions: dict[str, str] = {}
    for case in cases:
        before, after = merge_documents(before, case.before), merge_documents(after, case.after)
        actions |= case.actions
    return Case(", ".join(map(str, cases)), before, after, actions, [name for case in cases for name in case.allow])


def prove(stacks: Stacks, bundles: Mapping[str, list[Case]]) -> None:
    def trial(name: str) -> None:
        case = together(bundles[name])
        direct, stack = stacks(), stacks()
        direct.made(case.after)
        stack.made(case.before)
        outcome = stack.present(case.after, allow_destroy=case.allow)
        assert outcome.ok, str(outcome)
        assert outcome.actions == case.actions
        # Data that was allowed to go left a snapshot.
        found = [line for line in stack.account.state(SUFFIX) if '"is": "snap' not in line]
        assert_same(found, direct.account.state(), name)
        stack.assert_quiet(case.after)

    for_each(bundles, trial)


def test_changes_in_place(stacks: Stacks) -> None:
    prove(stacks, IN_PLACE)


def test_replacements_include_all_dependents(stacks: Stacks) -> None:
    prove(stacks, REPLACED)


def test_tags_are_changed_on_every_taggable_resource(stacks: Stacks) -> None:
    direct, stack = stacks(), stacks()
    tags = {"tags": {"team": "blue", "cost": "42"}}
    direct.made(tags)
    stack.made()
    outcome = stack.present(tags)
    assert outcome.ok, str(outcome)
    assert set(outcome.actions.values()) == {"update"}
    assert len(outcome.actions) == 11
    assert_same(stack.account.state(), direct.account.state())
    stack.assert_quiet(tags)


@pytest.mark.long
def test_a_killed_type_change_is_completed_or_undone_by_the_next_run(stack: Stack) -> None:
    """The run dies before StartInstances. AWS then refuses the new type: the instance serves with the old one."""
    small = {"instances": {"app": {"type": "t3.small"}}}
    stack.made()
    runs: list[Run] = []
    stack.proxy.faults.add(named("StartInstances"), Do(lambda _call: runs[0].kill(), cut=True), times=1)
    runs.append(stack.start(small))
    assert runs[0].finish().killed
    assert instance(stack)["State"]["Name"] == "stopped"
    stack.proxy.faults.clear()

    def starts_small(call: Call) -> bool:
        return call.name == "StartInstances" and instance(stack)["InstanceType"] == "t3.small"

    stack.proxy.faults.add(starts_small, Fail(status=400, code="Unsupported", message="Not supported here."))
    outcome = stack.present(small)
    assert outcome.refused, str(outcome)
    assert "Unsupported" in outcome.message
    assert "started again as t3.micro: choose another type" in outcome.message
    assert (instance(stack)["InstanceType"], instance(stack)["State"]["Name"]) == ("t3.micro", "running")
    stack.assert_quiet()


def instance(stack: Stack) -> dict[str, Any]:
    answer = stack.account.client("ec2").describe_instances(InstanceIds=[stack.id_of_instance()])
    found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return found


@pytest.mark.long
def test_a_third_zone_replaces_no_instance_and_gets_the_next_one(stack: Stack) -> None:
    """One in each of two zones; later a third zone; then two more instances."""
    zones = [f"us-east-1{letter}" for letter in "abc"]

    def document(number: int, count: int) -> dict[str, Any]:
        cidrs = [f"10.0.{part}.0/24" for part in range(1, number + 1)]
        network = {"zones": zones[:number], "subnets": {"public": {"cidrs": cidrs}}}
        return {"network": network, "instances": {"app": {"count": count}}}

    def instances() -> dict[str, str]:
        """The zone of each instance, by id."""
        reservations = stack.account.client("ec2").describe_instances()["Reservations"]
        found = [instance for one in reservations for instance in one["Instances"]]
        return {one["InstanceId"]: one["Placement"]["AvailabilityZone"] for one in found}

    stack.made(document(2, 2))
    before = instances()
    assert sorted(before.values()) == zones[:2]
    stack.made(document(3, 2))
    assert instances() == before
    stack.assert_quiet(document(3, 2))
    stack.made(document(3, 4))
    after = instances()
    assert before.items() <= after.items()
    assert sorted(after.values()) == ["us-east-1a", "us-east-1a", "us-east-1b", "us-east-1c"]
    stack.assert_quiet(document(3, 4))
