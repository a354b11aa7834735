# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sizes of the batches of a rollout, for the keyword `serial` of a play."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ONE_AT_A_TIME = "one_at_a_time"

DOCUMENTATION = r"""
---
name: batch_sizes
short_description: Sizes of the batches of a rollout
version_added: 0.1.0
description:
  - Returns how many hosts each batch of a rollout has, for C(serial) of a play.
  - A play that works on fewer hosts than these has fewer batches.
positional: _input
options:
  _input:
    description:
      - The hosts.
    type: list
    elements: str
    required: true
  strategy:
    description:
      - The strategy. V(one_at_a_time) makes a batch of each host.
    type: str
    choices: [one_at_a_time]
    default: one_at_a_time
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Work in the batches of a rollout
  hosts: service_api
  serial: "{{ groups['service_api'] | groundwork.aws.batch_sizes }}"
  tasks:
    - name: Serve the services of this host
      ansible.builtin.include_role:
        name: groundwork.aws.app
        tasks_from: serve
"""

RETURN = r"""
_value:
  description: The number of hosts of each batch.
  type: list
  elements: int
"""


def batch_sizes(hosts: Sequence[str], strategy: str = ONE_AT_A_TIME) -> list[int]:
    """The number of hosts in each batch of a rollout."""
    if strategy != ONE_AT_A_TIME:
        raise ValueError(f"{strategy!r} is not a strategy (known: {ONE_AT_A_TIME})")
    return [1 for _host in hosts]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"batch_sizes": batch_sizes}
