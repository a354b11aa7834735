# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Elastic IP: a public address that stays, of an instance (also when that is stopped or replaced) or a NAT gateway."""

from __future__ import annotations

from typing import Any

from ..._aws.errors import taken_as_done
from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Edit, Live, Order, Raw, ResourceType


def normalize(address: Raw) -> dict[str, Any]:
    return {"instance": address.get("InstanceId") or None}


def create(client: Client, order: Order) -> Raw:
    answer: Raw = client.allocate_address(Domain="vpc", TagSpecifications=specification(order.tags, "elastic-ip"))
    return answer


def associate(client: Client, edit: Edit) -> None:
    instance = edit.order.properties["instance"]
    if instance:
        client.associate_address(AllocationId=edit.live.id, InstanceId=instance, AllowReassociation=True)
    else:
        release(client, edit.live)


def release(client: Client, live: Live) -> None:
    # What a NAT gateway holds cannot be taken from it, and comes free with its end.
    if live.properties["instance"]:
        with taken_as_done("*.NotFound"):
            client.disassociate_address(AssociationId=live.raw["AssociationId"])


def delete(client: Client, live: Live) -> None:
    client.release_address(AllocationId=live.id)


TYPE = ResourceType(
    name="elastic_ip",
    service="ec2",
    told_as="ec2:elastic-ip",
    listing=ec2.listing("describe_addresses", "Addresses", "allocation-id"),
    id="AllocationId",
    tagging=ec2.TAGGING,
    attributes={"id": "AllocationId", "public_ip": "PublicIp"},
    late=frozenset({"instance"}),
    release=release,
    desired=lambda wanted: {"instance": None, **wanted},
    normalize=normalize,
    create=create,
    updates={"instance": associate},
    delete=delete,
    # An address that is still on its way off an instance cannot be given back yet. For one that a NAT gateway has or
    # had until a moment ago AWS says that we may not have it.
    busy=frozenset({"InvalidIPAddress.InUse", "AuthFailure"}),
)
