#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the ledger of a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_info
short_description: Read the rollouts of a stack
version_added: 0.1.0
description:
  - Reads the ledger of a stack, which has its last ten rollouts.
  - Changes nothing.
options:
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.rollout
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read the rollouts
  groundwork.aws.rollout_info:
    stack: shop
    region: eu-central-1
  register: found

- name: Show how the last one ended
  ansible.builtin.debug:
    msg: "{{ found.rollouts[0].status }}"
  when: found.rollouts | length > 0
"""

RETURN = r"""
rollouts:
  description: The rollouts, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id, which begins with the time at which it began.
      type: str
    action:
      description: What it is, such as V(deploy) or V(rollback).
      type: str
    who:
      description: The user and the machine that started it.
      type: str
    started:
      description: When it began, in seconds since 1970.
      type: float
    finished:
      description: When it ended, in seconds since 1970; V(null) if it did not.
      type: float
    status:
      description:
        - V(running), V(finished), V(rolled_back) if all its hosts returned, V(failed) if they did not, or V(abandoned)
          if it was killed.
      type: str
    reason:
      description: Why it did not finish.
      type: str
    services:
      description: The version and the commit that each service moves to, and its strategy.
      type: dict
    moves:
      description: The releases of each service on each host, before and after, and the number of its batch.
      type: list
      elements: dict
    begun:
      description: The moves that may have been made, because their batch has begun and did not return.
      type: list
      elements: dict
    batches:
      description: When each batch began and ended, what its gates measured, and the decision.
      type: list
      elements: dict
summary:
  description: A line about each rollout, the newest first.
  returned: success
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.operations import read_rollouts

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {"stack": {"type": "str", "required": True}, **ARGUMENTS}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return read_rollouts(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
