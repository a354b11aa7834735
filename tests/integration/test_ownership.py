# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stack prunes its own resources, never changes others, and takes over those that it adopts."""

from __future__ import annotations

from typing import Any

from rig.stacks import NAME, Stack, Stacks, assert_same

EXTRA: dict[str, Any] = {
    "resources": {
        "security_group/extra": {"vpc": {"ref": "vpc/main"}, "description": "More"},
        "subnet/extra": {"vpc": {"ref": "vpc/main"}, "cidr": "10.0.9.0/24", "zone": "us-east-1b"},
    }
}
OURS = [{"Key": "groundwork:stack", "Value": NAME}]


def build_tags(kind: str, address: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [*OURS, {"Key": "groundwork:resource", "Value": address}]}]


def test_resources_that_the_document_no_longer_has_are_pruned(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.made(EXTRA)
    pruned = stack.present()
    assert pruned.actions == {"security_group/extra": "delete", "subnet/extra": "delete"}
    assert_same(stack.account.state(), expected.account.state())


def test_pruning_is_optional(stack: Stack) -> None:
    stack.made(EXTRA)
    outcome = stack.present(prune=False)
    assert outcome.ok, str(outcome)
    assert not outcome.changed
    assert stack.id_of("subnet/extra")


def test_untagged_and_foreign_resources_are_never_changed(stack: Stack) -> None:
    stack.made(EXTRA)
    ec2 = stack.account.client("ec2")
    vpc = stack.id_of("vpc/main")
    foreign = [
        ec2.create_security_group(GroupName="by-hand", Description="d", VpcId=vpc)["GroupId"],
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.200.0/24")["Subnet"]["SubnetId"],
        ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"],
        ec2.allocate_address(Domain="vpc")["AllocationId"],
    ]
    # Another stack whose name begins with ours, and a tag that looks like one of ours.
    other = [{"Key": "groundwork:stack", "Value": f"{NAME}-2"}, {"Key": "groundwork:resource", "Value": "subnet/x"}]
    similar = [{"ResourceType": "subnet", "Tags": other}]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.201.0/24", TagSpecifications=similar)
    foreign.append(made["Subnet"]["SubnetId"])
    before = {identifier: stack.account.objects()[identifier] for identifier in foreign}
    assert stack.present().actions == {"security_group/extra": "delete", "subnet/extra": "delete"}
    now = stack.account.objects()
    assert {identifier: now[identifier] for identifier in foreign} == before


def test_a_rule_that_was_added_by_hand_is_removed(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.made()
    stack.account.client("ec2").authorize_security_group_ingress(
        GroupId=stack.id_of("security_group/app"), IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="0.0.0.0/0"
    )
    assert stack.present().actions == {"security_group/app": "update"}
    assert_same(stack.account.state(), expected.account.state())


def test_a_duplicate_is_removed_and_the_one_in_use_stays(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    used = stack.made().result["resources"]["vpc/main"]["id"]
    double = stack.account.client("ec2").create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=build_tags("vpc", "vpc/main")
    )["Vpc"]["VpcId"]
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert outcome.actions == {f"vpc/main@{double}": "delete"}
    assert stack.id_of("vpc/main") == used
    assert_same(stack.account.state(), expected.account.state())


def test_existing_objects_are_adopted_by_id(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    ec2 = stack.account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    adopt = {"vpc/main": vpc, "subnet/public-1": subnet}
    outcome = stack.present(adopt=adopt)
    assert outcome.ok, str(outcome)
    assert outcome.actions["vpc/main"] == outcome.actions["subnet/public-1"] == "update"
    assert (stack.id_of("vpc/main"), stack.id_of("subnet/public-1")) == (vpc, subnet)
    assert_same(stack.account.state(), expected.account.state())
    # It may stay in the play, and it is one of the stack's own from now on.
    assert not stack.present(adopt=adopt).changed
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()


def refused_adoption(stack: Stack, adopt: dict[str, str], *words: str) -> None:
    before = stack.account.state()
    outcome = stack.present(adopt=adopt)
    assert outcome.refused, str(outcome)
    for word in words:
        assert word in outcome.message
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)


def test_a_missing_object_cannot_be_adopted(stack: Stack) -> None:
    refused_adoption(stack, {"vpc/main": "vpc-0123456789abcdef0"}, "vpc-0123456789abcdef0", "vpc/main")


def test_an_object_of_another_stack_cannot_be_adopted(stack: Stack) -> None:
    tags = [{"Key": "groundwork:stack", "Value": "other"}, {"Key": "groundwork:resource", "Value": "vpc/main"}]
    made = stack.account.client("ec2").create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}]
    )
    refused_adoption(stack, {"vpc/main": made["Vpc"]["VpcId"]}, "belongs to stack other")


def test_an_object_that_would_be_replaced_cannot_be_adopted(stack: Stack) -> None:
    vpc = stack.account.client("ec2").create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    refused_adoption(stack, {"vpc/main": vpc}, vpc, "cidr", "172.20.0.0/16")


def test_a_name_of_a_foreign_object_is_an_error(stack: Stack) -> None:
    stack.account.client("iam").create_role(
        RoleName=f"{NAME}-us-east-1-app", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    assert f"{NAME}-us-east-1-app" in outcome.message
    assert "EntityAlreadyExists" in outcome.message
