# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Internet gateway: connects a VPC with the internet."""

from __future__ import annotations

from typing import Any

from ..._aws.errors import ignore_errors
from ..._aws.tags import tag_specification
from ..._engine.items import Raw, add_missing_members, returned_members
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
from . import common as ec2


def normalize(gateway: Raw) -> dict[str, Any]:
    """A gateway is attached to one VPC at most. An attachment that names no VPC is not compared."""
    if "Attachments" not in gateway:
        return {}
    attached = [item for item in gateway["Attachments"] if item.get("State") not in ("detaching", "detached")]
    return returned_members(attached[0], {"vpc": "VpcId"}) if attached else {"vpc": None}


def create(client: Client, resource: ResolvedResource) -> Raw:
    specifications = tag_specification(resource.tags, "internet-gateway")
    gateway: Raw = client.create_internet_gateway(TagSpecifications=specifications)["InternetGateway"]
    return add_missing_members(gateway, {"Attachments": []})


def attach(client: Client, update: ResourceUpdate) -> None:
    with ignore_errors("Resource.AlreadyAssociated"):
        client.attach_internet_gateway(InternetGatewayId=update.actual.id, VpcId=update.desired.properties["vpc"])


def delete(client: Client, actual: ActualResource) -> None:
    if actual.properties.get("vpc"):
        with ignore_errors("Gateway.NotAttached", "*.NotFound"):
            client.detach_internet_gateway(InternetGatewayId=actual.id, VpcId=actual.properties["vpc"])
    client.delete_internet_gateway(InternetGatewayId=actual.id)


TYPE = ResourceType(
    Schema(
        name="internet_gateway",
        service="ec2",
        id_path="InternetGatewayId",
        attributes={"id": "InternetGatewayId"},
        required=frozenset({"vpc"}),
        references={("vpc",): ("vpc.id",)},
        create_only=frozenset({"vpc"}),
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_internet_gateways", "InternetGateways", "internet-gateway-id"),
        tag_index_type="ec2:internet-gateway",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"vpc": attach},
        delete=delete,
    ),
)
