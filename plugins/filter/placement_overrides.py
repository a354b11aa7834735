# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the overrides of a topology document that change the instances of a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._topology.placement import find_placements

DOCUMENTATION = r"""
---
name: placement_overrides
short_description: Overrides that change the instances of a group
version_added: 0.1.0
description:
  - Returns overrides for a topology document, for example for the option O(groundwork.aws.stack#module:overrides).
  - A group of instances is either shared, under C(instances) of the document, or belongs to one service. The overrides
    name the place where the document declares it.
positional: _input
options:
  _input:
    description:
      - The topology document, as the variable C(stack_document).
    type: dict
    required: true
  group:
    description:
      - The name of the group, as the host variable C(groundwork_group).
    type: str
    required: true
  settings:
    description:
      - The settings of the instances to override.
    type: dict
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the overrides for another type
  ansible.builtin.debug:
    msg: >-
      {{ stack_document | groundwork.aws.placement_overrides(group=groundwork_group, settings={'type': 't3.small'}) }}
"""

RETURN = r"""
_value:
  description: The overrides.
  type: dict
  sample: {services: {api: {instances: {type: t3.small}}}}
"""


def placement_overrides(document: Mapping[str, Any], group: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that give the instances of a group these settings."""
    overrides: dict[str, Any] = dict(settings)
    for key in reversed(find_placements(document)[group].path):
        overrides = {str(key): overrides}
    return overrides


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"placement_overrides": placement_overrides}
