#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the states of all targets of a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: target_info
short_description: Read the target health of the instances of a stack
version_added: 0.1.0
description:
  - Reads the state of every target in every target group of a stack.
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
  - module: groundwork.aws.target
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read the states of all targets
  groundwork.aws.target_info:
    stack: shop
    region: eu-central-1
  register: found

- name: Show those of the service api
  ansible.builtin.debug:
    msg: "{{ found.targets.api }}"
"""

RETURN = r"""
targets:
  description: >-
    For each service that has a target group, the C(state) of every target by the id of its instance, and AWS's
    reason for it (C(why)). Without a load balancer there are none.
  returned: success
  type: dict
  sample:
    api:
      i-0123456789abcdef0: {state: healthy, why: ""}
      i-0123456789abcdef1: {state: unhealthy, why: "Target.Timeout: Request timed out"}
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.target_operations import read_target_info

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {"stack": {"type": "str", "required": True}, **ARGUMENTS}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return read_target_info(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
