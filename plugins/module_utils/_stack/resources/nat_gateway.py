# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NAT gateway: the way out for subnets whose instances have no public address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Live, Order, Raw, ResourceType, Wait, Waiter, returned

# A failed one cannot be mended, and AWS takes it away within about an hour.
GONE = ("failed", "deleting", "deleted")
DELETED = Waiter("deleted", "State", ("deleted", "failed"), absent_is_ready=True, timeout=600, delay=10)


def normalize(gateway: Raw) -> dict[str, Any]:
    return {**returned(gateway, {"subnet": "SubnetId"}), **returned(_primary(gateway), {"address": "AllocationId"})}


def _primary(gateway: Raw) -> Raw:
    """The primary address: further ones are not ours to say. They come in any order, and later than the gateway.

    AWS marks the primary one (NatGatewayAddress, IsPrimary). Of one that is not marked nothing is known unless it is
    the only one.
    """
    addresses = gateway.get("NatGatewayAddresses") or []
    marked = [one for one in addresses if one.get("IsPrimary")]
    alone = addresses if len(addresses) == 1 and "IsPrimary" not in addresses[0] else []
    return next(iter(marked or alone), {})


def create(client: Client, order: Order) -> Raw:
    answer: Raw = client.create_nat_gateway(
        SubnetId=order.properties["subnet"],
        AllocationId=order.properties["address"],
        ConnectivityType="public",
        ClientToken=order.token,
        TagSpecifications=specification(order.tags, "natgateway"),
    )["NatGateway"]
    return answer


def delete(client: Client, live: Live) -> Iterator[Wait]:
    """Its address and its subnet are free when it is gone, not before."""
    client.delete_nat_gateway(NatGatewayId=live.id)
    yield Wait(DELETED, live.id)


TYPE = ResourceType(
    name="nat_gateway",
    service="ec2",
    told_as="ec2:natgateway",
    listing=ec2.listing("describe_nat_gateways", "NatGateways", "nat-gateway-id", filters="Filter"),
    id="NatGatewayId",
    tagging=ec2.TAGGING,
    attributes={"id": "NatGatewayId"},
    required=frozenset({"subnet", "address"}),
    create_only=frozenset({"subnet", "address"}),
    exclusive=("address",),
    is_dead=lambda gateway: gateway["State"] in GONE,
    normalize=normalize,
    create=create,
    delete=delete,
    ready=Waiter("available", "State", ("available",), GONE, coming=("pending",), why="FailureMessage", timeout=600),
)
