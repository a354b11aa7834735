# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Elastic IP: a fixed public address of an instance (kept when that is stopped or replaced) or of a NAT gateway."""

from __future__ import annotations

from typing import Any

from ..._aws.errors import ignore_errors
from ..._aws.tags import tag_specification
from ..._engine.items import Raw
from ..._engine.model import DesiredResource, Ref
from ..._engine.property_limits import PropertyProblem
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


def normalize(address: Raw) -> dict[str, Any]:
    return {"instance": address.get("InstanceId") or None}


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer: Raw = client.allocate_address(
        Domain="vpc", TagSpecifications=tag_specification(resource.tags, "elastic-ip")
    )
    return answer


def associate(client: Client, update: ResourceUpdate) -> None:
    instance = update.desired.properties["instance"]
    if instance:
        client.associate_address(AllocationId=update.actual.id, InstanceId=instance, AllowReassociation=True)
    else:
        disassociate(client, update.actual)


def disassociate(client: Client, actual: ActualResource) -> None:
    # An address cannot be disassociated from a NAT gateway: it becomes free when that is deleted.
    if actual.properties["instance"]:
        with ignore_errors("*.NotFound"):
            client.disassociate_address(AssociationId=actual.raw["AssociationId"])


def delete(client: Client, actual: ActualResource) -> None:
    client.release_address(AllocationId=actual.id)


class ElasticIpType(ResourceType):
    deferred = frozenset({"instance"})

    def find_conflict(self, given: DesiredResource, other: DesiredResource) -> PropertyProblem | None:
        """The address goes to the primary private address of the instance, which has one at a time, so that the second
        address would replace the first (EC2 API Reference, AssociateAddress, AllowReassociation)."""
        instance = given.properties.get("instance")
        if not instance or instance != other.properties.get("instance"):
            return None
        name = instance.address if isinstance(instance, Ref) else instance
        return ("instance",), f"{name} has {other.address} already, and an instance can have one (remove one of them)"

    def detach(self, client: Client, actual: ActualResource) -> None:
        disassociate(client, actual)


TYPE = ElasticIpType(
    Schema(
        name="elastic_ip",
        service="ec2",
        id_path="AllocationId",
        attributes={"id": "AllocationId", "public_ip": "PublicIp"},
        with_defaults=lambda desired: {"instance": None, **desired},
        references={("instance",): ("instance.id",)},
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_addresses", "Addresses", "allocation-id"),
        tag_index_type="ec2:elastic-ip",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"instance": associate},
        delete=delete,
        # An address that is being disassociated cannot be released yet. While a NAT gateway has it, and for a moment
        # after, AWS answers AuthFailure.
        in_use_codes=frozenset({"InvalidIPAddress.InUse", "AuthFailure"}),
    ),
)
