# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and addresses of hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Instance = dict[str, Any]

NAMES: Mapping[str, Callable[[Instance], Any]] = {
    "name": lambda instance: instance["tags"].get("Name"),
    "instance_id": lambda instance: instance["id"],
    "private_ip": lambda instance: instance["private_ip"],
    "public_ip": lambda instance: instance["public_ip"],
    "private_dns": lambda instance: instance["private_dns"],
    "public_dns": lambda instance: instance["public_dns"],
}


class NamingError(Exception):
    """Hosts that have the same name, or cannot be named; the message is for the user."""


def name_hosts(instances: Iterable[Instance], hostname: str) -> dict[str, Instance]:
    """The instances by host name, in natural order. Raises `NamingError` where two have the same name."""
    name_of = _find_name_reader(hostname)
    hosts: dict[str, Instance] = {}
    duplicates = []
    for instance in instances:
        name = str(name_of(instance) or instance["id"])
        other = hosts.setdefault(name, instance)
        if other is not instance:
            duplicates.append(f'{_describe(other)} and {_describe(instance)} are both called "{name}"')
    if duplicates:
        fix = "Give one another name, terminate it, narrow regions or filters, or set hostname: instance_id."
        raise NamingError("\n".join([*duplicates, fix]))
    return {name: hosts[name] for name in sorted(hosts, key=_natural_sort_key)}


def _find_name_reader(hostname: str) -> Callable[[Instance], Any]:
    if hostname.startswith("tag:"):
        key = hostname[len("tag:") :]
        return lambda instance: instance["tags"].get(key)
    if hostname not in NAMES:
        raise NamingError(f'hostname: "{hostname}" is not one of {", ".join(NAMES)} or tag:KEY')
    return NAMES[hostname]


def _describe(instance: Instance) -> str:
    return f"{instance['id']} ({instance['region']}, {instance['state']})"


def _natural_sort_key(name: str) -> list[tuple[int, str]]:
    """A sort key by which app-2 comes before app-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.findall(r"[0-9]+|[^0-9]+", name)]


def find_address(instance: Instance, connect_by: str | None) -> str | None:
    """The address at which ansible reaches the instance, None while it has none."""
    if connect_by == "ssm":
        return str(instance["id"])
    if connect_by == "private":
        return instance["private_ip"]
    return instance["public_ip"] or instance["private_ip"]
