# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Select the services that the extra variable `services` names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.filter.split_names import split_names

DOCUMENTATION = r"""
---
name: select_services
short_description: The services that a run is limited to
version_added: 0.1.0
description:
  - Selects services by the extra variable C(services). Without names, all services are selected.
  - The order is that of the input. Names that are no services are ignored, because the playbooks report them before.
positional: _input
options:
  _input:
    description:
      - Services with C(name), as C(groundwork_services) of a host, or names of services.
    type: list
    elements: raw
    required: true
  names:
    description:
      - The names, as a list, or as text separated by commas, line ends or spaces.
    type: raw
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the services of this host that the run is limited to
  ansible.builtin.debug:
    msg: "{{ groundwork_services | groundwork.aws.select_services(services | default([], true)) }}"
"""

RETURN = r"""
_value:
  description: The selected services, in the form of the input.
  type: list
  elements: raw
"""


def select_services(services: Iterable[Any], names: Any = None) -> list[Any]:
    """The services with these names; without names, all of them."""
    everything = list(services)
    selected = split_names(names)
    if not selected:
        return everything
    return [service for service in everything if _service_name(service) in selected]


def _service_name(service: Any) -> str:
    return str(service["name"] if isinstance(service, Mapping) else service)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"select_services": select_services}
