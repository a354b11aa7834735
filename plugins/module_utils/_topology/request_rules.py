# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the way of a request: by the proxy or the load balancer, along routes, to one service."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from .balancer import Route, routes
from .domain import bare, names_of
from .kinds import Place
from .reserved import NGINX_HEALTH_PATH
from .view import Document, balanced_services, group_of, load_balancer, machine_groups, proxy_on, services, tiers

Finding = tuple[Place, str]
SMALLEST_PREFIX = 27
LAST_PLACE = 50000  # Elastic Load Balancing API Reference, CreateRule, Priority


def requests_come_in_by_one_way(document: Document) -> Iterator[Finding]:
    if load_balancer(document) is not None and document["proxy"] is not None:
        yield ("proxy",), "stands beside load_balancer, and requests come in by one of them (remove one)"


def routes_lead_to_one_service(document: Document) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, service in services(document).items():
        for prefix in service["static"]:
            if owners.setdefault(f"{prefix}*", name) != name:
                yield ("services", name, "static", prefix), f"services.{owners[prefix + '*']} has this path already"
        for number, route in enumerate(service["routes"]):
            place = ("services", name, "routes", number)
            if owners.setdefault(route, name) != name:
                yield place, f"services.{owners[route]} has {route} already (remove one)"
            elif route.endswith("*") and route[:-1] in service["static"]:
                yield place, f"its files are served there, by static.{route[:-1]} (remove one)"


def routes_are_not_those_of_the_proxy(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        group = group_of(name, service)
        if group is None or proxy_on(document, group) is None:
            continue
        for number, route in enumerate(service["routes"]):
            if route == NGINX_HEALTH_PATH:
                text = f"{route} is where nginx answers for its own health (choose another path)"
                yield ("services", name, "routes", number), text


def routes_have_a_beginning(document: Document) -> Iterator[Finding]:
    """A load balancer leads to services; files are served by a proxy alone."""
    balanced = load_balancer(document) is not None
    for name, service in services(document).items():
        group = group_of(name, service)
        if group not in machine_groups(document) or proxy_on(document, group) is not None:
            continue
        if service["static"]:
            yield ("services", name, "static"), f'no proxy runs on "{group}" (set proxy.on to it, or remove this)'
        if service["routes"] and not balanced:
            text = f'no proxy runs on "{group}" (set proxy.on to it, add a load_balancer, or remove this)'
            yield ("services", name, "routes"), text


def load_balancer_has_a_place(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    tier = tiers(document).get(balancer["subnets"]) if balancer is not None else None
    if balancer is None or tier is None:
        return
    zones = len(document["network"]["zones"] or ())
    if zones < 2:
        text = f"a load balancer takes subnets in two zones at least, and network.zones has {zones} (add one)"
        yield ("load_balancer", "subnets"), text
    for number, cidr in enumerate(tier["cidrs"] or ()):
        if IPv4Network(cidr).prefixlen > SMALLEST_PREFIX:
            text = f"{cidr} is too small for a load balancer (choose networks of /{SMALLEST_PREFIX} or larger)"
            yield ("network", "subnets", balancer["subnets"], "cidrs", number), text


def load_balancer_leads_somewhere(document: Document) -> Iterator[Finding]:
    if load_balancer(document) is not None and not balanced_services(document):
        yield ("load_balancer",), 'no service has routes, so that it leads nowhere (give one routes: ["/*"])'
    for name, service in balanced_services(document).items():
        if service["socket"]:
            yield ("services", name, "socket"), "a load balancer does not reach a socket (give a port)"


def load_balancer_waits_for_services(document: Document) -> Iterator[Finding]:
    idle = (load_balancer(document) or {}).get("idle_timeout")
    for name, service in balanced_services(document).items():
        if idle is not None and service["timeout"] > idle:
            text = f"{idle} is shorter than services.{name}.timeout, {service['timeout']} (raise it, or leave it out)"
            yield ("load_balancer", "idle_timeout"), text


def listeners_have_ports_of_their_own(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    if balancer is not None and balancer["tls"] is not None and balancer["tls"]["port"] == balancer["port"]:
        text = (
            f"{balancer['port']} is load_balancer.port as well, where plain HTTP is redirected (choose another for one)"
        )
        yield ("load_balancer", "tls", "port"), text


def certificate_has_a_name(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    if balancer is None:
        return
    if balancer["tls"] is not None and not balancer["tls"]["certificate"] and not balancer["domain"]:
        text = "missing; give the ARN of one, or load_balancer.domain, for which one is made"
        yield ("load_balancer", "tls", "certificate"), text
    for key in ("alternative_names", "hosted_zone") if not balancer["domain"] else ():
        if balancer[key]:
            yield ("load_balancer", key), "stands without load_balancer.domain (add that, or remove this)"
    if balancer["domain"] and balancer["server_name"]:
        yield ("load_balancer", "server_name"), "stands beside domain, which says it (remove one)"


def names_lie_in_their_zone(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    zone = (balancer or {}).get("hosted_zone")
    names = names_of(balancer) if balancer is not None else []
    for number, name in enumerate(names):
        place = ("domain",) if number == 0 else ("alternative_names", number - 1)
        if name in names[:number]:
            yield ("load_balancer", *place), f"{name} is load_balancer.domain already (remove this)"
        elif zone and "." in zone and not f".{bare(name)}".endswith(f".{zone}"):
            yield (
                ("load_balancer", *place),
                f"{name} lies outside the hosted zone {zone} (leave hosted_zone out, or this)",
            )


def rules_have_places_of_their_own(document: Document) -> Iterator[Finding]:
    owners: dict[int, str] = {}
    for route in routes(document):
        if owners.setdefault(route.priority, route.service) != route.service:
            yield (
                ("services", route.service, "priority"),
                f"services.{owners[route.priority]} has a rule at place {route.priority} already (choose another)",
            )
        elif route.priority > LAST_PLACE:
            text = f"its rules would go up to place {route.priority}, and AWS takes {LAST_PLACE} (lower it)"
            yield ("services", route.service, "priority"), text


def rules_can_be_reached(document: Document) -> Iterator[Finding]:
    """The first rule that fits is taken: one that covers another must come after it."""
    before: list[Route] = []
    for route in routes(document):
        for earlier in before:
            if _covers(earlier.path, route.path) and earlier.service != route.service:
                text = (
                    f"{route.path} gets no request, because services.{earlier.service} takes {earlier.path} before it "
                    f"(put services.{route.service} first, or give it a priority below {earlier.priority})"
                )
                yield ("services", route.service, "routes", route.number), text
                break
        before.append(route)


def _covers(path: str, other: str) -> bool:
    return path.endswith("*") and other.startswith(path[:-1])


REQUEST_RULES = (
    requests_come_in_by_one_way,
    routes_lead_to_one_service,
    routes_are_not_those_of_the_proxy,
    routes_have_a_beginning,
    load_balancer_has_a_place,
    load_balancer_leads_somewhere,
    load_balancer_waits_for_services,
    listeners_have_ports_of_their_own,
    certificate_has_a_name,
    names_lie_in_their_zone,
    rules_have_places_of_their_own,
    rules_can_be_reached,
)
