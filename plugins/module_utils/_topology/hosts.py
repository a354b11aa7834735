# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a document and an instance to the variables and groups of an inventory host. Pure functions.

An instance is a mapping with the keys of `INSTANCE_KEYS`: what the inventory plugin keeps of DescribeInstances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .view import (
    Document,
    balanced_services,
    bind_address,
    databases,
    group_of,
    machine_groups,
    proxy_on,
    services,
    services_on,
    shared_secrets,
    store_variables,
)

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

# Hosts that the document no longer has, those to get another type, and those with services that call other hosts.
CHANGING = (LEAVING, RESIZING, CALLING) = ("groundwork_leaving", "groundwork_resizing", "groundwork_calling")

_SAID_OF_SERVICES = (
    "runtime",
    "process_manager",
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
)


def stack_variables(document: Document) -> dict[str, Any]:
    """What every host, and the controller itself, knows of the stack."""
    return {
        "stack_document": document,
        "stack_name": document["name"],
        "stack_region": document["region"],
        "stack_account": document["account"],
    }


def host_variables(document: Document | None, instance: Mapping[str, Any]) -> dict[str, Any]:
    """All variables of one host: its own, and what the document says of its group when it belongs to that stack."""
    group = group_of_instance(document, instance)
    of_group = {} if document is None or group is None else group_variables(document, group)
    return {**instance_variables(instance), **of_group}


def instance_variables(instance: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS says of one host."""
    tags = instance["tags"]
    return {
        "groundwork_stack": tags.get("groundwork:stack"),
        "groundwork_host": tags.get("groundwork:resource", "").partition("/")[2] or None,
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


def group_of_instance(document: Document | None, instance: Mapping[str, Any]) -> str | None:
    """The document's group of instances to which this one belongs, if it is of that stack at all."""
    tags = instance["tags"]
    if document is None or tags.get("groundwork:stack") != document["name"]:
        return None
    group = tags.get("groundwork:group")
    return group if group in machine_groups(document) else None


def group_variables(document: Document, group: str) -> dict[str, Any]:
    """What all hosts of one group of instances have in common: the services they run, and the proxy."""
    variables: dict[str, Any] = {
        "groundwork_services": [service_variables(document, name) for name in services_on(document, group)]
    }
    proxy = proxy_on(document, group)
    if proxy is not None:
        variables["groundwork_proxy"] = {key: proxy[key] for key in ("port", "server_name", "tls", "max_body")}
    return variables


def service_variables(document: Document, name: str) -> dict[str, Any]:
    """One service as roles see it: every default filled, and where it listens."""
    service = services(document)[name]
    return {
        "name": name,
        "bind": bind_address(document, name),
        "port": service["port"],
        "socket": f"/run/{name}/{name}.sock" if service["socket"] else None,
        "balanced": name in balanced_services(document),
        "calls": list(_calls(document, name)),
        "databases": [
            {"name": database, "engine": databases(document)[database]["engine"], "variable": variable}
            for database, variable in store_variables(service, "database").items()
        ],
        "caches": [
            {"name": cache, "variable": variable} for cache, variable in store_variables(service, "cache").items()
        ],
        "secrets": [
            {"name": secret, "variable": variable, **_held(document, secret)}
            for variable, secret in service["secrets"].items()
        ],
        "source": {key: value for key, value in service["source"].items() if value is not None},
        **{key: service[key] for key in _SAID_OF_SERVICES},
    }


def _held(document: Document, secret: str) -> dict[str, Any]:
    """Where a secret is that the stack has not made up."""
    return {key: shared_secrets(document)[secret][key] for key in ("existing", "key")}


def _calls(document: Document, name: str) -> Iterator[dict[str, Any]]:
    """The services that a service calls over the network; one that listens on a socket is called there."""
    everyone = services(document)
    home = group_of(name, everyone[name])
    for called in everyone[name]["calls"]:
        port, group = everyone[called]["port"], group_of(called, everyone[called])
        if port is not None:
            yield {"name": called, "port": port, "group": group_name("service", called), "local": group == home}


def host_groups(document: Document | None, instance: Mapping[str, Any]) -> list[str]:
    """The inventory groups of one host. The document knows better than the tags which services it runs."""
    tags = instance["tags"]
    stack, group = tags.get("groundwork:stack"), tags.get("groundwork:group")
    names = tags.get("groundwork:services", "").split()
    if document is not None and stack == document["name"]:
        names = list(services_on(document, group or ""))
    named = [("stack", stack), ("group", group), ("tier", tags.get("groundwork:tier")), ("zone", instance["zone"])]
    named += [("service", name) for name in names]
    groups = ["groundwork", *(group_name(kind, name) for kind, name in named if name)]
    return groups + list(_changing_groups(document, instance))


def _changing_groups(document: Document | None, instance: Mapping[str, Any]) -> Iterator[str]:
    """What scaling has to do with a host: the document wants fewer of its kind, or it as another type."""
    group = group_of_instance(document, instance)
    if document is None or group is None:
        return
    machines = machine_groups(document)[group]
    number = instance["tags"].get("groundwork:resource", "").removeprefix(f"instance/{group}-")
    if number.isdigit() and int(number) > machines["count"]:
        yield LEAVING
    elif instance["type"] != machines["type"]:
        yield RESIZING
    if any(not call["local"] for name in services_on(document, group) for call in _calls(document, name)):
        yield CALLING


def group_name(kind: str, name: str) -> str:
    """``service_user_api`` for the service ``user-api``: what ansible takes as the name of a group."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{kind}_{name}")
