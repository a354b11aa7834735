# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The comparison of accounts: it must see an orphan, a duplicate and a wrong reference, and must not see ids."""

from __future__ import annotations

from typing import Any

from rig.account import Account


def launch(account: Account, subnet: str) -> None:
    ec2 = account.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(MinCount=1, MaxCount=1, ImageId=image, SubnetId=subnet)


def tags(kind: str, address: str) -> list[dict[str, Any]]:
    own = [{"Key": "groundwork:stack", "Value": "s"}, {"Key": "groundwork:resource", "Value": address}]
    return [{"ResourceType": kind, "Tags": own}]


def fill(account: Account, swap: bool = False) -> Any:
    """A network of two subnets with one machine in the first; `swap` makes the subnets in the other order."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", "vpc/main"))["Vpc"]["VpcId"]
    subnets = {}
    for number in (2, 1) if swap else (1, 2):
        made = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone="us-east-1a",
            TagSpecifications=tags("subnet", f"subnet/{number}"),
        )
        subnets[number] = made["Subnet"]["SubnetId"]
    launch(account, subnets[1])
    return ec2, vpc, subnets


def test_the_same_resources_are_equal_whatever_their_ids(accounts: Any) -> None:
    one, other = accounts(), accounts()
    fill(one)
    fill(other, swap=True)
    assert one.state() == other.state()


def test_an_orphan_is_found(accounts: Any) -> None:
    one, other = accounts(), accounts()
    fill(one)
    ec2, vpc, _ = fill(other)
    ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)
    assert one.state() != other.state()


def test_a_duplicate_is_found(accounts: Any) -> None:
    one, other = accounts(), accounts()
    fill(one)
    _, _, subnets = fill(other)
    launch(other, subnets[1])
    assert one.state() != other.state()


def test_a_reference_to_the_wrong_object_is_found(accounts: Any) -> None:
    one, other = accounts(), accounts()
    for account, which in ((one, 1), (other, 2)):
        ec2, vpc, subnets = fill(account)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[which])
    assert one.state() != other.state()


def test_the_resources_of_a_stack_are_found_by_tag_path_and_lock(accounts: Any) -> None:
    account = accounts()
    ec2, _, _ = fill(account)
    ec2.create_vpc(CidrBlock="10.1.0.0/16")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    account.client("iam").create_role(RoleName="r", Path="/groundwork/s/us-east-1/", AssumeRolePolicyDocument=trust)
    account.client("ssm").put_parameter(Name="/groundwork/s/lock/1", Value="x", Type="String")
    owned = sorted(account.owned("s").values())
    assert owned == [
        f"(untagged) arn:aws:iam::{account.id}:role/groundwork/s/us-east-1/r",
        "parameter /groundwork/s/lock/1",
        "subnet/1",
        "subnet/2",
        "vpc/main",
    ]
    assert account.owned("other") == {}
