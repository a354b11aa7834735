# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moves of a host back to earlier releases."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.moves import NoReleaseError, build_returns

DOCUMENTATION = r"""
---
name: rollback_moves
short_description: Moves of a host back to earlier releases
version_added: 0.1.0
description:
  - Lists which services of a host return to which release, for O(groundwork.aws.rollout#module:moves).
  - Fails when a service has no release to return to.
positional: _input, services, host
options:
  _input:
    description:
      - The releases of the host by service, each as M(groundwork.aws.release) returns it.
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
  to:
    description:
      - The version to return to, or the beginning of its commit. Without it, the release before the current one.
    type: str
    default: ""
  unfinished:
    description:
      - A rollout that did not end, as RV(groundwork.aws.rollout#module:unfinished). Its services return to the releases
        before it, and hosts that it did not reach stay as they are.
    type: dict
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Record the moves of the host
  ansible.builtin.set_fact:
    moves: "{{ app_held | groundwork.aws.rollback_moves(app_services, {'name': inventory_hostname}, to='v1.4') }}"
"""

RETURN = r"""
_value:
  description: One entry for each service.
  type: list
  elements: dict
"""


def rollback_moves(
    held: dict[str, Any], services: list[dict[str, Any]], host: dict[str, str], to: str = "", unfinished: Any = None
) -> list[dict[str, Any]]:
    """The moves; see the documentation above."""
    try:
        return build_returns(held, services, host, to, unfinished or None)
    except NoReleaseError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"rollback_moves": rollback_moves}
