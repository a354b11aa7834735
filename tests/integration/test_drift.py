# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drift: stack_info finds changes by hand, and stack corrects them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rig.stacks import DATA, NAME, Stack, Stacks, assert_same


@dataclass(frozen=True)
class Tampering:
    """A change by hand, and the drift that stack_info must report: the list, the address and the property."""

    what: str
    do: Callable[[Stack, Any], object]
    found: str
    address: str
    property: str = ""

    def __str__(self) -> str:
        return self.what


def role(stack: Stack) -> dict[str, str]:
    return {"RoleName": f"{NAME}-us-east-1-app"}


def instance(stack: Stack) -> dict[str, str]:
    return {"InstanceId": stack.id_of_instance()}


SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
BY_HAND = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
TAGS = [{"Key": "groundwork:stack", "Value": NAME}, {"Key": "groundwork:resource", "Value": "subnet/spare"}]


def release(stack: Stack, ec2: Any) -> None:
    identifier = stack.id_of("elastic_ip/app-1")
    address = ec2.describe_addresses(AllocationIds=[identifier])["Addresses"][0]
    ec2.disassociate_address(AssociationId=address["AssociationId"])
    ec2.release_address(AllocationId=identifier)


def add_subnet(stack: Stack, ec2: Any) -> None:
    specification = [{"ResourceType": "subnet", "Tags": TAGS}]
    ec2.create_subnet(VpcId=stack.id_of("vpc/main"), CidrBlock="10.0.77.0/24", TagSpecifications=specification)


def detach_table(stack: Stack, ec2: Any) -> None:
    tables = ec2.describe_route_tables(RouteTableIds=[stack.id_of("route_table/public")])["RouteTables"]
    ec2.disassociate_route_table(AssociationId=tables[0]["Associations"][0]["RouteTableAssociationId"])


CASES = [
    Tampering("address released", release, "missing", "elastic_ip/app-1"),
    Tampering(
        "key pair deleted",
        lambda stack, ec2: ec2.delete_key_pair(KeyName=f"{NAME}-main"),
        "missing",
        "key_pair/main",
    ),
    Tampering(
        "rule added",
        lambda stack, ec2: ec2.authorize_security_group_ingress(
            GroupId=stack.id_of("security_group/app"), IpPermissions=[BY_HAND]
        ),
        "changed",
        "security_group/app",
        "ingress",
    ),
    Tampering(
        "names switched off",
        lambda stack, ec2: ec2.modify_vpc_attribute(VpcId=stack.id_of("vpc/main"), EnableDnsHostnames={"Value": False}),
        "changed",
        "vpc/main",
        "dns_hostnames",
    ),
    Tampering(
        "route deleted",
        lambda stack, ec2: ec2.delete_route(
            RouteTableId=stack.id_of("route_table/public"), DestinationCidrBlock="0.0.0.0/0"
        ),
        "changed",
        "route_table/public",
        "routes",
    ),
    Tampering("route table detached", detach_table, "changed", "route_table/public", "subnets"),
    Tampering(
        "instance stopped",
        lambda stack, ec2: ec2.stop_instances(InstanceIds=[stack.id_of_instance()]),
        "changed",
        DATA,
        "state",
    ),
    Tampering(
        "old metadata allowed",
        lambda stack, ec2: ec2.modify_instance_metadata_options(**instance(stack), HttpTokens="optional"),
        "changed",
        DATA,
        "metadata",
    ),
    Tampering(
        "policy attached",
        lambda stack, ec2: stack.account.client("iam").attach_role_policy(**role(stack), PolicyArn=SSM_POLICY),
        "changed",
        "iam_role/app",
        "managed_policies",
    ),
    Tampering(
        "policy of sessions deleted",
        lambda stack, ec2: stack.account.client("iam").delete_role_policy(**role(stack), PolicyName="sessions"),
        "changed",
        "iam_role/app",
        "inline_policies",
    ),
    Tampering(
        "policy written",
        lambda stack, ec2: stack.account.client("iam").put_role_policy(
            **role(stack), PolicyName="more", PolicyDocument=json.dumps(POLICY)
        ),
        "changed",
        "iam_role/app",
        "inline_policies",
    ),
    Tampering("subnet with our tags", add_subnet, "unexpected", "subnet/spare"),
]


def addresses(found: list[Any]) -> set[str]:
    return {item if isinstance(item, str) else item["address"] for item in found}


def test_changes_by_hand_are_found_and_corrected(stack: Stack) -> None:
    """One change after the other: the rest of one would be found with the next."""
    stack.made()
    state = stack.account.state()
    for case in CASES:
        case.do(stack, stack.account.client("ec2"))
        assert_is_reported(stack, case)
        mended = stack.present()
        assert mended.ok, f"{case}: {mended}"
        assert_same(stack.account.state(), state, case.what)
    stack.assert_quiet()


def assert_is_reported(stack: Stack, case: Tampering) -> None:
    """The drift is what was tampered with, and nothing else; reading it changes nothing."""
    stack.proxy.forget()
    info = stack.info()
    assert info.ok, f"{case}: {info}"
    assert not info.changed
    assert stack.proxy.mutations == []
    drift = info.result["drift"]
    assert addresses(drift[case.found]) == {case.address}, f"{case}: {drift}"
    others = [name for name in ("missing", "changed", "unexpected") if name != case.found]
    assert all(not addresses(drift[name]) - {case.address} for name in others), f"{case}: {drift}"
    if case.property:
        assert case.property in [item["property"] for item in drift["changed"]], f"{case}: {drift}"


def test_an_unchanged_stack_has_no_drift(stack: Stack) -> None:
    made = stack.made()
    info = stack.info()
    assert info.result["drift"] == {"missing": [], "changed": [], "unexpected": []}
    assert info.result["outputs"] == made.result["outputs"]
    assert info.result["resources"] == made.result["resources"]


def test_all_resources_of_a_stack_that_does_not_exist_are_missing(stack: Stack) -> None:
    info = stack.info()
    assert info.ok, str(info)
    assert len(info.result["drift"]["missing"]) == 11
    assert info.result["outputs"] == {}
    assert stack.proxy.mutations == []


def test_a_terminated_instance_is_created_again(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.made()
    ec2 = stack.account.client("ec2")
    ec2.modify_instance_attribute(**instance(stack), DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[stack.id_of_instance()])
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert outcome.actions[DATA] == "create"
    assert_same(stack.account.state(), expected.account.state())
