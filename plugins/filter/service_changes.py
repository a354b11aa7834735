# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare the services of a host with those that earlier runs installed on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
---
name: service_changes
short_description: The services of a host that have moved or were removed
version_added: 0.1.0
description:
  - Compares the services of a host with the record of those that earlier runs installed there.
  - A record that cannot be read counts as empty.
positional: _input
options:
  _input:
    description: The services of the host, as C(groundwork_services).
    type: list
    elements: dict
    required: true
  record:
    description: Text of the record, as RV(_value.record) has it. Empty where there is none.
    type: str
    default: ""
  user:
    description: User of services that have none of their own.
    type: str
    default: app
  proxy:
    description: Whether nginx is the proxy of the services.
    type: bool
    default: false
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the services that are no longer on this host
  ansible.builtin.debug:
    msg: "{{ (groundwork_services | groundwork.aws.service_changes(record)).removed }}"
"""

RETURN = r"""
_value:
  description: The differences.
  type: dict
  contains:
    moved:
      description: Names of the services that another role starts now, or that run under another user.
      type: list
      elements: str
    before:
      description: The recorded role and user of each service, by name.
      type: dict
    removed:
      description:
        - The recorded services that the host no longer has, with C(name), C(role) and C(user). C(in_the_way) says that
          another service of the host now has their port or socket.
      type: list
      elements: dict
    unused_users:
      description:
        - The recorded users that no service of the host has any more. O(user) is one of them only where it is V(app).
      type: list
      elements: str
    without_proxy:
      description: Whether nginx was the proxy of the services, and is no longer.
      type: bool
    record:
      description: The record of the services of the host, to be written when all of this is done.
      type: str
"""

RECORDED = ("role", "user", "port", "socket")
# The user that all services of a host shared in version 0.1.0. Roles create it again where a service needs it.
SHARED_USER = "app"


def service_changes(
    services: Sequence[Mapping[str, Any]], record: str = "", user: str = "app", proxy: bool = False
) -> dict[str, Any]:
    """What the host must do to get from the recorded services to the desired ones."""
    desired = {str(service["name"]): _describe(service, user) for service in services}
    recorded, had_proxy = _parse(record, user)
    addresses = {service[key] for service in desired.values() for key in ("port", "socket") if service[key]}
    moved = [
        name
        for name, service in desired.items()
        if name in recorded and any(recorded[name][key] != service[key] for key in ("role", "user"))
    ]
    removed = [
        {"name": name, **service, "in_the_way": bool(addresses & {service["port"], service["socket"]})}
        for name, service in recorded.items()
        if name not in desired
    ]
    used = {service["user"] for service in desired.values()}
    # A user of the roles with another name may be one of the administrator's, such as `ubuntu`.
    kept = {user} - {SHARED_USER}
    return {
        "moved": moved,
        "before": recorded,
        "removed": removed,
        "unused_users": sorted({service["user"] for service in recorded.values()} - used - kept),
        "without_proxy": had_proxy and not proxy,
        "record": json.dumps({"services": desired, "proxy": proxy}, indent=2, sort_keys=True) + "\n",
    }


def _describe(service: Mapping[str, Any], user: str) -> dict[str, Any]:
    values = {key: service.get(key) for key in RECORDED}
    return {**values, "user": values["user"] or user}


def _parse(record: str, user: str) -> tuple[dict[str, dict[str, Any]], bool]:
    """The recorded services by name, and whether nginx was their proxy."""
    try:
        read = json.loads(record)
        return {name: _describe(service, user) for name, service in read["services"].items()}, bool(read["proxy"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return _parse_lines(record, user), False


def _parse_lines(record: str, user: str) -> dict[str, dict[str, Any]]:
    """The record as it was first: a line for each service, with its name and role."""
    lines = [line.split() for line in record.splitlines()]
    return {words[0]: _describe({"role": words[1]}, user) for words in lines if len(words) == 2}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"service_changes": service_changes}
