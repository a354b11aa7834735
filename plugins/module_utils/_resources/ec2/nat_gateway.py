# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NAT gateway: internet access for subnets whose instances have no public address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.tags import tag_specification
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import Raw, returned_members
from ..._engine.model import DesiredResource
from ..._engine.property_limits import PropertyPath, PropertyProblem
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    Schema,
)
from . import common as ec2

# A failed gateway cannot be repaired, and AWS deletes it within about an hour.
GONE = ("failed", "deleting", "deleted")
DELETED = Waiter(Condition("deleted", "State", ("deleted", "failed"), absent_is_ready=True), timeout=600, delay=10)


def normalize(gateway: Raw) -> dict[str, Any]:
    return {
        **returned_members(gateway, {"subnet": "SubnetId"}),
        **returned_members(_primary(gateway), {"address": "AllocationId"}),
    }


def _primary(gateway: Raw) -> Raw:
    """The primary address. Further ones are not managed; they come in any order, and later than the gateway.

    AWS marks the primary address (NatGatewayAddress, IsPrimary). An unmarked one counts only if it is the only one.
    """
    addresses = gateway.get("NatGatewayAddresses") or []
    marked = [one for one in addresses if one.get("IsPrimary")]
    alone = addresses if len(addresses) == 1 and "IsPrimary" not in addresses[0] else []
    return next(iter(marked or alone), {})


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer: Raw = client.create_nat_gateway(
        SubnetId=resource.properties["subnet"],
        AllocationId=resource.properties["address"],
        ConnectivityType="public",
        ClientToken=resource.token,
        TagSpecifications=tag_specification(resource.tags, "natgateway"),
    )["NatGateway"]
    return answer


def delete(client: Client, actual: ActualResource) -> Iterator[Wait]:
    """Its address and its subnet are free once it is deleted."""
    client.delete_nat_gateway(NatGatewayId=actual.id)
    yield Wait(DELETED, actual.id)


def check_address(_given: Properties, path: PropertyPath, address: DesiredResource) -> Iterator[PropertyProblem]:
    """An address that is associated with something cannot go to a gateway (EC2 API Reference, CreateNatGateway)."""
    if address.type == "elastic_ip" and address.properties.get("instance"):
        yield path, f"{address.address} is the address of an instance (take another one, or remove its instance)"


class NatGatewayType(ResourceType):
    def is_deleted(self, item: Raw) -> bool:
        return item["State"] in GONE


TYPE = NatGatewayType(
    Schema(
        name="nat_gateway",
        service="ec2",
        id_path="NatGatewayId",
        attributes={"id": "NatGatewayId"},
        required=frozenset({"subnet", "address"}),
        references={("subnet",): ("subnet.id",), ("address",): ("elastic_ip.id",)},
        target_checks={("address",): check_address},
        create_only=frozenset({"subnet", "address"}),
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_nat_gateways", "NatGateways", "nat-gateway-id", filters="Filter"),
        tag_index_type="ec2:natgateway",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        delete=delete,
        ready=Waiter(
            Condition("available", "State", ("available",), GONE, pending=("pending",), reason_path="FailureMessage"),
            timeout=600,
        ),
        exclusive=("address",),
    ),
)
