# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables and groups of inventory hosts, from a document and an instance. Pure functions.

An instance is a mapping with the keys of `INSTANCE_KEYS`, which the inventory plugin keeps of DescribeInstances.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .._topology.database_names import database_user
from .._topology.placement import Placement, bind_address, find_placements, placement_name
from .._topology.runtimes import RUNTIMES, roles_of
from .._topology.view import (
    Document,
    balanced_services,
    databases,
    find_store_users,
    find_store_variables,
    keep_alive_timeout,
    service_user,
    services,
    stop_timeout,
)
from .rollout import compile_rollout, secret_location

INSTANCE_KEYS = (
    "id",
    "type",
    "state",
    "image",
    "region",
    "zone",
    "private_ip",
    "public_ip",
    "private_dns",
    "public_dns",
    "tags",
)

# Groups of hosts that the document no longer has, that get another type, and whose services call other hosts.
CHANGING = (LEAVING, RESIZING, CALLING) = ("groundwork_leaving", "groundwork_resizing", "groundwork_calling")
# Hosts that replace.yml works on, which adds them: an inventory does not know the plan.
REPLACING = "groundwork_replacing"

# The keys of a service that its roles read as they are.
_SERVICE_KEYS = (
    "runtime",
    "process_manager",
    "interface",
    "entry",
    "workers",
    "threads",
    "timeout",
    "memory",
    "health",
    "routes",
    "drain",
    "static",
    "websocket",
    "environment",
    "migrate",
    "build",
    "install_scripts",
    "aws_access",
)


def stack_variables(document: Document) -> dict[str, Any]:
    """The variables of every host and of the controller."""
    return {
        "stack_document": document,
        "stack_name": document["name"],
        "stack_region": document["region"],
        "stack_account": document["account"],
        "stack_roles": list_runtime_roles(services(document).values()),
    }


def host_variables(document: Document | None, instance: Mapping[str, Any]) -> dict[str, Any]:
    """All variables of one host: its own, and those of its placement if it belongs to the stack of the document."""
    placement = find_placement_of(document, instance)
    shared = {} if document is None or placement is None else placement_variables(document, placement)
    return {**instance_variables(instance), **shared}


def instance_variables(instance: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that come from AWS."""
    tags = instance["tags"]
    return {
        "groundwork_stack": tags.get("groundwork:stack"),
        "groundwork_host": _member_name(instance) or None,
        "groundwork_group": tags.get("groundwork:group"),
        "groundwork_tier": tags.get("groundwork:tier"),
        "groundwork_zone": instance["zone"],
        "ec2_instance_id": instance["id"],
        "ec2_instance_type": instance["type"],
        "ec2_image_id": instance["image"],
        "ec2_private_ip": instance["private_ip"],
        "ec2_public_ip": instance["public_ip"],
        "ec2_state": instance["state"],
        "ec2_tags": tags,
    }


def _member_name(instance: Mapping[str, Any]) -> str:
    """The name of an instance in its placement (``app-1``); empty for an instance without the tag."""
    return str(instance["tags"].get("groundwork:resource", "")).partition("/")[2]


def find_placement_of(document: Document | None, instance: Mapping[str, Any]) -> Placement | None:
    """The placement of the document that an instance belongs to; None for an instance of another stack."""
    tags = instance["tags"]
    if document is None or tags.get("groundwork:stack") != document["name"]:
        return None
    return find_placements(document).get(tags.get("groundwork:group"))


def placement_variables(document: Document, placement: Placement) -> dict[str, Any]:
    """The variables that all hosts of a placement share: their services, and the proxy."""
    variables: dict[str, Any] = {
        "groundwork_services": [service_variables(document, name) for name in placement.services],
        "groundwork_roles": list_runtime_roles(placement.services.values()),
    }
    if placement.proxy is not None:
        keys = ("port", "server_name", "tls", "max_body")
        variables["groundwork_proxy"] = {key: placement.proxy[key] for key in keys}
    return variables


def list_runtime_roles(some: Collection[Mapping[str, Any]]) -> list[str]:
    """The roles of the runtimes of some services, in the order of the table of runtimes."""
    used = {role for service in some for role in roles_of(service)}
    in_order = [role for runtime in RUNTIMES.values() for roles in runtime.roles.values() for role in roles]
    return [role for role in dict.fromkeys(in_order) if role in used]


def service_variables(document: Document, name: str) -> dict[str, Any]:
    """One service as roles see it, with all defaults and the address that it listens on."""
    service = services(document)[name]
    runtime = RUNTIMES[service["runtime"]]
    return {
        "name": name,
        "user": service_user(name),
        "role": roles_of(service)[-1],
        "builder": runtime.builder,
        "artifact": runtime.artifact,
        "stop_signal": runtime.stop_signal,
        "stop_timeout": stop_timeout(service),
        "keep_alive_timeout": keep_alive_timeout(document, name),
        "bind": bind_address(document, name),
        "port": service["port"],
        "socket": f"/run/{name}/{name}.sock" if service["socket"] else None,
        "balanced": name in balanced_services(document),
        "calls": list(_find_calls(document, name)),
        "databases": [
            {
                "name": database,
                "engine": databases(document)[database]["engine"],
                "variable": variable,
                "users": [database_user(user) for user in find_store_users(document, f"database/{database}")],
            }
            for database, variable in find_store_variables(service, "database").items()
        ],
        "caches": [
            {"name": cache, "variable": variable} for cache, variable in find_store_variables(service, "cache").items()
        ],
        "secrets": [
            {"name": secret, "variable": variable, **secret_location(document, secret)}
            for variable, secret in service["secrets"].items()
        ],
        "source": {key: value for key, value in service["source"].items() if value is not None},
        **{key: service[key] for key in _SERVICE_KEYS},
        "rollout": compile_rollout(document, name),
    }


def _find_calls(document: Document, name: str) -> Iterator[dict[str, Any]]:
    """The services that a service calls at a port; one that listens on a socket is left out."""
    every_service = services(document)
    home = placement_name(name, every_service[name])
    for called in every_service[name]["calls"]:
        port = every_service[called]["port"]
        if port is not None:
            is_local = placement_name(called, every_service[called]) == home
            yield {"name": called, "port": port, "group": group_name("service", called), "local": is_local}


def host_groups(document: Document | None, instance: Mapping[str, Any]) -> list[str]:
    """The inventory groups of one host. For its services, the document takes precedence over the tags."""
    tags = instance["tags"]
    placement = find_placement_of(document, instance)
    service_names = tags.get("groundwork:services", "").split()
    if document is not None and tags.get("groundwork:stack") == document["name"]:
        service_names = list(placement.services) if placement is not None else []
    named = [
        ("stack", tags.get("groundwork:stack")),
        ("group", tags.get("groundwork:group")),
        ("tier", tags.get("groundwork:tier")),
        ("zone", instance["zone"]),
        *(("service", name) for name in service_names),
    ]
    groups = ["groundwork", *(group_name(kind, name) for kind, name in named if name)]
    if document is not None and placement is not None:
        groups += _changing_groups(document, placement, instance)
    return groups


def _changing_groups(document: Document, placement: Placement, instance: Mapping[str, Any]) -> Iterator[str]:
    """The groups that scaling and configuration read: the host leaves, gets another type, or calls other hosts."""
    if placement.is_surplus(_member_name(instance)):
        yield LEAVING
    elif placement.needs_resize(instance["type"]):
        yield RESIZING
    if any(not call["local"] for name in placement.services for call in _find_calls(document, name)):
        yield CALLING


def group_name(kind: str, name: str) -> str:
    """The name of an inventory group: ``service_user_api`` for the service ``user-api``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{kind}_{name}")
