# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that raw resources fit into the networks of the document: their VPCs and CIDRs, where it has these."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource
from .._engine.property_limits import EVERY, PropertyPath, list_references, list_values
from .._engine.references import find_references
from .._topology.schema.kinds import Finding

Resources = Mapping[str, DesiredResource]


def find_network_problems(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    """The problems of ``raw`` resources, each of which is valid by itself."""
    own = list(raw)
    earlier = {resource.address: resource for resource in derived}
    known = {**earlier, **{resource.address: resource for resource in own}}
    for resource in own:
        if resource.type == "subnet":
            yield from _check_cidr(resource, known, earlier)
        elif resource.type == "internet_gateway":
            yield from _check_gateway(resource, known, earlier)
        elif resource.type == "load_balancer":
            yield from _check_zones(resource, known)
        elif resource.type == "db_subnet_group":
            yield from _check_group(resource, known)
        elif resource.type == "db_instance":
            yield from _check_database(resource, known)
        elif resource.type == "cache":
            yield from _check_cache(resource, known)
        elif resource.type == "route_table":
            yield from _check_routes(resource, known)
        yield from _check_vpcs(resource, known)
        earlier[resource.address] = resource


def _check_cidr(subnet: DesiredResource, known: Resources, earlier: Resources) -> Iterator[Finding]:
    """A subnet is a part of its VPC, and shares no address with another subnet; of two the later one is reported."""
    path, network = ("resources", subnet.address, "cidr"), _read_network(subnet)
    vpc = _find_target(subnet, "vpc", known)
    around = None if vpc is None else _read_network(vpc)
    if network is None or vpc is None:
        return
    if around is not None and not network.subnet_of(around):
        yield path, f"{network} is outside of {vpc.address}, {around} (choose a part of it)"
    for other in earlier.values():
        theirs = _read_network(other) if other.type == "subnet" else None
        if theirs is None or _find_target(other, "vpc", known) is not vpc:
            continue
        # The same CIDR is reported as a value that only one subnet can have.
        if theirs != network and theirs.overlaps(network):
            yield path, f"{network} overlaps {theirs} of {other.address} (choose another part of the network)"
            return


def _check_gateway(gateway: DesiredResource, known: Resources, earlier: Resources) -> Iterator[Finding]:
    """VPC User Guide, "Internet gateways": a VPC has one at most."""
    vpc = _find_target(gateway, "vpc", known)
    for other in earlier.values():
        if other.type == "internet_gateway" and vpc is not None and _find_target(other, "vpc", known) is vpc:
            text = f"{vpc.address} has {other.address} already, and a VPC can have one only (remove this)"
            yield ("resources", gateway.address, "vpc"), text


def _check_zones(balancer: DesiredResource, known: Resources) -> Iterator[Finding]:
    """Elastic Load Balancing API Reference, CreateLoadBalancer, Subnets: one for each zone."""
    zones: dict[str, str] = {}
    for number, address in _list_targets(balancer, "subnets"):
        zone = known[address].properties.get("zone") if address in known else None
        other = zones.setdefault(zone, address) if isinstance(zone, str) else address
        if other != address:
            text = f"{address} is in {zone}, as {other} is, and a load balancer takes one subnet of each zone"
            yield ("resources", balancer.address, "subnets", number), f"{text} (remove one of them)"


def _find_zones(group: DesiredResource | None, known: Resources) -> set[str] | None:
    """The zones of the subnets of a group; None where one of them is not known."""
    items = None if group is None else group.properties.get("subnets")
    targets = {} if group is None else dict(_list_targets(group, "subnets"))
    if not isinstance(items, (list, tuple)) or len(targets) < len(items):
        return None
    zones = [known[address].properties.get("zone") if address in known else None for address in targets.values()]
    found = {zone for zone in zones if isinstance(zone, str)}
    return found if zones and all(isinstance(zone, str) for zone in zones) else None


def _check_group(group: DesiredResource, known: Resources) -> Iterator[Finding]:
    """RDS API Reference, CreateDBSubnetGroup: subnets in two zones at least."""
    zones = _find_zones(group, known)
    if zones is not None and len(zones) < 2:
        text = f"are all in {min(zones)}, and RDS requires subnets in two zones (add one in another zone)"
        yield ("resources", group.address, "subnets"), text


def _check_database(database: DesiredResource, known: Resources) -> Iterator[Finding]:
    """RDS API Reference, CreateDBInstance: a database is in one of the subnets of its group."""
    zone, group = database.properties.get("zone"), _find_target(database, "subnet_group", known)
    zones = _find_zones(group, known)
    if group is None or not zones or not isinstance(zone, str):
        return
    # A zone of another region is reported as that.
    if zone not in zones and zone[:-1] == min(zones)[:-1]:
        text = f"{zone} is not a zone of {group.address} (write {' or '.join(sorted(zones))})"
        yield ("resources", database.address, "zone"), text


def _check_cache(cache: DesiredResource, known: Resources) -> Iterator[Finding]:
    """ElastiCache API Reference, CreateReplicationGroup, MultiAZEnabled: nodes in several zones."""
    group = _find_target(cache, "subnet_group", known)
    zones = _find_zones(group, known)
    if cache.properties.get("multi_az") is True and group is not None and zones is not None and len(zones) < 2:
        text = f"needs two zones, and the subnets of {group.address} are all in {min(zones)} (add one, or write false)"
        yield ("resources", cache.address, "multi_az"), text


def _check_routes(table: DesiredResource, known: Resources) -> Iterator[Finding]:
    """VPC User Guide, "Subnet route tables": every table has the local route to its VPC already."""
    vpc = _find_target(table, "vpc", known)
    network = None if vpc is None or vpc.type != "vpc" else _read_network(vpc)
    for (_routes, number, _name), value in list_values(("routes", EVERY, "destination"), table.properties):
        if network is not None and vpc is not None and ipaddress.ip_network(value, strict=False) == network:
            text = f"{network} is {vpc.address} itself, to which every table has a route (remove this)"
            yield ("resources", table.address, "routes", number, "destination"), text


FORWARDS: tuple[PropertyPath, ...] = (("action", "forward"), ("action", "forward", EVERY, "target_group"))
# What has to be in one VPC, by the type that refers to it. Elastic Load Balancing user guide, "Target groups" and
# "Register targets"; RDS and ElastiCache User Guide, sections on VPC security groups.
SAME_VPC: Mapping[str, tuple[PropertyPath, ...]] = {
    "instance": (("subnet",), ("security_groups", EVERY)),
    "load_balancer": (("subnets", EVERY), ("security_groups", EVERY)),
    "listener": (("load_balancer",), *FORWARDS),
    "listener_rule": (("listener",), *FORWARDS),
    "target": (("target_group",), ("instance",)),
    "db_instance": (("subnet_group",), ("security_groups", EVERY)),
    "cache": (("subnet_group",), ("security_groups", EVERY)),
    "db_subnet_group": (("subnets", EVERY),),
    "cache_subnet_group": (("subnets", EVERY),),
    "route_table": (("vpc",), ("subnets", EVERY), ("routes", EVERY, "gateway")),
}
# What has to be in one VPC unless it is peered with the other one, which a document cannot say (VPC Peering Guide,
# "Update your security groups to reference peer security groups").
PEERED_VPC: Mapping[str, tuple[PropertyPath, ...]] = {
    "security_group": (("vpc",), ("ingress", EVERY, "group"), ("egress", EVERY, "group")),
}
# The property of a type that leads to its VPC; `vpc` of all others.
WAY_TO_VPC: Mapping[str, str] = {
    "nat_gateway": "subnet",
    "instance": "subnet",
    "load_balancer": "subnets",
    "listener": "load_balancer",
    "db_instance": "subnet_group",
    "db_subnet_group": "subnets",
    "cache": "subnet_group",
    "cache_subnet_group": "subnets",
}


def find_peering_problems(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    """What works in ``raw`` resources only if two VPCs are peered."""
    own = list(raw)
    known = {resource.address: resource for resource in (*derived, *own)}
    for resource in own:
        for path, text in _find_vpc_problems(resource, PEERED_VPC, known):
            yield path, f"{text} (peer the VPCs before, or write a cidr)"


def _check_vpcs(resource: DesiredResource, known: Resources) -> Iterator[Finding]:
    for path, text in _find_vpc_problems(resource, SAME_VPC, known):
        yield path, f"{text} (take both from one VPC)"


def _find_vpc_problems(
    resource: DesiredResource, patterns: Mapping[str, tuple[PropertyPath, ...]], known: Resources
) -> Iterator[Finding]:
    """The references of a resource that lead to another VPC of the document than its first one."""
    first: tuple[str, DesiredResource] | None = None
    for pattern in patterns.get(resource.type, ()):
        for path, ref in list_references(pattern, resource.properties):
            vpc = _find_vpc(known.get(ref.address), known)
            if vpc is None:
                continue
            first = first or (ref.address, vpc)
            if vpc is not first[1]:
                other = (
                    f"{first[0]} is in {first[1].address}" if first[0] != first[1].address else f"this in {first[0]}"
                )
                yield ("resources", resource.address, *path), f"{ref.address} is in {vpc.address}, and {other}"


def _find_vpc(resource: DesiredResource | None, known: Resources) -> DesiredResource | None:
    """The VPC of the document that a resource is in."""
    steps = 0
    while resource is not None and resource.type != "vpc" and steps <= len(WAY_TO_VPC):
        refs = find_references(resource.properties.get(WAY_TO_VPC.get(resource.type, "vpc")))
        targets = (known.get(ref.address) for ref in refs)
        resource = next((target for target in targets if target is not None), None)
        steps += 1
    return resource if resource is not None and resource.type == "vpc" else None


def _find_target(resource: DesiredResource, name: str, known: Resources) -> DesiredResource | None:
    """The resource of the document that a property refers to."""
    found = [known.get(ref.address) for ref in find_references(resource.properties.get(name))]
    return found[0] if len(found) == 1 else None


def _list_targets(resource: DesiredResource, name: str) -> Iterator[tuple[int | None, str]]:
    """The addresses that a property, or the items of a list, refer to, each with the number of its item."""
    value: Any = resource.properties.get(name)
    if isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            for ref in find_references(item):
                yield number, ref.address
    else:
        for ref in find_references(value):
            yield None, ref.address


def _read_network(resource: DesiredResource) -> ipaddress.IPv4Network | None:
    cidr = resource.properties.get("cidr")
    return ipaddress.IPv4Network(cidr, strict=False) if isinstance(cidr, str) else None
