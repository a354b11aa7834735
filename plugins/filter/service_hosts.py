# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the host pattern of the services that the extra variable `services` names."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.filter.split_names import split_names
from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import group_name

DOCUMENTATION = r"""
---
name: service_hosts
short_description: Host pattern of the services that a run is limited to
version_added: 0.1.0
description:
  - Converts the extra variable C(services) to a pattern for C(hosts) of a play.
  - The pattern names the inventory group of each service. Without names it is C(groundwork), which has all hosts of the
    stack.
positional: _input
options:
  _input:
    description:
      - The names of services, as a list, or as text separated by commas, line ends or spaces.
    type: raw
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the hosts of two services
  ansible.builtin.debug:
    msg: "{{ query('ansible.builtin.inventory_hostnames', 'web,user-api' | groundwork.aws.service_hosts) }}"
"""

RETURN = r"""
_value:
  description: The host pattern.
  type: str
  sample: service_web:service_user_api
"""


def service_hosts(names: Any) -> str:
    """The host pattern of the services with these names; without names, that of all hosts."""
    groups = [group_name("service", name) for name in split_names(names)]
    return ":".join(groups) or "groundwork"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"service_hosts": service_hosts}
