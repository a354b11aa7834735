# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Route table: the routes of some subnets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from ..._aws.errors import error_code, ignore_errors
from ..._aws.sdk import ClientError
from ..._aws.tags import tag_specification
from ..._engine.items import Raw, add_missing_members, returned_members
from ..._engine.model import DesiredResource, Ref
from ..._engine.property_limits import EVERY, Items, Matching, Network, PropertyProblem, a_set, keys, list_values
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from . import common as ec2

# Targets of routes that a document cannot express. A route without any of these or a gateway shows no target.
OTHER_TARGETS = (
    *("CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId"),
    *("NetworkInterfaceId", "OdbNetworkArn", "TransitGatewayId", "VpcPeeringConnectionId"),
)

# VPC User Guide, "Subnet route tables": no route has these, or parts of them, as its destination.
RESERVED = ("169.254.168.0/22", "fd00:ec2::/32")


def _routes(table: Raw) -> list[dict[str, Any]]:
    # Routes to prefix lists belong to gateway endpoints.
    routes = [
        {"destination": _destination(item), "gateway": _gateway(item)}
        for item in table["Routes"]
        if _is_own(item) and not item.get("DestinationPrefixListId")
    ]
    return sorted(routes, key=lambda item: str(item["destination"]))


def _is_own(route: Raw) -> bool:
    """Whether the route was created by a call: the local route comes with the VPC, propagated ones from a VPN."""
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


def same_routes(desired: Sequence[Properties], actual: Sequence[Properties]) -> bool:
    """Whether the destinations are the same, and the gateways as far as AWS shows them."""
    asked = {item["destination"]: item["gateway"] for item in desired}
    there = {item["destination"]: item["gateway"] for item in actual}
    return asked.keys() == there.keys() and all(there[name] in (None, asked[name]) for name in asked)


def _associations(table: Mapping[str, Any]) -> dict[str, str]:
    """The associations by subnet."""
    actual = [item for item in table.get("Associations", ()) if _is_of_subnet(item)]
    states = ("disassociating", "disassociated")
    return {
        item["SubnetId"]: item["RouteTableAssociationId"]
        for item in actual
        if item.get("AssociationState", {}).get("State") not in states
    }


def _is_of_subnet(association: Raw) -> bool:
    """Whether an association is one with a subnet. Others are with the VPC itself ("main") or with a gateway."""
    return not association.get("Main") and not association.get("GatewayId")


def normalize(table: Raw) -> dict[str, Any]:
    return {
        **returned_members(table, {"vpc": "VpcId"}),
        **({"routes": _routes(table)} if "Routes" in table else {}),
        **({"subnets": sorted(_associations(table))} if "Associations" in table else {}),
    }


def _is_inside(inner: str, outer: str) -> bool:
    first, second = ip_network(inner), ip_network(outer)
    return first.version == second.version and first.subnet_of(second)  # type: ignore[arg-type]


def check_destinations(given: Properties) -> Iterator[PropertyProblem]:
    """A table has one route for each destination (EC2 API Reference, CreateRoute)."""
    seen: dict[str, int] = {}
    for (routes, number, name), value in list_values(("routes", EVERY, "destination"), given):
        destination = ec2.network(value)
        if any(_is_inside(destination, reserved) for reserved in RESERVED):
            text = f"{destination} is an address of AWS's own services on instances, to which no route leads"
            yield (routes, number, name), f"{text} (remove it)"
        if destination in seen:
            text = f"{destination} is the destination of {routes}[{seen[destination]}] as well (remove one of them)"
            yield (routes, number, name), text
        seen.setdefault(destination, number)


def with_defaults(desired: Any) -> dict[str, Any]:
    plain = ({**item, "destination": ec2.network(item["destination"])} for item in desired.get("routes", ()))
    routes = sorted(plain, key=lambda item: item["destination"])
    return {**desired, "routes": routes, "subnets": sorted(desired.get("subnets", ()))}


def create(client: Client, resource: ResolvedResource) -> Raw:
    specifications = tag_specification(resource.tags, "route-table")
    table: Raw = client.create_route_table(VpcId=resource.properties["vpc"], TagSpecifications=specifications)[
        "RouteTable"
    ]
    return add_missing_members(table, {"Routes": [], "Associations": []})


def _where(destination: str) -> dict[str, str]:
    return {"DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock": destination}


def _target(gateway: str) -> dict[str, str]:
    return {"NatGatewayId" if gateway.startswith("nat-") else "GatewayId": gateway}


def set_routes(client: Client, update: ResourceUpdate) -> None:
    table = update.actual.id
    actual = {item["destination"]: item["gateway"] for item in update.actual.properties["routes"]}
    desired = {item["destination"]: item["gateway"] for item in update.desired.properties["routes"]}
    for destination in sorted(actual.keys() - desired.keys()):
        with ignore_errors("InvalidRoute.NotFound"):
            client.delete_route(RouteTableId=table, **_where(destination))
    for destination, gateway in desired.items():
        if destination in actual and actual[destination] not in (None, gateway):
            client.replace_route(RouteTableId=table, **_where(destination), **_target(gateway))
        elif destination not in actual:
            with ignore_errors("RouteAlreadyExists"):
                client.create_route(RouteTableId=table, **_where(destination), **_target(gateway))


def set_subnets(client: Client, update: ResourceUpdate) -> None:
    actual = _associations(update.actual.raw)
    desired = update.desired.properties["subnets"]
    for subnet in desired:
        if subnet not in actual:
            _associate(client, update.actual.id, subnet)
    for subnet in sorted(actual.keys() - set(desired)):
        _disassociate(client, actual[subnet])


def _associate(client: Client, table: str, subnet: str) -> None:
    try:
        client.associate_route_table(RouteTableId=table, SubnetId=subnet)
    except ClientError as error:
        if error_code(error) != "Resource.AlreadyAssociated":
            raise
        _take_over(client, table, subnet)


def _take_over(client: Client, table: str, subnet: str) -> None:
    """Associate a subnet with this table instead of the one that it is associated with."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for other in client.describe_route_tables(Filters=filters)["RouteTables"]:
        if other["RouteTableId"] != table:
            client.replace_route_table_association(AssociationId=_associations(other)[subnet], RouteTableId=table)


def _disassociate(client: Client, association: str) -> None:
    with ignore_errors("*.NotFound"):
        client.disassociate_route_table(AssociationId=association)


def delete(client: Client, actual: ActualResource) -> None:
    for association in _associations(actual.raw).values():
        _disassociate(client, association)
    client.delete_route_table(RouteTableId=actual.id)


class RouteTableType(ResourceType):
    def find_conflict(self, given: DesiredResource, other: DesiredResource) -> PropertyProblem | None:
        """VPC User Guide, "Subnet route tables": a subnet has one table at a time."""
        theirs = other.properties.get("subnets") or ()
        for number, subnet in enumerate(given.properties.get("subnets") or ()):
            if subnet in theirs:
                name = subnet.address if isinstance(subnet, Ref) else subnet
                text = f"{name} is in {other.address} as well, and a subnet can be in one route table only"
                return ("subnets", number), f"{text} (remove it from one of them)"
        return None


TYPE = RouteTableType(
    Schema(
        name="route_table",
        service="ec2",
        id_path="RouteTableId",
        attributes={"id": "RouteTableId"},
        required=frozenset({"vpc"}),
        references={
            ("vpc",): ("vpc.id",),
            ("subnets", EVERY): ("subnet.id",),
            ("routes", EVERY, "gateway"): ("internet_gateway.id", "nat_gateway.id"),
        },
        create_only=frozenset({"vpc"}),
        limits={
            ("routes",): Items(),
            ("routes", EVERY): keys("destination", "gateway", required=("destination", "gateway")),
            ("routes", EVERY, "destination"): Network("a network like 0.0.0.0/0 or ::/0"),
            ("routes", EVERY, "gateway"): Matching("a gateway", "write a reference like {ref: nat_gateway/nat-1}"),
            ("subnets",): a_set(),
        },
        checks=(check_destinations,),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"routes": same_routes},
    ),
    Discovery(
        listing=ec2.listing("describe_route_tables", "RouteTables", "route-table-id"),
        tag_index_type="ec2:route-table",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"routes": set_routes, "subnets": set_subnets},
        delete=delete,
        before_dependents=("subnets",),
    ),
)
