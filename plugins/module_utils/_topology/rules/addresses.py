# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rule about the IP addresses of each tier of subnets: there are as many as the stack takes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from ..placement import find_placements
from ..schema.kinds import Finding
from ..view import Document, caches, databases, find_public_tier, load_balancer, tiers

RESERVED_ADDRESSES = 5  # of each subnet (VPC User Guide, "Subnet CIDR blocks")
# Free addresses that a load balancer needs in each of its subnets, to grow (Elastic Load Balancing user guide, "Subnets
# for your load balancer").
OF_A_LOAD_BALANCER = 8
# By what takes addresses: its name in a message, for one and for several.
NAMES = {
    "instances": ("instance", "instances"),
    "nat_gateways": ("NAT gateway", "NAT gateways"),
    "load_balancer": ("for the load balancer", "for the load balancer"),
    "databases": ("for databases", "for databases"),
    "caches": ("node of caches", "nodes of caches"),
}


def tiers_have_enough_addresses(document: Document) -> Iterator[Finding]:
    """Counts the largest number of instances that scaling allows."""
    for tier, subnets in tiers(document).items():
        networks = subnets["cidrs"] or []
        available = sum(IPv4Network(cidr).num_addresses - RESERVED_ADDRESSES for cidr in networks)
        needed = _count_addresses(document, tier, len(networks))
        total = sum(needed.values())
        if networks and total > available:
            parts = ", ".join(f"{number} {NAMES[part][number > 1]}" for part, number in needed.items() if number)
            text = f"has {available} addresses, and the stack takes {total}: {parts}"
            yield ("network", "subnets", tier, "cidrs"), f"{text} (choose larger networks)"


def _count_addresses(document: Document, tier: str, subnets: int) -> dict[str, int]:
    """The addresses that a stack takes in a tier, by what takes them."""
    balancer = load_balancer(document)
    is_balanced = balancer is not None and balancer["subnets"] == tier
    needed = dict.fromkeys(NAMES, 0)
    for placement in find_placements(document).values():
        if placement.tier == tier:
            needed["instances"] += placement.max_count
    needed["nat_gateways"] = _count_nat_gateways(document) if tier == find_public_tier(document) else 0
    needed["load_balancer"] = OF_A_LOAD_BALANCER * subnets if is_balanced else 0
    for database in databases(document).values():
        if database["subnets"] == tier:
            needed["databases"] += 2 if database["multi_az"] else 1
    for cache in caches(document).values():
        if cache["subnets"] == tier:
            needed["caches"] += cache["nodes"] or 1
    return needed


def _count_nat_gateways(document: Document) -> int:
    """One in each zone, or one for all of them (`_compile/network.py`)."""
    if not any(subnets["route"] == "nat" for subnets in tiers(document).values()):
        return 0
    return len(document["network"]["zones"] or ()) if document["network"]["nat"] == "zone" else 1
