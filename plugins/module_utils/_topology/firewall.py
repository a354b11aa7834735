# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group rules, derived from who talks to whom. Nothing is open that no edge of the document asks for."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from .._stack.wanted import Ref
from .view import (
    Document,
    balanced_services,
    calling_groups,
    gateway_tier,
    group_of,
    load_balancer,
    machine_groups,
    proxy_on,
    services,
    services_on,
    store_users,
    tiers,
)

# RFC 1918: what can reach an address of the network itself, over peering or a VPN.
PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def ingress(document: Document, group: str) -> list[dict[str, Any]]:
    """The rules for traffic to the instances of a group."""
    return [_rule(port, peer, text) for port, peer, text in _edges(document, group)]


def balancer_ingress(document: Document) -> list[dict[str, Any]]:
    """The rules for traffic to the load balancer."""
    balancer = load_balancer(document) or {}
    ports = {balancer["port"]: "HTTP"} | ({balancer["tls"]["port"]: "HTTPS"} if balancer["tls"] else {})
    return [_rule(port, cidr, text) for cidr in balancer["allow_from"] for port, text in ports.items()]


def store_ingress(document: Document, store: str, port: int) -> list[dict[str, Any]]:
    """The rules for traffic to a database or cache: from the instances of those services that use it."""
    users = ((service, services(document)[service]) for service in store_users(document, store))
    groups = dict.fromkeys(str(group_of(service, item)) for service, item in users)
    name = store.partition("/")[2]
    return [_rule(port, Ref(f"security_group/{group}"), f"{name} from {group}") for group in groups]


def _edges(document: Document, group: str) -> Iterator[tuple[int, str | Ref, str]]:
    yield from _ssh(document, group)
    proxy = proxy_on(document, group)
    if proxy is not None:
        for cidr in proxy["allow_from"]:
            yield proxy["port"], cidr, "HTTP to the proxy"
            if proxy["tls"] is not None:
                yield proxy["tls"]["port"], cidr, "HTTPS to the proxy"
    for name, service in services_on(document, group).items():
        if service["port"] is None:
            continue
        if name in balanced_services(document):
            yield service["port"], Ref("security_group/alb"), f"{name} from the load balancer"
        for cidr in service["allow_from"]:
            yield service["port"], cidr, f"{name} directly"
        for caller in calling_groups(document, name):
            yield service["port"], Ref(f"security_group/{caller}"), f"{name} from {caller}"


def _ssh(document: Document, group: str) -> Iterator[tuple[int, str | Ref, str]]:
    """Instances without a public address are reached from private networks, or through those in the public tier."""
    if document["access"]["connect"] == "ssm":
        return iter(())
    sources, home = document["access"]["ssh_from"], gateway_tier(document)
    if machine_groups(document)[group]["address"] != "private" or home is None:
        return ((22, cidr, "SSH") for cidr in sources)
    inside = [cidr for cidr in sources if any(IPv4Network(cidr).subnet_of(private) for private in PRIVATE)]
    jump = tiers(document)[home]["cidrs"] if len(inside) < len(sources) else []
    return ((22, cidr, "SSH") for cidr in dict.fromkeys([*inside, *jump]))


def _rule(port: int, peer: str | Ref, text: str) -> dict[str, Any]:
    source = {"group": peer} if isinstance(peer, Ref) else {"cidr": peer}
    return {"protocol": "tcp", "from_port": port, "to_port": port, **source, "description": text}
