# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moves of hosts that stop and start again."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.moves import build_host_moves

DOCUMENTATION = r"""
---
name: host_moves
short_description: Moves of hosts that stop and start again
version_added: 0.1.0
description:
  - Lists the services of hosts that stop and start again with the same releases, for
    O(groundwork.aws.rollout#module:moves).
positional: _input, hostvars, changing
options:
  _input:
    description:
      - The names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts. C(app_held) of a host has its releases, if they were read.
    type: dict
    required: true
  changing:
    description:
      - The names of the hosts that stop; the others keep serving. Without it, all of them stop.
    type: list
    elements: str
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Plan in which batches the hosts stop
  groundwork.aws.rollout:
    stack: shop
    region: eu-central-1
    state: planned
    units: hosts
    rollout: "{{ begun.rollout }}"
    moves: "{{ ansible_play_hosts | groundwork.aws.host_moves(hostvars) }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: One entry for each service of each host.
  type: list
  elements: dict
"""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"host_moves": build_host_moves}
