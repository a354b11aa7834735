# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the network of a document: VPC, subnets, gateways and route tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.view import Document, find_public_tier, tiers

ANY_ADDRESS = "0.0.0.0/0"
VPC = Ref("vpc/main")


def compile_network(document: Document) -> Iterator[DesiredResource]:
    """The resources of the network, in the order of the document."""
    settings = {"cidr": document["network"]["cidr"], "dns_hostnames": True, "dns_support": True}
    yield DesiredResource("vpc", "main", settings)
    if find_public_tier(document) is not None:
        yield DesiredResource("internet_gateway", "main", {"vpc": VPC})
    yield from _compile_subnets(document)
    yield from _compile_nat_gateways(document)
    yield from _compile_route_tables(document)


def _compile_subnets(document: Document) -> Iterator[DesiredResource]:
    zones = document["network"]["zones"]
    for tier, subnets in tiers(document).items():
        for number, (zone, cidr) in enumerate(zip(zones, subnets["cidrs"], strict=True), 1):
            # The instance itself decides whether it has a public address.
            properties = {"vpc": VPC, "cidr": cidr, "zone": zone, "public_ip_on_launch": False}
            yield DesiredResource("subnet", f"{tier}-{number}", properties)


def _compile_nat_gateways(document: Document) -> Iterator[DesiredResource]:
    """One in each zone, or one for all of them, in the first tier that leads to the internet."""
    public_tier = find_public_tier(document)
    if public_tier is None or not any(subnets["route"] == "nat" for subnets in tiers(document).values()):
        return
    for number in sorted({_nat_gateway_number(document, zone) for zone in _zone_numbers(document)}):
        yield DesiredResource("elastic_ip", f"nat-{number}", {"instance": None})
        properties = {"subnet": Ref(f"subnet/{public_tier}-{number}"), "address": Ref(f"elastic_ip/nat-{number}")}
        yield DesiredResource("nat_gateway", f"nat-{number}", properties)


def _compile_route_tables(document: Document) -> Iterator[DesiredResource]:
    for tier, subnets in tiers(document).items():
        if subnets["route"] == "nat":
            for number in _zone_numbers(document):
                gateway = Ref(f"nat_gateway/nat-{_nat_gateway_number(document, number)}")
                yield _compile_route_table(f"{tier}-{number}", [gateway], [f"{tier}-{number}"])
        else:
            gateways = [Ref("internet_gateway/main")] if subnets["route"] == "internet" else []
            yield _compile_route_table(tier, gateways, [f"{tier}-{number}" for number in _zone_numbers(document)])


def _compile_route_table(name: str, gateways: list[Ref], subnets: list[str]) -> DesiredResource:
    properties: dict[str, Any] = {
        "vpc": VPC,
        "routes": [{"destination": ANY_ADDRESS, "gateway": gateway} for gateway in gateways],
        "subnets": [Ref(f"subnet/{subnet}") for subnet in subnets],
    }
    return DesiredResource("route_table", name, properties)


def subnet_refs(document: Document, tier: str) -> list[Ref]:
    """References to the subnets of a tier, in the order of the zones."""
    return [Ref(f"subnet/{tier}-{number}") for number in _zone_numbers(document)]


def _zone_numbers(document: Document) -> range:
    """The numbers of the zones, which are those of the subnets of each tier."""
    return range(1, len(document["network"]["zones"]) + 1)


def _nat_gateway_number(document: Document, zone: int) -> int:
    return zone if document["network"]["nat"] == "zone" else 1
