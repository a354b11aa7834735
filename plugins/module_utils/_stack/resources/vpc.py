# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VPC: the private network of a stack."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Detail, Edit, Live, Order, Raw, ResourceType, Waiter, returned

# DescribeVpcs does not show the DNS attributes, and DescribeVpcAttribute takes one VPC and one attribute.
ATTRIBUTES = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}


def _detail(attribute: str) -> Detail:
    def read(client: Client, vpcs: list[Raw]) -> list[Raw]:
        name = attribute[0].lower() + attribute[1:]
        answer = client.describe_vpc_attribute(VpcId=vpcs[0]["VpcId"], Attribute=name)
        return [returned(answer, {attribute: f"{attribute}.Value"})]

    return Detail(read)


def normalize(vpc: Raw) -> dict[str, Any]:
    return returned(vpc, {"cidr": "CidrBlock", **ATTRIBUTES})


def create(client: Client, order: Order) -> Raw:
    answer = client.create_vpc(CidrBlock=order.properties["cidr"], TagSpecifications=specification(order.tags, "vpc"))
    made: Raw = answer["Vpc"] | {"EnableDnsSupport": True, "EnableDnsHostnames": False}
    return made


def set_attributes(client: Client, edit: Edit) -> None:
    # Host names need DNS support, so it is switched on first.
    for name, attribute in ATTRIBUTES.items():
        if name in edit.changed:
            client.modify_vpc_attribute(VpcId=edit.live.id, **{attribute: {"Value": edit.order.properties[name]}})


def delete(client: Client, live: Live) -> None:
    client.delete_vpc(VpcId=live.id)


TYPE = ResourceType(
    name="vpc",
    service="ec2",
    told_as="ec2:vpc",
    listing=ec2.listing("describe_vpcs", "Vpcs", "vpc-id"),
    details=tuple(_detail(attribute) for attribute in ATTRIBUTES.values()),
    id="VpcId",
    tagging=ec2.TAGGING,
    attributes={"id": "VpcId"},
    required=frozenset({"cidr"}),
    create_only=frozenset({"cidr"}),
    desired=lambda wanted: {"dns_support": True, "dns_hostnames": True, **wanted, "cidr": ec2.network(wanted["cidr"])},
    normalize=normalize,
    create=create,
    updates=dict.fromkeys(ATTRIBUTES, set_attributes),
    delete=delete,
    ready=Waiter("available", "State", ("available",), coming=("pending",), timeout=120),
)
