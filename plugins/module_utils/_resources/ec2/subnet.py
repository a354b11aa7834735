# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Subnet: the part of a VPC in one zone."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import tag_specification
from ..._engine.condition import Condition, Waiter
from ..._engine.items import Raw, add_missing_members, returned_members
from ..._engine.property_limits import FLAG
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from ..regions import zone_of_region
from . import common as ec2


def normalize(subnet: Raw) -> dict[str, Any]:
    return returned_members(
        subnet,
        {
            "vpc": "VpcId",
            "cidr": "CidrBlock",
            "zone": "AvailabilityZone",
            "public_ip_on_launch": "MapPublicIpOnLaunch",
        },
    )


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer: Raw = client.create_subnet(
        VpcId=resource.properties["vpc"],
        CidrBlock=resource.properties["cidr"],
        AvailabilityZone=resource.properties["zone"],
        TagSpecifications=tag_specification(resource.tags, "subnet"),
    )["Subnet"]
    return add_missing_members(answer, {"MapPublicIpOnLaunch": False})


def set_public_ip(client: Client, update: ResourceUpdate) -> None:
    value = {"Value": update.desired.properties["public_ip_on_launch"]}
    client.modify_subnet_attribute(SubnetId=update.actual.id, MapPublicIpOnLaunch=value)


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_subnet(SubnetId=actual.id)


TYPE = ResourceType(
    Schema(
        name="subnet",
        service="ec2",
        id_path="SubnetId",
        attributes={"id": "SubnetId", "zone": "AvailabilityZone"},
        required=frozenset({"vpc", "cidr", "zone"}),
        references={("vpc",): ("vpc.id",), ("zone",): ("subnet.zone", "instance.zone")},
        create_only=frozenset({"vpc", "cidr", "zone"}),
        limits={("cidr",): ec2.IPV4_NETWORK, ("public_ip_on_launch",): FLAG},
        region_checks=(zone_of_region(("zone",)),),
        with_defaults=lambda desired: {"public_ip_on_launch": False, **desired, "cidr": ec2.network(desired["cidr"])},
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_subnets", "Subnets", "subnet-id"),
        tag_index_type="ec2:subnet",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"public_ip_on_launch": set_public_ip},
        delete=delete,
        ready=Waiter(Condition("available", "State", ("available",), pending=("pending",)), timeout=120),
        exclusive=("vpc", "cidr"),
        name_taken_codes=frozenset({"InvalidSubnet.Conflict"}),
    ),
)
