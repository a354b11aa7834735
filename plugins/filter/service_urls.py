# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the URLs of the services that a service calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
---
name: service_urls
short_description: Environment variables with the URLs of the services that a service calls
version_added: 0.1.0
description:
  - Gives each called service a variable, such as C(BACKEND_URLS) for the service C(backend).
    It has the URLs of all instances of the service, separated by commas, for the caller to try in turn.
  - Instances in the zone of the caller come first, because traffic between zones is slower and costs money.
  - A service on the same instances as the caller is called on the loopback.
  - Hosts of the group C(groundwork_leaving), which are removed soon, are left out.
positional: _input
options:
  _input:
    description:
      - The called services, as C(calls) of a service in C(groundwork_services).
    type: list
    elements: dict
    required: true
  groups:
    description:
      - The inventory groups, as the variable C(groups).
    type: dict
    required: true
  hostvars:
    description:
      - The variables of all hosts, as the variable C(hostvars).
    type: dict
    required: true
  host:
    description:
      - The host that calls.
    type: str
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the URLs of the services that the first service of this host calls
  ansible.builtin.debug:
    msg: "{{ groundwork_services[0].calls | groundwork.aws.service_urls(groups, hostvars, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The variables by name.
  type: dict
  sample: {BACKEND_URLS: "http://10.0.11.4:5001,http://10.0.12.5:5001"}
"""


def service_urls(
    calls: Iterable[Mapping[str, Any]], groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], host: str
) -> dict[str, str]:
    """The environment variables of the caller, by name."""
    found: dict[str, str] = {}
    leaving = set(groups.get("groundwork_leaving", ()))
    for call in calls:
        remaining = [name for name in groups.get(call["group"], ()) if name not in leaving]
        addresses = ["127.0.0.1"] if call["local"] else _find_addresses(remaining, hostvars, host)
        urls = [f"http://{address}:{call['port']}" for address in addresses]
        found[f"{call['name'].upper().replace('-', '_')}_URLS"] = ",".join(urls)
    return found


def _find_addresses(hosts: Sequence[str], hostvars: Mapping[str, Any], caller: str) -> list[str]:
    """The private addresses of hosts of the caller's stack, those of its zone first."""
    stack, zone = hostvars[caller]["groundwork_stack"], hostvars[caller]["groundwork_zone"]
    in_stack = [name for name in hosts if hostvars[name]["groundwork_stack"] == stack]
    in_stack.sort(key=lambda name: (hostvars[name]["groundwork_zone"] != zone, name))
    return [str(hostvars[name]["ec2_private_ip"]) for name in in_stack]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"service_urls": service_urls}
