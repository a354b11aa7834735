# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moves of a host to the releases that it has prepared."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.moves import build_moves

DOCUMENTATION = r"""
---
name: rollout_moves
short_description: Moves of a host to prepared releases
version_added: 0.1.0
description:
  - Lists which services of a host change their release, for O(groundwork.aws.rollout#module:moves).
positional: _input, services, host
options:
  _input:
    description:
      - The prepared releases by service, each as M(groundwork.aws.release) returns it.
    type: dict
    required: true
  services:
    description:
      - The services of the host, as C(groundwork_services) of the inventory.
    type: list
    elements: dict
    required: true
  host:
    description:
      - The C(name), the C(instance) and the C(zone) of the host.
    type: dict
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Record the moves of the host
  ansible.builtin.set_fact:
    moves: "{{ app_prepared | groundwork.aws.rollout_moves(groundwork_services, {'name': inventory_hostname}) }}"
"""

RETURN = r"""
_value:
  description: One entry for each service that was prepared, also for those that are there already.
  type: list
  elements: dict
"""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"rollout_moves": build_moves}
