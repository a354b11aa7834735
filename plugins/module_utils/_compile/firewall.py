# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Derive security group rules from the connections of the document. No other port is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any, TypeAlias

from .._engine.model import Ref
from .._topology.placement import Placement, calling_placements, placement_name
from .._topology.view import (
    Document,
    balanced_services,
    find_public_tier,
    find_store_users,
    load_balancer,
    services,
    tiers,
)

# RFC 1918: addresses that reach private addresses of the network, over peering or a VPN.
PRIVATE_NETWORKS = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))

# The egress rules of a database or cache: it answers, which security groups always allow, and opens no connections (EC2
# user guide, "Security group connection tracking"). AWS adds a rule for all egress to each new group.
STORE_EGRESS: tuple[Mapping[str, Any], ...] = ()

# Port, source and description.
Connection: TypeAlias = "tuple[int, str | Ref, str]"


def instance_ingress(document: Document, placement: Placement) -> list[dict[str, Any]]:
    """The rules for traffic to the instances of a placement."""
    return [_build_rule(port, source, text) for port, source, text in _find_connections(document, placement)]


def load_balancer_ingress(document: Document) -> list[dict[str, Any]]:
    """The rules for traffic to the load balancer."""
    balancer = load_balancer(document) or {}
    ports = {balancer["port"]: "HTTP"}
    if balancer["tls"]:
        ports[balancer["tls"]["port"]] = "HTTPS"
    return [_build_rule(port, cidr, text) for cidr in balancer["allow_from"] for port, text in ports.items()]


def store_ingress(document: Document, store: str, port: int) -> list[dict[str, Any]]:
    """The rules for traffic to a database or cache: from the placements of the services that use it."""
    users = find_store_users(document, store)
    names = dict.fromkeys(placement_name(user, services(document)[user]) for user in users)
    store_name = store.partition("/")[2]
    return [_build_rule(port, Ref(f"security_group/{name}"), f"{store_name} from {name}") for name in names]


def _find_connections(document: Document, placement: Placement) -> Iterator[Connection]:
    yield from _find_ssh_connections(document, placement)
    proxy = placement.proxy
    if proxy is not None:
        for cidr in proxy["allow_from"]:
            yield proxy["port"], cidr, "HTTP to the proxy"
            if proxy["tls"] is not None:
                yield proxy["tls"]["port"], cidr, "HTTPS to the proxy"
    for name, service in placement.services.items():
        if service["port"] is None:
            continue
        if name in balanced_services(document):
            yield service["port"], Ref("security_group/alb"), f"{name} from the load balancer"
        for cidr in service["allow_from"]:
            yield service["port"], cidr, f"{name} directly"
        for caller in calling_placements(document, name):
            yield service["port"], Ref(f"security_group/{caller}"), f"{name} from {caller}"


def _find_ssh_connections(document: Document, placement: Placement) -> Iterator[Connection]:
    """Private instances are reached from private networks, or by a jump through the subnets of the public tier."""
    if document["access"]["connect"] == "ssm":
        return
    sources, public_tier = document["access"]["ssh_from"], find_public_tier(document)
    allowed = list(sources)
    if not placement.has_public_addresses and public_tier is not None:
        allowed = [cidr for cidr in sources if _is_private(cidr)]
        if len(allowed) < len(sources):
            allowed += tiers(document)[public_tier]["cidrs"]
    for cidr in dict.fromkeys(allowed):
        yield 22, cidr, "SSH"


def _is_private(cidr: str) -> bool:
    return any(IPv4Network(cidr).subnet_of(network) for network in PRIVATE_NETWORKS)


def _build_rule(port: int, source: str | Ref, text: str) -> dict[str, Any]:
    peer = {"group": source} if isinstance(source, Ref) else {"cidr": source}
    return {"protocol": "tcp", "from_port": port, "to_port": port, **peer, "description": text}
