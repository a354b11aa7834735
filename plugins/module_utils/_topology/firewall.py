# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group rules, derived from who talks to whom. Nothing is open that no edge of the document asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._stack.wanted import Ref
from .view import Document, balanced_services, calling_groups, load_balancer, proxy_on, services_on


def ingress(document: Document, group: str) -> list[dict[str, Any]]:
    """The rules for traffic to the instances of a group."""
    return [_rule(port, peer, text) for port, peer, text in _edges(document, group)]


def balancer_ingress(document: Document) -> list[dict[str, Any]]:
    """The rules for traffic to the load balancer."""
    balancer = load_balancer(document) or {}
    ports = {balancer["port"]: "HTTP"} | ({balancer["tls"]["port"]: "HTTPS"} if balancer["tls"] else {})
    return [_rule(port, cidr, text) for cidr in balancer["allow_from"] for port, text in ports.items()]


def _edges(document: Document, group: str) -> Iterator[tuple[int, str | Ref, str]]:
    for cidr in document["access"]["ssh_from"]:
        yield 22, cidr, "SSH"
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


def _rule(port: int, peer: str | Ref, text: str) -> dict[str, Any]:
    source = {"group": peer} if isinstance(peer, Ref) else {"cidr": peer}
    return {"protocol": "tcp", "from_port": port, "to_port": port, **source, "description": text}
