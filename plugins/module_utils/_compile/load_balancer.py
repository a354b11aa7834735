# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the load balancer of a document: listeners, rules, target groups and targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.placement import find_placement
from .._topology.routes import CATCH_ALL, list_rules
from .._topology.view import Document, balanced_services, load_balancer, tiers
from .domain import compile_domain, find_certificate
from .firewall import load_balancer_ingress
from .network import subnet_refs
from .placement import instance_ref

ALB = "load_balancer/alb"
NOT_FOUND = {"fixed_response": {"status": 404, "content_type": "text/plain", "body": "Not found"}}


def compile_load_balancer(document: Document) -> Iterator[DesiredResource]:
    balancer = load_balancer(document)
    if balancer is None:
        return
    yield _compile_security_group(document)
    yield _compile_balancer(document, balancer)
    yield from compile_domain(balancer, ALB)
    for name, service in balanced_services(document).items():
        yield _compile_target_group(name, service)
    yield from _compile_listeners(document, balancer)
    yield from _compile_rules(document, balancer)
    for name, service in balanced_services(document).items():
        yield from _compile_targets(document, name, service)


def _compile_security_group(document: Document) -> DesiredResource:
    text = f"Load balancer of {document['name']}"
    return DesiredResource(
        "security_group",
        "alb",
        {"vpc": Ref("vpc/main"), "description": text, "ingress": load_balancer_ingress(document)},
    )


def _compile_balancer(document: Document, balancer: Mapping[str, Any]) -> DesiredResource:
    tier = balancer["subnets"]
    properties = {
        "scheme": "internet-facing" if tiers(document)[tier]["route"] == "internet" else "internal",
        "subnets": subnet_refs(document, tier),
        "security_groups": [Ref("security_group/alb")],
        "attributes": _build_attributes(balancer),
    }
    return DesiredResource("load_balancer", "alb", properties, protected=balancer["protect"])


def _build_attributes(balancer: Mapping[str, Any]) -> dict[str, Any]:
    logs = balancer["access_logs"]
    location = {"access_logs.s3.bucket": logs["bucket"], "access_logs.s3.prefix": logs["prefix"] or ""} if logs else {}
    return {
        "idle_timeout.timeout_seconds": balancer["idle_timeout"],
        "deletion_protection.enabled": balancer["protect"],
        # Servers that read invalid headers differently allow request smuggling.
        "routing.http.drop_invalid_header_fields.enabled": True,
        "access_logs.s3.enabled": logs is not None,
        **location,
    }


def _compile_target_group(name: str, service: Mapping[str, Any]) -> DesiredResource:
    properties = {
        "vpc": Ref("vpc/main"),
        "port": service["port"],
        "health": dict(service["health"]),
        "attributes": {"deregistration_delay.timeout_seconds": service["drain"]},
    }
    return DesiredResource("target_group", name, properties)


def _compile_listeners(document: Document, balancer: Mapping[str, Any]) -> Iterator[DesiredResource]:
    default = [name for name, service in balanced_services(document).items() if CATCH_ALL in service["routes"]]
    action = {"forward": Ref(f"target_group/{default[0]}")} if default else NOT_FOUND
    tls = balancer["tls"]
    if tls is not None:
        redirect = {"redirect": {"protocol": "HTTPS", "port": tls["port"], "listener": Ref("listener/https")}}
        yield DesiredResource(
            "listener", "http", {"load_balancer": Ref(ALB), "port": balancer["port"], "action": redirect}
        )
    properties: dict[str, Any] = {
        "load_balancer": Ref(ALB),
        "port": tls["port"] if tls else balancer["port"],
        "protocol": "HTTPS" if tls else "HTTP",
        "action": action,
    }
    yield DesiredResource(
        "listener",
        _forwarding_listener(balancer),
        properties | ({"certificate": find_certificate(balancer)} if tls else {}),
    )


def _forwarding_listener(balancer: Mapping[str, Any]) -> str:
    """The name of the listener that forwards requests to services."""
    return "https" if balancer["tls"] else "http"


def _compile_rules(document: Document, balancer: Mapping[str, Any]) -> Iterator[DesiredResource]:
    for route in list_rules(document):
        properties = {
            "listener": Ref(f"listener/{_forwarding_listener(balancer)}"),
            "priority": route.priority,
            "paths": [route.path],
            "action": {"forward": Ref(f"target_group/{route.service}")},
        }
        yield DesiredResource("listener_rule", f"{route.service}-{route.number + 1}", properties)


def _compile_targets(document: Document, name: str, service: Mapping[str, Any]) -> Iterator[DesiredResource]:
    for member in find_placement(document, name).member_names:
        properties = {
            "target_group": Ref(f"target_group/{name}"),
            "instance": instance_ref(member),
            "port": service["port"],
        }
        yield DesiredResource("target", f"{name}--{member}", properties)
