# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts are called, where they are reached, and values that stay what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.release import __version__ as ansible_version
from ansible.utils.unsafe_proxy import wrap_var

Instance = dict[str, Any]

NAMES: Mapping[str, Callable[[Instance], Any]] = {
    "name": lambda instance: instance["tags"].get("Name"),
    "instance_id": lambda instance: instance["id"],
    "private_ip": lambda instance: instance["private_ip"],
    "public_ip": lambda instance: instance["public_ip"],
    "private_dns": lambda instance: instance["private_dns"],
    "public_dns": lambda instance: instance["public_dns"],
}

# Since 2.19, ansible renders only templates that are marked as trusted, and nothing here is.
RENDERS_ANYTHING = tuple(int(part) for part in ansible_version.split(".")[:2]) < (2, 19)


class NamingError(Exception):
    """Hosts cannot be told apart, or cannot be named; worded for people."""


def named(instances: Iterable[Instance], hostname: str) -> dict[str, Instance]:
    """The instances by host name, in the order in which people count. Refuses two of one name."""
    name_of = _namer(hostname)
    hosts: dict[str, Instance] = {}
    doubles = []
    for instance in instances:
        name = str(name_of(instance) or instance["id"])
        other = hosts.setdefault(name, instance)
        if other is not instance:
            doubles.append(f'{_described(other)} and {_described(instance)} are both called "{name}"')
    if doubles:
        mend = "Give one another name, terminate it, narrow regions or filters, or set hostname: instance_id."
        raise NamingError("\n".join([*doubles, mend]))
    return {name: hosts[name] for name in sorted(hosts, key=_natural)}


def _namer(hostname: str) -> Callable[[Instance], Any]:
    if hostname.startswith("tag:"):
        key = hostname[len("tag:") :]
        return lambda instance: instance["tags"].get(key)
    if hostname not in NAMES:
        raise NamingError(f'hostname: "{hostname}" is not one of {", ".join(NAMES)} or tag:KEY')
    return NAMES[hostname]


def _described(instance: Instance) -> str:
    return f"{instance['id']} ({instance['region']}, {instance['state']})"


def _natural(name: str) -> list[tuple[int, str]]:
    """app-2 comes before app-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.findall(r"[0-9]+|[^0-9]+", name)]


def address(instance: Instance, wanted: str | None) -> str | None:
    """Where ansible reaches the instance, None while it has no address."""
    if wanted == "ssm":
        return str(instance["id"])
    if wanted == "private":
        return instance["private_ip"]
    return instance["public_ip"] or instance["private_ip"]


def inert(value: Any) -> Any:
    """The value, with nothing in it that ansible would render as a template: tags and documents are data."""
    if not RENDERS_ANYTHING:
        return value
    return wrap_var(value) if _has_template(value) else value


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    if isinstance(value, Mapping):
        return any(_has_template(item) for item in value.values())
    return isinstance(value, list) and any(_has_template(item) for item in value)
