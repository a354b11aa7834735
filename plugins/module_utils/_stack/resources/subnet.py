# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Subnet: the part of a VPC in one zone."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Edit, Live, Order, Raw, ResourceType, Waiter, completed, returned


def normalize(subnet: Raw) -> dict[str, Any]:
    return returned(
        subnet,
        {
            "vpc": "VpcId",
            "cidr": "CidrBlock",
            "zone": "AvailabilityZone",
            "public_ip_on_launch": "MapPublicIpOnLaunch",
        },
    )


def create(client: Client, order: Order) -> Raw:
    answer: Raw = client.create_subnet(
        VpcId=order.properties["vpc"],
        CidrBlock=order.properties["cidr"],
        AvailabilityZone=order.properties["zone"],
        TagSpecifications=specification(order.tags, "subnet"),
    )["Subnet"]
    return completed(answer, {"MapPublicIpOnLaunch": False})


def set_public_ip(client: Client, edit: Edit) -> None:
    value = {"Value": edit.order.properties["public_ip_on_launch"]}
    client.modify_subnet_attribute(SubnetId=edit.live.id, MapPublicIpOnLaunch=value)


def delete(client: Client, live: Live) -> None:
    client.delete_subnet(SubnetId=live.id)


TYPE = ResourceType(
    name="subnet",
    service="ec2",
    told_as="ec2:subnet",
    listing=ec2.listing("describe_subnets", "Subnets", "subnet-id"),
    id="SubnetId",
    tagging=ec2.TAGGING,
    attributes={"id": "SubnetId", "zone": "AvailabilityZone"},
    required=frozenset({"vpc", "cidr", "zone"}),
    create_only=frozenset({"vpc", "cidr", "zone"}),
    exclusive=("vpc", "cidr"),
    desired=lambda wanted: {"public_ip_on_launch": False, **wanted, "cidr": ec2.network(wanted["cidr"])},
    normalize=normalize,
    create=create,
    updates={"public_ip_on_launch": set_public_ip},
    delete=delete,
    exists=frozenset({"InvalidSubnet.Conflict"}),
    ready=Waiter("available", "State", ("available",), coming=("pending",), timeout=120),
)
