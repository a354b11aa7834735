# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Route table: where the traffic of some subnets goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.errors import code_of, taken_as_done
from ..._aws.sdk import ClientError
from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, completed, returned

# What a route can lead to that a document has no word for. One that shows none of these, nor a gateway, shows nothing.
OTHER_TARGETS = (
    *("CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId"),
    *("NetworkInterfaceId", "OdbNetworkArn", "TransitGatewayId", "VpcPeeringConnectionId"),
)


def _routes(table: Raw) -> list[dict[str, Any]]:
    # Those to prefix lists come from gateway endpoints.
    routes = [
        {"destination": _destination(item), "gateway": _gateway(item)}
        for item in table["Routes"]
        if _is_own(item) and not item.get("DestinationPrefixListId")
    ]
    return sorted(routes, key=lambda item: str(item["destination"]))


def _is_own(route: Raw) -> bool:
    """Whether somebody made the route: the local one comes with the VPC, propagated ones from a VPN."""
    gateway = str(route.get("GatewayId") or "")
    origin = route.get("Origin") or ("EnableVgwRoutePropagation" if gateway.startswith("vgw-") else "CreateRoute")
    return origin == "CreateRoute" and gateway != "local"


def _destination(route: Raw) -> str:
    found = route.get("DestinationIpv6CidrBlock") or route["DestinationCidrBlock"]
    return str(found)


def _gateway(route: Raw) -> str | None:
    """The gateway that a route leads to: empty for a target of another kind, None when AWS shows no target."""
    found = route.get("GatewayId") or route.get("NatGatewayId")
    if found:
        return str(found)
    return "" if any(route.get(name) for name in OTHER_TARGETS) else None


def same_routes(wanted: Sequence[Properties], live: Sequence[Properties]) -> bool:
    """Whether the destinations are the same, and the gateways as far as AWS shows them."""
    asked = {item["destination"]: item["gateway"] for item in wanted}
    there = {item["destination"]: item["gateway"] for item in live}
    return asked.keys() == there.keys() and all(there[name] in (None, asked[name]) for name in asked)


def _associations(table: Mapping[str, Any]) -> dict[str, str]:
    """The associations by subnet."""
    live = [item for item in table.get("Associations", ()) if _is_of_subnet(item)]
    states = ("disassociating", "disassociated")
    return {
        item["SubnetId"]: item["RouteTableAssociationId"]
        for item in live
        if item.get("AssociationState", {}).get("State") not in states
    }


def _is_of_subnet(association: Raw) -> bool:
    """Whether an association is one with a subnet. Others are with the VPC itself ("main") or with a gateway."""
    return not association.get("Main") and not association.get("GatewayId")


def normalize(table: Raw) -> dict[str, Any]:
    return {
        **returned(table, {"vpc": "VpcId"}),
        **({"routes": _routes(table)} if "Routes" in table else {}),
        **({"subnets": sorted(_associations(table))} if "Associations" in table else {}),
    }


def desired(wanted: Any) -> dict[str, Any]:
    plain = ({**item, "destination": ec2.network(item["destination"])} for item in wanted.get("routes", ()))
    routes = sorted(plain, key=lambda item: item["destination"])
    return {**wanted, "routes": routes, "subnets": sorted(wanted.get("subnets", ()))}


def create(client: Client, order: Order) -> Raw:
    specifications = specification(order.tags, "route-table")
    table: Raw = client.create_route_table(VpcId=order.properties["vpc"], TagSpecifications=specifications)[
        "RouteTable"
    ]
    return completed(table, {"Routes": [], "Associations": []})


def _where(destination: str) -> dict[str, str]:
    return {"DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock": destination}


def _target(gateway: str) -> dict[str, str]:
    return {"NatGatewayId" if gateway.startswith("nat-") else "GatewayId": gateway}


def set_routes(client: Client, edit: Edit) -> None:
    table = edit.live.id
    live = {item["destination"]: item["gateway"] for item in edit.live.properties["routes"]}
    wanted = {item["destination"]: item["gateway"] for item in edit.order.properties["routes"]}
    for destination in sorted(live.keys() - wanted.keys()):
        with taken_as_done("InvalidRoute.NotFound"):
            client.delete_route(RouteTableId=table, **_where(destination))
    for destination, gateway in wanted.items():
        if destination in live and live[destination] not in (None, gateway):
            client.replace_route(RouteTableId=table, **_where(destination), **_target(gateway))
        elif destination not in live:
            with taken_as_done("RouteAlreadyExists"):
                client.create_route(RouteTableId=table, **_where(destination), **_target(gateway))


def set_subnets(client: Client, edit: Edit) -> None:
    live = _associations(edit.live.raw)
    wanted = edit.order.properties["subnets"]
    for subnet in wanted:
        if subnet not in live:
            _associate(client, edit.live.id, subnet)
    for subnet in sorted(live.keys() - set(wanted)):
        _disassociate(client, live[subnet])


def _associate(client: Client, table: str, subnet: str) -> None:
    try:
        client.associate_route_table(RouteTableId=table, SubnetId=subnet)
    except ClientError as error:
        if code_of(error) != "Resource.AlreadyAssociated":
            raise
        _take_over(client, table, subnet)


def _take_over(client: Client, table: str, subnet: str) -> None:
    """Move a subnet here from whatever table it is associated with."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for other in client.describe_route_tables(Filters=filters)["RouteTables"]:
        if other["RouteTableId"] != table:
            client.replace_route_table_association(AssociationId=_associations(other)[subnet], RouteTableId=table)


def _disassociate(client: Client, association: str) -> None:
    with taken_as_done("*.NotFound"):
        client.disassociate_route_table(AssociationId=association)


def delete(client: Client, live: Live) -> None:
    for association in _associations(live.raw).values():
        _disassociate(client, association)
    client.delete_route_table(RouteTableId=live.id)


TYPE = ResourceType(
    name="route_table",
    service="ec2",
    told_as="ec2:route-table",
    listing=ec2.listing("describe_route_tables", "RouteTables", "route-table-id"),
    id="RouteTableId",
    tagging=ec2.TAGGING,
    attributes={"id": "RouteTableId"},
    required=frozenset({"vpc"}),
    create_only=frozenset({"vpc"}),
    serves=("subnets",),
    same={"routes": same_routes},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"routes": set_routes, "subnets": set_subnets},
    delete=delete,
)
