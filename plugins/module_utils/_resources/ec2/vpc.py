# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VPC: the private network of a stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.tags import tag_specification
from ..._engine.condition import Condition, Waiter
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import FLAG, PropertyProblem, is_reference
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from . import common as ec2
from . import networks

# DescribeVpcs does not show the DNS attributes, and DescribeVpcAttribute takes one VPC and one attribute.
ATTRIBUTES = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}


def _detail(attribute: str) -> Detail:
    def read(client: Client, vpcs: list[Raw]) -> list[Raw]:
        name = attribute[0].lower() + attribute[1:]
        answer = client.describe_vpc_attribute(VpcId=vpcs[0]["VpcId"], Attribute=name)
        return [returned_members(answer, {attribute: f"{attribute}.Value"})]

    return Detail(read)


def check_dns(given: Properties) -> Iterator[PropertyProblem]:
    """ModifyVpcAttribute, EnableDnsHostnames: "You can only enable DNS hostnames if you've enabled DNS support"."""
    if given.get("dns_support") is False and given.get("dns_hostnames", True):
        text = "is false, and dns_hostnames needs it, which is true unless given"
        yield ("dns_support",), f"{text} (write the same for both)"


def normalize(vpc: Raw) -> dict[str, Any]:
    return returned_members(vpc, {"cidr": "CidrBlock", **ATTRIBUTES})


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer = client.create_vpc(
        CidrBlock=resource.properties["cidr"], TagSpecifications=tag_specification(resource.tags, "vpc")
    )
    made: Raw = answer["Vpc"] | {"EnableDnsSupport": True, "EnableDnsHostnames": False}
    return made


def check_cidr(given: Properties) -> Iterator[PropertyProblem]:
    problem = None if is_reference(given["cidr"]) else networks.find_network_problem(given["cidr"])
    if problem is not None:
        yield ("cidr",), problem


def set_attributes(client: Client, update: ResourceUpdate) -> None:
    # Host names need DNS support, so it is switched on first.
    for name, attribute in ATTRIBUTES.items():
        if name in update.changed:
            client.modify_vpc_attribute(
                VpcId=update.actual.id, **{attribute: {"Value": update.desired.properties[name]}}
            )


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_vpc(VpcId=actual.id)


TYPE = ResourceType(
    Schema(
        name="vpc",
        service="ec2",
        id_path="VpcId",
        attributes={"id": "VpcId"},
        required=frozenset({"cidr"}),
        create_only=frozenset({"cidr"}),
        limits={("cidr",): ec2.IPV4_NETWORK, ("dns_support",): FLAG, ("dns_hostnames",): FLAG},
        checks=(check_dns, check_cidr),
        with_defaults=lambda desired: {
            "dns_support": True,
            "dns_hostnames": True,
            **desired,
            "cidr": ec2.network(desired["cidr"]),
        },
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_vpcs", "Vpcs", "vpc-id"),
        tag_index_type="ec2:vpc",
        details=tuple(_detail(attribute) for attribute in ATTRIBUTES.values()),
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates=dict.fromkeys(ATTRIBUTES, set_attributes),
        delete=delete,
        ready=Waiter(Condition("available", "State", ("available",), pending=("pending",)), timeout=120),
    ),
)
