# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network of a document: VPC, subnets, and the ways out of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._stack.wanted import Ref, Wanted
from .view import Document, gateway_tier, tiers

EVERYWHERE = "0.0.0.0/0"
VPC = Ref("vpc/main")


def network(document: Document) -> Iterator[Wanted]:
    """Everything of the network, in the order of the document."""
    settings = {"cidr": document["network"]["cidr"], "dns_hostnames": True, "dns_support": True}
    yield Wanted("vpc", "main", settings)
    if gateway_tier(document) is not None:
        yield Wanted("internet_gateway", "main", {"vpc": VPC})
    yield from _subnets(document)
    yield from _nat_gateways(document)
    yield from _route_tables(document)


def _subnets(document: Document) -> Iterator[Wanted]:
    zones = document["network"]["zones"]
    for tier, subnets in tiers(document).items():
        for number, (zone, cidr) in enumerate(zip(zones, subnets["cidrs"], strict=True), 1):
            # Whether an instance has a public address is said by the instance alone.
            properties = {"vpc": VPC, "cidr": cidr, "zone": zone, "public_ip_on_launch": False}
            yield Wanted("subnet", f"{tier}-{number}", properties)


def _nat_gateways(document: Document) -> Iterator[Wanted]:
    """One in each zone, or one for all of them, in the first tier that leads to the internet."""
    home = gateway_tier(document)
    if home is None or not any(subnets["route"] == "nat" for subnets in tiers(document).values()):
        return
    for number in sorted({_nat_of(document, zone) for zone in _numbers(document)}):
        yield Wanted("elastic_ip", f"nat-{number}", {"instance": None})
        place = {"subnet": Ref(f"subnet/{home}-{number}"), "address": Ref(f"elastic_ip/nat-{number}")}
        yield Wanted("nat_gateway", f"nat-{number}", place)


def _route_tables(document: Document) -> Iterator[Wanted]:
    for tier, subnets in tiers(document).items():
        if subnets["route"] == "nat":
            for number in _numbers(document):
                gateway = Ref(f"nat_gateway/nat-{_nat_of(document, number)}")
                yield _route_table(f"{tier}-{number}", [gateway], [f"{tier}-{number}"])
        else:
            gateways = [Ref("internet_gateway/main")] if subnets["route"] == "internet" else []
            yield _route_table(tier, gateways, [f"{tier}-{number}" for number in _numbers(document)])


def _route_table(name: str, gateways: list[Ref], subnets: list[str]) -> Wanted:
    properties: dict[str, Any] = {
        "vpc": VPC,
        "routes": [{"destination": EVERYWHERE, "gateway": gateway} for gateway in gateways],
        "subnets": [Ref(f"subnet/{subnet}") for subnet in subnets],
    }
    return Wanted("route_table", name, properties)


def _numbers(document: Document) -> range:
    """Zones, and the subnets of each tier, by their number."""
    return range(1, len(document["network"]["zones"]) + 1)


def _nat_of(document: Document, zone: int) -> int:
    return zone if document["network"]["nat"] == "zone" else 1
