# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Internet gateway: the way out of a VPC and into it."""

from __future__ import annotations

from typing import Any

from ..._aws.errors import taken_as_done
from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Edit, Live, Order, Raw, ResourceType, completed, returned


def normalize(gateway: Raw) -> dict[str, Any]:
    """A gateway is attached to one VPC at most. An attachment that names none says nothing."""
    if "Attachments" not in gateway:
        return {}
    attached = [item for item in gateway["Attachments"] if item.get("State") not in ("detaching", "detached")]
    return returned(attached[0], {"vpc": "VpcId"}) if attached else {"vpc": None}


def create(client: Client, order: Order) -> Raw:
    specifications = specification(order.tags, "internet-gateway")
    gateway: Raw = client.create_internet_gateway(TagSpecifications=specifications)["InternetGateway"]
    return completed(gateway, {"Attachments": []})


def attach(client: Client, edit: Edit) -> None:
    with taken_as_done("Resource.AlreadyAssociated"):
        client.attach_internet_gateway(InternetGatewayId=edit.live.id, VpcId=edit.order.properties["vpc"])


def delete(client: Client, live: Live) -> None:
    if live.properties.get("vpc"):
        with taken_as_done("Gateway.NotAttached", "*.NotFound"):
            client.detach_internet_gateway(InternetGatewayId=live.id, VpcId=live.properties["vpc"])
    client.delete_internet_gateway(InternetGatewayId=live.id)


TYPE = ResourceType(
    name="internet_gateway",
    service="ec2",
    told_as="ec2:internet-gateway",
    listing=ec2.listing("describe_internet_gateways", "InternetGateways", "internet-gateway-id"),
    id="InternetGatewayId",
    tagging=ec2.TAGGING,
    attributes={"id": "InternetGatewayId"},
    required=frozenset({"vpc"}),
    create_only=frozenset({"vpc"}),
    normalize=normalize,
    create=create,
    updates={"vpc": attach},
    delete=delete,
)
