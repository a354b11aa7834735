# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions that several parts ask of a document: who stands where, who talks to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]

# Where a service looks for a store, if it uses one of the kind.
STORE_VARIABLES: Mapping[str, str] = {"database": "DATABASE_URL", "cache": "REDIS_URL"}


def machine_groups(document: Document) -> dict[str, Mapping[str, Any]]:
    """The groups of instances by name: those under ``instances``, and each service that has instances of its own."""
    groups = dict(document.get("instances") or {})
    for name, service in services(document).items():
        if service.get("instances") is not None:
            groups.setdefault(name, service["instances"])
    return groups


def services(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("services") or {}


def databases(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("databases") or {}


def caches(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("caches") or {}


def shared_secrets(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("secrets") or {}


def monitoring(document: Document) -> Mapping[str, Any] | None:
    watching: Mapping[str, Any] | None = document.get("monitoring")
    return watching


def store_users(document: Document, store: str) -> list[str]:
    """The services that use a store (``database/main``, ``cache/redis``), in the document's order."""
    return [name for name, service in services(document).items() if store in service["uses"]]


def store_variables(service: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The environment variable in which a service finds each store of a kind that it uses, by the store's name."""
    names = [store.partition("/")[2] for store in service["uses"] if store.startswith(f"{kind}/")]
    if len(names) == 1:
        return {names[0]: STORE_VARIABLES[kind]}
    return {name: f"{name.upper().replace('-', '_')}_{STORE_VARIABLES[kind]}" for name in names}


def tiers(document: Document) -> Mapping[str, Mapping[str, Any]]:
    """The tiers of subnets by name."""
    return (document.get("network") or {}).get("subnets") or {}


def gateway_tier(document: Document) -> str | None:
    """The first tier that leads to the internet: the internet gateway serves it, and NAT gateways stand in it."""
    return next((name for name, subnets in tiers(document).items() if subnets.get("route") == "internet"), None)


def group_of(name: str, service: Mapping[str, Any]) -> str | None:
    """The group of instances that a service runs on."""
    return name if service.get("instances") is not None else service.get("on")


def services_on(document: Document, group: str) -> dict[str, Mapping[str, Any]]:
    """The services of a group of instances, in the document's order."""
    return {name: item for name, item in services(document).items() if group_of(name, item) == group}


def calling_groups(document: Document, called: str) -> list[str]:
    """The other groups of instances from which a service is called, in the document's order.

    Services of the same group reach each other on their own host, whose loopback no security group guards.
    """
    everyone = services(document)
    home = group_of(called, everyone[called])
    callers = (group_of(name, item) for name, item in everyone.items() if called in item["calls"])
    return [group for group in dict.fromkeys(callers) if group is not None and group != home]


def call_variables(document: Document, name: str) -> dict[str, str]:
    """The services that a service calls over the network, by the variable in which it finds their URLs."""
    everyone = services(document)
    called = [other for other in everyone[name]["calls"] if other in everyone and everyone[other]["port"] is not None]
    return {f"{other.upper().replace('-', '_')}_URLS": other for other in called}


def bind_address(document: Document, name: str) -> str:
    """The address that a service listens on. From outside, only those reach the port whom the security group lets in;
    without any, it stays on the loopback."""
    service = services(document)[name]
    reached = bool(service["allow_from"] or calling_groups(document, name) or name in balanced_services(document))
    return "0.0.0.0" if reached else "127.0.0.1"


def load_balancer(document: Document) -> Mapping[str, Any] | None:
    balancer: Mapping[str, Any] | None = document.get("load_balancer")
    return balancer


def balanced_services(document: Document) -> dict[str, Mapping[str, Any]]:
    """The services that the load balancer sends requests to, in the document's order."""
    if load_balancer(document) is None:
        return {}
    return {name: service for name, service in services(document).items() if service["routes"]}


def proxy_on(document: Document, group: str) -> Mapping[str, Any] | None:
    """The proxy, if it runs on the instances of this group."""
    proxy: Mapping[str, Any] | None = document.get("proxy")
    return proxy if proxy is not None and proxy["on"] == group else None
