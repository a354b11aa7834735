# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The load balancer of a document: what it listens to, who answers, and which rules lead there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._stack.wanted import Ref, Wanted
from .domain import certificate_of, domain
from .firewall import balancer_ingress
from .view import Document, balanced_services, group_of, load_balancer, machine_groups, tiers

ALB = "load_balancer/alb"
EVERYTHING = "/*"
NOBODY = {"fixed_response": {"status": 404, "content_type": "text/plain", "body": "Not found"}}


@dataclass(frozen=True)
class Route:
    """A path of a service, and the priority of the rule that leads there; ``number`` is its place in the service."""

    priority: int
    path: str
    service: str
    number: int


def routes(document: Document) -> list[Route]:
    """The rules of the listener, by priority: the order of the document, around the places that are stated."""
    found = balanced_services(document)
    stated = {name: service["priority"] for name, service in found.items() if service["priority"] is not None}
    taken = {place + number for name, place in stated.items() for number in range(len(found[name]["routes"]))}
    free = (place for place in range(1, 50001) if place not in taken)
    result = []
    for name, service in found.items():
        for number, path in enumerate(path for path in service["routes"] if path != EVERYTHING):
            place = stated[name] + number if name in stated else next(free)
            result.append(Route(place, path, name, service["routes"].index(path)))
    return sorted(result, key=lambda route: route.priority)


def load_balancing(document: Document) -> Iterator[Wanted]:
    balancer = load_balancer(document)
    if balancer is None:
        return
    yield _security_group(document)
    yield _balancer(document, balancer)
    yield from domain(balancer, ALB)
    for name, service in balanced_services(document).items():
        yield _target_group(name, service)
    yield from _listeners(document, balancer)
    yield from _rules(document, balancer)
    for name, service in balanced_services(document).items():
        yield from _targets(document, name, service)


def _security_group(document: Document) -> Wanted:
    text = f"Load balancer of {document['name']}"
    return Wanted(
        "security_group", "alb", {"vpc": Ref("vpc/main"), "description": text, "ingress": balancer_ingress(document)}
    )


def _balancer(document: Document, balancer: Mapping[str, Any]) -> Wanted:
    tier, zones = balancer["subnets"], range(1, len(document["network"]["zones"]) + 1)
    properties = {
        "scheme": "internet-facing" if tiers(document)[tier]["route"] == "internet" else "internal",
        "subnets": [Ref(f"subnet/{tier}-{zone}") for zone in zones],
        "security_groups": [Ref("security_group/alb")],
        "attributes": _attributes(balancer),
    }
    return Wanted("load_balancer", "alb", properties, protected=balancer["protect"])


def _attributes(balancer: Mapping[str, Any]) -> dict[str, Any]:
    logs = balancer["access_logs"]
    place = {"access_logs.s3.bucket": logs["bucket"], "access_logs.s3.prefix": logs["prefix"] or ""} if logs else {}
    return {
        "idle_timeout.timeout_seconds": balancer["idle_timeout"],
        "deletion_protection.enabled": balancer["protect"],
        # Headers that servers read in different ways are how requests are smuggled.
        "routing.http.drop_invalid_header_fields.enabled": True,
        "access_logs.s3.enabled": logs is not None,
        **place,
    }


def _target_group(name: str, service: Mapping[str, Any]) -> Wanted:
    properties = {
        "vpc": Ref("vpc/main"),
        "port": service["port"],
        "health": dict(service["health"]),
        "attributes": {"deregistration_delay.timeout_seconds": service["drain"]},
    }
    return Wanted("target_group", name, properties)


def _listeners(document: Document, balancer: Mapping[str, Any]) -> Iterator[Wanted]:
    default = [name for name, service in balanced_services(document).items() if EVERYTHING in service["routes"]]
    action = {"forward": Ref(f"target_group/{default[0]}")} if default else NOBODY
    tls = balancer["tls"]
    if tls is not None:
        redirect = {"redirect": {"protocol": "HTTPS", "port": tls["port"], "listener": Ref("listener/https")}}
        yield Wanted("listener", "http", {"load_balancer": Ref(ALB), "port": balancer["port"], "action": redirect})
    properties: dict[str, Any] = {
        "load_balancer": Ref(ALB),
        "port": tls["port"] if tls else balancer["port"],
        "protocol": "HTTPS" if tls else "HTTP",
        "action": action,
    }
    yield Wanted("listener", _main(balancer), properties | ({"certificate": certificate_of(balancer)} if tls else {}))


def _main(balancer: Mapping[str, Any]) -> str:
    """The listener that leads to the services."""
    return "https" if balancer["tls"] else "http"


def _rules(document: Document, balancer: Mapping[str, Any]) -> Iterator[Wanted]:
    for route in routes(document):
        properties = {
            "listener": Ref(f"listener/{_main(balancer)}"),
            "priority": route.priority,
            "paths": [route.path],
            "action": {"forward": Ref(f"target_group/{route.service}")},
        }
        yield Wanted("listener_rule", f"{route.service}-{route.number + 1}", properties)


def _targets(document: Document, name: str, service: Mapping[str, Any]) -> Iterator[Wanted]:
    group = str(group_of(name, service))
    for number in range(1, machine_groups(document)[group]["count"] + 1):
        properties = {
            "target_group": Ref(f"target_group/{name}"),
            "instance": Ref(f"instance/{group}-{number}"),
            "port": service["port"],
        }
        yield Wanted("target", f"{name}--{group}-{number}", properties)
